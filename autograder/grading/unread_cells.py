"""Find the checks that an unreadable entry of answers.json concerns."""

import fnmatch
from collections.abc import Iterator, Sequence

from autograder.engine.record import GradedCheck
from quantlab.formats.answers import MSE_METHODS, TABLE1_METHODS, TRAININGS, VECTORS
from quantlab.intake.submission import Submission

_TABLES = "[123]?.*"  # ids of all checks, of which only those of tables are looked at


def unread_cells(
    submission: Submission, graded: Sequence[GradedCheck]
) -> Iterator[tuple[str, Sequence[GradedCheck]]]:
    """Yield why each entry could not be read, and the checks whose points it decides."""
    if submission.answers is None:
        return
    for place, reason in submission.answers.unread.items():
        pattern = checks_of(place)
        yield (
            reason,
            [
                check
                for check in graded
                if fnmatch.fnmatchcase(check.result.id, pattern)
                and (check.result.source == "table" or pattern.startswith("3."))
            ],
        )


def checks_of(place: str) -> str:
    """Return the pattern of the checks that read the entry at `place`.

    Examples:
        >>> checks_of("mse.A.sym.8"), checks_of("mse.A"), checks_of("table1.ptq.W8A8.SAWB")
        ('1b.A.sym', '1b.A.*', '2c.ptq.SAWB')
    """
    table, *parts = place.split(".")
    if table == "mse":
        vector = next((part for part in parts[:1] if part in VECTORS), "*")
        method = next((part for part in parts[1:2] if part in MSE_METHODS), "*")
        return f"1b.{vector}.{method}"
    if table == "table1":
        training = next((part for part in parts[:1] if part in TRAININGS), "*")
        method = next((part for part in parts[2:3] if part in TABLE1_METHODS), "*")
        return f"2c.{training}.{method}"
    return "3.bit_widths.*" if table == "bit_widths" else _TABLES
