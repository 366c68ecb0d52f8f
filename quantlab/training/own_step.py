"""The training step that a student writes in the notebook, in place of the recipe's.

Two functions, both optional:

    training_step(network, teacher, images, labels)
        -> the loss, a scalar tensor that depends on the parameters of `network`
    clip_gradient(gradient, x, end)
        -> the gradients of y = min(max(x, 0), end) for x, of its shape, and for `end`, a scalar

A function that is not written yet raises NotImplementedError("Question 2d: ..."). The recipe of
`quantlab.training.fine_tuning` then does its work.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from quantlab.errors import TrainingStepError, is_stub
from quantlab.network.quantized_layers import quantized_layers
from quantlab.training.steps import Forward, Objective

TrainingStep = Callable[[nn.Module, nn.Module, Tensor, Tensor], Tensor]
ClipGradient = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
DIGITS = 4  # of results that identify a step: other orders of summation give the same


@dataclass(frozen=True)
class OwnStep:
    """The functions that a student wrote; None for one that is not written."""

    training_step: TrainingStep | None = None
    clip_gradient: ClipGradient | None = None

    def digest(self) -> str:
        """Return a digest of what both functions return for a few numbers; "" without any.

        An edit that changes no result keeps the digest, and with it the checkpoints.
        """
        if self.training_step is None and self.clip_gradient is None:
            return ""
        result = hashlib.sha256()
        for tensor in self._results():
            result.update(repr([f"{x:.{DIGITS}g}" for x in tensor.double().flatten()]).encode())
        return result.hexdigest()[:12]

    def _results(self) -> Iterator[Tensor]:
        generator = torch.Generator().manual_seed(4)
        if self.training_step is not None:
            network, teacher, images, labels = small_example(generator)
            loss = self.training_step(network, teacher, images, labels)
            loss.backward()
            yield loss.detach()
            yield from (p.grad for p in network.parameters() if p.grad is not None)
        if self.clip_gradient is not None:
            gradient, x = torch.randn(2, 100, generator=generator)
            yield from self.clip_gradient(gradient, x, torch.tensor(0.7))


GIVEN = OwnStep()  # the recipe does all of it


def small_example(
    generator: torch.Generator,
) -> tuple[nn.Linear, nn.Linear, Tensor, Tensor]:
    """Return a network, its teacher, float32 images (6, 5) and int64 labels (6,)."""
    network, teacher = nn.Linear(5, 4), nn.Linear(5, 4)
    with torch.no_grad():
        for parameter in (*network.parameters(), *teacher.parameters()):
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    images = torch.randn(6, 5, generator=generator)
    return network, teacher, images, torch.tensor([0, 1, 2, 3, 0, 1])


def written(own: OwnStep) -> OwnStep:
    """Return the functions of `own` without those that are not written yet."""
    generator = torch.Generator().manual_seed(5)
    step, clip = own.training_step, own.clip_gradient
    if step is not None and not _is_written(step, *small_example(generator)):
        step = None
    x = torch.zeros(2)
    if clip is not None and not _is_written(clip, x, x, torch.tensor(1.0)):
        clip = None
    return OwnStep(step, clip)


def _is_written(function: Callable[..., Any], *arguments: Any) -> bool:
    """Return whether the call raises anything but the stub's error."""
    try:
        function(*arguments)
    except NotImplementedError as stub:
        return not is_stub(stub)
    except Exception:  # a mistake in it: the training shows where
        return True
    return True


@contextmanager
def objective_of_step(
    step: TrainingStep, network: nn.Module, teacher: nn.Module
) -> Iterator[Objective]:
    """Yield the objective that calls `step`.

    Within the block both networks return float32 logits, also in a training of lower precision.

    Raises:
        TrainingStepError: The step returns no loss, or does not call the network.
    """
    outputs: list[Tensor] = []

    def keep(module: nn.Module, arguments: Any, output: Tensor) -> Tensor:
        outputs.append(output.float())
        return outputs[-1]

    def objective(forward: Forward, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        outputs.clear()
        assert isinstance(forward, nn.Module)  # a compiled network has no hooks
        loss = step(forward, teacher, images, labels)
        if not (isinstance(loss, Tensor) and loss.shape == () and loss.requires_grad):
            raise TrainingStepError(
                f"training_step: expected a scalar tensor with a gradient, got {_described(loss)}. "
                "Return the loss as one number that depends on network(images)."
            )
        if not outputs:
            raise TrainingStepError(
                "training_step does not call network(images): compute the logits with it."
            )
        return loss, outputs[-1].detach()

    hooks = [
        network.register_forward_hook(keep),
        teacher.register_forward_hook(lambda module, arguments, output: output.float()),
    ]
    try:
        yield objective
    finally:
        for hook in hooks:
            hook.remove()


def clip_inputs_with(network: nn.Module, gradient: ClipGradient) -> None:
    """Let `gradient` compute how the ends of the activations' ranges learn.

    Every quantized layer of `network` whose input is quantized clips its input first, in training
    mode. The clip in the layer then changes nothing, and passes every gradient.
    """

    class Clip(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor, end: Tensor) -> Tensor:
            ctx.save_for_backward(x, end)
            return torch.minimum(x.clamp(min=0), end)

        @staticmethod
        def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor, Tensor]:
            x, end = ctx.saved_tensors
            return _checked_gradients(gradient(grad_output, x, end), x)

    def clip(layer: Any, arguments: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if not layer.training or layer.quantizer.act_bits is None:
            return None
        end = layer.input_scale * layer.quantizer.largest_input
        return (Clip.apply(arguments[0].float(), end),)

    for layer in quantized_layers(network).values():
        layer.register_forward_pre_hook(clip)


def _checked_gradients(gradients: Any, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return both gradients. Raises `TrainingStepError` if they are not a pair that fits."""
    pair = isinstance(gradients, tuple) and len(gradients) == 2
    if not pair or not all(isinstance(part, Tensor) for part in gradients):
        raise TrainingStepError(
            f"clip_gradient: expected two tensors, for x and for end, got {_described(gradients)}."
        )
    for_x, for_end = gradients
    if for_x.shape != x.shape or for_end.numel() != 1:
        raise TrainingStepError(
            f"clip_gradient: expected the shapes {tuple(x.shape)} and (), got "
            f"{tuple(for_x.shape)} and {tuple(for_end.shape)}."
        )
    return for_x, for_end.reshape(())


def _described(value: object) -> str:
    if isinstance(value, Tensor):
        gradient = "" if value.requires_grad else " without a gradient"
        return f"a tensor of shape {tuple(value.shape)}{gradient}"
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    return f"a {type(value).__name__}"
