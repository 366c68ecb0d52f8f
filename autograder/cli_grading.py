"""The commands that grade: `grade`, `batch`, `appeal`; and `isolation`, which tries the sandbox.

They import what they need when they run, so that `--help` does not wait for torch.
"""

from typing import Any

import click

from autograder.cli_options import (
    EPILOG,
    FILE,
    POSITIVE,
    TIERS,
    grading_options,
    jobs_option,
    out_option,
    past_option,
    take_settings,
)


def _refuse_fake(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        raise click.UsageError("--fake is now python -m authoring rehearse make.", context)


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


@click.command(epilog=EPILOG)
@click.argument("paths", nargs=-1, required=True, type=FILE, metavar="PATH...")
@out_option("Write reports and summary.csv into this folder.")
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


@click.command(
    cls=BatchCommand, short_help="Grade a class from the export of a course site.", epilog=EPILOG
)
@click.argument("export", type=FILE)
@out_option("Write everything about the class into this folder.")
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
@click.option(
    "--anonymous",
    is_flag=True,
    help="Write pages and tables below DIR/anonymous, with pseudonyms for ids.",
)
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

    return run_batch(BatchOptions(settings=take_settings(options), **options))


@click.command(short_help="Grade a student again and compare the reports.", epilog=EPILOG)
@click.argument("out", type=FILE, metavar="DIR")
@click.argument("student")
@click.argument("submission", type=FILE)
@click.option("--course", type=FILE, metavar="FILE", help="The course.toml of the class.")
@click.option("--accept", is_flag=True, help="Write the new results into the journal.")
@click.option("--who", default="", metavar="NAME", help="With --accept: who accepts them.")
@click.option("--why", default="", metavar="TEXT", help="With --accept: the reason.")
@grading_options
def appeal(**options: Any) -> int:
    """Grade STUDENT again and compare with the published report.

    DIR is the folder that `batch` wrote. SUBMISSION is the student's folder or archive, perhaps a
    new one, or the export of the class.
    Writes DIR/appeals/STUDENT: before.json, after.json, appeal.html for the student, staff.html.
    Give the grading options of `batch`. The class changes only with --accept.
    """
    if options["accept"] != bool(options["who"] and options["why"]):
        raise click.UsageError("--accept needs --who and --why, and they need --accept.")
    from autograder.commands.appeal import AppealOptions
    from autograder.commands.appeal import appeal as run_appeal

    return run_appeal(AppealOptions(settings=take_settings(options), **options))


@click.command(epilog=EPILOG)
@click.option(
    "--tier",
    type=click.Choice(TIERS),
    help="Try only this tier.  [default: the strongest one that works]",
)
@click.option("--allow-unsafe", is_flag=True, help="List what gets through instead of refusing.")
def isolation(tier: str | None, allow_unsafe: bool) -> int:
    """Show what student code can and cannot reach on this machine.

    Attacks the sandbox on the strongest isolation tier that works here, and says what a stronger
    tier needs. Exit status 2 when no tier can isolate student code.
    """
    from autograder.commands.isolation import isolation as run_isolation

    return run_isolation(tier, allow_unsafe)
