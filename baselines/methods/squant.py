"""SQuant (Guo et al., ICLR 2022): which weights to round the other way, found without data.

With t the weights in units of the step, what matters is D H D^T of the rounding errors D = q - t.
SQuant takes the Hessian apart into a diagonal, a part that is constant over each kernel and one
that is constant over each output channel, and serves them in turn:

    E   every weight to the nearest code: |error| <= 1/2 (section 3.2, "SQuant-E")
    K   in each kernel with error sum e, the round(|e|) weights whose errors have its sign and are
        the largest go one code the other way: then |e| <= 1/2
    C   in each output channel the same among kernels, each of which may move one weight: the last
        one flipped may go back where K went past zero, else the next in the order follows

so that at every level the sum of errors stays within 1/2 and no weight is moved by a whole step or
more. Linear layers and 1x1 convolutions have kernels of one weight, and need E and C alone.

The released code differs in two places. Where e is 0 exactly, there is no last flipped weight, and
it takes the one before the first: here such a kernel offers none. And it sums the errors before
codes are clipped to their range: here after, as the layer will compute. A clipped weight cannot
move outwards, so that only where too few weights are left can a sum stay above 1/2.

All kernels of a layer are worked on at once. It can fail with a `ValueError` for weights that are
not of a convolution or a linear layer.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from baselines.methods.assembly import FLOAT_BITS, assembled, imagined_inputs, inner_layers
from baselines.quantizers.affine import Affine, affine_grid

CLASSIFIER_BITS = 8  # of its inputs, as in the released code


@dataclass(frozen=True)
class Flips:
    """What is moved in each of R rows of N errors, and which one more could be.

    `moved` bool (R, N) go one code against `sign` (R,), that of the row's error sum; `left` (R,) is
    the sum afterwards; `candidate` (R,) the column that could still move to bring `left` towards
    zero, -1 where there is none.
    """

    moved: Tensor
    sign: Tensor
    left: Tensor
    candidate: Tensor


def squant_network(model: nn.Module, bits: tuple[int, int]) -> nn.Module:
    """The float `model` with weights on asymmetric grids per channel, batch normalization kept.

    The image stays in floating point and the classifier's inputs have 8 bits at least, as in the
    released code; activations of 32 bits stay as they are.
    """
    weight_bits, act_bits = bits
    widths = dict.fromkeys(inner_layers(model), act_bits)
    if act_bits < FLOAT_BITS:
        widths[list(widths)[-1]] = max(act_bits, CLASSIFIER_BITS)
    inputs = imagined_inputs(model, widths)
    return assembled(model, partial(affine_grid, bits=weight_bits), squant, inputs)


@torch.no_grad()
def squant(weight: Tensor, grid: Affine) -> Tensor:
    """`weight` (out, in, kH, kW) or (out, in), as numbers of `grid` that SQuant chose."""
    return grid.from_codes(squant_codes(grid.to_grid(weight), grid.low, grid.high))


@torch.no_grad()
def squant_codes(scaled: Tensor, low: int, high: int) -> Tensor:
    """Codes low..high of `scaled`, weights in units of the step; integers in its own dtype."""
    if scaled.ndim not in (2, 4):
        raise ValueError(
            f"SQuant rounds weights of 2 or 4 dimensions, but got {tuple(scaled.shape)}."
        )
    channels, kernels = scaled.shape[:2]
    rows = scaled.reshape(channels * kernels, -1)
    codes = rows.round().clamp_(low, high)
    error = codes - rows
    if rows.shape[1] == 1:
        movable = _movable(codes, error, low, high)
        flips = flip(error.reshape(channels, kernels), movable.reshape(channels, kernels))
        moved = flips.moved.reshape(-1, 1)
        direction = flips.sign.repeat_interleave(kernels)[:, None]
        return (codes - moved * direction).reshape(scaled.shape)
    total = error.sum(1, keepdim=True)
    of_kernels = flip(error, _movable(codes, total, low, high))
    codes -= of_kernels.moved * of_kernels.sign[:, None]
    left, candidate = of_kernels.left, of_kernels.candidate
    of_channels = flip(left.reshape(channels, kernels), (candidate >= 0).reshape(channels, kernels))
    chosen = of_channels.moved.flatten().nonzero().flatten()
    codes[chosen, candidate[chosen]] -= left[chosen].sign()
    return codes.reshape(scaled.shape)


def _movable(codes: Tensor, sum_of_errors: Tensor, low: int, high: int) -> Tensor:
    """Whether a code can go one down where the errors are above zero, one up where below."""
    return torch.where(sum_of_errors > 0, codes > low, codes < high)


def flip(error: Tensor, movable: Tensor) -> Flips:
    """One level of SQuant for `error` (R, N), of which those `movable` bool (R, N) can move."""
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
        found = values.gather(1, last) > 0
        candidate[more] = torch.where(found, positions.gather(1, last), -1).flatten()
    left = total - sign * moved.sum(1)
    # Moved elements that the candidate may take back, or the next one: both against what is left.
    backwards = left * sign < 0
    candidate = torch.where(backwards == past, candidate, -1)
    return Flips(moved, sign, left, torch.where(left == 0, -1, candidate))
