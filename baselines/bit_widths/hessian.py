"""HAWQ-V2: the mean curvature of the loss in a layer's weights times its quantization error.

    Omega_i(b) = tr(H_i) / n_i ||Q_b(W_i) - W_i||^2        Dong et al. 2020, equation (8)

H_i is the Hessian with respect to the weights of layer i. Its trace is an average of v^T H_i v over
random signs v (Hutchinson 1990), which takes a second pass of backpropagation and no matrix. The
loss is the KL divergence from the network's own predictions, so that no label is needed. At the
float weights its Hessian is Fisher's information, whose trace is negative only by chance.

No layer is removed, as in the paper: as far out as zero, the loss is not a parabola. With 0 bits
allowed, the method removed the last convolution, which by its curvature costs next to nothing, and
lost 41 points of accuracy.
"""

import copy
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from baselines.bit_widths.allocation import allocate, layer_options
from baselines.bit_widths.weight_quantizers import fixed_scale
from quantlab.data.images import normalize
from quantlab.formats.packed_model import LAYERS, allowed_bits

IMAGES, PROBES = 256, 16
BATCH = 64  # two graphs are kept


def hawq_v2(
    model: nn.Module, images: Tensor, budgets: Sequence[int], seed: int
) -> list[dict[str, int]]:
    """Return the widths of least summed Omega within each budget."""
    traces = mean_traces(model, images[:IMAGES], PROBES, seed)
    costs = {
        name: {
            bits: max(traces[name], 0.0) * _squared_error(model, name, bits)
            for bits in allowed_bits(name)
            if bits
        }
        for name in LAYERS
    }
    return [widths for widths in allocate(layer_options(costs), budgets) if widths]


@torch.no_grad()
def _squared_error(model: nn.Module, name: str, bits: int) -> float:
    weight = model.get_parameter(f"{name}.weight")
    return float((fixed_scale(weight, bits)(weight) - weight).square().sum())


def mean_traces(
    model: nn.Module,
    images: Tensor,
    probes: int,
    seed: int = 0,
    layers: Sequence[str] = LAYERS,
) -> Mapping[str, float]:
    """Return {layer: tr(H_i) / n_i} by `probes` random vectors each, on batches of `images`.

    A vector is of one layer's weights. Signs in all layers at once would give every trace in one
    pass, but with noise from the other layers many times its size.
    """
    network = copy.deepcopy(model).eval()
    weights = [network.get_parameter(f"{name}.weight") for name in layers]
    batches = normalize(images).split(BATCH)
    generator = torch.Generator().manual_seed(seed)
    sums = [0.0] * len(layers)
    for probe in tqdm(range(probes), desc="traces", leave=False):
        logits = network(batches[probe % len(batches)]).log_softmax(1)
        # The gradient is zero here, and its derivative is not.
        loss = F.kl_div(logits, logits.detach(), reduction="batchmean", log_target=True)
        gradients = torch.autograd.grad(loss, weights, create_graph=True)
        for i, (weight, gradient) in enumerate(zip(weights, gradients, strict=True)):
            signs = torch.randint(0, 2, weight.shape, generator=generator) * 2.0 - 1
            (product,) = torch.autograd.grad(gradient, weight, signs, retain_graph=True)
            sums[i] += float((signs * product).sum())
    return {
        name: total / probes / weight.numel()
        for name, total, weight in zip(layers, sums, weights, strict=True)
    }
