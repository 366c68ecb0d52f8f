"""ZeroQ's Pareto frontier: KL sensitivity of each layer at each width, and exact allocation.

Omega_i(b) is the divergence with layer i alone at b bits (Cai et al. 2020, equation 6), on any
images: training images, or images distilled from batch norm statistics. The sum over the layers
approximates the divergence of the network (`baselines.bit_widths.interaction` measures its error).
"""

from collections.abc import Sequence

from torch import Tensor, nn
from tqdm import tqdm

from baselines.bit_widths.allocation import allocate, layer_options
from baselines.bit_widths.simulation import Simulation
from quantlab.formats.packed_model import LAYERS, allowed_bits
from quantlab.network.synthetic_images import matched_images

IMAGES = 256
DISTILLED, DISTILLATION_STEPS = 128, 200

Costs = dict[str, dict[int, float]]  # {layer: {bits: cost}}


def kl_sensitivity(
    model: nn.Module, images: Tensor, budgets: Sequence[int], seed: int
) -> list[dict[str, int]]:
    """Return the widths of least summed sensitivity within each budget, on `images`."""
    costs = divergences(Simulation(model, images[:IMAGES]))
    return [widths for widths in allocate(layer_options(costs), budgets) if widths]


def zeroq(
    model: nn.Module, images: Tensor, budgets: Sequence[int], seed: int
) -> list[dict[str, int]]:
    """Return the same on distilled images; `images` are not used."""
    distilled = matched_images(model, DISTILLED, DISTILLATION_STEPS, seed)
    return kl_sensitivity(model, distilled, budgets, seed)


def divergences(simulation: Simulation) -> Costs:
    """Return Omega of every layer at each of its widths, all others in floating point."""
    return {
        name: {bits: simulation.divergence({name: bits}) for bits in allowed_bits(name)}
        for name in tqdm(LAYERS, desc="sensitivity", leave=False)
    }
