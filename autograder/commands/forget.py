"""The command `forget`: remove a student from the folder of a class."""

import sys
from dataclasses import dataclass
from pathlib import Path

from autograder.course.class_folder import open_class
from autograder.course.forget import mentions, plan_removal, remove
from autograder.course.journal import JournalError
from autograder.course.lock import AlreadyRunning
from autograder.errors import AutograderError
from autograder.exit_status import DONE, NEEDS_REVIEW, USAGE

_AGAIN = (
    "A later batch on an export or roster that contains {} brings the student back. Remove the "
    "student there first."
)


@dataclass(frozen=True)
class ForgetOptions:
    """Hold the options of `forget`."""

    out: Path
    student: str
    dry_run: bool = False


def forget(options: ForgetOptions) -> int:
    """Remove the student and return the exit status. Print every error as a sentence."""
    try:
        with open_class(options.out) as journal:
            removal = plan_removal(options.out, options.student, journal)
            print("This would be removed:" if options.dry_run else "Removing:")
            print("\n".join(f"  {line}" for line in removal.lines()))
            if options.dry_run:
                print("Nothing was changed. Run without --dry-run to remove it.")
                return DONE
            remove(removal, journal)
            print("Removed.")
            left = mentions(options.out, options.student)
    except (AlreadyRunning, AutograderError, JournalError, OSError, ValueError) as problem:
        print(problem, file=sys.stderr)
        return USAGE
    print(_AGAIN.format(options.student))
    for path in left:
        print(f"NEEDS REVIEW: {path} still mentions {options.student}. Delete the id in that file.")
    return NEEDS_REVIEW if left else DONE
