"""What decides a mark: a change touches the checks that it can touch, and no others."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.checks import ALL_CHECKS
from autograder.course import fingerprints as module
from autograder.course.fingerprints import compute_fingerprints, submission_digest
from autograder.engine.corpus import load_mutants
from quantlab.formats.answers import Answers
from quantlab.intake.submission import Submission

SECRET = b"a secret that only tests know"
MUTANTS = load_mutants()


@pytest.fixture
def now(rubric):
    """The digests of all checks, with some of what decides them exchanged."""

    def digests(dataset="cifar10", quick=False, secret=SECRET, rubric=rubric, mutants=MUTANTS):
        return compute_fingerprints(rubric, ALL_CHECKS, mutants, secret, dataset, quick).by_check

    return digests


def touched(before, after) -> set[str]:
    assert before.keys() == after.keys()
    return {check for check in before if before[check] != after[check]}


def of(*sources: str) -> set[str]:
    return {check.id for check in ALL_CHECKS if check.source in sources}


def test_fingerprints_are_equal_for_the_same_kit(now):
    assert now() == now()


def test_fingerprints_change_only_for_the_check_of_a_rubric_line(now, rubric):
    item = rubric.items["1a.get_scale.mean_not_zero"]
    changed = replace(rubric, items={**rubric.items, item.id: replace(item, tolerance=1e-3)})
    assert touched(now(), now(rubric=changed)) == {item.id}


def test_fingerprints_of_measured_checks_change_with_a_threshold(now, rubric):
    changed = touched(now(), now(rubric=replace(rubric, ramp=rubric.ramp + 1)))
    assert {"2d.model.W8A8", "3.bit_widths.accuracy"} <= changed
    assert not changed & of("call")


@pytest.mark.parametrize("change", [{"dataset": "shapes10"}, {"quick": True}])
def test_fingerprints_of_calls_do_not_depend_on_the_data_set(now, change):
    assert touched(now(), now(**change)) == of("table", "model")


def test_fingerprints_change_for_every_check_with_another_secret(now):
    assert touched(now(), now(secret=b"another secret of the course")) == set(now())


def test_fingerprints_change_for_checks_that_name_a_changed_mistake(now):
    first = next(mutant for mutant in MUTANTS if mutant.name == "get_scale/coefficients_swapped")
    others = tuple(m for m in MUTANTS if m is not first)
    changed = (*others, replace(first, sentence="Another sentence."))
    assert touched(now(), now(mutants=changed)) == {*first.caught_by, *first.sometimes}


@pytest.mark.parametrize(
    ("file", "questions"),
    [
        ("autograder/checks/q2a.py", {"2a"}),
        ("autograder/checks/call.py", None),
        ("quantlab/protocol/comparison.py", None),
        ("instructor/solution.py", None),
        ("instructor/stand_ins/get_scale.py", None),
        ("autograder/course/task_runner.py", set()),
        ("autograder/report/html.py", set()),
        ("autograder/engine/rubric.toml", set()),  # its lines count one by one
        ("docs/class.md", set()),
    ],
)
def test_fingerprints_change_for_the_checks_a_file_may_decide(
    now, tmp_path, monkeypatch, file, questions
):
    kit = copy_of_the_kit(tmp_path, monkeypatch)
    before = now()
    with (kit / file).open("a") as stream:
        stream.write("\n# A fix.\n")
    changed = touched(before, now())
    everything = {check.id.split(".")[0] for check in ALL_CHECKS}
    assert {check.split(".")[0] for check in changed} == (
        everything if questions is None else questions
    )


def copy_of_the_kit(folder: Path, monkeypatch) -> Path:
    """The kit's sources in `folder`, where the digests are then taken from."""
    real, kit = module.KIT, folder / "kit"
    for part in ("autograder", "quantlab", "instructor/stand_ins", "docs"):
        shutil.copytree(real / part, kit / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(real / "instructor/solution.py", kit / "instructor")
    (kit / "docs/class.md").touch()
    modules = {id: kit / path.relative_to(real) for id, path in module._modules().items()}
    monkeypatch.setattr(module, "KIT", kit)
    monkeypatch.setattr(module, "REFERENCE", kit / "instructor/solution.py")
    monkeypatch.setattr(module, "STAND_INS", kit / "instructor/stand_ins")
    monkeypatch.setattr(module, "_modules", lambda: modules)
    return kit


# The submission ----------------------------------------------------------------------------------

ADA = Submission("ada", "x = 1\n", Answers("ada", "CIFAR-10"), {"a.pt": b"1"}, "report.md")


@pytest.mark.parametrize(
    "change",
    [
        {"student": "bob"},  # has other inputs
        {"solution": "x = 2\n"},
        {"solution": None},
        {"answers": None},
        {"answers": Answers("ada", "Shapes-10")},
        {"models": {"a.pt": b"2"}},
        {"models": {"b.pt": b"1"}},
        {"report_file": None},
        {"problems": {"solution.py": "It is damaged."}},
    ],
)
def test_submission_digest_covers_whatever_a_check_may_read(change):
    assert submission_digest(replace(ADA, **change)) != submission_digest(ADA)


def test_submission_digest_ignores_flags():
    assert submission_digest(replace(ADA, flags=("Look here.",))) == submission_digest(ADA)
