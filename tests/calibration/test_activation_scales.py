"""Calibration looks at the whole set once, and its rule follows the method."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from quantlab.data.images import ImageSet
from quantlab.errors import CalibrationError
from quantlab.network.calibration import (
    calibration_images,
    input_histograms,
    input_scales,
    least_mse_scale,
)


def images(count: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, 8, 8), generator=generator, dtype=torch.uint8)


class Net(nn.Module):
    """Its inner layer sees relu(bn1(conv1(x))); conv1 copies its input, so that is known."""

    def __init__(self, rectify: bool = True) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 3, 1, bias=False)
        nn.init.dirac_(self.conv1.weight)
        self.bn1 = nn.BatchNorm2d(3)
        self.inner = nn.Conv2d(3, 2, 1)
        self.rectify = rectify

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.bn1(self.conv1(x))
        return self.inner(x.relu() if self.rectify else x)


@pytest.mark.parametrize("bits", [2, 8])
def test_input_scales_sym_maps_the_largest_input_to_the_largest_code(bits: int) -> None:
    model, pixels = Net(), torch.full((300, 3, 8, 8), 130, dtype=torch.uint8)
    pixels[-1, 2, 3, 4] = 255  # the last image of the last batch
    scale = input_scales(model, ["inner"], pixels, bits, "sym")["inner"]
    largest = (1 - 0.4465) / 0.2616 / (1 + 1e-5) ** 0.5
    assert scale * (2**bits - 1) == pytest.approx(largest, rel=1e-5)


def test_input_scales_do_not_depend_on_order_or_batch_size() -> None:
    pixels = images(200)
    scales = [
        input_scales(Net(), ["inner"], order, 2, "heuristic")
        for order in (pixels, pixels.flip(0), pixels[torch.randperm(200)])
    ]
    assert scales[0] == scales[1] == scales[2]


@pytest.mark.parametrize("method", ["SAWB", "heuristic"])
@settings(max_examples=8, deadline=None)
@given(bits=st.sampled_from([2, 3, 4, 8]), seed=st.integers(0, 1000), power=st.integers(1, 3))
def test_input_scales_have_the_least_squared_error(
    method: str, bits: int, seed: int, power: int
) -> None:
    """No scale of a fine grid does noticeably better on the inputs themselves."""
    pixels = images(200, seed)  # so many that an 8-bit grid cannot fit single numbers
    model = Net()
    torch.manual_seed(seed)
    model.conv1 = nn.Conv2d(3, 3, 3)  # no longer 256 different values per channel
    inputs: list[torch.Tensor] = []
    model.bn1.weight.data.fill_(float(power))
    model.inner.register_forward_pre_hook(lambda module, args: inputs.append(args[0]))
    chosen = input_scales(model, ["inner"], pixels, bits, method)["inner"]
    x = torch.cat(inputs).double().flatten()  # of both batches

    def error(scale: float) -> float:
        return float(((x / scale).round().clamp(0, 2**bits - 1) * scale - x).square().sum())

    largest = float(x.max()) / (2**bits - 1)
    best = min(error(largest * k / 200) for k in range(1, 260))
    assert error(chosen) <= best * 1.02


def test_input_scales_observe_the_float_network_in_evaluation_mode() -> None:
    model = Net().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    scale = input_scales(model, ["inner"], images(4), 8, "sym")
    assert model.training
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert scale == input_scales(model.eval(), ["inner"], images(4), 8, "sym")


def test_input_histograms_count_every_input_that_is_not_zero() -> None:
    model, pixels = Net(), images(7)
    batches: list[torch.Tensor] = []
    model.inner.register_forward_pre_hook(lambda module, args: batches.append(args[0]))
    histogram = input_histograms(model, ["inner"], pixels)["inner"]
    x = torch.cat([batch.flatten() for batch in batches])
    assert int(histogram.counts.sum()) == int((x > 0).sum())
    assert float(histogram.values @ histogram.counts) == pytest.approx(float(x.sum()), rel=1e-3)
    assert histogram.maximum == float(x.max())
    assert least_mse_scale(histogram, 3) < histogram.maximum / 3


def test_input_scales_of_a_dead_layer_are_positive() -> None:
    model = Net()
    model.bn1.bias.data.fill_(-100)
    for method in ("sym", "heuristic"):
        assert input_scales(model, ["inner"], images(2), 8, method) == {"inner": 1.0}


def test_input_scales_refuse_negative_inputs_and_name_the_layer() -> None:
    with pytest.raises(CalibrationError, match="inputs of inner range from -"):
        input_scales(Net(rectify=False), ["inner"], images(2), 8, "sym")


def test_input_scales_refuse_inputs_that_are_not_finite() -> None:
    model = Net()
    model.bn1.weight.data.fill_(float("nan"))
    with pytest.raises(CalibrationError, match="finite"):
        input_scales(model, ["inner"], images(2), 8, "sym")


def test_input_scales_refuse_empty_images_and_unknown_methods() -> None:
    with pytest.raises(CalibrationError, match="at least one"):
        input_scales(Net(), ["inner"], images(2)[:0], 8, "sym")
    with pytest.raises(ValueError, match="'max'"):
        input_scales(Net(), ["inner"], images(2), 8, "max")


def test_calibration_images_returns_a_fixed_choice_without_repetition() -> None:
    pixels = torch.arange(60, dtype=torch.uint8).view(60, 1, 1, 1).expand(60, 3, 4, 4)
    train = ImageSet("Numbers", "train", pixels, torch.arange(60))
    chosen = calibration_images(train, 20)
    assert chosen.shape == (20, 3, 4, 4)
    assert len(set(chosen[:, 0, 0, 0].tolist())) == 20
    assert torch.equal(chosen, calibration_images(train, 20))
    assert not torch.equal(chosen, calibration_images(train, 20, seed=1))
    with pytest.raises(CalibrationError, match="61 calibration images"):
        calibration_images(train, 61)
