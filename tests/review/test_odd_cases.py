"""Odd but honest submissions through the real worker: none ends as a final zero in silence."""

import io
import pickle
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.record import Report
from autograder.grading.submission import GradingContext, grade_submission
from autograder.sandbox.host import Sandbox
from quantlab.intake.submission import read_submission
from tests.review.submissions import KIT, reference

W8A8 = "ResNet20_W8A8.pt"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def graded(
    tmp_path: Path, sandbox: Sandbox, rubric, secret, oracle, misconceptions
) -> Callable[..., Report]:
    """Grade a folder of these files by the checks of one pattern."""

    def grade(checks: str, **files: bytes) -> Report:
        folder = tmp_path / "ada"
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        evaluator = ModelEvaluator("shapes10", oracle)
        course = GradingContext(rubric, secret, oracle, evaluator, misconceptions, checks)
        return grade_submission(read_submission(folder), course, sandbox)

    return grade


def _with(line: str, place: str = "import torch\n") -> bytes:
    """The reference with a line more behind its imports."""
    text = reference().decode()
    assert place in text
    return text.replace(place, f"{place}{line}\n", 1).encode()


def _at_the_end(lines: str) -> bytes:
    return reference() + f"\n\n{lines}\n".encode()


UNREADABLE = {
    "a notebook": b'{"cells": [{"outputs": null}]}',
    "a cut-off file": reference()[:-40] + b"\ndef unfinished(:\n",
    "a NUL": reference() + b"\0",
    "ten failures and one": _at_the_end("assert False\n" * 11),
    "a loop that ends the process": _at_the_end("import os; os.kill(os.getpid(), 9)"),
}


@pytest.mark.parametrize("kind", sorted(UNREADABLE))
def test_grading_reviews_a_solution_that_cannot_be_imported(graded, kind: str) -> None:
    report = graded("1a.reset.sym", **{"solution.py": UNREADABLE[kind]})
    assert report.auto_score == 0
    assert report.needs_review
    assert report.review_checks == ("1a.reset.sym",)
    assert "solution.py" in report.review[0]
    assert report.review[0].endswith("points are at stake.") or "1 point is" in report.review[0]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="the syntax is known there")
def test_grading_names_the_python_that_a_syntax_needs(graded) -> None:
    source = _at_the_end('def show(d):\n    return f"{d["a"]}"')
    report = graded("1a.reset.sym", **{"solution.py": source})
    assert "Python 3.12 may accept this, the grader runs Python 3.11" in report.review[0]


def test_grading_accepts_public_checks_at_the_end(graded) -> None:
    source = _at_the_end('from quantlab.check import check\ncheck("1a")')
    report = graded("1a.reset.sym", **{"solution.py": source})
    assert report.auto_score == 2
    assert not report.needs_review


SEARCH = """
def variable_precision_search(layer_sizes, evaluate, candidate_bits, accuracy_floor=85.0):
    best = max(candidate_bits)
    for bits in sorted(candidate_bits):
        if evaluate(dict.fromkeys(layer_sizes, bits)) > accuracy_floor:
            best = bits
            break
    {then}
    return {{name: {width} for name in layer_sizes}}
"""
ABSORBED = {
    "a log": 'open("search_log.json", "w").write("done")',
    "a folder": 'import os; os.makedirs("results/plots")',
    "a change of folder": 'import os; os.chdir("/content/drive")',
    "a numpy file": 'import numpy; numpy.save("best.npy", numpy.ones(3))',
    "a saved tensor": 'torch.save(torch.ones(3), "best.pt")',
}
REFUSED = {
    "a download": 'import socket; socket.create_connection(("192.0.2.1", 80))',
    "a file of another": 'open("/content/data.csv")',
    "a database": 'import sqlite3; sqlite3.connect("runs.db").execute("select 1")',
    "a data file behind another error": """
    try:
        open("data.csv")
    except OSError as error:
        raise RuntimeError("no data") from error""".strip(),
}


@pytest.mark.parametrize("kind", sorted(ABSORBED))
def test_grading_accepts_a_function_that_writes_files(graded, kind: str) -> None:
    source = _at_the_end(SEARCH.format(then=ABSORBED[kind], width="best"))
    report = graded("3.search.valid", **{"solution.py": source})
    assert [check.verdict.value for check in report.checks] == ["correct"]
    assert not report.needs_review


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_grading_reviews_a_right_function_that_the_sandbox_refuses(graded, kind: str) -> None:
    source = _at_the_end(SEARCH.format(then=REFUSED[kind], width="best"))
    report = graded("3.search.valid", **{"solution.py": source})
    assert report.auto_score == 0
    assert report.review_checks == ("3.search.valid",)
    assert "refused while it is graded" in report.review[0]


def test_grading_takes_whole_numbers_of_any_type_as_widths(graded) -> None:
    source = _at_the_end(SEARCH.format(then="pass", width="float(best)"))
    report = graded("3.search.valid", **{"solution.py": source})
    assert [check.verdict.value for check in report.checks] == ["correct"]
    assert not report.needs_review


@pytest.mark.parametrize(
    "line", ["torch.set_grad_enabled(False)", "torch.set_default_dtype(torch.float64)"]
)
def test_grading_is_not_changed_by_settings_of_torch_at_import(graded, line: str) -> None:
    report = graded("2a.STE.gradient", **{"solution.py": _with(line)})
    assert [check.verdict.value for check in report.checks] == ["correct"]
    assert not report.needs_review
    assert line.split("(", maxsplit=1)[0] in report.notes[0]


# Saved models -------------------------------------------------------------------------------------


def _values() -> dict[str, Any]:
    path = KIT / "instructor" / "checkpoints" / "shapes10" / W8A8
    return torch.load(path, weights_only=True)


def _saved(values: object, **options: Any) -> bytes:
    stream = io.BytesIO()
    torch.save(values, stream, **options)
    return stream.getvalue()


def _zipped_again(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(W8A8, content)
    return stream.getvalue()


DAMAGED: dict[str, Callable[[], bytes]] = {  # models as people save them: instructor/corpus/odd
    "a pickle": lambda: pickle.dumps(_values()),
    "a cut-off file": lambda: _saved(_values())[:-5000],
    "no bytes": lambda: b"",
}


@pytest.mark.parametrize("kind", sorted(DAMAGED))
def test_grading_reviews_a_model_that_cannot_be_opened(graded, kind: str) -> None:
    report = graded("2d.model.W8A8", **{W8A8: DAMAGED[kind](), "main.ipynb": b"{}"})
    assert report.auto_score == 0
    assert report.review_checks == ("2d.model.W8A8",)
    assert "W8A8" in report.review[0]
    assert "5 points are at stake." in report.review[0]


def test_grading_opens_a_zip_under_the_name_of_a_model(graded) -> None:
    report = graded("2d.model.W8A8", **{W8A8: _zipped_again(_saved(_values()))})
    assert report.auto_score == 5
    assert report.notes == ("'ResNet20_W8A8.pt' was opened.",)


def test_grading_gives_the_same_bytes_for_the_same_odd_submission(graded, tmp_path: Path) -> None:
    report = graded("1a.reset.sym", **{"solution_jan.py": reference(), "work.rar": b"Rar!\x1a\x07"})
    assert Report.from_json(report.to_json()) == report
    again = read_submission(tmp_path / "ada")
    assert again == read_submission(tmp_path / "ada")
    assert report.notes == ("'solution_jan.py' was used as solution.py.",)
