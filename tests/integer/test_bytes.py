"""Convolutions by 8-bit instructions: exact where a trial says so, and not used elsewhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from quantlab.arithmetic import int8_kernels, integer_kernels
from quantlab.arithmetic.int8_kernels import PackedConvolution, is_exact
from quantlab.arithmetic.integer_kernels import integer_conv2d

needs_them = pytest.mark.skipif(not is_exact(), reason="this processor has no exact ones")


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """The codes of every convolution that goes by 8-bit instructions."""
    convolved: list[Tensor] = []
    convolve = PackedConvolution.__call__

    def listed(self: PackedConvolution, codes: Tensor) -> Tensor:
        convolved.append(codes)
        return convolve(self, codes)

    monkeypatch.setattr(PackedConvolution, "__call__", listed)
    return convolved


def codes(low: int, high: int, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(sum(shape) + high)
    return torch.randint(low, high + 1, shape, generator=generator, dtype=torch.int32)


@needs_them
@pytest.mark.parametrize("channels", [16, 32, 56])
@pytest.mark.parametrize("weight", [-128, 127])
def test_packed_convolution_sums_extreme_codes_exactly(packed, channels: int, weight: int) -> None:
    input = torch.full((1, channels, 6, 6), 255, dtype=torch.int32)
    kernel = torch.full((8, channels, 3, 3), weight, dtype=torch.int32)
    sums = integer_conv2d(input, kernel, 1, 1)
    assert sums[0, 0, 3, 3] == 255 * weight * channels * 9
    assert len(packed) == 1


@needs_them
@pytest.mark.parametrize(
    ("code", "weight", "fits"),
    [
        *((255, -128, True), (255, 127, True), (-1, 1, False)),
        *((256, 1, False), (1, -129, False), (1, 128, False)),
    ],
)
def test_integer_conv2d_avoids_8_bit_kernels_for_larger_codes(packed, code, weight, fits) -> None:
    input, kernel = codes(0, 255, 2, 4, 6, 6), codes(-128, 127, 3, 4, 3, 3)
    input[1, 2, 3, 4], kernel[2, 1, 0, 1] = code, weight
    expected = F.conv2d(input.long(), kernel.long(), None, 1, 1)
    assert torch.equal(integer_conv2d(input, kernel, 1, 1).long(), expected)
    assert bool(packed) is fits


@needs_them
@pytest.mark.parametrize(("channels", "fits"), [(57, True), (58, False)])
def test_integer_conv2d_avoids_8_bit_kernels_for_sums_over_2_to_the_24(
    packed, channels: int, fits: bool
) -> None:
    input = torch.full((1, channels, 6, 6), 255, dtype=torch.int32)
    kernel = torch.full((1, channels, 3, 3), -128, dtype=torch.int32)
    assert (channels * 9 * 255 * 128 <= 2**24) is fits
    assert integer_conv2d(input, kernel)[0, 0, 0, 0] == -channels * 9 * 255 * 128
    assert bool(packed) is fits


@needs_them
def test_packed_convolution_rounds_large_sums_to_nearest_float32() -> None:
    input, weight = codes(250, 255, 2, 64, 9, 9), codes(120, 127, 8, 64, 3, 3)
    expected = F.conv2d(input.long(), weight.long(), None, 1, 1)
    assert expected.max() > 2**24
    sums = PackedConvolution(weight, padding=(1, 1))(input.to(torch.uint8))
    assert torch.equal(sums, expected.float())


@pytest.fixture
def normalized() -> tuple[PackedConvolution, Tensor, Tensor]:
    """A convolution with gain and offset, uint8 codes for it, and what is to come of them."""
    input, weight = codes(0, 255, 2, 16, 9, 9), codes(-128, 127, 8, 16, 3, 3)
    gain, offset = torch.linspace(-0.01, 0.02, 8), torch.linspace(90, -30, 8)
    sums = F.conv2d(input.long(), weight.long()).float()
    packed = PackedConvolution(weight, gain=gain, offset=offset)
    expected = sums * gain.view(-1, 1, 1) + offset.view(-1, 1, 1)
    return packed, input.to(torch.uint8), expected


@needs_them
def test_packed_convolution_rounds_gain_and_offset_to_float32(normalized) -> None:
    packed, input, expected = normalized
    assert torch.equal(packed(input), expected)


@needs_them
@pytest.mark.parametrize("largest", [3, 15, 255])
def test_packed_convolution_clips_and_rounds_codes_of_the_next_layer(
    normalized, largest: int
) -> None:
    packed, input, expected = normalized
    clipped = packed.convolve_and_clip(input, largest)
    assert clipped.dtype == torch.uint8
    assert clipped.max() == largest
    assert torch.equal(clipped, expected.clamp(0, largest).round().to(torch.uint8))


@needs_them
def test_packed_convolution_adds_a_shortcut_before_the_relu(normalized) -> None:
    packed, input, expected = normalized
    shortcut = torch.randn(expected.shape, generator=torch.Generator().manual_seed(0)) * 50
    total = (expected + shortcut).relu()
    last = shortcut.contiguous(memory_format=torch.channels_last)
    assert torch.equal(packed.convolve_and_add(input, last), total)
    assert 0.2 < float((total > 0).float().mean()) < 0.8


@pytest.mark.parametrize("instructions", ["SSE41", "AVX2", "AVX512_CORE", "AVX512_CORE_VNNI"])
def test_integer_conv2d_is_exact_with_any_instructions(instructions: str) -> None:
    """Older ones saturate: with them the trial has to fail, and another way to be taken."""
    program = (
        "import torch; from torch.nn import functional as F\n"
        "from quantlab.arithmetic.int8_kernels import is_exact\n"
        "from quantlab.arithmetic.integer_kernels import integer_conv2d\n"
        "x = torch.full((2, 32, 9, 9), 255, dtype=torch.int32)\n"
        "w = torch.full((8, 32, 3, 3), 127, dtype=torch.int32)\n"
        "assert torch.equal(integer_conv2d(x, w, 1, 1), F.conv2d(x, w, None, 1, 1))\n"
        "print(is_exact())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": instructions},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() in (("True", "False") if "VNNI" in instructions else ("False",))


@pytest.mark.parametrize("fault", ["saturates", "raises", "is absent"])
def test_is_exact_is_false_for_a_faulty_kernel(monkeypatch, fault: str) -> None:
    convolve = PackedConvolution.__call__

    def faulty(self: PackedConvolution, codes: Tensor) -> Tensor:
        if fault == "raises":
            raise RuntimeError("could not create a primitive")
        return convolve(self, codes).clamp(max=32767 * 4)

    if fault == "is absent":
        monkeypatch.delattr(torch.ops.onednn, "qconv_prepack", raising=False)
        monkeypatch.setattr(int8_kernels.torch.ops, "onednn", object())
    else:
        monkeypatch.setattr(PackedConvolution, "__call__", faulty)
    is_exact.cache_clear()
    try:
        assert not is_exact()
        input, weight = codes(0, 255, 2, 32, 6, 6), codes(0, 127, 3, 32, 3, 3)
        expected = F.conv2d(input.long(), weight.long())
        assert torch.equal(integer_kernels.integer_conv2d(input, weight).long(), expected)
    finally:
        monkeypatch.undo()
        is_exact.cache_clear()
