"""A converted layer is its affine function; what cannot be converted is a sentence."""

import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.errors import ConversionError
from baselines.integer_only.convert import convert
from baselines.integer_only.graph import Layer
from baselines.integer_only.requantize import SCHEMES, Multiplier, Requantizer
from baselines.integer_only.run import run, trace
from quantlab.evaluation.integer_network import IntegerResNet20
from quantlab.formats.saved_model import SavedModel
from quantlab.network.resnet import BATCH_NORM_EPSILON

LAYER = "layer1.0.conv1"  # its outputs are codes of layer1.0.conv2


def with_norm(saved: SavedModel, **tensors: torch.Tensor) -> SavedModel:
    changed = {f"layer1.0.bn1.{end}": tensor for end, tensor in tensors.items()}
    return dataclasses.replace(saved, tensors={**saved.tensors, **changed})


def affine(saved: SavedModel) -> tuple[torch.Tensor, torch.Tensor]:
    """A and C of the layer in float64: its output in codes is A acc + C."""
    layer, next_scale = saved.layers[LAYER], saved.layers["layer1.0.conv2"].input_scale
    mean, variance, gamma, beta = (
        saved.tensors[f"layer1.0.bn1.{end}"].double()
        for end in ("running_mean", "running_var", "weight", "bias")
    )
    gain = gamma / torch.sqrt(variance + BATCH_NORM_EPSILON)
    a = gain * layer.input_scale * layer.weight_scale / next_scale
    return a, (beta - gain * mean) / next_scale


def deviation(saved: SavedModel, layer: Layer) -> torch.Tensor:
    """How far each channel's real number before rounding is from A acc + C, in codes, at most."""
    a, c = affine(saved)
    units = torch.tensor(
        [float(multiplier) for multiplier in layer.requantizer.multipliers()]
    ).double()
    codes = layer.weight.double() * units.view(-1, 1, 1, 1)
    exact = saved.layers[LAYER].weight_int.double() * a.view(-1, 1, 1, 1)
    weights = (codes - exact).abs().sum((1, 2, 3)) * (2**saved.act_bits - 1)
    return weights + (layer.bias.double() * units - c).abs()


def converted(saved: SavedModel, images: torch.Tensor, scheme: str = "fixed-point") -> Layer:
    return convert(saved, images, scheme).blocks[0].first


@settings(max_examples=10)
@given(gamma=st.floats(0.05, 3), negative=st.booleans(), beta=st.floats(-5, 5))
def test_convert_returns_fixed_point_layers_near_their_affine_function(
    saved, calibration, gamma, negative, beta
):
    """But for the bias, which is rounded to the unit of the accumulator."""
    model = with_norm(
        saved("W4A4"),
        weight=torch.full((16,), -gamma if negative else gamma),
        bias=torch.full((16,), beta),
    )
    layer = converted(model, calibration[:1])
    units = torch.tensor(
        [float(multiplier) for multiplier in layer.requantizer.multipliers()]
    ).double()
    assert bool((deviation(model, layer) <= units * 0.51 + 1e-5).all())
    assert bool((layer.weight.long().abs().flatten(1).amax(1) >= 64).all())


def test_convert_by_shifts_fills_int8_with_the_weights(saved, calibration):
    model = saved("W2A2")
    for scheme, least in (("single-shift", 63), ("double-shift", 84)):
        layer = converted(model, calibration[:1], scheme)
        largest = layer.weight.long().abs().flatten(1).amax(1)
        assert bool((largest >= least).all())
        units = torch.tensor(
            [float(multiplier) for multiplier in layer.requantizer.multipliers()]
        ).double()
        roundings = (
            0.5 * layer.weight[0].numel() * model.layers[LAYER].input_scale * 3 + 1
        ) * units
        assert bool((deviation(model, layer) <= 2 * roundings + 0.5 * units * 144 * 3).all())


def test_convert_keeps_the_code_minus_128_under_a_negative_gamma(saved, calibration):
    model = with_norm(saved("W8A8"), weight=torch.full((16,), -0.5))
    codes = model.layers[LAYER].weight_int.clone()
    codes[0, 0, 0, 0] = -128
    layers = {
        **model.layers,
        LAYER: dataclasses.replace(model.layers[LAYER], weight_int=codes),
    }
    layer = converted(dataclasses.replace(model, layers=layers), calibration[:1])
    assert int(layer.weight[0, 0, 0, 0]) == 127
    assert float(layer.requantizer.multipliers()[0]) > 0


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("gamma", [0.0, 1e-12, -1e-7])
def test_convert_keeps_the_constant_of_a_dead_channel(saved, calibration, gamma, scheme):
    """The bias would be C / A, which no int32 holds: the channel gets another unit."""
    model = with_norm(saved("W8A8"), weight=torch.full((16,), gamma), bias=torch.full((16,), 1.0))
    network = convert(model, calibration[:1], scheme)
    a, c = affine(model)
    traced = dict(trace(network, calibration[:1]))
    codes = traced[LAYER].double()
    assert bool((codes - c.view(1, -1, 1, 1)).abs().max() <= 0.51 + a.abs().max() * 2**20)


def test_convert_returns_zeros_for_channels_without_weight_and_bias(saved, calibration):
    zeros = torch.zeros(16)
    model = with_norm(saved("W4A4"), weight=zeros, bias=zeros)
    for scheme in SCHEMES:
        layer = converted(model, calibration[:1], scheme)
        assert not layer.bias.any()
        assert not layer.weight.any()


def test_convert_at_8_bits_predicts_what_the_saved_model_does(saved, network, shapes10_test):
    images = shapes10_test.images[:50]
    expected = IntegerResNet20(saved("W8A8")).logits(images)
    for scheme in SCHEMES:
        integers = network("W8A8", scheme)
        logits = run(integers, images) * integers.scales["logits"]
        assert float((logits.argmax(1) == expected.argmax(1)).double().mean()) >= 0.96
        assert float((logits - expected).abs().mean() / expected.abs().mean()) < 0.05


def test_convert_gives_the_stream_twice_the_calibrated_range(network, calibration):
    integers = network("W8A8")
    names = ("conv1", *(block.name for block in integers.blocks))
    traced = dict(trace(integers, calibration))
    largest = max(int(traced[name].max()) for name in names)
    assert abs(largest / 2**15 - 1) < 0.01


def test_layer_refuses_an_accumulator_that_could_overflow():
    def layer(bias: int, multiplier: Multiplier) -> Layer:
        weight = torch.full((1, 1, 3, 3), 127, dtype=torch.int8)
        requantizer = Requantizer.of(multiplier)
        return Layer("conv", weight, torch.tensor([bias], dtype=torch.int32), requantizer, 255)

    products = 9 * 127 * 255
    assert layer(2**31 - 1 - products, Multiplier(1, 0)).accumulator_bounds() == [2**31 - 1]
    for bias, multiplier in ((2**31 - products, Multiplier(1, 0)), (0, Multiplier(2**13, 0))):
        with pytest.raises(ConversionError, match="int32"):
            layer(bias, multiplier)


def test_convert_refuses_values_that_are_not_finite_and_bad_arguments(saved, calibration):
    model = with_norm(saved("W4A4"), weight=torch.full((16,), torch.inf))
    with pytest.raises(ConversionError, match="not finite"):
        convert(model, calibration[:1])
    with pytest.raises(ConversionError, match="no calibration images"):
        convert(saved("W4A4"), calibration[:0])
    with pytest.raises(ValueError, match="no scheme 'float'"):
        convert(saved("W4A4"), calibration[:1], "float")
