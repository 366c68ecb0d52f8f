"""One training step in a chosen precision, and the choice of the fastest."""

import copy
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from quantlab.training.precision import autocast, candidates, fastest, sentence, time_steps

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]  # (normalized images, logits, labels) -> scalar
Batch = tuple[Tensor, Tensor]  # normalized images, labels
SMALLEST_SCALE = 1.0  # of float16 gradients: below it they overflow without any scaling


class Step:
    """A training step in a chosen precision.

    float16 gradients are scaled; a step whose gradients overflow is skipped. If the loss itself
    overflows, or gradients overflow without scaling, this and all later steps are float32.
    """

    def __init__(
        self,
        model: nn.Module,
        forward: Callable[[Tensor], Tensor],
        loss: Loss,
        optimizer: torch.optim.Optimizer,
        precision: str,
        scaler: Mapping[str, Any],
    ) -> None:
        """Prepare steps of `optimizer` on `model`.

        Args:
            model: The model with the parameters.
            forward: The model or its compiled form.
            loss: (normalized images, logits, labels) -> scalar.
            optimizer: Of the model's parameters.
            precision: "float32", "bfloat16" or "float16".
            scaler: The state of a gradient scaler to continue with, or {}.
        """
        self.precision = precision
        self.model, self._forward, self._loss = model, forward, loss
        self._optimizer = optimizer
        self._device = next(model.parameters()).device
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=precision == "float16")
        if scaler and self._scaler.is_enabled():
            self._scaler.load_state_dict(dict(scaler))

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[float, Tensor]:
        """Take one step; return the loss and the float32 logits."""
        half = self.precision == "float16"
        before = [buffer.clone() for buffer in self.model.buffers()] if half else []
        value, logits = self._evaluate(images, labels)
        if half and not math.isfinite(float(value.detach())):
            for buffer, kept in zip(self.model.buffers(), before, strict=True):
                buffer.copy_(kept)  # batch norm has recorded the overflow
            self._leave_float16()
            value, logits = self._evaluate(images, labels)
        self._optimizer.zero_grad()
        self._scaler.scale(value).backward()
        self._scaler.step(self._optimizer)
        self._scaler.update()
        if self._scaler.is_enabled() and self._scaler.get_scale() < SMALLEST_SCALE:
            self._leave_float16()
        return float(value.detach()), logits

    def scaler_state(self) -> dict[str, Any]:
        """Return the state of the gradient scaler, {} except in float16."""
        return self._scaler.state_dict()

    def _evaluate(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        with autocast(self._device, self.precision):
            logits = self._forward(images).float()
            return self._loss(images, logits, labels), logits

    def _leave_float16(self) -> None:
        print("float16 overflows in this training: it continues in float32.")
        self.precision = "float32"
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=False)


def fastest_precision(model: nn.Module, loss: Loss, batch: Batch) -> str:
    """Time one forward and backward pass in each format, print one line, return the fastest.

    `model` stays as it is, and so do torch's random numbers.
    """
    images, labels = batch
    device = images.device
    trial = copy.deepcopy(model).train()

    def step(precision: str) -> None:
        with autocast(device, precision):
            value = loss(images, trial(images).float(), labels)
        trial.zero_grad()
        value.backward()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        seconds = time_steps(step, candidates(device))
    print(sentence(seconds))
    return fastest(seconds)
