"""The commands for a class before and after it is graded.

`pull`, `desk`, `return`, `viva`, `audit` and `forget`. They import what they need when they run, so
that `--help` does not wait for torch.
"""

from typing import Any

import click

from autograder.cli_options import (
    EPILOG,
    FILE,
    POSITIVE,
    export_option,
    isolation_options,
    past_option,
)

FEEDBACK_SITES = ("moodle", "canvas", "blackboard", "gradescope", "mail")


@click.command(short_help="Fetch submissions from a course site.", epilog=EPILOG)
@click.argument("site", type=click.Choice(["canvas"]))
@click.option("--course", type=POSITIVE, required=True, metavar="ID", help="The course's number.")
@click.option(
    "--assignment", type=POSITIVE, required=True, metavar="ID", help="The assignment's number."
)
@click.option(
    "--out",
    type=FILE,
    required=True,
    metavar="DIR",
    help="Write the submissions into this folder, which batch reads.",
)
@click.option(
    "--url",
    metavar="URL",
    help="The address of Canvas, such as https://canvas.example.edu.  [default: CANVAS_API_URL]",
)
@click.option(
    "--token-file",
    type=FILE,
    metavar="FILE",
    help="A file that contains the token and that only you can read.  [default: CANVAS_API_TOKEN]",
)
@click.option("--verbose", is_flag=True, help="Print a line per request.")
def pull(**options: Any) -> int:
    """Fetch the submissions of an assignment from SITE, with times, attempts and groups.

    Both numbers are in the address of the assignment, /courses/ID/assignments/ID. Nothing is
    changed on the site. Interrupted? Run the same command again to resume.
    """
    from autograder.commands.pull import PullOptions
    from autograder.commands.pull import pull as run_pull

    return run_pull(PullOptions(**options))


def _parse_share(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, int]:
    """Return (number, of) from "2/3"; the whole without a value."""
    number, _, of = (value or "1/1").partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise click.BadParameter(f"expected a part such as 2/3, got {value!r}.")
    return int(number), int(of)


@click.command(short_help="Grade the written answers in the browser.", epilog=EPILOG)
@click.argument("out", type=FILE, metavar="DIR")
@export_option
@click.option(
    "--grader", default="", metavar="NAME", help="Your name in the journal.  [default: the account]"
)
@click.option("--split", callback=_parse_share, metavar="N/M", help="Read only part N of M.")
@click.option(
    "--second",
    type=click.FloatRange(0, 100),
    default=10.0,
    show_default=True,
    metavar="PERCENT",
    help="Percent of the answers to offer to a second grader.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Shuffle the answers by this number."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="Serve on this port.  [default: a free one]",
)
@click.option("--no-browser", is_flag=True, help="Print the address and open no browser.")
@click.option(
    "--copy",
    type=FILE,
    metavar="FILE",
    help="Write a read-only copy of all answers as one HTML file, and serve nothing.",
)
def desk(**options: Any) -> int:
    """Grade the written answers of DIR, the folder of a class, in the browser.

    Serves a page on this machine only. The page shows no names. Clicks are stored as drafts; the
    next `batch` counts the answers that you saved. Ctrl-C ends the desk.
    """
    from autograder.commands.desk import DeskCommandOptions
    from autograder.commands.desk import desk as run_desk
    from autograder.desk.blind import Share

    share = Share(*options.pop("split"))
    second = options.pop("second")
    return run_desk(DeskCommandOptions(share=share, second_percent=second, **options))


@click.command(
    name="return", short_help="Write feedback for upload to the course site.", epilog=EPILOG
)
@click.argument("out", type=FILE, metavar="DIR")
@click.option(
    "--to",
    "site",
    required=True,
    type=click.Choice(FEEDBACK_SITES),
    help="The course site, or a folder for a mail merge.",
)
@click.option(
    "--out",
    "archive",
    type=FILE,
    metavar="FILE",
    help="Write this zip file, or this folder with --to mail.  [default: DIR/feedback/SITE.zip or "
    "DIR/feedback/mail]",
)
@export_option
@click.option(
    "--unfinished",
    is_flag=True,
    help="Also return pages of students who need review or whose written answers are not graded "
    "yet.",
)
def return_feedback(**options: Any) -> int:
    """Write the feedback of DIR, the folder of a class, for upload to the course site.

    Moodle and Canvas give each page of the archive to its student. For Blackboard and mail, a table
    says whose page is whose; for Gradescope, the folders do. Nothing is sent.
    """
    from autograder.commands.return_feedback import ReturnOptions
    from autograder.commands.return_feedback import return_feedback as run_return

    return run_return(ReturnOptions(**options))


@click.command(short_help="Write viva questions for each student, and a key.", epilog=EPILOG)
@click.argument("out", type=FILE, metavar="DIR")
@export_option
@click.option("--sample", type=POSITIVE, metavar="N", help="Write at most N sheets.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="S",
    help="Another seed draws another sample and other questions.",
)
@click.option(
    "--student",
    "students",
    multiple=True,
    metavar="ID",
    help="Write the sheet of this student only. May be repeated.",
)
@click.option(
    "--jobs",
    type=POSITIVE,
    metavar="N",
    help="Make this many sheets at a time.  [default: what cores and memory allow]",
)
@isolation_options
def viva(**options: Any) -> int:
    """Write viva sheets: three questions per student of DIR from their own submission.

    DIR is the folder of a class that `batch` wrote. Writes DIR/staff/viva: a sheet for each
    student, all sheets in one file to print, and a key with computed answers. Students on the
    audit's list come first.
    """
    from autograder.commands.viva import VivaOptions
    from autograder.commands.viva import viva as run_viva
    from autograder.course.worker_setup import Settings
    from autograder.viva.run_viva import VivaChoice

    choice = VivaChoice(options.pop("sample"), options.pop("seed"), options.pop("students"))
    tier, allow_unsafe = options.pop("tier"), options.pop("allow_unsafe")
    settings = Settings("cifar10", tier=tier, allow_unsafe=allow_unsafe)
    return run_viva(VivaOptions(choice=choice, settings=settings, **options))


@click.command(short_help="Run the audit of a class again.", epilog=EPILOG)
@click.argument("out", type=FILE, metavar="DIR")
@past_option
@export_option
@isolation_options
def audit(**options: Any) -> int:
    """Run the audit again, without grading.

    DIR is the folder that `batch` wrote. Writes DIR/staff/audit.html and audit.json: what staff
    should look at, and what an honest explanation could be. With --past, solutions are compared
    with those of past terms, too.
    """
    from autograder.commands.audit import AuditOptions
    from autograder.commands.audit import audit as run_audit

    return run_audit(AuditOptions(**options))


@click.command(short_help="Remove a student from the results of a class.", epilog=EPILOG)
@click.argument("out", type=FILE, metavar="DIR")
@click.argument("student")
@click.option("--dry-run", is_flag=True, help="List what would be removed; change nothing.")
def forget(**options: Any) -> int:
    """Remove STUDENT from DIR, the folder of a class that `batch` wrote.

    Deletes rows of the journal, reports, pages and appeals, and writes the pages and tables of the
    class again without the student.
    """
    from autograder.commands.forget import ForgetOptions
    from autograder.commands.forget import forget as run_forget

    return run_forget(ForgetOptions(**options))
