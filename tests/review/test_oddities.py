"""Generated oddities: what an honest student submitted never becomes a final zero in silence."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.engine.record import GradedCheck, Verdict
from autograder.grading.review import review
from quantlab.intake.roles import ANSWERS, MODELS, SOLUTION
from quantlab.intake.submission import (
    Submission,
    UnreadableSubmission,
    read_submission,
    unopened_submission,
)
from tests.review.submissions import REPORT, UNOPENED, Files, as_graded, stub, whole, zipped

ROLES = (SOLUTION, ANSWERS, *MODELS, REPORT)
# How people and systems spell a copy, {stem} and {ext} being those of the assignment's name.
NEAR_MISSES = (
    "{stem}_jan{ext}",
    "{stem}_final{ext}",
    "{stem}-v2{ext}",
    "my_{stem}{ext}",
    "{stem}2{ext}",
    "Kopie von {stem}{ext}",
    "Copie de {stem}{ext}",
    "Copia de {stem}{ext}",
    "{stem}{ext}.txt",
    "{stem}{ext}.bak",
    "{stem}",
    "lab/{stem} neu{ext}",
)
MODEL_NAMES = (
    "{stem}.pth",
    "{stem}{ext}.zip",
    "{stem}{ext}.txt",
    "{dashed}{ext}",
    "{stem}_best{ext}",
    "{stem}.bin",
    "quantized {stem}{ext}",
    "{stem}",
)
EXTRA: Files = {
    "notes.txt": b"to do",
    "loss.png": b"\x89PNG\r\n\x1a\n",
    "W2A2 curve.png": b"\x89PNG\r\n\x1a\n",
    "requirements.txt": b"torch",
    "README.md": b"# Quantization",
    "train.log": b"epoch 1",
    "checkpoints/resnet20_cifar10.pt": b"PK\x03\x04",
    "results/cifar10/checkpoints/W2A2-SAWB-0a1b2c.pt": b"PK\x03\x04",
    "data/cifar-10-python.tar.gz": b"\x1f\x8b\x08",
    "data/cifar-10-batches-py/data_batch_1": b"\x80\x02}",
    "quantlab/network/layers.py": b"def quantize(): ...",
    "venv/lib/python3.12/site-packages/torch/serialization.py": b"def load(): ...",
    "__MACOSX/._solution.py": b"\0\5\26\7",
    ".ipynb_checkpoints/solution-checkpoint.py": b"old",
    "__pycache__/solution.cpython-312.pyc": b"\0",
}


def _read(files: Files) -> Submission:
    """Read a zip of these files, as `grade` does."""
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / "ada.zip"
        path.write_bytes(zipped(files))
        return read_submission(path)
    except UnreadableSubmission as problem:
        return unopened_submission("ada", str(problem))
    finally:
        shutil.rmtree(folder)


def _lost(marked: list[GradedCheck]) -> set[str]:
    return {
        check.result.id
        for check in marked
        if check.result.points < check.result.max_points
        and check.result.verdict is not Verdict.AWAITING_MARKING
    }


def _is_silent(files: Files) -> bool:
    """Whether points are lost although every file was submitted, and nobody is told."""
    submission = _read(files)
    marked = as_graded(submission)
    decision = review(submission, marked)
    return not _lost(marked) <= set(decision.checks)


@st.composite
def odd_submissions(draw: st.DrawFn) -> Files:
    """A whole submission, of which some files have another name or lie in an unopened archive."""
    files, odd = whole(), {}
    for role in draw(st.sets(st.sampled_from(ROLES), min_size=1)):
        content = files.pop(role)
        how = draw(st.sampled_from(("name", "archive")))
        if how == "archive":
            name, content = UNOPENED[draw(st.sampled_from(sorted(UNOPENED)))]({role: content})
            name = f"{len(odd)}/{name}"
        else:
            name = draw(st.sampled_from(_forms(role)))
        odd[name] = content
    extra = draw(st.sets(st.sampled_from(sorted(EXTRA))))
    below = draw(st.sampled_from(("", "hw3/", "Übung 3/abgabe/")))
    every = {**files, **odd, **{name: EXTRA[name] for name in extra}}
    return {f"{below}{name}": content for name, content in every.items()}


@given(odd_submissions())
def test_review_names_every_check_that_an_oddity_costs(files: Files) -> None:
    assert not _is_silent(files)


@given(
    st.sets(st.sampled_from(ROLES)),
    st.sets(st.sampled_from(sorted(EXTRA))),
    st.booleans(),
)
def test_review_leaves_honest_submissions_alone(
    missing: set[str], extra: set[str], untouched: bool
) -> None:
    files = {name: content for name, content in whole().items() if name not in missing}
    if untouched and SOLUTION in files:
        files[SOLUTION] = stub()
    files |= {name: EXTRA[name] for name in extra}
    if not files.keys() & set(ROLES):
        files["main.ipynb"] = b"{}"  # an empty notebook is a submission, nothing at all is none
    submission = _read(files)
    decision = review(submission, as_graded(submission))
    assert (decision.sentences, decision.checks) == ((), ())


def _forms(role: str) -> list[str]:
    stem, ext = Path(role).stem, Path(role).suffix
    forms = MODEL_NAMES if role in MODELS else NEAR_MISSES
    return [form.format(stem=stem, ext=ext, dashed=stem.replace("_", "-")) for form in forms]


@pytest.mark.parametrize("role", ROLES)
def test_review_names_what_a_single_oddity_costs(role: str) -> None:
    files = whole()
    content = files.pop(role)
    odd = [(name, content) for name in _forms(role)]
    odd += [pack({role: content}) for pack in UNOPENED.values()]
    assert [name for name, file_content in odd if _is_silent({**files, name: file_content})] == []


@pytest.mark.parametrize("kind", sorted(UNOPENED))
def test_review_puts_all_points_at_stake_for_an_unopened_archive(kind: str) -> None:
    name, content = UNOPENED[kind](whole())
    submission = _read({name: content})
    marked = as_graded(submission)
    assert _lost(marked) <= set(review(submission, marked).checks)
