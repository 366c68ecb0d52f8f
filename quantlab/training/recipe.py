"""A recipe for the five cells of Table 1, short enough to be replaced by a better one.

Post-training quantization is `quantize_model` on the float network. Fine-tuning starts there:

    loss        the float network is the teacher: KL divergence from its probabilities (Hinton et
                al. 2015, temperature 1) plus cross entropy with the labels
    weights     fake-quantized by the student's functions in every step; the step of the grid
                follows the weights, the straight-through estimator carries the gradient
    activations start with the steps of the calibration, which then learn: PACT's gradient (Choi et
                al. 2018) moves the end of a range, at a smaller rate than everything else
    schedule    SGD with momentum, warm-up, cosine (`quantlab.training.trainer.fit`), a smaller rate
    at
                8 bits, where the network is nearly where it should be
    afterwards  the statistics of batch normalization, which trail behind weights that change codes
                in every step, are averaged anew with the final weights

What is coarser starts from what is finer, where a `Plan` says so: W2A2 from the weights of W8A2
(progressive quantization, Zhuang et al. 2018).

A training is resumed from its checkpoint, which belongs to the plan and to what the student's
functions *do*: with another straight-through estimator it begins again. It can fail as `fit` and
`quantize_model` do.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import update_bn
from tqdm import tqdm

from quantlab.arithmetic import integer_kernels
from quantlab.data.images import IMAGE_MEAN, IMAGE_STD, ImageSet, normalize
from quantlab.network.calibration import calibration_images
from quantlab.network.layers import QuantConv2d, QuantLinear, fast_integer, quantize_model
from quantlab.paths import CELLS
from quantlab.protocol.forms import InAnyForm
from quantlab.training.steps import Loss
from quantlab.training.trainer import Recipe, augmented_batches, fit

WARMUP = 0.1  # of an epoch
WEIGHT_DECAY = 1e-4
STATISTICS_IMAGES = 2_560
SCALE_RATE = 0.03  # of the steps of activations, relative to the weights'


@dataclass(frozen=True)
class Plan:
    """How long a cell is trained and how boldly; `images` per epoch (None: all of them).

    `after` is the cell whose trained weights it starts from, None for the float network's.
    """

    epochs: int
    learning_rate: float
    batch: int = 128
    images: int | None = None
    after: str | None = None


# The coarser the grid, the further the weights have to go.
PLANS: Mapping[str, Plan] = {
    "W8A8": Plan(1, 0.001),
    "W4A4": Plan(2, 0.02),
    "W8A2": Plan(3, 0.02),
    "W2A8": Plan(3, 0.02),
    "W2A2": Plan(4, 0.02, after="W8A2"),
}
FAST_PLANS: Mapping[str, Plan] = {
    "W8A8": Plan(1, 0.001, 64, 1_280),
    "W4A4": Plan(1, 0.02, 64, 3_840),
    "W8A2": Plan(2, 0.02, 64, 7_680),
    "W2A8": Plan(1, 0.02, 64, 7_680),
    "W2A2": Plan(4, 0.02, 64, 7_680, after="W8A2"),
}


def widths(cell: str) -> tuple[int, int]:
    """("W2A8") to (2, 8), the bits of weights and activations. Raises `ValueError`."""
    if cell not in CELLS:
        raise ValueError(f"There is no cell {cell!r} in Table 1; choose from {', '.join(CELLS)}.")
    return int(cell[1]), int(cell[3])


@contextmanager
def quick_integers(ops: Any) -> Iterator[None]:
    """Within the block `ops` uses the kit's integer kernels in place of its own layers, if these
    agree.

    The kit's kernels give exactly what right ones give, several times as fast. They are put in
    place only for functions that give the same on a small convolution and a small product.
    """
    generator = torch.Generator().manual_seed(0)
    image = torch.randint(0, 256, (2, 5, 9, 9), generator=generator, dtype=torch.int32)
    kernel = torch.randint(-128, 128, (4, 5, 3, 3), generator=generator, dtype=torch.int32)
    rows, columns = image.flatten(1), kernel.flatten(1)
    rows = rows[:, : columns.shape[1]]
    agree = torch.equal(
        ops.integer_conv2d(image, kernel, 2, 1), integer_kernels.integer_conv2d(image, kernel, 2, 1)
    ) and torch.equal(
        ops.integer_linear(rows, columns), integer_kernels.integer_linear(rows, columns)
    )
    if not agree:
        print("Your integer layers differ from exact ones (question 2b); yours are used, slowly.")
        yield
        return
    with fast_integer(ops):
        yield


def distillation(teacher: nn.Module) -> Loss:
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
    plan: Plan,
    checkpoints: Path,
    start: nn.Module | None = None,
    precision: str | None = None,
) -> nn.Module:
    """A quantized copy of the float network `model` for `cell`, trained by `plan`, in eval mode.

    `method` quantizes weights and calibrates activations, as in `quantize_model`; `start` is a
    network whose weights to begin with (default: those of `model`). `precision` is that of `fit`
    (default: the fastest). Continues what an interrupted call with the same plan and the same
    functions left in the folder `checkpoints`.
    """
    weight_bits, act_bits = widths(cell)
    device = next(model.parameters()).device
    network = quantize_model(model, ops, weight_bits, act_bits, method, calibration_images(train))
    if start is not None:
        _copy_weights(start, network)
    _let_input_scales_learn(network)
    network.to(memory_format=torch.channels_last)
    recipe = Recipe(plan.epochs, plan.batch, plan.learning_rate, 0.9, WEIGHT_DECAY, WARMUP)
    images = _part(train, plan.images)
    key = _key(ops, cell, method, train, plan, start)
    fit(
        network,
        images,
        recipe,
        loss=distillation(model),
        groups=_groups(network),
        checkpoint=checkpoints / f"{cell}-{method}-{key}.pt",
        device=device,
        precision=precision,
    )
    batches = augmented_batches(images, recipe, plan.epochs, device)
    settle_statistics(network, islice(batches, STATISTICS_IMAGES // plan.batch))
    return network


def _part(train: ImageSet, count: int | None) -> ImageSet:
    if count is None or count >= len(train):
        return train
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(1))
    return train.subset(order[:count].sort().values)


def _copy_weights(source: nn.Module, target: nn.Module) -> None:
    """All that is trained; of the steps only those of activations that stay as wide as they are."""
    found = source.state_dict()
    layers = dict(target.named_modules())
    for name, module in source.named_modules():
        if isinstance(module, (QuantConv2d, QuantLinear)):
            layer: Any = layers[name]
            if layer.quantizer.act_bits != module.quantizer.act_bits:
                del found[f"{name}.input_scale"]
    target.load_state_dict(found, strict=False)


def _let_input_scales_learn(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, (QuantConv2d, QuantLinear)):
            scale = module.input_scale.clone()
            del module.input_scale
            module.input_scale = nn.Parameter(scale)


def _groups(network: nn.Module) -> list[dict[str, Any]]:
    """For the optimizer: weights decay, all else does not, and steps learn slowly."""
    scales = [p for name, p in network.named_parameters() if name.endswith("input_scale")]
    others = [p for name, p in network.named_parameters() if not name.endswith("input_scale")]
    return [
        {"params": [p for p in others if p.ndim > 1]},
        {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0},
        {"params": scales, "weight_decay": 0.0, "lr_scale": SCALE_RATE},
    ]


def settle_statistics(network: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
    """Average the statistics of batch normalization over `batches` of (images, labels)."""
    update_bn(batches, network)
    network.eval()


def _key(
    ops: Any, cell: str, method: str, train: ImageSet, plan: Plan, start: nn.Module | None
) -> str:
    """A short name for what decides a training: the plan, the data, and what `ops` computes."""
    ops, (bits, _) = InAnyForm(ops), widths(cell)
    weight = torch.randn(64, generator=torch.Generator().manual_seed(2), requires_grad=True)
    scale, zero = ops.reset_scale_and_zero_point(weight.detach(), bits, method)
    recovered = ops.linear_dequantize(
        ops.linear_quantize_STE(weight, scale, zero, bits, True), scale, zero
    )
    recovered.sum().backward()
    constants = [WARMUP, WEIGHT_DECAY, SCALE_RATE]
    decides = [cell, method, asdict(plan), constants, train.name, len(train)]
    digest = hashlib.sha256(json.dumps(decides).encode())
    parts = [recovered.detach(), weight.grad]
    parts += [] if start is None else [p.detach().cpu() for p in start.parameters()]
    for part in parts:
        digest.update(part.float().contiguous().numpy().tobytes() if part is not None else b"-")
    return digest.hexdigest()[:12]


# ---------------------------------------------------------------- calibration without images


def gaussian_images(count: int, seed: int = 0) -> Tensor:
    """uint8 (count, 3, 32, 32): every pixel by itself, with about the mean and spread of photos."""
    generator = torch.Generator().manual_seed(seed)
    pixels = 120 + 64 * torch.randn(count, 3, 32, 32, generator=generator)
    return pixels.round().clamp(0, 255).to(torch.uint8)


def matched_images(model: nn.Module, count: int, steps: int, seed: int = 0) -> Tensor:
    """uint8 (count, 3, 32, 32): noise, changed until the network finds it familiar.

    Each batch normalization of the float `model` knows mean and variance of its inputs on the
    training images. `steps` of Adam change the images until theirs are the same, which needs no
    image at all (Cai et al. 2020, "ZeroQ").
    """
    device = next(model.parameters()).device
    images = normalize(gaussian_images(count, seed).to(device)).requires_grad_()
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    inputs: list[Tensor] = []
    hooks = [
        norm.register_forward_pre_hook(lambda _, args: inputs.append(args[0])) for norm in norms
    ]
    optimizer = torch.optim.Adam([images], lr=0.1)
    for _ in tqdm(range(steps), desc="images from statistics"):
        inputs.clear()
        model(images)
        distance = torch.zeros((), device=device)
        for norm, x in zip(norms, inputs, strict=True):
            assert norm.running_mean is not None
            assert norm.running_var is not None
            variance, mean = torch.var_mean(x, (0, 2, 3))
            distance = distance + (mean - norm.running_mean).square().mean()
            distance = distance + (variance.sqrt() - norm.running_var.sqrt()).square().mean()
        optimizer.zero_grad()
        distance.backward(inputs=[images])
        optimizer.step()
    for hook in hooks:
        hook.remove()
    mean = torch.tensor(IMAGE_MEAN, device=device).view(1, 3, 1, 1)
    std = torch.tensor(IMAGE_STD, device=device).view(1, 3, 1, 1)
    return (images.detach() * std + mean).mul(255).round().clamp(0, 255).to(torch.uint8).cpu()
