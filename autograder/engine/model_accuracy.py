"""Measure the accuracy of networks on the test images, once per model.

A student's saved model is opened in the sandbox. Only tensors come out, and they are validated
before use. Images and labels never enter a student's process. Models are remembered by their
content during a run; the reference's PTQ table is stored (`ptq_table`).
"""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from autograder.engine import ptq_table, quick_images
from autograder.engine.executor import Executor
from autograder.engine.histogram import histogram
from autograder.engine.oracle import Oracle
from autograder.engine.record import Verdict
from autograder.engine.wilson_interval import wilson_interval
from quantlab.data.cifar10 import load_dataset
from quantlab.data.images import ImageSet
from quantlab.evaluation import integer_network, mixed_precision
from quantlab.formats import packed_model, saved_model
from quantlab.paths import DATASETS, float_model
from quantlab.protocol.calls import Failure

DRAWN_LAYER = "layer3.2.conv1"  # one of those with the most weights


@dataclass(frozen=True)
class Measurement:
    """Hold an accuracy in percent, or the verdict and message that say why there is none.

    `interval` is the 95 % interval of an accuracy measured on only some of the test images. It is
    that of a simple random sample, so it is wider than a stratified sample needs. `packed_widths`
    are the bit widths of a packed model's codes. `notes` say what was removed around the model.
    """

    accuracy: float | None
    images: int
    verdict: Verdict = Verdict.CORRECT
    message: str = ""
    histogram: Mapping[str, Any] | None = None  # of the weights of the layer with most of them
    interval: tuple[float, float] | None = None
    packed_widths: Mapping[str, int] | None = None
    notes: tuple[str, ...] = ()

    @property
    def counted(self) -> float | None:
        """Return the accuracy that points are computed from: measured, or the upper end.

        A sample must not cost points that all images may give back.
        """
        return self.interval[1] if self.interval else self.accuracy

    def notes_on(self, file: str) -> tuple[str, ...]:
        """Return the notes as one sentence that begins with the file's name, or nothing."""
        return (f"{file}: {'; '.join(self.notes)}.",) if self.notes else ()

    def __str__(self) -> str:
        """Return "91.20 % on 1,000 test images (95 % interval 89.3 to 92.8; ...)"."""
        text = f"{self.accuracy:.2f} % on {self.images:,} test images"
        if self.interval:
            low, high = self.interval
            text += f" (95 % interval {low:.1f} to {high:.1f}; points for its upper end)"
        return text


