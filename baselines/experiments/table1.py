"""Table 1 of the handout: ResNet-20 at five pairs of bit widths, after training and with it.

`Table` makes one row after another from the float network. The test set chooses nothing: recipes
are constants, developed on training images held out (`Options.validate`), calibration and training
see training images only, and each model is measured once, at the end, by the integer evaluation
that marks are made of (`quantlab.evaluation.integer_network`), on all images of the split.

An interrupted run goes on: finished rows are not made again, and a training resumes after its last
whole epoch. It can fail as `quantlab.data.cifar10`, `quantlab.network.calibration`,
`quantlab.training.trainer` and `baselines.experiments.table1_results` do.
"""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from baselines.experiments.table1_results import PTQ, QAT, TEST, VALIDATION, Results, Row, row_key
from baselines.experiments.training_plans import PLANS, Plan
from baselines.methods import ptq, qat
from baselines.methods.kernel_signs import oriented
from baselines.network import restored, saved_model
from quantlab.data.cifar10 import load_dataset
from quantlab.data.images import ImageSet
from quantlab.data.split import held_out_split
from quantlab.evaluation.float_network import evaluate
from quantlab.evaluation.integer_network import evaluate_saved
from quantlab.formats.saved_model import SavedModel, load, load_float
from quantlab.network.calibration import calibration_images
from quantlab.network.resnet import resnet20
from quantlab.paths import CELLS, cell_bits

RESUME = Path("runs")


@dataclass(frozen=True)
class Options:
    """Which rows are wanted, and from what.

    `start` is the file of the float network. `epochs` and `learning_rate`, where given, replace
    those of every recipe, `epochs` by one cycle of so many. With `validate` the best
    epoch is chosen on the held-out images (`quantlab.data.split`), which replace the test images.
    """

    data: str
    start: Path
    out: Path
    cells: tuple[str, ...] = tuple(CELLS)
    qat_methods: tuple[str, ...] = ("LSQ",)
    ptq_methods: tuple[str, ...] = tuple(ptq.METHODS)
    epochs: int | None = None
    learning_rate: float | None = None
    seeds: tuple[int, ...] = (0,)
    validate: bool = False
    compile: bool = False
    command: str = ""  # for the records


@dataclass(frozen=True)
class Start:
    """The float network, its accuracy in percent, and a name for its weights."""

    network: nn.Module
    accuracy: float
    name: str


class Table:
    """Makes the rows of Table 1 and writes each when it is finished."""

    def __init__(self, options: Options) -> None:
        self._options = options
        train = load_dataset(options.data, "train")
        if options.validate:
            self._train, self._measured = held_out_split(train)
            self._validation: ImageSet | None = self._measured
        else:
            self._train, self._measured = train, load_dataset(options.data, "test")
            self._validation = None
        self.split = VALIDATION if options.validate else TEST
        self.results = Results(options.out, options.data)
        self.start = float_network(options.start, self._measured)

    def make(self) -> tuple[Row, ...]:
        """All rows that the options ask for, those of earlier runs among them."""
        rows = []
        for cell in self._options.cells:
            rows += [self._post_training(cell, method) for method in self._options.ptq_methods]
        for seed in self._options.seeds:
            for cell in self._options.cells:
                rows += [self._trained(cell, name, seed) for name in self._options.qat_methods]
        return tuple(rows)

    def _post_training(self, cell: str, method: str) -> Row:
        images = calibration_images(self._train, ptq.MOST_IMAGES)
        recipe = asdict(ptq.data_seen(method, images))
        found = self._find(PTQ, cell, method, 0, recipe)
        if found:
            return found
        started = time.monotonic()
        network = ptq.post_training(self.start.network, cell_bits(cell), method, images)
        seconds = time.monotonic() - started
        return self._finish(PTQ, cell, method, 0, recipe, network, seconds, ())

    def _trained(self, cell: str, method: str, seed: int) -> Row:
        plan = PLANS[self._options.data][cell].changed(seed=seed)
        if self._options.epochs is not None:
            plan = plan.changed(epochs=self._options.epochs)
        if self._options.learning_rate is not None:
            plan = plan.changed(learning_rate=self._options.learning_rate)
        recipe = {**plan.record(), "training_images": len(self._train)}
        found = self._find(QAT, cell, method, seed, recipe)
        if found:
            return found
        network = self._untrained(cell, method, plan)
        print(f"{cell} by {method}, {plan.recipe.epochs} epochs, seed {seed}")
        key = row_key(QAT, cell, method, self.split, self.start.name, seed, recipe)
        network, history = qat.train_quantized(
            network,
            self.start.network,
            self._train,
            plan.recipe,
            validation=self._validation,
            checkpoint=RESUME / f"table1_{cell}_{key}.resume.pt",
            compile=self._options.compile,
        )
        seconds = sum(epoch.seconds for epoch in history)
        records = tuple(epoch.record() for epoch in history)
        return self._finish(QAT, cell, method, seed, recipe, network, seconds, records)

    def _untrained(self, cell: str, method: str, plan: Plan) -> nn.Module:
        """The quantized network that the training of a cell starts from."""
        bits = cell_bits(cell)
        network, scales = self.start.network, None
        if plan.after:
            saved = load(self.results.path(self._trained(plan.after, method, 0)))
            network, scales = restored(network, saved)
        if plan.oriented:
            network = oriented(network, bits[0])
        if scales is None:
            scales = qat.calibrated_scales(network, bits[1], calibration_images(self._train))
        return qat.learning_network(network, bits, method, scales)

    def _find(
        self, kind: str, cell: str, method: str, seed: int, recipe: Mapping[str, Any]
    ) -> Row | None:
        key = row_key(kind, cell, method, self.split, self.start.name, seed, recipe)
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
    ) -> Row:
        """Measures the network, which nothing that follows depends on, and writes the row."""
        saved = saved_model(network, method, self._measured.name, cell_bits(cell))
        accuracy = measure(saved, self._measured)
        row = Row(
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


def measure(saved: SavedModel, images: ImageSet) -> float:
    """Top-1 accuracy in percent on all `images`, by the evaluation that marks are made of."""
    with tqdm(total=len(images), desc="evaluating", leave=False) as bar:
        return evaluate_saved(saved, images, progress=lambda done, _: bar.update(done - bar.n))


def float_network(path: Path, images: ImageSet) -> Start:
    """The float ResNet-20 in the file `path`, measured on `images`. Raises `BadSavedModel`."""
    state = load_float(path)
    network = resnet20()
    network.load_state_dict(state, strict=False)  # load_float has checked the names
    network = network.to(memory_format=torch.channels_last).eval()
    digest = hashlib.blake2b(digest_size=4)
    for name, tensor in sorted(state.items()):
        digest.update(name.encode() + tensor.numpy().tobytes())
    accuracy = evaluate(network, images, device="cpu")
    return Start(network, accuracy, f"{path.name}, BLAKE2b of its tensors {digest.hexdigest()}")
