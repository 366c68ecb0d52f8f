"""SQuant (Guo et al., ICLR 2022): choose without data which weights to round the other way.

With t the weights in units of the step, the loss is D H D^T of the rounding errors D = q - t.
SQuant splits the Hessian into a diagonal, a part that is constant over each kernel, and one that is
constant over each output channel. It handles them in turn:

    E   every weight to the nearest code: |error| <= 1/2 (section 3.2, "SQuant-E")
    K   in each kernel with error sum e, the round(|e|) weights whose errors have its sign and are
        the largest are moved one code the other way: then |e| <= 1/2
    C   in each output channel the same among kernels, each of which may move one weight: the last
        one flipped may move back where K passed zero, else the next in the order follows

At every level the sum of errors stays within 1/2, and no weight moves by a whole step or more.
Linear layers and 1x1 convolutions have kernels of one weight, and need E and C alone.

The released code differs in two places. Where e is exactly 0, no weight was flipped, and it uses
the one before the first; here such a kernel has no candidate. And it sums the errors before codes
are clipped to their range; here after, as the layer will compute. A clipped weight cannot move
outwards, so that a sum can stay above 1/2 only where too few weights are left.

All kernels of a layer are processed at once.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from baselines.methods.grid_network import (
    FLOAT_BITS,
    data_free_input_grids,
    grid_network,
    inner_layers,
)
from baselines.quantizers.affine import Affine, affine_grid

CLASSIFIER_BITS = 8  # of its inputs, as in the released code


@dataclass(frozen=True)
class Flips:
    """The moves in each of R rows of N errors, and one more possible move.

    `moved` bool (R, N) move one code against `sign` (R,), that of the row's error sum. `left` (R,)
    is the sum afterwards. `candidate` (R,) is the column that could still move to bring `left`
    towards zero, -1 if there is none.
    """

    moved: Tensor
    sign: Tensor
    left: Tensor
    candidate: Tensor


def squant_network(model: nn.Module, bits: tuple[int, int]) -> nn.Module:
    """Return the float `model` with weights on asymmetric grids per channel, batch norm kept.

    The image stays in floating point and the classifier's inputs have at least 8 bits, as in the
    released code; activations of 32 bits stay in floating point.
    """
    weight_bits, act_bits = bits
    widths = dict.fromkeys(inner_layers(model), act_bits)
    if act_bits < FLOAT_BITS:
        widths[list(widths)[-1]] = max(act_bits, CLASSIFIER_BITS)
    inputs = data_free_input_grids(model, widths)
    return grid_network(model, partial(affine_grid, bits=weight_bits), squant, inputs)


@torch.no_grad()
def squant(weight: Tensor, grid: Affine) -> Tensor:
    """Return `weight` (out, in, kH, kW) or (out, in) as numbers of `grid` that SQuant chose."""
    return grid.from_codes(squant_codes(grid.to_grid(weight), grid.low, grid.high))


@torch.no_grad()
def squant_codes(scaled: Tensor, low: int, high: int) -> Tensor:
    """Return codes low..high of `scaled`, weights in units of the step, in its own dtype.

    Raise `ValueError` unless the weights are of a convolution or a linear layer.
    """
    if scaled.ndim not in (2, 4):
        raise ValueError(f"Expected weights of 2 or 4 dimensions, got {tuple(scaled.shape)}.")
    channels, kernels = scaled.shape[:2]
    rows = scaled.reshape(channels * kernels, -1)
    codes = rows.round().clamp_(low, high)
    error = codes - rows
    if rows.shape[1] == 1:
        movable = _movable(codes, error, low, high)
        flips = choose_flips(error.reshape(channels, kernels), movable.reshape(channels, kernels))
        moved = flips.moved.reshape(-1, 1)
        direction = flips.sign.repeat_interleave(kernels)[:, None]
        return (codes - moved * direction).reshape(scaled.shape)
    total = error.sum(1, keepdim=True)
    of_kernels = choose_flips(error, _movable(codes, total, low, high))
    codes -= of_kernels.moved * of_kernels.sign[:, None]
    left, candidate = of_kernels.left, of_kernels.candidate
    of_channels = choose_flips(
        left.reshape(channels, kernels), (candidate >= 0).reshape(channels, kernels)
    )
    chosen = of_channels.moved.flatten().nonzero().flatten()
    codes[chosen, candidate[chosen]] -= left[chosen].sign()
    return codes.reshape(scaled.shape)


def _movable(codes: Tensor, sum_of_errors: Tensor, low: int, high: int) -> Tensor:
    """Return whether a code can move down where errors are positive, up where negative."""
    return torch.where(sum_of_errors > 0, codes > low, codes < high)


def choose_flips(error: Tensor, movable: Tensor) -> Flips:
    """Return one level of SQuant for `error` (R, N); only `movable` bool (R, N) can move."""
    total = error.sum(1)
    sign = total.sign()
    count = total.abs().round()
    order = torch.where(movable, error * sign[:, None], 0.0)  # above 0: could move, largest first
    past = (count >= total.abs()) & (count > 0)
    needed = torch.where(past, count, count + 1).long()
    moved = torch.zeros_like(movable)
    candidate = torch.full_like(needed, -1)
    largest, position = order.max(1)
    first = largest > 0
    taken = first & (count >= 1)
    moved[taken, position[taken]] = True
    candidate[first] = position[first]
    more = (first & (needed > 1)).nonzero().flatten()  # a quarter of all kernels
    if len(more):
        width = min(int(needed[more].max()), error.shape[1])
        values, positions = order[more].topk(width)
        rank = torch.arange(width)
        flipped = (rank < count[more, None]) & (values > 0)
        moved[more] = torch.zeros_like(movable[more]).scatter_(1, positions, flipped)
        last = needed[more].clamp(max=width)[:, None] - 1
        movable_next = values.gather(1, last) > 0
        candidate[more] = torch.where(movable_next, positions.gather(1, last), -1).flatten()
    left = total - sign * moved.sum(1)
    # Moved elements that the candidate may take back, or the next one: both against what is left.
    backwards = left * sign < 0
    candidate = torch.where(backwards == past, candidate, -1)
    return Flips(moved, sign, left, torch.where(left == 0, -1, candidate))
