"""The frontier of question 3: bit widths for every layer, models of them, size against accuracy.

`Frontier` computes one point after another. A tenth of the training images is held out
(`quantlab.data.split`). Searches use at most 1,024 of the other images, without labels;
fine-tuning uses all of the others. Choices are made on the held-out images. Each model is measured
once on all test images, which choose nothing (`FrontierOptions.validate` leaves them out).

The float network was trained on the held-out images, too. Models made from it do better on them
than on new images, at 2 bits by about 3 points. Therefore `choose_smallest` asks for a `MARGIN`
above the floor. An interrupted run resumes.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from baselines.bit_widths import interaction, search_methods
from baselines.bit_widths.mixed_network import mixed_network, pack_network
from baselines.bit_widths.search_methods import FINE_TUNED, SEARCH_METHODS
from baselines.bit_widths.weight_quantizers import learned_step
from baselines.bit_widths.widths_file import read_widths
from baselines.experiments.measurement import RESUME_FOLDER, TEST, VALIDATION, measure_float
from baselines.experiments.results import (
    AdditivityRecord,
    FrontierPoint,
    FrontierResults,
    result_key,
)
from baselines.methods.ptq import MOST_IMAGES
from baselines.methods.qat import train_quantized
from quantlab.data.cifar10 import load_dataset
from quantlab.data.split import held_out_split
from quantlab.evaluation.mixed_precision import evaluate_packed
from quantlab.network.calibration import calibration_images
from quantlab.paths import float_model
from quantlab.training.recipe import Recipe

FLOOR = 85.0  # percent, of the assignment
MARGIN = 3.5  # points; W2A2 by AdaQuant has 86.45 % of held-out images and 83.61 % of test images
RECIPES: Mapping[str, Recipe] = {
    "cifar10": Recipe(60, learning_rate=0.04, weight_decay=1e-4, warmup_epochs=0.5),
    "shapes10": Recipe(6, learning_rate=0.04, weight_decay=1e-4, warmup_epochs=0.2),
}


@dataclass(frozen=True)
class FrontierOptions:
    """The options of the command `frontier`.

    `methods` None stands for all of them. `fine_tune` are files of bit widths. `epochs` replaces
    that of the recipe. `student` is a point to draw (`baselines.bit_widths.student_point`).
    `start` is the file of the float network, by default the kit's own. `command` is the command
    line, for the records.
    """

    dataset: str
    out: Path
    methods: tuple[str, ...] | None = None
    student: str | None = None
    fine_tune: tuple[Path, ...] = ()
    epochs: int | None = None
    seed: int = 0
    start: Path | None = None
    validate: bool = False
    no_compile: bool = False
    keep: bool = False
    verify: bool = False
    command: str = ""


class Frontier:
    """Computes points and writes each when it is finished."""

    def __init__(self, options: FrontierOptions) -> None:
        """Load images, float network and earlier results, or raise their errors."""
        self._options = options
        self._train, self._validation = held_out_split(load_dataset(options.dataset, "train"))
        self._images = calibration_images(self._train, MOST_IMAGES)
        test = self._validation if options.validate else load_dataset(options.dataset, "test")
        self.measured, self._split = test, VALIDATION if options.validate else TEST
        self.results = FrontierResults(options.out, options.dataset)
        self.start = measure_float(options.start or float_model(options.dataset), test)

    def compute(self) -> tuple[FrontierPoint, ...]:
        """Return all points that the options ask for, those of earlier runs included."""
        wanted = self._options.methods
        points: list[FrontierPoint] = []
        for name in SEARCH_METHODS:
            if wanted is None or name in wanted:
                points += [self._after_training(name, widths) for widths in self._search(name)]
        for path in self._options.fine_tune:
            points.append(self._fine_tuned(read_widths(path)))
        return tuple(points)

    def additivity(self) -> AdditivityRecord:
        """Return the additivity of the allocations for all budgets, on training images."""
        budgets = search_methods.BUDGETS
        key = result_key("additivity", self.start.name, len(self._images), list(budgets))
        if key not in self.results.contents.additivity:
            measured = interaction.measure(self.start.network, self._images, _bytes(budgets))
            record = AdditivityRecord(
                measured.points, round(measured.ratio, 4), round(measured.rank, 4)
            )
            self.results.add_additivity(key, record)
        return self.results.contents.additivity[key]

    def _search(self, name: str) -> Sequence[Mapping[str, int]]:
        method, seed = SEARCH_METHODS[name], self._options.seed
        recipe = search_methods.recipe(method, self._images)
        key = result_key("search", name, seed, self.start.name, recipe)
        if key not in self.results.contents.searches:
            started = time.monotonic()
            results = method.search(self.start.network, self._images, _bytes(method.budgets), seed)
            print(f"{name}: searched for {time.monotonic() - started:.0f} s")
            self.results.add_search(key, _unique(results))
        return self.results.contents.searches[key]

    def _after_training(self, name: str, widths: Mapping[str, int]) -> FrontierPoint:
        method, seed = SEARCH_METHODS[name], self._options.seed
        recipe = search_methods.recipe(method, self._images)
        finished = self._find(name, widths, recipe)
        if finished:
            return finished
        started = time.monotonic()
        network = search_methods.finish_network(
            self.start.network, widths, method.finish, self._images, seed
        )
        return self._finish(name, widths, recipe, network, time.monotonic() - started, ())

    def _fine_tuned(self, widths: Mapping[str, int]) -> FrontierPoint:
        training = replace(RECIPES[self._options.dataset], seed=self._options.seed)
        if self._options.epochs is not None:
            training = replace(training, epochs=self._options.epochs)
        recipe = {**asdict(training), "training_images": len(self._train)}
        finished = self._find(FINE_TUNED, widths, recipe)
        if finished:
            return finished
        key = result_key(FINE_TUNED, dict(widths), self.start.name, recipe)
        network, history = train_quantized(
            mixed_network(self.start.network, widths, learned_step),
            self.start.network,
            self._train,
            training,
            validation=self._validation,
            checkpoint=RESUME_FOLDER / f"frontier_{key}.resume.pt",
            compile=not self._options.no_compile,
        )
        seconds = sum(epoch.seconds for epoch in history)
        records = tuple(epoch.record() for epoch in history)
        return self._finish(FINE_TUNED, widths, recipe, network, seconds, records)

    def _find(
        self, method: str, widths: Mapping[str, int], recipe: Mapping[str, Any]
    ) -> FrontierPoint | None:
        parts = (method, dict(widths), self._options.seed, self._split, self.start.name)
        return self.results.find(result_key("point", *parts, dict(recipe)))

    def _finish(
        self,
        method: str,
        widths: Mapping[str, int],
        recipe: Mapping[str, Any],
        network: nn.Module,
        seconds: float,
        history: tuple[Mapping[str, float], ...],
    ) -> FrontierPoint:
        """Measure the packed model, write its point, and return it."""
        model = pack_network(network, widths, self.measured.name)
        validated = round(evaluate_packed(model, self._validation), 2)
        accuracy = validated
        if self._split == TEST:
            accuracy = round(evaluate_packed(model, self.measured), 2)
        point = FrontierPoint(
            method=method,
            bit_widths=dict(widths),
            seed=self._options.seed,
            dataset=self.measured.name,
            split=self._split,
            images=len(self.measured),
            accuracy=accuracy,
            validation_accuracy=validated,
            float_accuracy=round(self.start.accuracy, 2),
            float_model=self.start.name,
            recipe=recipe,
            seconds=round(seconds, 1),
            torch=torch.__version__,
            command=self._options.command,
            history=history,
        )
        path = self.results.add(point, model)
        print(f"{method}: {point.kibibytes:.2f} KiB, {accuracy:.2f} %: {path}")
        return point


def choose_smallest(points: Iterable[FrontierPoint]) -> FrontierPoint | None:
    """Return the smallest point above floor and margin on the held-out images, or None."""
    good = [point for point in points if point.validation_accuracy > FLOOR + MARGIN]
    return min(good, key=lambda point: (point.kibibytes, -point.validation_accuracy), default=None)


def _bytes(budgets: Iterable[float]) -> list[int]:
    return [int(budget * 1024) for budget in budgets]


def _unique(results: Iterable[Mapping[str, int]]) -> list[dict[str, int]]:
    """Return each allocation once: two budgets may have the same one."""
    once = {tuple(widths.items()): dict(widths) for widths in results}
    return list(once.values())
