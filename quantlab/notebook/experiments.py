"""The two short experiments before question 2d, each a table."""

from typing import Any

import torch

from quantlab.network.calibration import input_scales
from quantlab.network.dynamic_ranges import dynamic_ranges
from quantlab.network.quantization import (
    FIRST_LAYER,
    quantizable_layers,
    quantize_model,
    quantize_with_scales,
)
from quantlab.notebook.session import Session
from quantlab.notebook.tables import Table
from quantlab.training.augmentation import augmented_batches
from quantlab.training.fine_tuning import distillation_loss
from quantlab.training.recipe import Recipe
from quantlab.training.steps import objective_of
from quantlab.training.stored_codes import changed_codes

RATE = 0.02  # that of W4A4's training
BATCH = 64


def static_and_dynamic(session: Session, ops: Any, count: int) -> Table:
    """Return the accuracy of W4A4 with calibrated ranges and with ranges of each batch.

    The weights are the same in all rows.

    Args:
        session: The session of the notebook.
        ops: The module with the student's functions.
        count: How many held-out images to measure.
    """
    images = session.held_out.subset(torch.arange(min(count, len(session.held_out))))
    rows: list[list[str]] = []
    model = session.float_model
    names = [name for name in quantizable_layers(model) if name != FIRST_LAYER]
    for method, title in (("sym", "largest of the calibration"), ("SAWB", "least squared error")):
        scales = input_scales(model, names, session.calibration, 4, method)
        network = quantize_with_scales(model, ops, 4, 4, "sym", scales)
        rows.append(["static", title, f"{session.accuracy(network, images):.1f}"])
        if method == "sym":
            with dynamic_ranges(network):
                accuracy = session.accuracy(network, images)
            rows.append(["dynamic", "largest of each batch", f"{accuracy:.1f}"])
    title = f"W4A4, range of the activations, % of {len(images)} held-out images"
    return Table(title, ["", "range", "accuracy"], rows)


def with_and_without_float_weights(session: Session, ops: Any, steps: int) -> Table:
    """Return how many codes of W4A4 change in a training, with and without float weights.

    Args:
        session: The session of the notebook.
        ops: The module with the student's functions.
        steps: How many steps of 64 images to take, at most 16.
    """
    network = quantize_model(session.float_model, ops, 4, 4, "sym", session.calibration[:BATCH])
    images = session.train.subset(torch.arange(steps * BATCH))
    batches = list(augmented_batches(images, Recipe(1, BATCH, RATE), 0, session.device))
    objective = objective_of(distillation_loss(session.float_model))
    floats, codes = (
        changed_codes(network, objective, batches, RATE, stored) for stored in (False, True)
    )
    rows = [
        [str(step), f"{floats[step - 1]:.2f} %", f"{codes[step - 1]:.2f} %"]
        for step in (1, 2, 4, 8, 16)
        if step <= steps
    ]
    title = f"Codes that have changed, learning rate {RATE:g}"
    return Table(title, ["step", "float weights behind the codes", "codes alone"], rows)
