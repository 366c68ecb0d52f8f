"""Fine-tuning of quantized networks for the five cells of Table 1.

Post-training quantization is `quantize_model` on the float network. Fine-tuning starts there:

    loss        the float network is the teacher: KL divergence from its probabilities (Hinton et
                al. 2015, temperature 1) plus cross entropy with the labels
    weights     fake-quantized by the student's functions in every step; the scale follows the
                weights, the straight-through estimator carries the gradient
    activations start with the calibrated scales, which then learn: PACT's gradient (Choi et al.
                2018) moves the end of a range, at a smaller rate than everything else
    schedule    SGD with momentum, warm-up, cosine (`quantlab.training.trainer.fit`); a smaller
                rate at 8 bits, where little has to change
    afterwards  the batch norm statistics, which lag behind the weights, are averaged again with
                the final weights

A coarse cell may start from a finer one (`CellPlan.after`): W2A2 from the weights of W8A2
(progressive quantization, Zhuang et al. 2018).

A student may write the loss and PACT's gradient (`quantlab.training.own_step`); the rest stays.

A training resumes from its checkpoint, also within an epoch. The checkpoint belongs to the plan and
to the results of the student's functions: with another straight-through estimator or another loss
the training starts again. Raises what `fit` and `quantize_model` raise.
"""

import hashlib
import json
import signal
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import update_bn

from quantlab.data.images import ImageSet
from quantlab.errors import Stopped
from quantlab.formats.unwrap_model import plain_tokens
from quantlab.network.calibration import calibration_images
from quantlab.network.quantization import quantize_model
from quantlab.network.quantized_layers import quantized_layers
from quantlab.paths import cell_bits
from quantlab.protocol.scale_forms import InAnyForm
from quantlab.training.augmentation import augmented_batches
from quantlab.training.own_step import GIVEN, OwnStep, clip_inputs_with, objective_of_step
from quantlab.training.recipe import Recipe
from quantlab.training.steps import Loss, objective_of
from quantlab.training.stop_signals import stop_on_signals
from quantlab.training.trainer import Watch, fit

WARMUP = 0.1  # of an epoch
WEIGHT_DECAY = 1e-4
STATISTICS_IMAGES = 2_560
SCALE_RATE = 0.03  # learning rate of input scales, relative to the weights'


@dataclass(frozen=True)
class CellPlan:
    """The training of one cell of Table 1: its length, learning rate, batch size and data.

    `images` is the number of images per epoch, None for all. `after` is the cell whose trained
    weights it starts from, None for the float network.
    """

    epochs: int
    learning_rate: float
    batch: int = 128
    images: int | None = None
    after: str | None = None


# The coarser the grid, the further the weights have to go.
PLANS: Mapping[str, CellPlan] = {
    "W8A8": CellPlan(1, 0.001),
    "W4A4": CellPlan(2, 0.02),
    "W8A2": CellPlan(3, 0.02),
    "W2A8": CellPlan(3, 0.02),
    "W2A2": CellPlan(4, 0.02, after="W8A2"),
}
FAST_PLANS: Mapping[str, CellPlan] = {
    "W8A8": CellPlan(1, 0.001, 64, 1_280),
    "W4A4": CellPlan(1, 0.02, 64, 2_560),
    "W8A2": CellPlan(2, 0.02, 64, 6_400),
    "W2A8": CellPlan(1, 0.02, 64, 5_120),
    "W2A2": CellPlan(3, 0.02, 64, 7_680, after="W8A2"),
}


