"""The kit's own search: sensitivities of reconstructed blocks, then the exact allocation.

The loss of a layer with merely rounded weights says little about its loss after reconstruction: at
2 bits most of it comes back, at 1 bit some. So each residual block is reconstructed alone, on
inputs of the float network, at a few pairs of widths. The cost of a pair is the divergence of the
network with this block in place of its own; the two convolutions need not add up. conv1 and fc, 0.4
% of the weights, have the divergence of rounding. Dynamic programming chooses the widths, and the
network is reconstructed at these from its first part to its last.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from baselines.bit_widths.allocation import Option, allocate, layer_options
from baselines.bit_widths.mixed_reconstruction import reconstruct_block
from baselines.bit_widths.simulation import Simulation
from baselines.methods.reconstruction import (
    ReconstructionSchedule,
    calibration_views,
    run_in_batches,
)
from quantlab.data.images import normalize
from quantlab.formats.packed_model import LAYERS, allowed_bits, layer_bytes
from quantlab.network.resnet import BasicBlock, layer_sizes

PAIRS = ((0, 0), (1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 3), (4, 4))
PLAN = ReconstructionSchedule(steps=150, views=4)
IMAGES = 512
ENDS = ("conv1", "fc")


def reconstructed_blocks(
    model: nn.Module, images: Tensor, budgets: Sequence[int], seed: int
) -> list[dict[str, int]]:
    """Return the widths of least summed divergence within each budget."""
    groups = block_options(model, images[:IMAGES], PLAN, seed)
    allocations = [widths for widths in allocate(groups, budgets) if widths]
    return [{name: widths[name] for name in LAYERS} for widths in allocations]


def block_options(
    model: nn.Module, images: Tensor, plan: ReconstructionSchedule, seed: int
) -> list[list[Option]]:
    """Return a group of options for each block and each end; costs in nats."""
    simulation = Simulation(model, images)
    ends = {
        name: {bits: simulation.divergence({name: bits}) for bits in allowed_bits(name)}
        for name in ENDS
    }
    groups, sizes = layer_options(ends), layer_sizes()
    generator = torch.Generator().manual_seed(seed)
    views = calibration_views(images, plan.views, generator)
    inputs = run_in_batches(lambda x: F.relu(model.bn1(model.conv1(x))), views)  # type: ignore[operator]
    plain = normalize(images).contiguous(memory_format=torch.channels_last)
    for name, block in model.named_modules():
        if not isinstance(block, BasicBlock):
            continue
        options = []
        for first, second in tqdm(PAIRS, desc=name, leave=False):
            widths = {f"{name}.conv1": first, f"{name}.conv2": second}
            part = reconstruct_block(model, name, widths, inputs, plan, seed)
            size = sum(layer_bytes(sizes[layer], bits) for layer, bits in widths.items())
            options.append(Option(widths, size, _divergence_with(model, name, part, plain)))
        groups.append(options)
        inputs = run_in_batches(block, inputs)
    return groups


@torch.no_grad()
def _divergence_with(model: nn.Module, name: str, part: nn.Module, images: Tensor) -> float:
    """Return the divergence of the network with `part` in place of its block `name`.

    The network is not changed.
    """
    target = run_in_batches(model, images).log_softmax(1)
    parent, _, child = name.rpartition(".")
    place, block = model.get_submodule(parent), model.get_submodule(name)
    try:
        setattr(place, child, part)
        logits = run_in_batches(model, images).log_softmax(1)
    finally:
        setattr(place, child, block)
    divergence = F.kl_div(logits, target, reduction="batchmean", log_target=True)
    return max(float(divergence), 0.0)
