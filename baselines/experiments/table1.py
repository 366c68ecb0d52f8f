"""Table 1 of the handout: ResNet-20 at five pairs of bit widths, after training and by training.

`Table1` computes one row after another from the float network. Recipes are constants that were
developed on held-out training images (`Table1Options.validate`). Each model is measured once, at
the end, by the integer evaluation that grades models (`quantlab.evaluation.integer_network`).

An interrupted run resumes: finished rows are kept, and a training resumes after its last whole
epoch.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from baselines.experiments.measurement import (
    RESUME_FOLDER,
    VALIDATION,
    load_split,
    measure_float,
    measure_saved,
)
from baselines.experiments.results import PTQ, QAT, Table1Results, Table1Row, table1_key
from baselines.experiments.training_plans import TRAINING_PLANS, TrainingPlan
from baselines.methods import ptq, qat
from baselines.methods.kernel_signs import flip_kernels
from baselines.quantized_network import restore, saved_model
from quantlab.formats.saved_model import load
from quantlab.network.calibration import calibration_images
from quantlab.paths import CELLS, cell_bits, float_model

DEFAULT_PTQ = (
    *("sym", "SAWB", "heuristic", "heuristic + batch normalization"),
    *("AdaRound", "BRECQ", "AdaQuant"),
)
DEFAULT_QAT = ("LSQ",)


@dataclass(frozen=True)
class Table1Options:
    """The options of the command `table1`.

    Empty `cells` and `methods` stand for the defaults. `epochs` and `learning_rate` replace those
    of every recipe. With `validate`, the best epoch is chosen on the held-out images
    (`quantlab.data.split`), which replace the test images. `start` is the file of the float
    network, by default the kit's own. `command` is the command line, for the records.
    """

    dataset: str
    out: Path
    cells: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    only: str | None = None  # PTQ or QAT
    epochs: int | None = None
    learning_rate: float | None = None
    seeds: int = 1
    start: Path | None = None
    validate: bool = False
    no_compile: bool = False
    keep: bool = False
    verify: bool = False
    command: str = ""

    @property
    def ptq_methods(self) -> tuple[str, ...]:
        """The methods after training, in the order of `ptq.PTQ_METHODS`."""
        chosen = self.methods or DEFAULT_PTQ
        return () if self.only == QAT else tuple(n for n in ptq.PTQ_METHODS if n in chosen)

    @property
    def qat_methods(self) -> tuple[str, ...]:
        """The methods by training, in the order of `qat.QAT_METHODS`."""
        chosen = self.methods or DEFAULT_QAT
        return () if self.only == PTQ else tuple(n for n in qat.QAT_METHODS if n in chosen)


class Table1:
    """Computes the rows of Table 1 and writes each when it is finished."""

    def __init__(self, options: Table1Options) -> None:
        """Load images, float network and earlier results, or raise their errors."""
        self._options = options
        split = load_split(options.dataset, options.validate)
        self._train, self._measured = split.train, split.measured
        self._validation = split.measured if split.name == VALIDATION else None
        self.split = split.name
        self.results = Table1Results(options.out, options.dataset)
        self.start = measure_float(options.start or float_model(options.dataset), self._measured)

    def compute(self) -> tuple[Table1Row, ...]:
        """Return all rows that the options ask for, those of earlier runs included."""
        options = self._options
        cells = [cell for cell in CELLS if not options.cells or cell in options.cells]
        rows = []
        for cell in cells:
            rows += [self._post_training(cell, method) for method in options.ptq_methods]
        for seed in range(options.seeds):
            for cell in cells:
                rows += [self._trained(cell, method, seed) for method in options.qat_methods]
        return tuple(rows)

    def _post_training(self, cell: str, method: str) -> Table1Row:
        images = calibration_images(self._train, ptq.MOST_IMAGES)
        recipe = asdict(ptq.data_used(method, images))
        finished = self._find(PTQ, cell, method, 0, recipe)
        if finished:
            return finished
        started = time.monotonic()
        network = ptq.post_training(self.start.network, cell_bits(cell), method, images)
        seconds = time.monotonic() - started
        return self._finish(PTQ, cell, method, 0, recipe, network, seconds, ())

    def _trained(self, cell: str, method: str, seed: int) -> Table1Row:
        plan = TRAINING_PLANS[self._options.dataset][cell].with_recipe(seed=seed)
        if self._options.epochs is not None:
            plan = plan.with_recipe(epochs=self._options.epochs)
        if self._options.learning_rate is not None:
            plan = plan.with_recipe(learning_rate=self._options.learning_rate)
        recipe = {**plan.record(), "training_images": len(self._train)}
        finished = self._find(QAT, cell, method, seed, recipe)
        if finished:
            return finished
        network = self._untrained(cell, method, plan)
        print(f"{cell} by {method}, {plan.recipe.epochs} epochs, seed {seed}")
        key = table1_key(QAT, cell, method, self.split, self.start.name, seed, recipe)
        network, history = qat.train_quantized(
            network,
            self.start.network,
            self._train,
            plan.recipe,
            validation=self._validation,
            checkpoint=RESUME_FOLDER / f"table1_{cell}_{key}.resume.pt",
            compile=not self._options.no_compile,
        )
        seconds = sum(epoch.seconds for epoch in history)
        records = tuple(epoch.record() for epoch in history)
        return self._finish(QAT, cell, method, seed, recipe, network, seconds, records)

    def _untrained(self, cell: str, method: str, plan: TrainingPlan) -> nn.Module:
        """Return the quantized network that the training of a cell starts from."""
        bits = cell_bits(cell)
        network, scales = self.start.network, None
        if plan.after:
            saved = load(self.results.path(self._trained(plan.after, method, 0)))
            network, scales = restore(network, saved)
        if plan.flip_kernels:
            network = flip_kernels(network, bits[0])
        if scales is None:
            scales = qat.calibrated_scales(network, bits[1], calibration_images(self._train))
        return qat.trainable_network(network, bits, method, scales)

    def _find(
        self, kind: str, cell: str, method: str, seed: int, recipe: Mapping[str, Any]
    ) -> Table1Row | None:
        key = table1_key(kind, cell, method, self.split, self.start.name, seed, recipe)
        return self.results.find(key)

    def _finish(
        self,
        kind: str,
        cell: str,
        method: str,
        seed: int,
        recipe: Mapping[str, Any],
        network: nn.Module,
        seconds: float,
        history: tuple[Mapping[str, float], ...],
    ) -> Table1Row:
        """Measure the network, write its row, and return it. The accuracy decides nothing."""
        saved = saved_model(network, method, self._measured.name, cell_bits(cell))
        accuracy = measure_saved(saved, self._measured)
        row = Table1Row(
            kind=kind,
            cell=cell,
            method=method,
            seed=seed,
            dataset=self._measured.name,
            split=self.split,
            images=len(self._measured),
            accuracy=round(accuracy, 2),
            float_accuracy=round(self.start.accuracy, 2),
            float_model=self.start.name,
            recipe=recipe,
            seconds=round(seconds, 1),
            torch=torch.__version__,
            command=self._options.command,
            history=history,
        )
        path = self.results.add(row, saved)
        print(f"{kind} {cell} by {method}: {accuracy:.2f} % ({-row.drop:+.2f}): {path}")
        return row
