"""The command `table1`: compute Table 1, or verify the committed models."""

from rich.console import Console

from baselines.commands.problems import report_problems
from baselines.exit_status import BELOW_TARGET, DONE
from baselines.experiments.console import print_table1, print_verified_table1
from baselines.experiments.pictures import draw_table1
from baselines.experiments.table1 import Table1, Table1Options
from baselines.experiments.verify import keep_table1, verify_table1


def table1(options: Table1Options) -> int:
    """Compute the table or verify it, and return the exit status."""
    return report_problems(lambda: _verify(options) if options.verify else _compute(options))


def _compute(options: Table1Options) -> int:
    table = Table1(options)
    rows = table.compute()
    print_table1(rows, Console())
    draw_table1(rows, table.results.folder / "curves.svg")
    if options.keep:
        for path in keep_table1(rows, table.results):
            print(f"kept: {path}")
    return DONE


def _verify(options: Table1Options) -> int:
    holds = print_verified_table1(verify_table1(options.dataset), Console())
    return DONE if holds else BELOW_TARGET
