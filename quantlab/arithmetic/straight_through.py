"""The straight-through estimator (Bengio et al. 2013): any forward value, the identity backward."""

from torch import Tensor


def straight_through(value: Tensor, replacement: Tensor) -> Tensor:
    """Return `replacement` in the forward pass, with the gradient of `value` in the backward pass.

    Both have the same shape. The sum is rounded once, to the dtype of `value`.
    """
    return value + (replacement - value).detach()
