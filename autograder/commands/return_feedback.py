"""The command `return`: write the archive that brings feedback back to a course site."""

import sys
from dataclasses import dataclass
from pathlib import Path

from autograder.commands.progress import show_progress
from autograder.course.feedback import Feedback, plan_feedback, sentences
from autograder.course.feedback_files import FEEDBACK, write_archive, write_folder
from autograder.course.graded_class import GradedClass, open_graded_class
from autograder.errors import AutograderError
from autograder.exit_status import DONE, NEEDS_REVIEW, USAGE
from autograder.platforms.feedback_names import SITES, FeedbackSite, opens_in_browser

_PROVISIONAL = (
    "The class was graded with --check or --quick, so its scores are provisional. Run batch "
    "without them, or give --unfinished."
)


@dataclass(frozen=True)
class ReturnOptions:
    """Hold the options of `return`: see the help of the command."""

    out: Path
    site: str
    archive: Path | None = None
    export: Path | None = None
    unfinished: bool = False


def return_feedback(options: ReturnOptions) -> int:
    """Write the feedback and return the exit status. Print every error as a sentence."""
    try:
        with open_graded_class(options.out, options.export) as graded:
            return _return(options, graded, SITES[options.site])
    except (AutograderError, OSError) as problem:
        print(problem, file=sys.stderr)
        return USAGE


def _return(options: ReturnOptions, graded: GradedClass, site: FeedbackSite) -> int:
    if graded.record.provisional and not options.unfinished:
        print(_PROVISIONAL, file=sys.stderr)
        return USAGE
    feedback = plan_feedback(graded, site, options.unfinished)
    if not feedback.files:
        print("No student gets a page, so nothing was written.", *sentences(feedback.left_out))
        return NEEDS_REVIEW
    name = options.site if site.is_folder else f"{options.site}.zip"
    place = options.archive or options.out / FEEDBACK / name
    write = write_folder if site.is_folder else write_archive
    with show_progress("Pages of students", len(feedback.files)) as advance:
        write(feedback, place, advance)
    for line in _summary(feedback, place, len(graded.scores), site):
        print(line)
    return NEEDS_REVIEW if any(left.is_open for left in feedback.left_out) else DONE


def _summary(feedback: Feedback, place: Path, students: int, site: FeedbackSite) -> list[str]:
    lines = [f"{place} has the pages of {feedback.recipients:,} of {students:,} students."]
    unclear = sorted({file.shown for file in feedback.files if not opens_in_browser(file)})
    if unclear:
        count = sum(not opens_in_browser(file) for file in feedback.files)
        pages = "1 page is" if count == 1 else f"{count:,} pages are"
        lines.append(
            f"{pages} shown under the name of a submitted file that no browser opens, such as "
            f"{unclear[0]}. Ask these students to save it as .html."
        )
    return [*lines, *sentences(feedback.left_out), site.upload]
