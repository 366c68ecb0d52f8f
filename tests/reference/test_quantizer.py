"""What the reference's quantizer takes and gives; tests/laws says what its numbers obey."""

import torch

from instructor.solution import linear_dequantize, linear_quantize


def test_linear_quantize_accepts_a_scale_as_number_or_tensor() -> None:
    x = torch.tensor([-3.0, 0.4, 5.0])
    for scale in (0.5, torch.tensor(0.5), torch.tensor(0.5, dtype=torch.float64)):
        codes = linear_quantize(x, scale, torch.tensor(0), 4)
        assert codes.tolist() == [-6, 1, 7]
        assert codes.dtype == torch.float32
        assert linear_dequantize(codes, scale, torch.tensor(0)).dtype == torch.float32
        assert linear_quantize(x.double(), scale, 0, 4).dtype == torch.float64


def test_linear_quantize_leaves_its_input_unchanged() -> None:
    x = torch.tensor([-3.0, 0.4, 5.0])
    linear_dequantize(linear_quantize(x, 0.5, 1, 2), 0.5, 1)
    assert torch.equal(x, torch.tensor([-3.0, 0.4, 5.0]))
