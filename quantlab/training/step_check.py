"""Check the training step that a student wrote in the notebook, on a few numbers.

It is not graded. The loss is compared with that of the recipe, the gradient of the clip with
differences of the clip itself, (y(x + h) - y(x - h)) / 2h. A line names the worst number and, if
the result is that of a usual mistake, the mistake. The recipe's function replaces one that is not
right, unless the student asks for an experiment.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from quantlab.training.fine_tuning import distillation_loss
from quantlab.training.own_step import ClipGradient, OwnStep, TrainingStep, small_example, written

TOLERANCE = 1e-3  # relative; float32 is a thousand times as exact
H = 1e-3  # of the differences; no number is so near to 0 or to the end of the range
END = 1.0


def checked_step(
    training_step: TrainingStep, clip_gradient: ClipGradient, experiment: bool = False
) -> OwnStep:
    """Print what is wrong with each function; return those that the trainings use.

    Args:
        training_step: The student's loss of a batch.
        clip_gradient: The student's gradients of the clip.
        experiment: Also use a written function that differs from the recipe's.
    """
    own = written(OwnStep(training_step, clip_gradient))
    step, clip = own.training_step, own.clip_gradient
    step_is_right = _report("training_step", step and partial(loss_problems, step), experiment)
    clip_is_right = _report("clip_gradient", clip and partial(clip_problems, clip), experiment)
    return OwnStep(
        step if step_is_right or experiment else None,
        clip if clip_is_right or experiment else None,
    )


def _report(name: str, check: Callable[[], Iterator[str]] | None, experiment: bool) -> bool:
    """Print what `check` yields about a function, and return whether that is nothing.

    `check` is None for a function that is not written.
    """
    if check is None:
        print(f"{name} is not written yet: the recipe's is used, which does the same.")
        return False
    try:
        problems = list(check())
    except Exception as error:
        problems = [f"raised {type(error).__name__}: {error}"]
    for problem in problems or ["right. The trainings below use it."]:
        print(f"{name}: {problem}")
    if problems and experiment:
        print(f"{name}: the trainings below use it all the same, as an experiment.")
    elif problems:
        print(
            f"{name}: the trainings below use the recipe's until yours is right. To train with "
            "yours all the same: checked_step(..., experiment=True)."
        )
    return not problems


def loss_problems(step: TrainingStep) -> Iterator[str]:
    """Yield what is wrong with the loss of a step and with its gradients."""
    network, teacher, images, labels = small_example(torch.Generator().manual_seed(6))
    loss = step(network, teacher, images, labels)
    logits = network(images)
    right = distillation_loss(teacher)(images, logits, labels)
    if not isinstance(loss, Tensor) or loss.shape != ():
        shape = f"shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
        yield f"expected one number, a tensor of shape (), got {shape}."
        return
    if not _near(loss, right):
        mistake = _named(loss, _wrong_losses(right, logits, teacher(images), labels))
        yield f"the loss of a batch of 6: expected {right:.4f}, got {loss:.4f}.{mistake}"
        return
    if not loss.requires_grad:
        yield "the loss is right, but has no gradient: compute network(images) with gradients."
        return
    wanted = torch.autograd.grad(right, network.weight)[0]
    loss.backward()
    if teacher.weight.grad is not None and bool(teacher.weight.grad.any()):
        yield "the teacher gets a gradient: compute its probabilities without one."
    got = network.weight.grad
    if got is None or not torch.allclose(got, wanted, rtol=TOLERANCE, atol=1e-5):
        got = torch.zeros_like(wanted) if got is None else got
        yield f"the loss is right, but its gradient is not: {_worst(wanted, got)}."


def clip_problems(clip: ClipGradient) -> Iterator[str]:
    """Yield what is wrong with the gradients of the clip."""
    x = torch.tensor([-1.5, -0.4, 0.1, 0.3, 0.6, 0.9, 1.2, 1.7, 2.5, -0.2, 0.75, 1.4])
    gradient = torch.randn(len(x), generator=torch.Generator().manual_seed(7))
    for_x, for_end = clip(gradient, x.clone(), torch.tensor(END))
    end = torch.tensor(END)
    right_x = gradient * (_clipped(x + H, end) - _clipped(x - H, end)) / (2 * H)
    slopes = (_clipped(x, end + H) - _clipped(x, end - H)) / (2 * H)
    right_end = (gradient * slopes).sum()
    if for_x.shape != x.shape:
        yield f"the gradient for x: expected the shape {tuple(x.shape)}, got {tuple(for_x.shape)}."
    elif not torch.allclose(for_x, right_x, rtol=TOLERANCE, atol=TOLERANCE):
        wrong = int(((for_x - right_x).abs() > TOLERANCE).sum())
        at = int((for_x - right_x).abs().argmax())
        yield (
            f"the gradient for x is wrong at {wrong} of {len(x)} numbers. Worst: x = {x[at]:g}, "
            f"end = {END:g}, gradient of y {gradient[at]:.3f}: expected {right_x[at] + 0:.3f}, "
            f"got {for_x[at]:.3f}."
        )
    above, inside = gradient[x > END], gradient[(x > 0) & (x <= END)]
    mistakes = {
        "is the average over x: add the gradients up": above.mean(),
        "is the average over x, too: add the gradients up": (gradient * slopes).mean(),
        "adds up the gradients of all x: only those beyond the end move with it": gradient.sum(),
        "adds up the gradients of the x inside the range: those do not move with it": inside.sum(),
        "counts how many x are beyond the end: their gradients are to be added": slopes.sum(),
        "has the wrong sign": -right_end,
        "does not let the end learn": torch.zeros(()),
    }
    if for_end.numel() != 1:
        yield f"the gradient for end: expected one number, got the shape {tuple(for_end.shape)}."
    elif not _near(for_end.reshape(()), right_end):
        got = for_end.reshape(())
        mistake = _named(got, mistakes)
        yield f"the gradient for end: expected {right_end:.3f}, got {got:.3f}.{mistake}"


def _clipped(x: Tensor, end: Tensor) -> Tensor:
    return torch.minimum(x.double().clamp(min=0), end.double()).float()


def _wrong_losses(
    right: Tensor, logits: Tensor, target: Tensor, labels: Tensor
) -> dict[str, Tensor]:
    """Return what usual mistakes return, by their names."""
    entropy, (images, classes) = F.cross_entropy(logits, labels), logits.shape
    divergence = right - entropy
    swapped = (logits.softmax(1) * (logits.log_softmax(1) - target.log_softmax(1))).sum() / images
    return {
        "is the cross entropy alone: add the divergence from the teacher": entropy,
        "is the divergence alone: add the cross entropy with the labels": divergence,
        "averages the divergence over the classes, too: add it up over the classes, and average "
        "over the images": divergence / classes + entropy,
        "adds the divergence up over the images: average it over them": divergence * images
        + entropy,
        "has network and teacher swapped in the divergence": swapped + entropy,
        "subtracts the divergence": entropy - divergence,
    }


def _named(value: Tensor, mistakes: Mapping[str, Tensor]) -> str:
    """Return a sentence about the mistake that gives this value; "" if none does."""
    names = [name for name, result in mistakes.items() if _near(value, result)]
    return f" It {names[0]}." if names else ""


def _near(value: Tensor, other: Tensor) -> bool:
    return bool(torch.isclose(value.detach(), other.detach(), rtol=TOLERANCE, atol=1e-5))


def _worst(wanted: Tensor, got: Tensor) -> str:
    at = int((wanted - got).abs().argmax())
    return (
        f"at weight {at} of {wanted.numel()} expected {wanted.flatten()[at]:.4f}, "
        f"got {got.flatten()[at]:.4f}"
    )
