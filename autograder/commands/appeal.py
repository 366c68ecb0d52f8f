"""The command `appeal`: grade one student of a class again, before and after on one page."""

import sys
from dataclasses import dataclass
from pathlib import Path

from autograder.course.appeal import (
    accept,
    grade_again,
    published_report,
    read_appeal,
    refuse_other_grader,
    write_appeal,
)
from autograder.course.class_folder import open_class
from autograder.course.outputs.appeal_page import change_sentence
from autograder.course.publish import PublishOptions
from autograder.course.run_class import SENTENCES, prepare_class
from autograder.course.worker_setup import Settings, open_sandbox
from autograder.errors import AutograderError
from autograder.exit_status import DONE, INTERRUPTED, NEEDS_REVIEW, USAGE
from quantlab.intake.submission import UnreadableSubmission


@dataclass(frozen=True)
class AppealOptions:
    """Hold the options of `appeal`; `who` and `why` are given if the result is accepted."""

    out: Path
    student: str
    submission: Path
    settings: Settings
    course: Path | None = None
    accept: bool = False
    who: str = ""
    why: str = ""


def appeal(options: AppealOptions) -> int:
    """Grade the student again and return the exit status. Print every error as a sentence."""
    try:
        return _appeal(options)
    except KeyboardInterrupt:
        print("Interrupted. The class is as it was.", file=sys.stderr)
        return INTERRUPTED
    except (*SENTENCES, AutograderError, UnreadableSubmission, OSError, ValueError) as problem:
        print(problem, file=sys.stderr)
        return USAGE


def _appeal(options: AppealOptions) -> int:
    with open_class(options.out) as journal:
        policy = PublishOptions(course=options.course).policy()
        setup, wanted = prepare_class(options.settings, policy.repair_mode)
        refuse_other_grader(options.out, journal, setup, wanted)
        before = published_report(options.out, options.student, journal)
        submission = read_appeal(options.submission, options.student)
        try:
            result = grade_again(submission, before, options.settings, setup, wanted, journal)
        finally:
            open_sandbox(options.settings.tier, options.settings.allow_unsafe).close()
        folder = write_appeal(options.out, result)
        print(f"{options.student}: {change_sentence(before, result.after)}")
        print(f"For the student: {folder / 'appeal.html'}")
        print(f"For staff only: {folder / 'staff.html'}")
        if options.accept:
            accept(result, journal, options.who, options.why)
            print("Accepted: the journal contains the new results, and who accepted them and why.")
            replace = "" if result.published else "Put this submission into the export, then run "
            print(f"{replace or 'Run '}the same batch command again to publish them.")
        else:
            print(
                "The class was not changed. Run with --accept --who NAME --why TEXT to "
                "accept the new result."
            )
    return NEEDS_REVIEW if result.after.needs_review else DONE
