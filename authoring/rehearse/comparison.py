"""Compare the scores of a rehearsed class with those that its submissions must get."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from authoring.rehearse.generated_class import EXPECTED
from autograder.course.publish import REPORTS
from autograder.errors import AutograderError

Points = Mapping[str, float]  # by check


class CannotCompare(AutograderError):
    """The folder contains no rehearsed class, or no results; the message says what to do."""


def compare_class(folder: Path, out: Path) -> dict[str, str]:
    """Return {student: sentence} for each student whose result is not the expected one.

    Args:
        folder: what `rehearse make` wrote.
        out: what `batch` wrote.

    Raises:
        CannotCompare: one of the two is not there, or damaged.
    """
    expected = _read(folder / EXPECTED, f"Run rehearse make --out {folder} first.")
    if not (out / REPORTS).is_dir():
        raise CannotCompare(f"{out} contains no results. Run batch {folder / 'export'} first.")
    graded = {
        path.parent.name: automatic_points(path.read_bytes())
        for path in sorted((out / REPORTS).glob("*/report.json"))
    }
    return find_differences(expected["students"], graded)


def automatic_points(report: bytes) -> dict[str, float]:
    """Return the points of each automatic check of a report.json."""
    checks = json.loads(report)["checks"]
    return {check["id"]: check["points"] for check in checks if check["source"] != "person"}


def find_differences(
    expected: Mapping[str, Mapping[str, Any]], graded: Mapping[str, Points]
) -> dict[str, str]:
    """Return a sentence for each student whose points in `graded` are not those expected."""
    differences = {
        student: sentence
        for student, known in expected.items()
        if (sentence := _difference(known, graded.get(student)))
    }
    unknown = sorted(set(graded) - set(expected))
    return {**differences, **dict.fromkeys(unknown, "is graded, and is not in the class")}


def _difference(known: Mapping[str, Any], points: Points | None) -> str:
    origin = known["origin"]
    if points is None:
        return "" if known["refused"] else f"({origin}) has no report"
    if known["refused"]:
        return f"({origin}) is graded, and must be refused"
    wanted: Points = known["points"]
    checks = sorted(c for c in {*wanted, *points} if wanted.get(c) != points.get(c))
    if not checks:
        return ""
    shown = "; ".join(f"{c}: expected {wanted.get(c)}, got {points.get(c)}" for c in checks[:3])
    more = f"; {len(checks) - 3} more" if len(checks) > 3 else ""
    return f"({origin}) {shown}{more}"


def _read(path: Path, advice: str) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not JSON"
        raise CannotCompare(f"{path} can't be read ({reason}). {advice}") from problem
