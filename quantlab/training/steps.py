"""One training step in a chosen precision, and the choice of the fastest.

A GPU computes while the host prepares the next step. Reading a number from it makes the host wait,
so a step returns tensors. Overflows are handled on the device and looked for now and then.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from quantlab.training.precision import autocast, candidates, fastest, sentence, time_steps

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]  # (normalized images, logits, labels) -> scalar
Forward = Callable[[Tensor], Tensor]  # normalized images -> logits
Objective = Callable[[Forward, Tensor, Tensor], tuple[Tensor, Tensor]]
"""(network, normalized images, labels) -> (loss, float32 logits)"""
Batch = tuple[Tensor, Tensor]  # normalized images, labels
SMALLEST_SCALE = 1.0  # of float16 gradients: below it they overflow without any scaling
STEPS_PER_LOOK = 20  # on a GPU; a look at a number there waits for it


def objective_of(loss: Loss) -> Objective:
    """Return the objective that computes the logits and then `loss` of them."""

    def objective(network: Forward, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        logits = network(images).float()
        return loss(images, logits, labels), logits

    return objective


class Step:
    """A training step in a chosen precision.

    float16 gradients are scaled; a step whose gradients overflow is skipped, and so is one whose
    loss overflows. After a loss that overflowed, or gradients that overflow without scaling, the
    training continues in float32: on a CPU from the next step, on a GPU within `STEPS_PER_LOOK`.
    """

    def __init__(
        self,
        model: nn.Module,
        forward: Forward,
        objective: Objective,
        optimizer: torch.optim.Optimizer,
        precision: str,
        scaler: Mapping[str, Any],
    ) -> None:
        """Prepare steps of `optimizer` on `model`.

        Args:
            model: The model with the parameters.
            forward: The model or its compiled form.
            objective: (forward, normalized images, labels) -> (loss, logits).
            optimizer: Of the model's parameters.
            precision: "float32", "bfloat16" or "float16".
            scaler: The state of a gradient scaler to continue with, or {}.
        """
        self.precision = precision
        self.model, self._forward, self._objective = model, forward, objective
        self._optimizer = optimizer
        self._device = next(model.parameters()).device
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=precision == "float16")
        if scaler and self._scaler.is_enabled():
            self._scaler.load_state_dict(dict(scaler))
        self._last = torch.zeros((), device=self._device)  # the last loss that did not overflow
        self._overflows = torch.zeros((), device=self._device)
        self._steps = 0

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Take one step; return loss and float32 logits, on the device of the model.

        The loss of a step that overflowed is that of the step before.
        """
        half = self._scaler.is_enabled()
        before = [buffer.clone() for buffer in self.model.buffers()] if half else []
        with autocast(self._device, self.precision):
            value, logits = self._objective(self._forward, images, labels)
        self._optimizer.zero_grad()
        self._scaler.scale(value).backward()
        self._scaler.step(self._optimizer)
        self._scaler.update()
        value = value.detach().float()
        if not half:
            return value, logits
        finite = torch.isfinite(value)
        with torch.no_grad():
            for buffer, kept in zip(self.model.buffers(), before, strict=True):
                buffer.copy_(torch.where(finite, buffer, kept))  # batch norm saw the overflow
        self._last = torch.where(finite, value, self._last)
        self._overflows += ~finite
        self._steps += 1
        if self._device.type == "cpu" or self._steps % STEPS_PER_LOOK == 0:
            self._look_for_overflows()
        return self._last, logits

    def scaler_state(self) -> dict[str, Any]:
        """Return the state of the gradient scaler, {} except in float16."""
        return self._scaler.state_dict()

    def _look_for_overflows(self) -> None:
        if float(self._overflows) or self._scaler.get_scale() < SMALLEST_SCALE:
            print("float16 overflows in this training: it continues in float32.")
            self.precision = "float32"
            self._scaler = torch.amp.GradScaler(self._device.type, enabled=False)


def fastest_precision(model: nn.Module, objective: Objective, batch: Batch) -> str:
    """Time one forward and backward pass in each format, print one line, return the fastest.

    `model` stays as it is, and so do torch's random numbers.
    """
    seconds = step_seconds(model, objective, batch)
    print(sentence(seconds))
    return fastest(seconds)


def step_seconds(model: nn.Module, objective: Objective, batch: Batch) -> dict[str, float]:
    """Return the seconds of one forward and backward pass in each format worth timing.

    `model` stays as it is, and so do torch's random numbers.
    """
    images, labels = batch
    device = images.device
    trial = copy.deepcopy(model).train()

    def step(precision: str) -> None:
        with autocast(device, precision):
            value, _ = objective(trial, images, labels)
        trial.zero_grad()
        value.backward()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        return time_steps(step, candidates(device))
