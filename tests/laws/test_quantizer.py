"""Equations (1) and (3): what holds for every tensor, scale, zero point and width.

Alternatives compute in float32 and round ties as they like: their inputs stay away from ties. The
reference also gets ties, float64 and up to 16 bits.
"""

import functools
from dataclasses import dataclass

import torch
from hypothesis import strategies as st
from torch import Tensor

from tests.laws.subjects import Subject, law

FARTHEST_FROM_GRID = 0.49  # steps
ROUNDING = 1e-5  # of float32, in steps


@dataclass(frozen=True)
class Quantization:
    """The arguments of linear_quantize; `x` has two dimensions and lies inside and far outside."""

    scale: float
    zero_point: int
    bits: int
    signed: bool
    seed: int
    dtype: torch.dtype
    ties: bool
    tensor: bool

    @property
    def limits(self) -> tuple[int, int]:
        if self.signed:
            return -(2 ** (self.bits - 1)), 2 ** (self.bits - 1) - 1
        return 0, 2**self.bits - 1

    @functools.cached_property
    def x(self) -> Tensor:
        generator = torch.Generator().manual_seed(self.seed)
        low, high = self.limits
        margin = 2 + (high - low) // 3
        shape = (6, 16)
        codes = torch.randint(low - margin, high + margin + 1, shape, generator=generator).double()
        codes[0, :6] = torch.tensor([low - 1, low, high, high + 1, 100 * low - 9, 100 * high])
        offsets = torch.rand(shape, generator=generator, dtype=torch.float64) * 2 - 1
        if self.ties:
            offsets[:3] = offsets[:3].sign() / 2
        else:
            offsets *= FARTHEST_FROM_GRID
        offsets[0, :8] = 0
        return ((codes + self.zero_point + offsets) * self.scale).to(self.dtype)

    @property
    def scale_argument(self) -> Tensor | float:
        return torch.tensor(self.scale, dtype=self.dtype) if self.tensor else self.scale

    def quantize(self, subject: Subject, x: Tensor, unit: float = 1.0) -> Tensor:
        scale = unit * self.scale_argument
        return subject.ops.linear_quantize(x, scale, self.zero_point, self.bits, self.signed)

    def dequantize(self, subject: Subject, codes: Tensor) -> Tensor:
        return subject.ops.linear_dequantize(codes, self.scale_argument, self.zero_point)


def quantizations(subject: Subject) -> st.SearchStrategy[Quantization]:
    reference = subject.is_reference
    return st.builds(
        Quantization,
        scale=st.floats(2**-10, 2**10, width=32),
        zero_point=st.integers(-9, 9),
        bits=st.integers(1, 16) if reference else st.integers(2, 8),
        signed=st.booleans(),
        seed=st.integers(0, 2**32),
        dtype=st.just(torch.float64 if reference else torch.float32),
        ties=st.booleans() if reference else st.just(False),
        tensor=st.booleans(),
    )


@law("linear_quantize", on=quantizations)
def test_linear_quantize_returns_integers_within_the_limits(
    subject: Subject, case: Quantization
) -> None:
    codes = case.quantize(subject, case.x)
    assert codes.shape == case.x.shape
    assert torch.equal(codes.double(), codes.double().round())
    assert (int(codes.min()), int(codes.max())) == case.limits


@law("linear_quantize", "linear_dequantize", on=quantizations)
def test_linear_dequantize_is_within_half_a_step_inside_the_range(
    subject: Subject, case: Quantization
) -> None:
    x = case.x.double()
    recovered = case.dequantize(subject, case.quantize(subject, case.x)).double()
    low, high = ((limit + case.zero_point) * case.scale for limit in case.limits)
    inside = (x >= low) & (x <= high)
    assert ((x - recovered).abs()[inside] <= case.scale / 2 * (1 + ROUNDING)).all()
    clipped = x[~inside].clamp(low, high)
    assert torch.allclose(recovered[~inside], clipped, rtol=1e-6, atol=ROUNDING * case.scale)


@law("linear_quantize", "linear_dequantize", on=quantizations)
def test_linear_quantize_keeps_numbers_on_the_grid(subject: Subject, case: Quantization) -> None:
    codes = case.quantize(subject, case.x)
    recovered = case.dequantize(subject, codes)
    assert torch.equal(case.quantize(subject, recovered).double(), codes.double())


@law("linear_quantize", on=quantizations)
def test_linear_quantize_is_monotonic(subject: Subject, case: Quantization) -> None:
    codes = case.quantize(subject, case.x.flatten().sort().values)
    assert (codes.double().diff() >= 0).all()


@law("linear_quantize", on=lambda subject: st.tuples(quantizations(subject), st.integers(-8, 8)))
def test_linear_quantize_does_not_depend_on_a_common_unit(
    subject: Subject, case: tuple[Quantization, int]
) -> None:
    quantization, exponent = case
    unit = 2.0**exponent  # exact, so that no number moves against its neighbours
    codes = quantization.quantize(subject, quantization.x)
    assert torch.equal(quantization.quantize(subject, unit * quantization.x, unit), codes)


@law("linear_quantize", on=quantizations)
def test_linear_quantize_shifts_codes_by_the_zero_point(
    subject: Subject, case: Quantization
) -> None:
    codes = case.quantize(subject, case.x).double()
    plain = subject.ops.linear_quantize(case.x, case.scale_argument, 0, 20, True).double()
    assert torch.equal(codes, (plain - case.zero_point).clamp(*case.limits))


@law("linear_dequantize", on=quantizations)
def test_linear_dequantize_is_linear(subject: Subject, case: Quantization) -> None:
    def recover(codes: Tensor, zero_point: int = 0) -> Tensor:
        return subject.ops.linear_dequantize(codes, case.scale_argument, zero_point).double()

    generator = torch.Generator().manual_seed(case.seed)
    a, b = torch.randint(-300, 300, (2, 5, 7), generator=generator).to(case.dtype)
    tolerance = 1e-6 * 1000 * case.scale
    assert torch.allclose(recover(a + b), recover(a) + recover(b), rtol=0, atol=tolerance)
    assert torch.allclose(recover(3 * a), 3 * recover(a), rtol=0, atol=tolerance)
    shifted = recover(a, case.zero_point)
    assert torch.allclose(shifted, recover(a + case.zero_point), rtol=0, atol=tolerance)
    assert torch.allclose(recover(torch.ones_like(a)), torch.tensor(case.scale).double())


@law(
    *("linear_quantize", "linear_dequantize"),
    *("linear_quantize_STE", "_quantize_func_STE"),
    on=quantizations,
)
def test_linear_quantize_ste_has_the_gradient_of_the_identity(
    subject: Subject, case: Quantization
) -> None:
    x = case.x.clone().requires_grad_()
    scale, zero_point = case.scale_argument, case.zero_point
    codes = subject.ops.linear_quantize_STE(x, scale, zero_point, case.bits, case.signed)
    recovered = subject.ops.linear_dequantize(codes, scale, zero_point)
    generator = torch.Generator().manual_seed(case.seed + 1)
    cotangent = torch.randn(x.shape, generator=generator, dtype=case.dtype)
    recovered.backward(cotangent.to(recovered.dtype))
    assert x.grad is not None
    assert torch.allclose(x.grad, cotangent, rtol=1e-6, atol=0)  # also where x is clipped
