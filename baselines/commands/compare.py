"""The command `compare`: systems of the literature by bit widths, with a table and a picture."""

from rich.console import Console

from baselines.commands.problems import report_problems
from baselines.exit_status import BELOW_TARGET, DONE
from baselines.experiments.comparison import (
    CompareOptions,
    compare_systems,
    find_system,
    load_setting,
    parse_widths,
)
from baselines.experiments.console import print_comparison, print_verified_literature
from baselines.experiments.pictures import draw_comparison
from baselines.experiments.results import ComparisonResults
from baselines.experiments.verify import verify_literature
from baselines.methods.literature import SYSTEMS

DEFAULT_CELLS = ("W8A8", "W7A7", "W6A6", "W4A4")


def compare(options: CompareOptions) -> int:
    """Compare the systems or verify them, and return the exit status."""
    return report_problems(lambda: _verify(options) if options.verify else _compare(options))


def _compare(options: CompareOptions) -> int:
    names = options.methods or tuple(SYSTEMS)
    cells = options.bits or DEFAULT_CELLS
    for name in names:  # before images are loaded
        find_system(name)
    for cell in cells:
        parse_widths(cell)
    setting = load_setting(options)
    results = ComparisonResults(options.out, options.dataset)
    rows = list(compare_systems(names, cells, setting, results))
    print_comparison(rows, cells, Console())
    picture = results.folder / "compare.svg"
    draw_comparison(rows, cells, picture)
    print(f"picture: {picture}")
    return DONE


def _verify(options: CompareOptions) -> int:
    systems = verify_literature(load_setting(options), options.dataset == "cifar10")
    return DONE if print_verified_literature(systems, Console()) else BELOW_TARGET
