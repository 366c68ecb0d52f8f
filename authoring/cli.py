"""The command line of an instructor who builds and proves the kit: `python -m authoring COMMAND`.

Exit status of every command: 0 done, 1 a proof failed or a file is out of date, 2 it could not
start, 130 interrupted.

Commands import what they need when they run, so that `--help` does not wait for torch.
"""

from pathlib import Path
from typing import Any

import click

from autograder.cli_options import FILE, POSITIVE, TIERS, Command, data_option, jobs_option

LAYOUTS = ("canvas", "moodle", "gradescope", "blackboard", "nbgrader", "folder")
EPILOG = (
    "Exit status: 0 done, 1 a proof failed or a file is out of date, 2 it could not start, "
    "130 interrupted."
)
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_CHECK = click.option("--check", is_flag=True, help="Only compare; exit status 1 on a difference.")


@click.group(context_settings=_SETTINGS, epilog=EPILOG)
def cli() -> None:
    """Build, prove and release the assignment, and rehearse grading it."""


@cli.command(epilog=EPILOG)
def demo() -> int:
    """Grade nine example submissions and show where their reports are."""
    from authoring.demo import demo as run_demo

    return run_demo()


@cli.command(epilog=EPILOG)
@data_option("shapes10")
@jobs_option(2)
@click.option(
    "--out", type=FILE, metavar="DIR", help="Keep the folders of wrong tables and models here."
)
@click.option(
    "--check",
    default="*",
    metavar="GLOB",
    help="Prove only these checks, such as '1a.get_scale.*', on the cases that concern them.",
)
@click.option(
    "--patch",
    type=FILE,
    metavar="FILE",
    help="Write the proposed caught_by of mutants into this file, for git apply.",
)
def verify(**options: Any) -> int:
    """Prove the checks on submissions whose points are known.

    Grades every correct alternative and every mutant in instructor/corpus and prints the matrix
    check x submission. Exit status 1 when a correct one loses a point, a mutant survives or loses
    points in what it does not break, a check fails no mutant, or a tolerance is not between the
    worst correct answer and the nearest wrong one. Where a mutant declares other checks than take
    points from it, or none yet, a patch proposes them.
    """
    from authoring.verify.command import VerifyOptions
    from authoring.verify.command import verify as run_verify

    return run_verify(VerifyOptions(**options))


@cli.command(epilog=EPILOG)
@click.argument("cases", nargs=-1, metavar="[CASE]...")
@jobs_option(2)
@click.option(
    "--tier",
    "tiers",
    type=click.Choice(TIERS),
    multiple=True,
    help="Attack only this isolation tier. May be repeated.  [default: all that work here]",
)
def attack(cases: tuple[str, ...], **options: Any) -> int:
    """Prove the sandbox by submitting hostile, faulty and unusual code.

    CASE is a pattern such as 'theft/*'; without one all cases run. Exit status 1 when a cheat
    gains points, a fault costs more than its own checks, a correct submission loses points, or
    something is left on the machine.
    """
    from authoring.attack.command import AttackOptions
    from authoring.attack.command import attack as run_attack

    return run_attack(AttackOptions(cases=cases or ("*",), **options))


@cli.command(epilog=EPILOG)
@click.option(
    "--out",
    type=FILE,
    default=Path("dist"),
    show_default=True,
    metavar="DIR",
    help="Put what was built into this folder.",
)
@click.option(
    "--address",
    default="",
    metavar="URL",
    help="Where students' notebooks in Colab will find DIR/colab.zip.",
)
@click.option(
    "--course-id",
    default="quantization",
    show_default=True,
    metavar="ID",
    help="The id of the nbgrader course.",
)
@data_option()
@click.option(
    "--cell-timeout",
    "cell_seconds",
    type=POSITIVE,
    default=1_800,
    show_default=True,
    metavar="SECONDS",
    help="Time limit for each cell of the notebooks.",
)
def release(**options: Any) -> int:
    """Build what students and graders receive.

    Builds the student bundle, the Gradescope autograder, the nbgrader course and the solved
    notebook. Puts them into DIR if every proof holds; changes nothing otherwise.
    """
    try:
        from authoring.release.command import ReleaseOptions
        from authoring.release.command import release as run_release
    except ModuleNotFoundError as missing:
        raise click.ClickException(
            f"{missing.name} is missing: pip install -e '.[notebook]'."
        ) from missing
    return run_release(ReleaseOptions(**options))


@cli.group(epilog=EPILOG)
def rehearse() -> None:
    """Rehearse grading a class."""


