"""The command `frontier`: compute the frontier of question 3, or verify the committed winners."""

from rich.console import Console

from baselines.bit_widths.student_point import student_point
from baselines.commands.problems import report_problems
from baselines.exit_status import BELOW_TARGET, DONE
from baselines.experiments.console import print_frontier, print_verified_frontier
from baselines.experiments.frontier import Frontier, FrontierOptions
from baselines.experiments.pictures import draw_frontier
from baselines.experiments.verify import keep_frontier, verify_frontier


def frontier(options: FrontierOptions) -> int:
    """Compute the frontier or verify it, and return the exit status."""
    return report_problems(lambda: _verify(options) if options.verify else _compute(options))


def _compute(options: FrontierOptions) -> int:
    experiment = Frontier(options)
    student = None
    if options.student:
        student = student_point(options.student, experiment.start.network, experiment.measured)
    points = experiment.compute()
    additivity = experiment.additivity() if points else None
    console = Console()
    print_frontier(points, additivity, console)
    if student:
        console.print(f"the student's model: {student[0]:.2f} KiB, {student[1]:.2f} %")
    picture = experiment.results.folder / "frontier.svg"
    draw_frontier(points, additivity, student, picture)
    console.print(f"picture: {picture}")
    if options.keep:
        for path in keep_frontier(points, experiment.results):
            print(f"kept: {path}")
    return DONE


def _verify(options: FrontierOptions) -> int:
    winners = list(verify_frontier(options.dataset))
    if not winners:
        print(f"No models of the frontier are committed for {options.dataset}: use --keep.")
        return BELOW_TARGET
    return DONE if print_verified_frontier(winners, Console()) else BELOW_TARGET
