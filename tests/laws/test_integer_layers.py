"""Equation (6): integer layers are exact, and are what float64 computes on recovered numbers.

The truth is computed with Python's integers, in loops over the kernel. Alternatives get operands
whose sums fit int32. The reference gets all of int32, and must say where a result leaves it.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from tests.laws.subjects import Subject, law

LOWEST, HIGHEST = -(2**31), 2**31 - 1
Range = tuple[int, int]


def signed(bits: int) -> Range:
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def codes(shape: tuple[int, ...], limits: Range, extreme: float, seed: int) -> Tensor:
    """int32, of which the share `extreme` is the lowest or the highest code."""
    generator = torch.Generator().manual_seed(seed)
    low, high = limits
    anywhere = torch.randint(low, high + 1, shape, generator=generator)
    ends = torch.where(torch.rand(shape, generator=generator) < 0.3, low, high)
    return torch.where(torch.rand(shape, generator=generator) < extreme, ends, anywhere).int()


@dataclass(frozen=True)
class Layer:
    """The operands of a layer and its scales. Its bias is an int32 code per output."""

    ranges: tuple[Range, Range]
    extreme: float
    seed: int
    input_scale: float
    weight_scale: float

    def _operands(self, *shapes: tuple[int, ...]) -> tuple[Tensor, ...]:
        return tuple(
            codes(shape, limits, self.extreme, self.seed + i)
            for i, (shape, limits) in enumerate(zip(shapes, self.ranges, strict=True))
        )

    def bias(self, outputs: int) -> Tensor:
        return codes((outputs,), (-100_000, 100_000), 0.2, self.seed + 2)

    @property
    def unit(self) -> float:
        return self.input_scale * self.weight_scale


@dataclass(frozen=True)
class Linear(Layer):
    batch: tuple[int, ...]
    terms: int
    outputs: int

    @functools.cached_property
    def operands(self) -> tuple[Tensor, ...]:
        return self._operands((*self.batch, self.terms), (self.outputs, self.terms))

    @functools.cached_property
    def truth(self) -> np.ndarray:
        x, w = (operand.numpy().astype(object) for operand in self.operands)
        return x @ w.T

    @functools.cached_property
    def fake(self) -> Tensor:
        x, w = self.operands
        return F.linear(self.input_scale * x.double(), self.weight_scale * w.double())


@dataclass(frozen=True)
class Convolution(Layer):
    channels: tuple[int, int]  # of the input and of the output, per group
    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: int | tuple[int, int]
    padding: int | tuple[int, int]
    dilation: int | tuple[int, int]
    groups: int

    @property
    def geometry(self) -> dict[str, Any]:
        names = ("stride", "padding", "dilation", "groups")
        return {name: getattr(self, name) for name in names}

    @functools.cached_property
    def operands(self) -> tuple[Tensor, ...]:
        inputs, outputs = self.channels
        return self._operands(
            (2, self.groups * inputs, *self.size), (self.groups * outputs, inputs, *self.kernel)
        )

    @functools.cached_property
    def truth(self) -> np.ndarray:
        (sy, sx), (py, px), (dy, dx) = (
            np.broadcast_to(value, 2).tolist()
            for value in (self.stride, self.padding, self.dilation)
        )
        (inputs, outputs), (kh, kw) = self.channels, self.kernel
        x, w = (operand.numpy().astype(object) for operand in self.operands)
        # np.pad would pad with int64 zeros, which overflow
        padded = np.zeros((*x.shape[:2], x.shape[2] + 2 * py, x.shape[3] + 2 * px), object)
        padded[:, :, py : py + x.shape[2], px : px + x.shape[3]] = x
        height = (padded.shape[2] - dy * (kh - 1) - 1) // sy + 1
        width = (padded.shape[3] - dx * (kw - 1) - 1) // sx + 1
        sums = np.zeros((len(x), len(w), height, width), object)
        for group in range(self.groups):
            x_group = padded[:, group * inputs : (group + 1) * inputs]
            out = slice(group * outputs, (group + 1) * outputs)
            for row in range(kh):
                for column in range(kw):
                    window = x_group[:, :, row * dy :: sy, column * dx :: sx][:, :, :height, :width]
                    product = np.tensordot(w[out, :, row, column], window, axes=(1, 1))
                    sums[:, out] += product.transpose(1, 0, 2, 3)
        return sums

    @functools.cached_property
    def fake(self) -> Tensor:
        x, w = self.operands
        x, w = self.input_scale * x.double(), self.weight_scale * w.double()
        return F.conv2d(x, w, None, **self.geometry)


def layers(ranges: st.SearchStrategy[tuple[Range, Range]]) -> dict[str, st.SearchStrategy[Any]]:
    scale = st.floats(2**-13, 8.0, width=32)
    return {
        "ranges": ranges,
        "extreme": st.sampled_from([0.0, 0.5, 1.0]),
        "seed": st.integers(0, 2**32),
        "input_scale": scale,
        "weight_scale": scale,
    }


BYTE = (0, 255)
FITTING = st.sampled_from([(BYTE, signed(8)), (signed(8), signed(4)), (signed(16), signed(10))])
# 864 products of these pass 2^24, where float32 holds no odd number any more; 1001 fit int32.
LARGE = st.sampled_from([((250, 255), (120, 127)), ((250, 255), (-128, -120))])
WIDTHS = st.integers(1, 32).map(signed)


def linears(subject: Subject, ranges: Any = FITTING) -> st.SearchStrategy[Linear]:
    shape = {"batch": st.sampled_from([(3,), (2, 2), ()]), "outputs": st.integers(1, 4)}
    short = st.builds(Linear, **layers(ranges), terms=st.integers(1, 26), **shape)
    long = st.builds(Linear, **layers(LARGE), terms=st.integers(864, 1001), **shape)
    return short | long


def convolutions(subject: Subject, ranges: Any = FITTING) -> st.SearchStrategy[Convolution]:
    def pair(low: int, high: int) -> st.SearchStrategy[Any]:
        number = st.integers(low, high)
        return number | st.tuples(number, number)

    side = st.integers(5, 8)
    flat = st.builds(
        Convolution,
        **layers(ranges),
        channels=st.tuples(st.integers(1, 2), st.integers(1, 2)),
        size=st.tuples(side, side),
        kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
        stride=pair(1, 3),
        padding=pair(0, 2),
        dilation=pair(1, 2),
        groups=st.integers(1, 3),
    )
    deep = st.builds(
        Convolution,
        **layers(LARGE),
        channels=st.just((96, 1)),
        size=st.just((4, 4)),
        kernel=st.just((3, 3)),
        stride=pair(1, 2),
        padding=pair(0, 1),
        dilation=st.just(1),
        groups=st.integers(1, 2),
    )
    return flat | deep


def at_any_width(cases: Any) -> Any:
    """`cases`, for the reference with operands of every pair of widths up to 32 bits."""

    def on(subject: Subject) -> st.SearchStrategy[Any]:
        ranges = st.tuples(WIDTHS, WIDTHS) if subject.is_reference else FITTING
        return cases(subject, ranges)

    return on


def assert_exact(compute: Callable[[], Tensor], truth: np.ndarray) -> None:
    if truth.min() < LOWEST or truth.max() > HIGHEST:
        with pytest.raises(OverflowError, match="int32"):
            compute()
        return
    result = compute()
    assert result.dtype in (torch.int32, torch.int64)
    assert result.shape == truth.shape
    assert (result.numpy() == truth).all()


@law("integer_linear", on=at_any_width(linears))
def test_integer_linear_is_exact(subject: Subject, case: Linear) -> None:
    assert_exact(lambda: subject.ops.integer_linear(*case.operands), case.truth)


@law("integer_conv2d", on=at_any_width(convolutions))
def test_integer_conv2d_is_exact(subject: Subject, case: Convolution) -> None:
    compute = functools.partial(subject.ops.integer_conv2d, *case.operands, **case.geometry)
    assert_exact(compute, case.truth)


@law("integer_linear", on=linears)
def test_integer_linear_is_the_rounded_fake_layer(subject: Subject, case: Linear) -> None:
    accumulator = (case.fake / case.unit).round().long()
    assert torch.equal(subject.ops.integer_linear(*case.operands).long(), accumulator)


@law("integer_conv2d", on=convolutions)
def test_integer_conv2d_is_the_rounded_fake_layer(subject: Subject, case: Convolution) -> None:
    accumulator = (case.fake / case.unit).round().long()
    result = subject.ops.integer_conv2d(*case.operands, **case.geometry)
    assert torch.equal(result.long(), accumulator)


def assert_equation_6(
    layer: Callable[..., Tensor], case: Linear | Convolution, bias: Tensor, **geometry: Any
) -> None:
    """With a bias (of a shape that fits the output) and without."""
    scales = (torch.tensor(case.input_scale), torch.tensor(case.weight_scale))
    real_bias = case.unit * bias
    bound = 1e-6 * float(case.fake.abs().max() + real_bias.abs().max())
    for codes_of_bias, real in (
        (None, case.fake),
        (bias.flatten(), case.fake + real_bias),
    ):
        result = layer(*case.operands, codes_of_bias, *scales, **geometry)
        assert result.is_floating_point()
        assert result.shape == real.shape
        assert torch.allclose(result.double(), real, rtol=0, atol=bound)


@law("quantized_linear_function", "integer_linear", on=linears)
def test_quantized_linear_function_is_the_layer_on_recovered_numbers(
    subject: Subject, case: Linear
) -> None:
    assert_equation_6(subject.ops.quantized_linear_function, case, case.bias(case.outputs))


@law("quantized_conv2d_function", "integer_conv2d", on=convolutions)
def test_quantized_conv2d_function_is_the_layer_on_recovered_numbers(
    subject: Subject, case: Convolution
) -> None:
    bias = case.bias(case.groups * case.channels[1]).view(-1, 1, 1)
    assert_equation_6(subject.ops.quantized_conv2d_function, case, bias, **case.geometry)
