"""The points of the frontier: widths found, made into models, measured, chosen.

`Frontier` makes one point after the other. A tenth of the training images is held out
(`quantlab.data.split`); searches see at most 1,024 of the others without labels, fine-tuning sees
all of the others, and whatever is chosen is chosen on the held-out images. Each model is
measured once on all test images, which chooses nothing (`Options.validate` leaves it out).

The float network knows the images held out: it was trained on them. Models made of it do better on
them than on new ones, at 2 bits by about 3 points, so that `chosen` asks for a `MARGIN` above the
floor. Interrupted, the same run goes on. It can fail as `quantlab.data.cifar10`,
`quantlab.training.trainer` and `baselines.experiments.frontier_results` do, and with a `ValueError`
for widths that are none.
"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from baselines.bit_widths import interaction, searches
from baselines.bit_widths.fine_tuning import learned_step
from baselines.bit_widths.mixed_network import mixed_network, pack_network
from baselines.bit_widths.searches import FINE_TUNED, METHODS
from baselines.experiments.frontier_results import Additive, Point, Results, key
from baselines.experiments.table1 import RESUME, float_network
from baselines.experiments.table1_results import TEST, VALIDATION
from baselines.methods.ptq import MOST_IMAGES
from baselines.methods.qat import train_quantized
from quantlab.data.cifar10 import load_dataset
from quantlab.data.split import held_out_split
from quantlab.evaluation.mixed_precision import evaluate_packed
from quantlab.formats.packed_model import LAYERS, allowed_bits
from quantlab.network.calibration import calibration_images
from quantlab.training.recipe import Recipe

FLOOR = 85.0  # percent, of the assignment
MARGIN = 3.5  # points; W2A2 by AdaQuant has 86.45 % of images held out and 83.61 % of test images
RECIPES: Mapping[str, Recipe] = {
    "cifar10": Recipe(60, learning_rate=0.04, weight_decay=1e-4, warmup_epochs=0.5),
    "shapes10": Recipe(6, learning_rate=0.04, weight_decay=1e-4, warmup_epochs=0.2),
}


@dataclass(frozen=True)
class Options:
    """Which points are wanted. `fine_tune` are files of widths; `epochs` replaces the recipe's."""

    data: str
    start: Path
    out: Path
    methods: tuple[str, ...] = tuple(METHODS)
    fine_tune: tuple[Path, ...] = ()
    epochs: int | None = None
    seed: int = 0
    validate: bool = False
    compile: bool = False
    command: str = ""  # for the records