def class_options(command: Command) -> Command:
    """Add the options that say which class is generated."""
    for option in (
        data_option(),
        click.option("--check", default="*", metavar="GLOB", help="Only for these checks."),
        click.option(
            "--layout",
            type=click.Choice(LAYOUTS),
            default="canvas",
            show_default=True,
            help="The course site whose export it looks like.",
        ),
        click.option(
            "--seed",
            type=int,
            default=0,
            show_default=True,
            metavar="S",
            help="Equal seeds give equal classes.",
        ),
        click.option(
            "--count",
            type=POSITIVE,
            default=60,
            show_default=True,
            metavar="N",
            help="Number of submissions.",
        ),
        click.option(
            "--out",
            type=FILE,
            default=Path("rehearsal"),
            show_default=True,
            metavar="DIR",
            help="Write DIR/export and DIR/expected.json.",
        ),
    ):
        command = option(command)
    return command


@rehearse.command(epilog=EPILOG)
@class_options
def make(**options: Any) -> int:
    """Make a class of submissions whose points are known, as a course site exports them.

    DIR/expected.json holds the points of each submission. Without CIFAR-10 on this machine it is a
    class for Shapes-10.
    """
    from authoring.rehearse.command import make as run_make
    from authoring.rehearse.generated_class import RehearsalOptions

    return run_make(RehearsalOptions(**options))


@rehearse.command(epilog=EPILOG)
@click.argument("folder", type=FILE, metavar="DIR")
@click.argument("results", type=FILE, metavar="OUT")
def compare(folder: Path, results: Path) -> int:
    """Compare OUT, which `autograder batch` wrote, with the points that DIR expects.

    Exit status 1 if a result differs.
    """
    from authoring.rehearse.command import compare as run_compare

    return run_compare(folder, results)


@rehearse.command("run", epilog=EPILOG)
@class_options
@click.option(
    "--jobs",
    type=POSITIVE,
    metavar="N",
    help="Grade this many submissions at a time.  [default: what cores and memory allow]",
)
def run_rehearsal(jobs: int | None, **options: Any) -> int:
    """Make a class, grade it into DIR/results and compare the scores with the expected ones.

    Exit status 1 if a result differs.
    """
    from authoring.rehearse.command import run
    from authoring.rehearse.generated_class import RehearsalOptions

    return run(RehearsalOptions(**options), jobs)


@cli.group(invoke_without_command=True, epilog=EPILOG)
@_CHECK
@click.pass_context
def build(context: click.Context, check: bool) -> int:
    """Build solution.py, main.ipynb and the public checks from the instructor's masters.

    The commands below build what changes rarely.
    """
    if context.invoked_subcommand is not None:
        if check:
            raise click.UsageError("--check compares the files that build makes without a command.")
        return 0
    from authoring.build.notebook import build_notebook
    from authoring.build.public_checks import build_public_checks
    from authoring.build.published_frontier import build_published_frontier
    from authoring.build.released_digests import build_released_digests
    from authoring.build.stub import build_stub

    steps = (
        *(build_stub, build_notebook, build_public_checks, build_published_frontier),
        build_released_digests,
    )
    return max([step(check) for step in steps])


@build.command("ptq-table", epilog=EPILOG)
@data_option()
def ptq_table(dataset: str) -> int:
    """Measure the PTQ table that students' tables are compared with (minutes)."""
    from authoring.build.measure_ptq_table import build_ptq_table

    return build_ptq_table(dataset)


@build.command("quick-images", epilog=EPILOG)
@data_option()
def quick_images(dataset: str) -> int:
    """Choose the 1,000 test images of --quick (minutes)."""
    from authoring.build.choose_quick_images import build_quick_images

    return build_quick_images(dataset)


@build.command("bit-widths", epilog=EPILOG)
@data_option()
@click.option(
    "--images",
    type=POSITIVE,
    default=500,
    show_default=True,
    metavar="N",
    help="Training images to search on.",
)
def bit_widths(dataset: str, images: int) -> int:
    """Search the reference's bit widths for question 3."""
    from authoring.build.search_widths import build_bit_widths

    return build_bit_widths(dataset, images)


@build.command("sawb-constants", epilog=EPILOG)
def sawb_constants() -> int:
    """Fit the constants of SAWB for the kit's grid and print them."""
    from authoring.build.fit_sawb import print_sawb_constants

    return print_sawb_constants()


@build.command(epilog=EPILOG)
def motivation() -> int:
    """Draw the picture of the notebook's first cell from measured numbers (a minute)."""
    from authoring.build.motivation import build_motivation

    return build_motivation()


@build.command("overfitted-model", epilog=EPILOG)
@data_option()
@click.option("--epochs", type=POSITIVE, default=30, show_default=True, metavar="N")
def overfitted_model(dataset: str, epochs: int) -> int:
    """Train the corpus's model that has seen the test images (an hour)."""
    from authoring.build.train_on_test_images import build_overfitted_model

    return build_overfitted_model(dataset, epochs)


@build.command(epilog=EPILOG)
@data_option()
@click.option(
    "--out", type=FILE, default=Path("demo/submissions"), show_default=True, metavar="DIR"
)
def examples(dataset: str, out: Path) -> int:
    """Write nine example submissions."""
    from authoring.examples import build_examples

    return build_examples(dataset, out)
