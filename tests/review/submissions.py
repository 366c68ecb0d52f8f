"""Submissions as files, honest and odd, and what grading would find in them."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import torch

from autograder.engine.record import GradedCheck, ModelResult, Verdict
from quantlab.intake.roles import ANSWERS, MODELS, SOLUTION
from quantlab.intake.submission import Submission
from tests.class_outputs.people import RUBRIC, SOURCES, a_check

KIT = Path(__file__).resolve().parents[2]
REPORT = "report.pdf"
TABLES = json.dumps({"version": 1, "student": "ada", "dataset": "CIFAR-10"}).encode()

Files = dict[str, bytes]


@cache
def reference() -> bytes:
    return (KIT / "instructor" / "solution.py").read_bytes()


@cache
def stub() -> bytes:
    return (KIT / SOLUTION).read_bytes()


@cache
def model() -> bytes:
    stream = io.BytesIO()
    torch.save({"fc.weight_int": torch.ones(3, dtype=torch.int8)}, stream)
    return stream.getvalue()


def whole() -> Files:
    """A submission of which everything can be understood."""
    return {
        SOLUTION: reference(),
        ANSWERS: TABLES,
        REPORT: b"%PDF-1.7 three scales compared",
        **dict.fromkeys(MODELS, model()),
    }


def zipped(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def tarred(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


# One archive of some files, as (name, bytes): none of them is opened by the grader.
UNOPENED: Mapping[str, Callable[[Mapping[str, bytes]], tuple[str, bytes]]] = {
    "tar": lambda files: ("work.tar", tarred(files)),
    "tar.gz": lambda files: ("work.tar.gz", gzip.compress(tarred(files), mtime=0)),
    "tgz": lambda files: ("abgabe.tgz", gzip.compress(tarred(files), mtime=0)),
    "tar.xz": lambda files: ("work.tar.xz", lzma.compress(tarred(files))),
    "tar.bz2": lambda files: ("work.tar.bz2", bz2.compress(tarred(files))),
    "rar": lambda files: ("abgabe.rar", b"Rar!\x1a\x07\x01\x00" + bytes(300)),
    "7z": lambda files: ("hw.7z", b"7z\xbc\xaf\x27\x1c" + bytes(300)),
    "rar without a name": lambda files: ("submission", b"Rar!\x1a\x07\x01\x00" + bytes(300)),
    "zip in zip": lambda files: ("a.zip", zipped({"b.zip": zipped(files)})),
    "zip cut short": lambda files: ("work.zip", zipped(files)[:-40]),
    "zip with bzip2": lambda files: ("work.zip", zipped(files, zipfile.ZIP_BZIP2)),
    "zip with LZMA": lambda files: ("work.zip", zipped(files, zipfile.ZIP_LZMA)),
    "absolute names": lambda files: (
        "work.zip",
        zipped({f"/home/ada/{name}": content for name, content in files.items()}),
    ),
    "parent names": lambda files: (
        "work.zip",
        zipped({f"../{name}": content for name, content in files.items()}),
    ),
}


def as_graded(submission: Submission, import_failure: str = "") -> list[GradedCheck]:
    """What the checks find in a submission of `whole` files: all right, but for what is missing."""
    return [_marked(submission, check, import_failure) for check in RUBRIC.items]


def _marked(submission: Submission, id: str, import_failure: str) -> GradedCheck:
    source = SOURCES[id]
    if source == "call":
        return GradedCheck(_call(submission, id, import_failure))
    if source == "person":
        there = submission.report_file is not None
        return GradedCheck(a_check(id, Verdict.CORRECT if there else Verdict.MISSING))
    if id.startswith("2d.model."):
        return _model(submission, id)
    if ANSWERS in submission.problems:
        return GradedCheck(a_check(id, Verdict.ERROR, message=submission.problems[ANSWERS]))
    return GradedCheck(a_check(id, Verdict.CORRECT if submission.answers else Verdict.MISSING))


def _call(submission: Submission, id: str, import_failure: str):
    if SOLUTION in submission.problems:
        return a_check(id, Verdict.BLOCKED, message=submission.problems[SOLUTION])
    if submission.solution is None:
        return a_check(id, Verdict.MISSING, message="No solution.py was submitted.")
    if import_failure:
        return a_check(id, Verdict.BLOCKED, message=import_failure)
    if submission.solution.encode() == stub():
        return a_check(id, Verdict.MISSING, evidence={"exception": "NotImplementedError"})
    return a_check(id)


def _model(submission: Submission, id: str) -> GradedCheck:
    name = f"ResNet20_{id.removeprefix('2d.model.')}.pt"
    result = ModelResult(name, 8, 8, None, 0)
    if name in submission.problems:
        return GradedCheck(a_check(id, Verdict.ERROR, message=submission.problems[name]), result)
    if name not in submission.models:
        return GradedCheck(a_check(id, Verdict.MISSING))
    return GradedCheck(a_check(id), ModelResult(name, 8, 8, 95.0, 10_000))
