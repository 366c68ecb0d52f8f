"""The leaderboard shows those who opted in, by pseudonym and measured size, and never an id."""

from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.outputs import write_all
from autograder.course.outputs.leaderboard import Leaderboard, build_leaderboard
from autograder.course.outputs.leaderboard_page import reference_points, render
from autograder.course.policy import Policy, apply_policy
from autograder.engine.record import ModelResult
from tests.class_outputs.people import (
    RUBRIC,
    a_check,
    a_record,
    a_report,
    an_outcome,
    canvas_columns,
)

CHECK = "3.bit_widths.accuracy"
SHOWN = Policy(title="Quantization, autumn", leaderboard=True)


def _student(
    student: str, pseudonym: str, size: float, accuracy: float = 86.0, packed: bool = True
) -> Outcome:
    evidence = {"kibibytes": size, "packed": packed, "leaderboard": pseudonym}
    model = ModelResult("variable precision", None, 16, accuracy, 10_000, 85.0)
    report = a_report(student, **{CHECK: a_check(CHECK, evidence=evidence)})
    return an_outcome(
        replace(report, models=(model,)),
        lms={student: canvas_columns(7, "Lovelace, Zoë Ann", f"{student}@example.org")},
    )


def _board(*outcomes: Outcome) -> Leaderboard:
    record = a_record(*outcomes)
    return build_leaderboard(record, apply_policy(record, Policy(), {}), 85.0)


def test_build_leaderboard_orders_models_above_the_floor_by_size() -> None:
    board = _board(
        _student("s100", "Large", 90.0),
        _student("s101", "Small", 50.0),
        _student("s102", "As small, better", 50.0, 87.0),
        _student("s103", "At the floor", 40.0, 85.0),
        _student("s104", "", 30.0),
        _student("s105", "Not packed", 20.0, packed=False),
    )
    assert [entry.pseudonym for entry in board.entries[1:]] == ["Small", "Large"]
    assert board.entries[0].accuracy == 87.0


def test_build_leaderboard_numbers_equal_pseudonyms() -> None:
    names = ("Clip", "clip", "Clip (2)", "CLIP")
    board = _board(*(_student(f"s10{n}", name, 50.0 + n) for n, name in enumerate(names)))
    shown = [entry.pseudonym for entry in board.entries]
    assert shown == ["Clip", "clip (3)", "Clip (2)", "CLIP (4)"]
    assert len({name.casefold() for name in shown}) == 4


NAMING = ["Lovelace", "xXlovelaceXx", "the zoe", "Zoë", "I am s10001", "S10001!", "other77"]


@pytest.mark.parametrize("pseudonym", [*NAMING, "L.o.v.e.l.a.c.e"])
def test_build_leaderboard_refuses_ids_and_names_of_the_class(pseudonym: str) -> None:
    board = _board(_student("s10001", pseudonym, 50.0), _student("other77", "Fine", 60.0))
    assert [entry.pseudonym for entry in board.entries] == ["Fine"]
    assert board.refused == ("s10001",)


def test_leaderboard_page_contains_no_id_and_escapes_pseudonyms() -> None:
    board = _board(_student("s10001", "<b>x</b>&'\"", 50.0), _student("s10002", "שלום", 60.0))
    page = render(board, SHOWN, RUBRIC, "CIFAR-10")
    assert "<b>x" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    for private in ("s10001", "s10002", "Lovelace", "example.org"):
        assert private not in page
    above = [point for point in reference_points("CIFAR-10") if point.accuracy > 85]
    assert f"{len(above)} published networks" in page
    assert "published networks" not in render(board, SHOWN, RUBRIC, "Shapes-10")
    assert "No model is here yet." in render(Leaderboard(()), SHOWN, RUBRIC, "CIFAR-10")


def _written(record: ClassRecord, out: Path, policy: Policy, anonymous: bool = False) -> list[str]:
    return [path.name for path in write_all(record, out, policy, {}, anonymous).files]


def test_write_all_writes_the_leaderboard_only_if_asked(tmp_path: Path) -> None:
    record = a_record(_student("s10001", "Captain Clip", 50.0), _student("s10002", "Zoë", 61.7))
    assert "leaderboard.html" not in _written(record, tmp_path, Policy())
    written = write_all(record, tmp_path, SHOWN, {})
    page = (tmp_path / "leaderboard.html").read_text(encoding="utf-8")
    assert "Captain Clip" in page
    assert "s1000" not in page
    assert "61.7" not in page  # not as a point either
    assert any("s10002" in note for note in written.notes)
    _written(record, tmp_path, Policy())
    assert not (tmp_path / "leaderboard.html").exists()


def test_write_all_keeps_pseudonyms_out_of_anonymous_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("0123456789abcdef0123456789abcdef", encoding="utf-8")
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(secret))
    record = a_record(_student("s10001", "Captain Clip", 50.0))
    assert "leaderboard.html" not in _written(record, tmp_path / "out", SHOWN, anonymous=True)
    for path in (tmp_path / "out").rglob("*"):
        assert not path.is_file() or b"Captain Clip" not in path.read_bytes(), path
