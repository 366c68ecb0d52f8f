"""The command line of the grader: `python -m autograder COMMAND`.

Exit status of every command: 0 done, 1 done but something needs review, 2 it could not start,
130 interrupted.

Commands import what they need when they run, so that `--help` does not wait for torch.
"""

import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autograder.exit_status import DONE, INTERRUPTED, USAGE
from quantlab.paths import DATASETS

if TYPE_CHECKING:
    from autograder.course.worker_setup import Settings

TIERS = ("A", "B", "C")
FEEDBACK_SITES = ("moodle", "canvas", "blackboard", "gradescope", "mail")
FILE = click.Path(path_type=Path)
POSITIVE = click.IntRange(min=1)
EPILOG = (
    "Exit status: 0 done, 1 done but something needs review, 2 it could not start, 130 interrupted."
)
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_MOVED = {
    "verify": "python -m authoring verify (and python -m authoring attack for --exploits)",
    "release": "python -m authoring release",
}

Command = Callable[..., int]


def run(group: click.Group, program: str, arguments: Sequence[str] | None = None) -> int:
    """Run a command of `group` and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console that lacks a character shows "?"
            stream.reconfigure(errors="replace")
    try:
        status = group.main(arguments, prog_name=program, standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        print("Interrupted. Files that were written before are whole.", file=sys.stderr)
        return INTERRUPTED
    return status if isinstance(status, int) else DONE


def data_option(default: str = "cifar10") -> Callable[[Command], Command]:
    """Return the option --data: which test images models are measured on."""
    return click.option(
        "--data",
        "dataset",
        type=click.Choice(list(DATASETS)),
        default=default,
        show_default=True,
        help="Measure models on this data set.",
    )


def jobs_option(default: int) -> Callable[[Command], Command]:
    """Return the option --jobs: how many submissions are graded at a time."""
    return click.option(
        "--jobs",
        type=POSITIVE,
        default=default,
        show_default=True,
        metavar="N",
        help="Grade this many submissions at a time.",
    )


def grading_options(command: Command) -> Command:
    """Add the options that `grade` and `batch` share."""
    for option in (
        click.option(
            "--allow-unsafe",
            is_flag=True,
            help="Grade without isolation: student code runs with your rights.",
        ),
        click.option(
            "--tier",
            type=click.Choice(TIERS),
            help="Use only this isolation tier.  [default: the strongest one that works here]",
        ),
        click.option(
            "--quick",
            is_flag=True,
            help="Measure models on 1,000 test images. The scores are provisional.",
        ),
        data_option(),
        click.option(
            "--check",
            default="*",
            metavar="GLOB",
            help="Run only these checks, such as '2b.*'. The scores are provisional.",
        ),
    ):
        command = option(command)
    return command


def past_option(command: Command) -> Command:
    """Add the option --past: solutions of past terms to compare with."""
    return click.option(
        "--past",
        type=FILE,
        multiple=True,
        metavar="PATH",
        help="Compare solutions with those of a past term: an export, a folder of submissions, or "
        "a folder of .py files. May be repeated.",
    )(command)


def _refuse_fake(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        raise click.UsageError("--fake is now python -m authoring rehearse make.", context)


class MovedCommands(click.Group):
    """A group that answers former commands with the name of the new one."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command. Raise UsageError, naming the new form, for one that was moved."""
        if cmd_name in _MOVED:
            raise click.UsageError(f"{cmd_name} is now {_MOVED[cmd_name]}.", ctx)
        return super().get_command(ctx, cmd_name)