class ModelEvaluator:
    """Measure accuracies on one data set's test images, or a fixed sample if `quick`.

    Nothing is loaded before it is needed. Safe to share between threads. One thread measures at a
    time, because measuring uses all cores.
    """

    def __init__(self, dataset: str, oracle: Oracle, quick: bool = False) -> None:
        """Remember the data set by its name; load nothing yet."""
        self.dataset = dataset
        self.quick = quick
        self._oracle = oracle
        self._lock = threading.RLock()
        self._measured: dict[str, Measurement] = {}
        self._all_images: ImageSet | None = None
        self._sample: torch.Tensor | None = None
        self._post_training: ptq_table.Accuracies | None = None

    @property
    def dataset_title(self) -> str:
        """Return the data set's name as people write it."""
        return DATASETS[self.dataset]

    def load(self) -> None:
        """Load the test images now. Raise `DataNotFound` if they are missing."""
        with self._lock:
            if self._all_images is None:
                self._sample = quick_images.load_indices(self.dataset) if self.quick else None
                self._all_images = load_dataset(self.dataset, "test")

    @property
    def all_images(self) -> ImageSet:
        """Return all test images."""
        self.load()
        assert self._all_images is not None
        return self._all_images

    @property
    def images(self) -> ImageSet:
        """Return the images that students' models are measured on."""
        images = self.all_images
        return images if self._sample is None else images.subset(self._sample)

    def model(
        self, content: bytes, weight_bits: int, act_bits: int, executor: Executor
    ) -> Measurement:
        """Measure a saved quantized model of these bit widths."""
        key = f"W{weight_bits}A{act_bits} {hashlib.sha256(content).hexdigest()}"

        def measure() -> Measurement:
            values = executor.read_checkpoint(content)
            if isinstance(values, Failure):
                return _unreadable(values)
            try:
                unwrapped = saved_model.unwrap_quantized(values)
                saved = saved_model.parse(unwrapped.values, weight_bits, act_bits)
            except saved_model.BadSavedModel as problem:
                return Measurement(None, 0, Verdict.WRONG, str(problem))
            accuracy = integer_network.evaluate_saved(saved, self.images)
            return replace(
                self._measured_on_images(accuracy),
                histogram=self._histogram(saved),
                notes=unwrapped.notes,
            )

        return self._once(key, measure)

    def _measured_on_images(self, accuracy: float) -> Measurement:
        count = len(self.images)
        interval = wilson_interval(accuracy, count) if count < len(self.all_images) else None
        return Measurement(accuracy, count, interval=interval)

    def _histogram(self, saved: saved_model.SavedModel) -> Mapping[str, Any] | None:
        layer = saved.layers[DRAWN_LAYER]
        levels = layer.weight_int.numpy() * layer.weight_scale
        return histogram(self._float_state()[f"{DRAWN_LAYER}.weight"].numpy(), levels)

    def bit_widths(
        self, widths: Mapping[str, int], content: bytes | None, executor: Executor
    ) -> Measurement:
        """Measure ResNet-20 at these weight widths.

        `content` holds fine-tuned float weights; None stands for the kit's own weights.
        """
        source = hashlib.sha256(content).hexdigest() if content is not None else "the kit's"
        key = f"{source} {json.dumps(dict(sorted(widths.items())))}"

        def measure() -> Measurement:
            notes: tuple[str, ...] = ()
            if content is None:
                state: Mapping[str, Any] = self._float_state()
            else:
                values = executor.read_checkpoint(content)
                if isinstance(values, Failure):
                    return _unreadable(values)
                try:
                    unwrapped = saved_model.unwrap_float(values)
                    state, notes = saved_model.parse_float(unwrapped.values), unwrapped.notes
                except saved_model.BadSavedModel as problem:
                    return Measurement(None, 0, Verdict.WRONG, str(problem))
            accuracy = mixed_precision.evaluate_bit_widths(
                state, widths, self.images, self._oracle.module
            )
            return replace(self._measured_on_images(accuracy), notes=notes)

        return self._once(key, measure)

    def packed(self, content: bytes, executor: Executor) -> Measurement:
        """Measure a packed model of question 3 by its codes."""

        def measure() -> Measurement:
            values = executor.read_checkpoint(content)
            if isinstance(values, Failure):
                return _unreadable(values)
            try:
                model = packed_model.parse(values)
            except packed_model.BadPackedModel as problem:
                return Measurement(None, 0, Verdict.WRONG, str(problem))
            measurement = self._measured_on_images(
                mixed_precision.evaluate_packed(model, self.images)
            )
            return replace(measurement, packed_widths=model.bit_widths)

        return self._once(f"packed {hashlib.sha256(content).hexdigest()}", measure)

    def ptq_accuracies(self, method: str) -> Mapping[str, tuple[float, ...]]:
        """Return {cell: percentages} of "sym" or "SAWB" after PTQ.

        The reference's accuracy is first, then those with published SAWB constants. All test images
        are used even if `quick`, because students report accuracies on all of them.
        """
        with self._lock:
            if self._post_training is None:
                self._post_training = self._find_post_training()
            return self._post_training[method]

    def _find_post_training(self) -> ptq_table.Accuracies:
        source = self._oracle.source
        key = ptq_table.digest(self.dataset, source, float_model(self.dataset))
        table = ptq_table.find(self.dataset, key)
        if table is None:
            train = load_dataset(self.dataset, "train")
            table = ptq_table.measure(source, self._float_state(), train, self.all_images)
            ptq_table.remember(self.dataset, key, table)
        return table

    def _float_state(self) -> dict[str, torch.Tensor]:
        return torch.load(float_model(self.dataset), map_location="cpu", weights_only=True)

    def _once(self, key: str, measure: Callable[[], Measurement]) -> Measurement:
        with self._lock:
            if key not in self._measured:
                result = measure()
                if result.verdict is Verdict.GRADER_FAULT:  # may be gone next time
                    return result
                self._measured[key] = result
            return self._measured[key]


def _unreadable(failure: Failure) -> Measurement:
    return Measurement(None, 0, Verdict(failure.kind), failure.message)