class Frontier:
    """Makes points and writes each when it is finished."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._train, self._validation = held_out_split(load_dataset(options.data, "train"))
        self._images = calibration_images(self._train, MOST_IMAGES)
        test = self._validation if options.validate else load_dataset(options.data, "test")
        self.measured, self._split = test, VALIDATION if options.validate else TEST
        self.results = Results(options.out, options.data)
        self.start = float_network(options.start, test)

    def make(self) -> tuple[Point, ...]:
        """All points that the options ask for, those of earlier runs among them."""
        points: list[Point] = []
        for name in self._options.methods:
            points += [self._after_training(name, widths) for widths in self._search(name)]
        for path in self._options.fine_tune:
            points.append(self._trained(read_widths(path)))
        return tuple(points)

    def additivity(self) -> Additive:
        """Of the additive allocations for all budgets, on training images."""
        name = key("additivity", self.start.name, len(self._images), list(searches.BUDGETS))
        known = self.results.contents.additivity
        if name not in known:
            found = interaction.measure(self.start.network, self._images, _bytes(searches.BUDGETS))
            self.results.add_additivity(
                name, Additive(found.points, round(found.ratio, 4), round(found.rank, 4))
            )
        return self.results.contents.additivity[name]

    def _search(self, name: str) -> Sequence[Mapping[str, int]]:
        method, seed = METHODS[name], self._options.seed
        recipe = searches.recipe(method, self._images)
        known = key("search", name, seed, self.start.name, recipe)
        if known not in self.results.contents.searches:
            started = time.monotonic()
            found = method.search(self.start.network, self._images, _bytes(method.budgets), seed)
            print(f"{name}: searched for {time.monotonic() - started:.0f} s")
            self.results.add_search(known, _different(found))
        return self.results.contents.searches[known]

    def _after_training(self, name: str, widths: Mapping[str, int]) -> Point:
        method, seed = METHODS[name], self._options.seed
        recipe = searches.recipe(method, self._images)
        found = self._find(name, widths, recipe)
        if found:
            return found
        started = time.monotonic()
        network = searches.finished(self.start.network, widths, method.finish, self._images, seed)
        return self._finish(name, widths, recipe, network, time.monotonic() - started, ())

    def _trained(self, widths: Mapping[str, int]) -> Point:
        planned = replace(RECIPES[self._options.data], seed=self._options.seed)
        if self._options.epochs is not None:
            planned = replace(planned, epochs=self._options.epochs)
        recipe = {**asdict(planned), "training_images": len(self._train)}
        found = self._find(FINE_TUNED, widths, recipe)
        if found:
            return found
        known = key(FINE_TUNED, dict(widths), self.start.name, recipe)
        network, history = train_quantized(
            mixed_network(self.start.network, widths, learned_step),
            self.start.network,
            self._train,
            planned,
            validation=self._validation,
            checkpoint=RESUME / f"frontier_{known}.resume.pt",
            compile=self._options.compile,
        )
        seconds = sum(epoch.seconds for epoch in history)
        records = tuple(epoch.record() for epoch in history)
        return self._finish(FINE_TUNED, widths, recipe, network, seconds, records)

    def _find(
        self, method: str, widths: Mapping[str, int], recipe: Mapping[str, Any]
    ) -> Point | None:
        of_all = (method, dict(widths), self._options.seed, self._split, self.start.name)
        return self.results.find(key("point", *of_all, dict(recipe)))

    def _finish(
        self,
        method: str,
        widths: Mapping[str, int],
        recipe: Mapping[str, Any],
        network: nn.Module,
        seconds: float,
        history: tuple[Mapping[str, float], ...],
    ) -> Point:
        """Measures the packed model and writes the point."""
        model = pack_network(network, widths, self.measured.name)
        validated = round(evaluate_packed(model, self._validation), 2)
        accuracy = validated
        if self._split == TEST:
            accuracy = round(evaluate_packed(model, self.measured), 2)
        point = Point(
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


def chosen(points: Iterable[Point]) -> Point | None:
    """The smallest that has the floor and the margin on the images held out."""
    good = [point for point in points if point.validation_accuracy > FLOOR + MARGIN]
    return min(good, key=lambda point: (point.kibibytes, -point.validation_accuracy), default=None)


def read_widths(path: Path) -> dict[str, int]:
    """{layer: bits} of all 20 layers from a JSON file: alone, or under "bit_widths".

    Raises `ValueError` and `OSError`.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
        found = found.get("bit_widths", found)
        widths = {name: found[name] for name in LAYERS}
    except (ValueError, KeyError, AttributeError, TypeError):
        raise ValueError(
            f"{path} does not give the bits of all 20 layers: write a JSON object such as "
            '{"conv1": 4, "layer1.0.conv1": 2, ...}.'
        ) from None
    for name, bits in widths.items():
        if type(bits) is not int or bits not in allowed_bits(name):
            raise ValueError(
                f"{path} gives {name} {bits!r} bits: give 1 to 8, or 0 to remove a convolution "
                "inside a residual branch."
            )
    return widths


def _bytes(budgets: Iterable[float]) -> list[int]:
    return [int(budget * 1024) for budget in budgets]


def _different(found: Iterable[Mapping[str, int]]) -> list[dict[str, int]]:
    """Without repetitions: two budgets may have one answer."""
    once = {tuple(widths.items()): dict(widths) for widths in found}
    return list(once.values())
