"""Render leaderboard.html, which a course may publish: pseudonyms, sizes and accuracies only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from autograder.course.outputs import class_figures as figures
from autograder.course.outputs.leaderboard import Leaderboard
from autograder.course.outputs.output_files import OutputFiles
from autograder.course.outputs.pages import render_page
from autograder.course.policy import Policy
from autograder.course.statistics import VariableNetwork
from autograder.engine.rubric import Rubric
from autograder.report import wording
from quantlab.paths import KIT

LEADERBOARD = "leaderboard.html"
FRONTIER = KIT / "quantlab" / "notebook" / "published_frontier.json"


@dataclass(frozen=True)
class ReferencePoint:
    """Hold a network that the kit published: its method, size in KiB, accuracy in percent."""

    method: str
    kibibytes: float
    accuracy: float


def publish_leaderboard(
    files: OutputFiles, board: Leaderboard | None, policy: Policy, rubric: Rubric, dataset: str
) -> list[str]:
    """Write the page, or remove an earlier one if `board` is None. Return notes for staff.

    Raise `OSError`.
    """
    if board is None:
        files.remove(LEADERBOARD)
        return []
    files.write(LEADERBOARD, render(board, policy, rubric, dataset))
    if not board.refused:
        return []
    return [
        "Not on the leaderboard, because the pseudonym contains an id or a name of the class: "
        f"{', '.join(board.refused)}."
    ]


def render(board: Leaderboard, policy: Policy, rubric: Rubric, dataset: str) -> str:
    """Return the page; `dataset` is the name of the data set that models were measured on."""
    floor = floor_of(rubric, dataset)
    references = [point for point in reference_points(dataset) if point.accuracy > floor]
    networks = [VariableNetwork(e.pseudonym, e.kibibytes, e.accuracy) for e in board.entries]
    values = {
        "title": policy.title,
        "dataset": wording.dataset_name(dataset),
        "floor": floor,
        "entries": board.entries,
        "references": sorted(references, key=lambda point: (point.kibibytes, -point.accuracy)),
        "figure": figures.size_figure(
            networks,
            [(point.kibibytes, point.accuracy) for point in references],
            floor,
            rubric.bonus_steps,
            "leaderboard-figure",
        ),
    }
    return render_page("leaderboard.html.j2", values)


def floor_of(rubric: Rubric, dataset: str) -> float:
    """Return the accuracy in percent that a network of question 3 must exceed."""
    levels = rubric.thresholds.get(dataset.lower().replace("-", ""), {})
    return levels.get("variable", 100.0)


def reference_points(dataset: str) -> tuple[ReferencePoint, ...]:
    """Return the kit's published networks on a data set; none if there are none."""
    frontier: Mapping[str, Any] = json.loads(FRONTIER.read_text(encoding="utf-8"))
    if frontier["dataset"].lower() != wording.dataset_name(dataset).lower():
        return ()
    return tuple(
        ReferencePoint(method["name"], size, accuracy)
        for method in frontier["methods"]
        for size, accuracy in method["points"]
    )
