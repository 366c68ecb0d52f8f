"""Measure whether time is linear in images, models, checks and submissions.

    python -m benchmarks.linear_scaling --out scaling.svg

Each series is measured from its smallest to its largest size, several times, and the fastest time
of each size is kept. R^2 is that of a least-squares line through them.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from authoring.examples import MissingModels, write_examples
from autograder.exit_status import USAGE
from autograder.grading.preparation import SetupError, prepare_grading
from autograder.grading.submission import GradingContext, grade_submission
from autograder.sandbox.host import Sandbox
from autograder.sandbox.self_test import IsolationUnavailable
from benchmarks.model_evaluation import saved_models
from benchmarks.ratios import seconds
from quantlab.data.cifar10 import DataNotFound, load_dataset
from quantlab.data.images import ImageSet
from quantlab.evaluation.integer_network import evaluate_saved
from quantlab.formats.saved_model import SavedModel
from quantlab.intake.submission import Submission, read_submission
from quantlab.paths import DATASETS

CHECKS = ("1a.l*", "1a.*", "[12]a.*", "[12][ab].*")  # patterns that select more and more


@dataclass(frozen=True)
class Line:
    """Seconds against a size, and the straight line of least squares through them."""

    against: str
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]

    @property
    def fit(self) -> tuple[float, float]:
        """Seconds per unit of size, and seconds at size zero."""
        slope, start = np.polyfit(self.sizes, self.seconds, 1)
        return float(slope), float(start)

    @property
    def straightness(self) -> float:
        """R^2, the share of the variance that the line explains."""
        slope, start = self.fit
        times = np.array(self.seconds)
        rest = times - (slope * np.array(self.sizes) + start)
        return float(1 - rest.var() / times.var())


def main() -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.linear_scaling",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", choices=DATASETS, default="cifar10")
    parser.add_argument(
        "--times", type=int, default=3, help="Repeat every size; the fastest counts."
    )
    parser.add_argument("--out", type=Path, default=Path("runs") / "scaling.svg")
    options = parser.parse_args()
    lines = []
    try:
        for line in measure(options.data, options.times):
            slope, start = line.fit
            print(
                f"{line.against:12} {1000 * slope:9.2f} ms each, {1000 * start:8.1f} ms before, "
                f"R^2 {line.straightness:.4f}"
            )
            lines.append(line)
    except (DataNotFound, IsolationUnavailable, MissingModels, SetupError) as problem:
        print(problem, file=sys.stderr)
        return USAGE
    options.out.parent.mkdir(parents=True, exist_ok=True)
    draw_lines(lines, options.out)
    print(options.out)
    return 0


def measure(dataset: str, times: int) -> Iterator[Line]:
    """Yield each series when it is measured."""
    images, saved = load_dataset(dataset, "test"), tuple(saved_models(dataset).values())
    parts = [images.subset(torch.arange(len(images) * i // 5)) for i in range(1, 6)]
    first = [partial(_evaluate, saved[:1], part) for part in parts]
    yield _line("images", [len(part) for part in parts], first, times)
    counts = range(1, len(saved) + 1)
    several = [partial(_evaluate, saved[:count], parts[0]) for count in counts]
    yield _line("models", counts, several, times)
    with Sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
        write_examples(dataset, Path(folder))
        submission = read_submission(Path(folder) / "reference")
        courses = [prepare_grading(dataset, pattern) for pattern in CHECKS]
        sizes = [len(grade_submission(submission, course, sandbox).checks) for course in courses]
        gradings = [partial(_grade, submission, course, sandbox, 1) for course in courses]
        yield _line("checks", sizes, gradings, times)
        gradings = [partial(_grade, submission, courses[0], sandbox, count) for count in counts]
        yield _line("submissions", counts, gradings, times)


def _evaluate(models: Sequence[SavedModel], images: ImageSet) -> None:
    for model in models:
        evaluate_saved(model, images)


def _grade(submission: Submission, course: GradingContext, sandbox: Sandbox, times: int) -> None:
    for _ in range(times):
        grade_submission(submission, course, sandbox)


def _line(
    against: str, sizes: Sequence[int], actions: Sequence[Callable[[], object]], times: int
) -> Line:
    actions[0]()  # what only the first call costs
    rounds = [[seconds(action)[0] for action in actions] for _ in range(times)]
    return Line(against, tuple(sizes), tuple(min(taken) for taken in zip(*rounds, strict=True)))


def draw_lines(lines: Sequence[Line], path: Path) -> None:
    """Draw the series and their lines into the file `path`."""
    figure = Figure(figsize=(3.2 * len(lines), 3), layout="constrained")
    axes = figure.subplots(1, len(lines))
    for line, ax in zip(lines, axes, strict=True):
        slope, start = line.fit
        ends = np.array([0, max(line.sizes)])
        ax.plot(ends, slope * ends + start, color="0.6")
        ax.plot(line.sizes, line.seconds, "o")
        ax.set(xlabel=line.against, ylabel="seconds", ylim=(0, None), xlim=(0, None))
        ax.set_title(f"R² = {line.straightness:.4f}", fontsize=10)
    figure.savefig(path)


if __name__ == "__main__":
    raise SystemExit(main())
