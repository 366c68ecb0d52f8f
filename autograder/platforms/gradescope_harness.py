"""Grade one submission on Gradescope; `run_autograder` starts this module.

    python -m autograder.platforms.gradescope_harness --root /autograder   # grade root/submission
    python -m autograder.platforms.gradescope_harness --prepare            # images and secret, once

`results.json` is valid from the start: `run_autograder` copies `first_results.json`, in which no
check is reached. It is replaced after each check, so a run that Gradescope stops loses only the
checks not graded yet. Errors in a submission cost its checks. If the grader itself can't start, no
results are left, and Gradescope reports that the autograder failed. The reason is on standard
output, which only staff see.

`gradescope.toml` beside `run_autograder` contains the settings.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec

from autograder.engine.record import Report
from autograder.engine.secret import SecretError, course_secret
from autograder.errors import AutograderError
from autograder.grading.preparation import SetupError, prepare_grading, refuse_other_arithmetic
from autograder.grading.submission import Trace, grade_submission
from autograder.report.gradescope import VISIBILITIES, render
from autograder.sandbox.host import Sandbox
from autograder.sandbox.self_test import IsolationUnavailable
from autograder.toml_reader import one_of, read_toml
from quantlab.atomic_files import write_text_atomically
from quantlab.data.cifar10 import DataNotFound, load_cifar10, load_dataset
from quantlab.intake.submission import (
    Submission,
    UnreadableSubmission,
    read_submission,
    unopened_submission,
)
from quantlab.paths import DATASETS, KIT
from quantlab.student_ids import plain_student

SETTINGS = KIT / "gradescope.toml"
DONE, FAILED = 0, 2
UNKNOWN = "unknown"  # no student is named


class BadSettings(AutograderError):
    """`gradescope.toml` can't be used; the message says what is wrong in it."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hold the settings of an instructor.

    `quick` measures models on 1,000 images, for provisional points; `checks` is a pattern of check
    ids. `hidden_checks` is when students see the lines of hidden checks, in Gradescope's words.
    """

    data: Annotated[str, one_of(*DATASETS)] = "cifar10"
    quick: bool = False
    checks: str = "*"
    hidden_checks: Annotated[str, one_of(*VISIBILITIES)] = "visible"


def load_settings(path: Path = SETTINGS) -> Settings:
    """Read the settings. Raise `BadSettings` if one is unknown or wrong."""
    return read_toml(path, Settings, BadSettings)


def students_of(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Return possible ids of the submitters, likeliest first: e-mail names, e-mails, names."""
    users = [user for user in metadata.get("users") or () if isinstance(user, Mapping)]
    emails = [user["email"] for user in users if isinstance(user.get("email"), str)]
    names = [user["name"] for user in users if isinstance(user.get("name"), str)]
    identities = [*(email.split("@", 1)[0] for email in emails), *emails, *names]
    return tuple(dict.fromkeys(name for name in identities if name.strip()))


def student_of(candidates: Sequence[str], claimed: str | None) -> str:
    """Return the candidate who is the student of answers.json, else the first.

    The report has a flag if the student of answers.json is no member of the group.
    """
    for name in candidates:
        if claimed is not None and _letters(name) == _letters(claimed):
            return plain_student(claimed)
    return candidates[0] if candidates else (claimed or UNKNOWN).strip()


def _letters(name: str) -> str:
    return plain_student(name).casefold()


def run(root: Path) -> int:
    """Grade `root`/submission and return the exit status."""
    results = root / "results" / "results.json"
    try:
        return _grade(root, results, load_settings())
    except (BadSettings, _CannotStart) as problem:
        print(problem)
        results.unlink(missing_ok=True)
        return FAILED


class _CannotStart(AutograderError):
    """Grading can't start; the message is for staff."""


def _grade(root: Path, results: Path, settings: Settings) -> int:
    def show(report: Report, finished: bool = False) -> None:
        write_text_atomically(results, render(report, settings.hidden_checks, finished))

    submission, trace = _submission(root), Trace()
    try:
        course = prepare_grading(settings.data, settings.checks, settings.quick)
        with Sandbox() as sandbox:
            refuse_other_arithmetic(sandbox.arithmetic)
            report = grade_submission(submission, course, sandbox, show, trace)
    except (SetupError, IsolationUnavailable) as problem:
        raise _CannotStart(str(problem)) from problem
    show(report, finished=True)
    for check, fault in trace.faults.items():
        print(f"{check}: {fault}")
    print(f"{report.isolation}; {report.auto_score:g} of {report.auto_max:g} automatic points")
    return DONE


def _submission(root: Path) -> Submission:
    candidates = students_of(_metadata(root / "submission_metadata.json"))
    folder = root / "submission"
    try:
        submission = read_submission(folder, candidates[0] if candidates else None)
        claimed = submission.answers.student if submission.answers else None
        return read_submission(folder, student_of(candidates, claimed))
    except UnreadableSubmission as problem:
        return unopened_submission(student_of(candidates, None), str(problem))


def _metadata(path: Path) -> Mapping[str, Any]:
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return metadata if isinstance(metadata, Mapping) else {}


def prepare_image() -> int:
    """Create the course secret and the test images, and return the exit status."""
    try:
        settings = load_settings()
        course_secret()
        if settings.data == "cifar10":
            load_cifar10("test", download=True)
        else:
            load_dataset(settings.data, "test")
    except (BadSettings, SecretError, DataNotFound) as problem:
        print(problem, file=sys.stderr)
        return FAILED
    return DONE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m autograder.platforms.gradescope_harness")
    parser.add_argument("--root", type=Path, default=Path("/autograder"))
    parser.add_argument(
        "--prepare", action="store_true", help="create the secret and the images, and grade nothing"
    )
    options = parser.parse_args(arguments)
    return prepare_image() if options.prepare else run(options.root)


if __name__ == "__main__":
    sys.exit(main())
