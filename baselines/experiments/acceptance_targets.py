"""Accuracies, sizes and times that committed models must reach on CIFAR-10's test images.

"Must" is the least that a reference may reach before students are measured against it. "Aim" is
what the best published results suggest, each with its own float network. `below` counts from the
float network's accuracy.
"""

from collections.abc import Mapping
from dataclasses import dataclass

FLOAT_MUST, FLOAT_AIM = 92.6, 94.0


@dataclass(frozen=True)
class AccuracyTarget:
    """`must` in percent, `below` in points under the float network; None where there is none."""

    must: float | None
    below: float | None
    aim: float | None  # percent; None: the float network's accuracy

    def least(self, float_accuracy: float) -> float:
        """Return the accuracy that satisfies both bounds."""
        bounds = [] if self.must is None else [self.must]
        return max(bounds + ([] if self.below is None else [float_accuracy - self.below]))


QAT: Mapping[str, AccuracyTarget] = {
    "W8A8": AccuracyTarget(None, 0.3, None),
    "W4A4": AccuracyTarget(92.0, 1.0, None),
    "W8A2": AccuracyTarget(90.5, None, 92.3),
    "W2A8": AccuracyTarget(91.0, None, 92.8),
    "W2A2": AccuracyTarget(90.2, None, 92.0),
}
HANDOUT_PTQ: Mapping[str, AccuracyTarget] = {  # scales by formula or search, activations calibrated
    "W8A8": AccuracyTarget(None, 0.3, None),
    "W4A4": AccuracyTarget(85.0, None, 88.0),
}
RECONSTRUCTED_PTQ: Mapping[str, AccuracyTarget] = {  # layer- or block-wise, 1,024 unlabelled images
    "W8A8": AccuracyTarget(None, 0.3, None),
    "W4A4": AccuracyTarget(89.0, None, 92.0),
    "W8A2": AccuracyTarget(82.0, None, 88.0),
    "W2A8": AccuracyTarget(82.0, None, 90.5),
    "W2A2": AccuracyTarget(60.0, None, 85.0),
}


@dataclass(frozen=True)
class SizeTarget:
    """KiB of weights and scales above 85 %, counted as in `packed_model`."""

    must: float
    aim: float


FRONTIER: Mapping[str, SizeTarget] = {
    "after_training": SizeTarget(85.0, 65.5),  # layer- or block-wise, 1,024 unlabelled images
    "fine_tuned": SizeTarget(41.5, 21.0),
}


@dataclass(frozen=True)
class LiteratureTarget:
    """What a system must reach on CIFAR-10: points under the float network, or percent.

    `drop` chooses points.
    """

    method: str
    cell: str
    must: float
    aim: float
    drop: bool = True

    def bounds(self, float_accuracy: float) -> tuple[float, float]:
        """Return (must, aim) in percent."""
        if self.drop:
            return float_accuracy - self.must, float_accuracy - self.aim
        return self.must, self.aim


LITERATURE: tuple[LiteratureTarget, ...] = (
    LiteratureTarget("ISQuant", "W8A8", 0.4, 0.2),
    LiteratureTarget("ISQuant", "W7A7", 0.8, 0.4),
    LiteratureTarget("ISQuant", "W6A6", 2.7, 1.5),
    LiteratureTarget("ZeroQ", "W8A8", 0.2, 0.1),
    LiteratureTarget("ZeroQ", "W4A4", 70.0, 80.0, drop=False),  # zero-shot, weights per channel
    LiteratureTarget("SQuant", "W4A32", 2.5, 1.0),
    LiteratureTarget("N2D2", "W8A8", 0.3, 0.1),
    LiteratureTarget("N2D2 single-shift", "W8A8", 0.7, 0.3),
    LiteratureTarget("DFQ", "W8A8", 0.4, 0.2),
)
SECONDS: Mapping[str, tuple[float, float]] = {  # (must, aim) on two cores
    "SQuant, weights of a ResNet-18": (1.5, 0.3),
    "ISQuant, weights of a ResNet-18": (1.5, 0.3),
    "ZeroQ, whole pipeline, ResNet-20": (90.0, 38.0),
}
