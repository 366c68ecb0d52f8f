"""How long a cell will take, from times measured on this machine.

The first long cell of a session measures what an image costs; a second one uses the same numbers.
A cell prints its estimate before it starts.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import starmap
from typing import Any

import torch
from torch import nn

from quantlab.data.images import ImageSet
from quantlab.evaluation.float_network import evaluate
from quantlab.network.calibration import CALIBRATION_COUNT
from quantlab.network.quantization import quantize_model
from quantlab.notebook.session import CPU_BATCH, GPU_BATCH, Session
from quantlab.training.augmentation import augmented_batches
from quantlab.training.fine_tuning import STATISTICS_IMAGES, CellPlan, distillation_loss
from quantlab.training.recipe import Recipe
from quantlab.training.steps import objective_of, step_seconds

MEASURED_CELL = (4, 4)
STEP_BATCH = 64
BACKWARD = 3.0  # a step of the float network, in forward passes


def duration(seconds: float) -> str:
    """Return a duration in words.

    Examples:
        >>> [duration(seconds) for seconds in (4, 42, 100, 3_000, 9_000)]
        ['a few seconds', 'about 40 s', 'about 2 min', 'about 50 min', 'about 2.5 h']
    """
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {10 * round(seconds / 10)} s"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} h"


def announce(what: str, seconds: float) -> None:
    """Print how long the rest of a cell will take on this machine."""
    print(f"{what}: {duration(seconds)} on this machine.")


@contextmanager
def announced(what: str, times: int) -> Iterator[None]:
    """Time the block, then announce how long `times` such blocks will take."""
    started = time.perf_counter()
    yield
    announce(what, times * (time.perf_counter() - started))


def announce_ptq(session: Session, ops: Any, networks: int) -> None:
    """Announce the calibration and test of `networks` quantized networks."""
    each = len(session.test) * _quantized_image(session, ops) + _calibration(session)
    announce(f"PTQ of {networks} networks", networks * each)


def announce_substitutes(
    session: Session, ops: Any, images: int, steps: int, networks: int, tested: int
) -> None:
    """Announce `steps` of matching `images`, and `networks` calibrated and tested on `tested`."""
    matching = steps * images * BACKWARD * _float_image(session)
    each = tested * _quantized_image(session, ops) + _calibration(session)
    announce("Matching noise and testing", matching + networks * each)


def announce_training(session: Session, ops: Any, plans: Iterable[CellPlan], methods: int) -> None:
    """Announce the trainings by `plans`, for each of `methods`, with their tests."""
    step = _seconds_per_trained_image(session, ops)
    trained, networks = 0, 0
    for plan in plans:
        images = len(session.train) if plan.images is None else plan.images
        trained += methods * (plan.epochs * images + STATISTICS_IMAGES // 2)
        networks += methods
    held_out = len(session.held_out) * _quantized_image(session, ops) + _calibration(session)
    announce(f"{networks} trainings", trained * step + networks * held_out)
    if any(session.checkpoints.glob("*.pt")):
        print("What was trained before is not trained again.")


def _calibration(session: Session) -> float:
    return CALIBRATION_COUNT * 2 * _float_image(session)  # its histograms cost as much again


def _float_image(session: Session) -> float:
    return _once(session, "float image", lambda: _per_image(session, session.float_model))


def _quantized_image(session: Session, ops: Any) -> float:
    def measure() -> float:
        return _per_image(session, _quantized(session, ops))

    return _once(session, "quantized image", measure)


def _seconds_per_trained_image(session: Session, ops: Any) -> float:
    def measure() -> float:
        network = _quantized(session, ops)
        images = session.train.subset(torch.arange(STEP_BATCH))
        recipe = Recipe(1, STEP_BATCH, 0.01)
        batch = next(augmented_batches(images, recipe, 0, session.device))
        objective = objective_of(distillation_loss(session.float_model))
        return min(step_seconds(network, objective, batch).values()) / len(images)

    return _once(session, "trained image", measure)


def _quantized(session: Session, ops: Any) -> nn.Module:
    return quantize_model(
        session.float_model, ops, *MEASURED_CELL, "sym", session.calibration[:CPU_BATCH]
    )


def _per_image(session: Session, network: nn.Module) -> float:
    """Return the seconds that an image takes: one batch, the second time."""
    size = GPU_BATCH if session.device.type == "cuda" else CPU_BATCH
    few = session.held_out.subset(torch.arange(min(size, len(session.held_out))))
    return min(starmap(_timed, [(session, network, few)] * 2)) / len(few)


def _timed(session: Session, network: nn.Module, images: ImageSet) -> float:
    started = time.perf_counter()
    evaluate(network, images, len(images), session.device)
    return time.perf_counter() - started


def _once(session: Session, name: str, measure: Callable[[], float]) -> float:
    if name not in session.measured:
        session.measured[name] = measure()
    return session.measured[name]
