"""No operator between pixels and logits sees a floating-point number."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from baselines.integer_only.requantize import SCHEMES
from baselines.integer_only.run import INSTRUCTIONS, Kernels, run


class FloatingPoint(Exception):
    """An operator has seen a floating-point number."""


class IntegersOnly(TorchDispatchMode):
    """Raises `FloatingPoint` for every operator with a real or complex number in or out of it."""

    def __init__(self) -> None:
        super().__init__()
        self.operators = 0

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        results = operator(*args, **(kwargs or {}))
        self.operators += 1
        for value in tree_leaves((args, kwargs, results)):
            kind = value.dtype if isinstance(value, torch.Tensor) else value
            if isinstance(kind, torch.dtype) and (kind.is_floating_point or kind.is_complex):
                raise FloatingPoint(f"{operator} has a {kind}")
            if isinstance(kind, (float, complex)):
                raise FloatingPoint(f"{operator} has the number {kind}")
        return results


@pytest.mark.parametrize("scheme", SCHEMES)
def test_integer_network_runs_without_floating_point(network, shapes10_test, scheme):
    integers, images = network("W4A4", scheme), shapes10_test.images[:1]
    with IntegersOnly() as guard:
        logits = run(integers, images, INSTRUCTIONS)
    assert guard.operators > 20 * 4
    assert logits.dtype == torch.int32


def float_convolution(codes, weight, stride, padding):
    sums = torch.nn.functional.conv2d(codes.double(), weight.double(), None, stride, padding)
    return sums.to(torch.int32)


def scaled_linear(codes, weight):
    sums = torch.nn.functional.linear(codes, weight) * 1.0  # a number beside integers
    return sums.to(torch.int32)


@pytest.mark.parametrize(
    "kernels",
    [
        Kernels(float_convolution, INSTRUCTIONS.linear),
        Kernels(INSTRUCTIONS.conv2d, scaled_linear),
    ],
)
def test_integers_only_detects_floating_point_hidden_in_integers(network, shapes10_test, kernels):
    integers, images = network("W4A4"), shapes10_test.images[:1]
    with pytest.raises(FloatingPoint), IntegersOnly():
        run(integers, images, kernels)
