"""What `run_autograder` runs on Gradescope: one submission, marked into one results.json.

    python -m autograder.platforms.gradescope_harness --root /autograder   # mark root/submission
    python -m autograder.platforms.gradescope_harness --prepare            # fetch or draw the
    images, make a secret

`results.json` is there and valid from the first moment, before Python is even started: with every
check not reached, as `first_results.json` of the release has it. It is replaced whole after each
check, so that a platform which stops the run loses only what was not yet marked. What is wrong with
a submission costs its checks and is said in the results. When the grader itself can't start, no
results are left: Gradescope then reports that the autograder failed, which nobody takes for a mark;
the reason is on standard output, which only staff see.

`gradescope.toml` beside `run_autograder` holds the settings; a misspelt one is refused.
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from autograder.engine.record import Report
from autograder.engine.secret import SecretError, course_secret
from autograder.grading.preparation import SetupError, prepare_grading, refuse_other_arithmetic
from autograder.grading.submission import Trace, grade_submission
from autograder.intake.submission import (
    Submission,
    UnreadableSubmission,
    read_submission,
    unopened_submission,
)
from autograder.report.gradescope import VISIBILITIES, render
from autograder.sandbox.host import Sandbox
from autograder.sandbox.self_test import IsolationUnavailable
from quantlab.atomic_files import write_text_atomically
from quantlab.data.cifar10 import DataNotFound, load_cifar10, load_dataset
from quantlab.paths import DATASETS, KIT

SETTINGS = KIT / "gradescope.toml"
DONE, FAILED = 0, 2
UNKNOWN = "unknown"  # a student of whom the platform says nothing


class BadSettings(Exception):
    """`gradescope.toml` can't be used; the message says what is wrong in it."""


@dataclass(frozen=True)
class Settings:
    """What an instructor may set.

    `quick` measures models on 1,000 images, for provisional points; `checks` is a pattern of check
    ids. `hidden_checks` is when students see the lines of hidden checks, in Gradescope's words.
    """

    data: str = "cifar10"
    quick: bool = False
    checks: str = "*"
    hidden_checks: str = "visible"


def load_settings(path: Path = SETTINGS) -> Settings:
    """Read the settings. Raises `BadSettings`."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSettings(f"{path.name} can't be read: {error}.") from error
    kinds = {setting.name: type(setting.default) for setting in fields(Settings)}
    for name, value in given.items():
        if name not in kinds:
            raise BadSettings(f"{path.name} sets {name!r}; there is only {', '.join(kinds)}.")
        if not isinstance(value, kinds[name]):
            raise BadSettings(f"{path.name}: {name} must be a {kinds[name].__name__}.")
    settings = Settings(**given)
    for name, value, known in (
        ("data", settings.data, DATASETS),
        ("hidden_checks", settings.hidden_checks, VISIBILITIES),
    ):
        if value not in known:
            raise BadSettings(f"{path.name}: {name} must be one of {', '.join(known)}.")
    return settings


def students_of(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids by which the submitters may go, likeliest first: e-mail names, e-mails, names."""
    users = [user for user in metadata.get("users") or () if isinstance(user, Mapping)]
    emails = [user["email"] for user in users if isinstance(user.get("email"), str)]
    names = [user["name"] for user in users if isinstance(user.get("name"), str)]
    found = [*(email.split("@", 1)[0] for email in emails), *emails, *names]
    return tuple(dict.fromkeys(name for name in found if name.strip()))


def whose(candidates: Sequence[str], claimed: str | None) -> str:
    """The candidate that answers.json was made by, else the first of them.

    Where neither of a group's members made it, the report flags that.
    """
    for name in candidates:
        if claimed is not None and name.casefold() == claimed.strip().casefold():
            return claimed.strip()
    return candidates[0] if candidates else (claimed or UNKNOWN).strip()


def run(root: Path) -> int:
    """Mark `root`/submission; returns the exit status."""
    results = root / "results" / "results.json"
    try:
        return _mark(root, results, load_settings())
    except (BadSettings, _CannotStart) as problem:
        print(problem)
        results.unlink(missing_ok=True)
        return FAILED


class _CannotStart(Exception):
    """Marking can't begin; the message is for staff."""


def _mark(root: Path, results: Path, settings: Settings) -> int:
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
        found = read_submission(folder, candidates[0] if candidates else None)
        claimed = found.answers.student if found.answers else None
        return read_submission(folder, whose(candidates, claimed))
    except UnreadableSubmission as problem:
        return unopened_submission(whose(candidates, None), str(problem))


def _metadata(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, Mapping) else {}


def prepare_image() -> int:
    """Do once what every run needs: the course secret, and the test images where they are kept."""
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
    parser = argparse.ArgumentParser(prog="python -m autograder.platforms.gradescope_harness")
    parser.add_argument("--root", type=Path, default=Path("/autograder"))
    parser.add_argument("--prepare", action="store_true", help="only fetch what every run needs")
    options = parser.parse_args(arguments)
    return prepare_image() if options.prepare else run(options.root)


if __name__ == "__main__":
    sys.exit(main())