class BatchCommand(click.Command):
    """The command `batch`, which answers the former list syntax of --manual with the new one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments. Raise UsageError if --manual is followed by several files."""
        arguments = tuple(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as problem:
            if "--manual" in arguments and "unexpected extra argument" in problem.message:
                raise click.UsageError(
                    "--manual takes one file. Repeat it: --manual a.csv --manual b.csv.", ctx
                ) from problem
            raise


@click.group(cls=MovedCommands, context_settings=_SETTINGS, epilog=EPILOG)
def cli() -> None:
    """Grade submissions of the quantization assignment."""


@cli.command(epilog=EPILOG)
@click.argument("paths", nargs=-1, required=True, type=FILE, metavar="PATH...")
@click.option(
    "--out",
    type=FILE,
    default=Path("results"),
    show_default=True,
    metavar="DIR",
    help="Write reports and summary.csv into this folder.",
)
@click.option(
    "--student", metavar="ID", help="The student's id.  [default: the name of the folder or zip]"
)
@jobs_option(1)
@click.option(
    "--replay",
    metavar="CHECK",
    help="Print the calls, results and expected values of one check (staff only).",
)
@click.option(
    "--save",
    type=FILE,
    metavar="DIR",
    help="With --replay: write its arrays to DIR/<student>/<check>.npz.",
)
@grading_options
def grade(**options: Any) -> int:
    """Grade submissions, each a folder or an archive.

    Write DIR/<student>/report.html, report.json and run.json for each student, and
    DIR/summary.csv over all of them.
    """
    if options["save"] and not options["replay"]:
        raise click.UsageError("--save writes what --replay shows: give both.")
    from autograder.commands.grade import GradeOptions
    from autograder.commands.grade import grade as run_grade

    return run_grade(GradeOptions(**options))


@cli.command(cls=BatchCommand, epilog=EPILOG)
@click.argument("export", type=FILE)
@click.option(
    "--out",
    type=FILE,
    default=Path("results"),
    show_default=True,
    metavar="DIR",
    help="Write everything about the class into this folder.",
)
@click.option(
    "--course",
    type=FILE,
    metavar="FILE",
    help="course.toml: deadline, late policy, extensions, excused students.",
)
@click.option(
    "--manual",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="Manual scores: a table of student,check,points,comment, or nbgrader's gradebook.db. "
    "May be repeated.",
)
@past_option
@click.option("--anonymous", is_flag=True, help="Write pseudonyms instead of ids everywhere.")
@click.option(
    "--jobs",
    type=POSITIVE,
    metavar="N",
    help="Grade this many submissions at a time.  [default: what cores and memory allow]",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Grade on the Dask cluster at this address, such as tcp://host:8786.",
)
@click.option(
    "--regrade",
    is_flag=True,
    help="After a change of the grader or the rubric: regrade the affected checks and list whose "
    "scores change. Writes nothing.",
)
@click.option("--apply", is_flag=True, help="With --regrade: write the new scores.")
@click.option("--fake", hidden=True, is_eager=True, expose_value=False, callback=_refuse_fake)
@grading_options
def batch(**options: Any) -> int:
    """Grade a whole class from EXPORT, the folder or zip file that a course site exports.

    Reads exports of Canvas, Moodle, Gradescope, Blackboard and nbgrader, and a folder of
    submissions. Writes DIR/class.html, a page for each student, and gradebook files.

    Interrupted? Run the same command again to resume.
    """
    if options["apply"] and not options["regrade"]:
        raise click.UsageError("--apply writes what --regrade shows: give both.")
    from autograder.commands.batch import BatchOptions
    from autograder.commands.batch import batch as run_batch

    return run_batch(BatchOptions(settings=_take_settings(options), **options))


@cli.command(epilog=EPILOG)
@click.argument("out", type=FILE, metavar="DIR")
@click.argument("student")
@click.argument("submission", type=FILE)
@click.option("--course", type=FILE, metavar="FILE", help="The course.toml of the class.")
@click.option("--accept", is_flag=True, help="Write the new results into the journal.")
@click.option("--who", default="", metavar="NAME", help="With --accept: who accepts them.")
@click.option("--why", default="", metavar="TEXT", help="With --accept: the reason.")
@grading_options
def appeal(**options: Any) -> int:
    """Grade STUDENT of DIR, the folder of a class, again, and compare with the published report.

    SUBMISSION is the student's folder or archive, perhaps a new one, or the export of the class.
    Writes DIR/appeals/STUDENT: before.json, after.json, appeal.html for the student, staff.html.
    Give the grading options of `batch`. The class changes only with --accept.
    """
    if options["accept"] != bool(options["who"] and options["why"]):
        raise click.UsageError("--accept needs --who and --why, and they need --accept.")
    from autograder.commands.appeal import AppealOptions
    from autograder.commands.appeal import appeal as run_appeal

    return run_appeal(AppealOptions(settings=_take_settings(options), **options))


def _take_settings(options: dict[str, Any]) -> "Settings":
    """Remove the grading options of a command from `options` and return them."""
    from autograder.course.worker_setup import Settings

    shared = ("dataset", "check", "quick", "tier", "allow_unsafe")
    return Settings(**{name: options.pop(name) for name in shared})


def _parse_share(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, int]:
    """Return (number, of) from "2/3"; the whole without a value."""
    number, _, of = (value or "1/1").partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise click.BadParameter(f"expected a part such as 2/3, got {value!r}.")
    return int(number), int(of)


@cli.command(epilog=EPILOG)
@click.argument("out", type=FILE, metavar="DIR")
@click.option(
    "--export", type=FILE, metavar="PATH", help="The graded export.  [default: as batch noted it]"
)
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
    help="Offer this share of the answers that others have read for a second reading.",
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

    Serves a page on this machine only, without names. Every click is stored in the journal of the
    class; the next `batch` counts the points as manual scores. Ctrl-C ends the desk.
    """
    from autograder.commands.desk import DeskCommandOptions
    from autograder.commands.desk import desk as run_desk
    from autograder.desk.blind import Share

    share = Share(*options.pop("split"))
    second = options.pop("second")
    return run_desk(DeskCommandOptions(share=share, second_percent=second, **options))


@cli.command(epilog=EPILOG)
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


@cli.command(epilog=EPILOG)
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


@cli.command(name="return", epilog=EPILOG)
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
    help="Write this zip file, or this folder with --to mail.  [default: DIR/feedback/SITE.zip]",
)
@click.option(
    "--export",
    type=FILE,
    metavar="PATH",
    help="The export that was graded, if it was moved since.",
)
@click.option(
    "--unfinished",
    is_flag=True,
    help="Also return pages of students who need review or have open written answers.",
)
def return_feedback(**options: Any) -> int:
    """Write the feedback of DIR, the folder of a class, as its course site takes it.

    Moodle and Canvas give each page of the archive to its student. For the other sites and for
    mail, a table says whose page is whose. Nothing is sent.
    """
    from autograder.commands.return_feedback import ReturnOptions
    from autograder.commands.return_feedback import return_feedback as run_return

    return run_return(ReturnOptions(**options))


@cli.command(epilog=EPILOG)
@click.argument("out", type=FILE, metavar="DIR")
@past_option
@click.option(
    "--export", type=FILE, metavar="PATH", help="The graded export.  [default: as batch noted it]"
)
@click.option("--tier", type=click.Choice(TIERS), help="Use only this isolation tier.")
@click.option(
    "--allow-unsafe", is_flag=True, help="Open saved models without isolation, with your rights."
)
def audit(**options: Any) -> int:
    """Run the audit of DIR, the folder of a class that `batch` wrote, again. Grades nothing.

    Writes DIR/staff/audit.html and audit.json: what staff should look at, with how it can be
    honest. With --past solutions are compared with those of past terms, too.
    """
    from autograder.commands.audit import AuditOptions
    from autograder.commands.audit import audit as run_audit

    return run_audit(AuditOptions(**options))


@cli.command(epilog=EPILOG)
@click.argument("out", type=FILE, metavar="DIR")
@click.option(
    "--export", type=FILE, metavar="PATH", help="The graded export.  [default: as batch noted it]"
)
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
@click.option("--tier", type=click.Choice(TIERS), help="Use only this isolation tier.")
@click.option(
    "--allow-unsafe",
    is_flag=True,
    help="Run without isolation: student code runs with your rights.",
)
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


@cli.command(epilog=EPILOG)
@click.option(
    "--tier",
    type=click.Choice(TIERS),
    help="Try only this tier.  [default: the strongest one that works]",
)
@click.option("--allow-unsafe", is_flag=True, help="List what gets through instead of refusing.")
def isolation(tier: str | None, allow_unsafe: bool) -> int:
    """Show what student code can and cannot reach on this machine.

    Attacks the sandbox on the strongest isolation tier that works here, and says what a stronger
    tier needs. Exit status 2 when no tier can hold student code.
    """
    from autograder.commands.isolation import isolation as run_isolation

    return run_isolation(tier, allow_unsafe)