def distillation_loss(teacher: nn.Module) -> Loss:
    """Return the loss (images, logits, labels): KL divergence from `teacher`, plus cross entropy.

    The teacher runs in the precision of the training: `fit` calls the loss under its autocast.
    """

    def loss(images: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
        with torch.no_grad():
            target = teacher(images).float().softmax(1)
        divergence = F.kl_div(logits.log_softmax(1), target, reduction="batchmean")
        return divergence + F.cross_entropy(logits, labels)

    return loss


def fine_tune(
    model: nn.Module,
    ops: Any,
    cell: str,
    method: str,
    train: ImageSet,
    plan: CellPlan,
    checkpoints: Path,
    start: nn.Module | None = None,
    precision: str | None = None,
    own: OwnStep = GIVEN,
    watch: Watch = lambda step, losses: None,
    after_epoch: Callable[[nn.Module], None] = lambda network: None,
) -> nn.Module:
    """Return a quantized copy of `model`, trained by `plan`, in evaluation mode.

    Args:
        model: The float network. It is the teacher and is not changed.
        ops: The module with the student's functions.
        cell: The bit widths, such as "W2A8".
        method: Quantizes weights and calibrates activations, as in `quantize_model`.
        train: The training images.
        plan: How to train.
        checkpoints: The folder of the training's state. An interrupted call with the same plan
            and functions continues from there.
        start: A network whose weights to start from (default: `model`).
        precision: As in `fit` (default: the fastest).
        own: The functions of the training step that the student wrote.
        watch: As in `fit`.
        after_epoch: Called with the network after each epoch.

    Raises:
        Stopped: The training was interrupted (Ctrl-C or the stop button); its state is saved.
    """
    weight_bits, act_bits = cell_bits(cell)
    device = next(model.parameters()).device
    network = quantize_model(model, ops, weight_bits, act_bits, method, calibration_images(train))
    if start is not None:
        _copy_weights(start, network)
    _let_input_scales_learn(network)
    network.to(memory_format=torch.channels_last)
    recipe = Recipe(plan.epochs, plan.batch, plan.learning_rate, 0.9, WEIGHT_DECAY, WARMUP)
    images = _part(train, plan.images)
    key = _key(ops, cell, method, train, plan, start, own)
    with ExitStack() as stack:
        objective = objective_of(distillation_loss(model))
        if own.training_step is not None:
            objective = stack.enter_context(objective_of_step(own.training_step, network, model))
        if own.clip_gradient is not None:
            clip_inputs_with(network, own.clip_gradient)
        stop = stack.enter_context(stop_on_signals((signal.SIGINT,)))
        try:
            fit(
                network,
                images,
                recipe,
                objective=objective,
                groups=_groups(network),
                checkpoint=checkpoints / f"{cell}-{method}-{key}.pt",
                device=device,
                precision=precision,
                stop=stop,
                watch=watch,
                report=lambda history: after_epoch(network),
            )
            if stop():
                raise Stopped("Interrupted after the last step.")
        except Stopped as stopped:
            again = "Run the cell again to continue there."
            raise Stopped(f"{cell}, {method}: {stopped} {again}") from None
    batches = augmented_batches(images, recipe, plan.epochs, device)
    average_batch_norm(network, islice(batches, STATISTICS_IMAGES // plan.batch))
    return network


def _part(train: ImageSet, count: int | None) -> ImageSet:
    if count is None or count >= len(train):
        return train
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(1))
    return train.subset(order[:count].sort().values)


def _copy_weights(source: nn.Module, target: nn.Module) -> None:
    """Copy all trained tensors, but no input scale of a layer whose activation width differs.

    The source may be wrapped by torch.compile, DataParallel or AveragedModel.
    """
    state = {".".join(plain_tokens(name)): value for name, value in source.state_dict().items()}
    layers = dict(target.named_modules())
    for wrapped_name, module in quantized_layers(source).items():
        name = ".".join(plain_tokens(wrapped_name))
        layer: Any = layers[name]
        if layer.quantizer.act_bits != module.quantizer.act_bits:
            del state[f"{name}.input_scale"]
    target.load_state_dict(state, strict=False)


def _let_input_scales_learn(network: nn.Module) -> None:
    for module in quantized_layers(network).values():
        scale = module.input_scale.clone()
        del module.input_scale
        module.input_scale = nn.Parameter(scale)


def _groups(network: nn.Module) -> list[dict[str, Any]]:
    """Return the optimizer's groups: weights decay, nothing else does, and scales learn slowly."""
    scales = [p for name, p in network.named_parameters() if name.endswith("input_scale")]
    others = [p for name, p in network.named_parameters() if not name.endswith("input_scale")]
    return [
        {"params": [p for p in others if p.ndim > 1]},
        {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0},
        {"params": scales, "weight_decay": 0.0, "lr_scale": SCALE_RATE},
    ]


def average_batch_norm(network: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Average the batch norm statistics over `batches` of (images, labels)."""
    update_bn(batches, network)
    network.eval()


def _key(
    ops: Any,
    cell: str,
    method: str,
    train: ImageSet,
    plan: CellPlan,
    start: nn.Module | None,
    own: OwnStep,
) -> str:
    """Return a digest of what decides a training: plan, data, and the results of `ops`."""
    ops, (bits, _) = InAnyForm(ops), cell_bits(cell)
    weight = torch.randn(64, generator=torch.Generator().manual_seed(2), requires_grad=True)
    scale, zero = ops.reset_scale_and_zero_point(weight.detach(), bits, method)
    recovered = ops.linear_dequantize(
        ops.linear_quantize_STE(weight, scale, zero, bits, True), scale, zero
    )
    recovered.sum().backward()
    constants = [WARMUP, WEIGHT_DECAY, SCALE_RATE]
    decides = [cell, method, asdict(plan), constants, train.name, len(train)]
    digest = hashlib.sha256((json.dumps(decides) + own.digest()).encode())
    parts = [recovered.detach(), weight.grad]
    parts += [] if start is None else [p.detach().cpu() for p in start.parameters()]
    for part in parts:
        digest.update(part.float().contiguous().numpy().tobytes() if part is not None else b"-")
    return digest.hexdigest()[:12]
