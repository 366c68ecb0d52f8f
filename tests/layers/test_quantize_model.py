"""Which layers are quantized, how wide, with whose functions, and what is left alone."""

import contextlib
import copy
import types
from typing import Any

import pytest
import torch
from torch import nn

from quantlab.arithmetic import integer_kernels
from quantlab.errors import QuantizationError
from quantlab.network.fast_integers import fast_integers
from quantlab.network.layers import QuantConv2d, QuantLinear
from quantlab.network.quantization import quantizable_layers, quantize_model


def test_quantize_model_replaces_every_layer_but_conv1(
    model: nn.Module, images: Any, ops: Any
) -> None:
    quantized = quantize_model(model, ops, 4, 8, "sym", images)
    kinds = {name: type(quantized.get_submodule(name)) for name in quantizable_layers(quantized)}
    assert kinds == {"conv1": nn.Conv2d, "conv2": QuantConv2d, "fc": QuantLinear}
    assert not any(module.training for module in quantized.modules())


def test_quantize_model_leaves_its_argument_and_the_rng_unchanged(
    model: nn.Module, images: Any, ops: Any
) -> None:
    model.train()
    before, state = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    quantized = quantize_model(model, ops, 4, 8, "SAWB", images)
    with torch.no_grad():
        for parameter in quantized.parameters():
            parameter.zero_()
    assert model.training
    assert type(model.conv2) is nn.Conv2d
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert torch.equal(state, torch.get_rng_state())


def test_quantize_model_overrides_widths_of_layers_including_conv1(
    model: nn.Module, images: Any, ops: Any
) -> None:
    quantized: Any = quantize_model(model, ops, 8, 16, "sym", images, {"conv1": 3, "fc": 2})
    widths = {
        name: quantized.get_submodule(name).quantizer.weight_bits
        for name in ("conv1", "conv2", "fc")
    }
    assert widths == {"conv1": 3, "conv2": 8, "fc": 2}
    codes = quantized.conv1.weight_codes()
    assert codes.min() == -4 or codes.max() == 3
    assert len(codes.unique()) <= 8
    x = images.float() / 64 - 2
    plain = nn.functional.conv2d(x, codes * quantized.conv1.weight_scale, padding=1)
    assert torch.allclose(quantized.conv1(x), plain, atol=1e-5)  # its inputs stay signed floats


def test_quantize_model_takes_scales_from_the_function_of_the_student(
    model: nn.Module, images: Any, ops: Any
) -> None:
    for method in ("sym", "SAWB", "heuristic"):
        quantized: Any = quantize_model(model, ops, 4, 8, method, images)
        expected, _ = ops.reset_scale_and_zero_point(model.conv2.weight, 4, method)
        assert torch.equal(quantized.conv2.weight_scale, expected.detach())


def test_quantize_model_returns_a_model_with_independent_copies(
    model: nn.Module, images: Any, ops: Any
) -> None:
    quantized: Any = quantize_model(model, ops, 4, 8, "sym", images)
    twin = copy.deepcopy(quantized)
    with torch.no_grad():
        twin.conv2.weight.zero_()
    assert quantized.conv2.weight.abs().max() > 0
    assert twin.conv2.quantizer is quantized.conv2.quantizer


@pytest.mark.parametrize("answer", [(-0.1, 0), (float("nan"), 0), (0.0, 0), (0.1, 1), 0.1, None])
def test_quantize_model_names_an_invalid_scale_of_a_student(
    answer: Any, model: nn.Module, images: Any, ops: Any
) -> None:
    wrong = types.SimpleNamespace(**vars(ops))
    wrong.reset_scale_and_zero_point = lambda input, N_bits, method: answer
    with pytest.raises(QuantizationError, match=r"reset_scale_and_zero_point\(weight of conv2, 4"):
        quantize_model(model, wrong, 4, 8, "sym", images)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((9, 8, "sym", None), "weight_bits: expected 1 to 8 .* got 9"),
        ((0, 8, "sym", None), "weight_bits: expected 1 to 8 .* got 0"),
        ((8, 17, "sym", None), "act_bits: expected 1 to 16, got 17"),
        ((8, 8, "max", None), "'max'"),
        ((8, 8, "sym", {"conv3": 2}), "'conv3', but the layers"),
        ((8, 8, "sym", {"fc": 12}), "fc: expected 1 to 8 .* got 12"),
    ],
)
def test_quantize_model_refuses_impossible_arguments_in_a_sentence(
    arguments: Any, sentence: str, model: nn.Module, images: Any, ops: Any
) -> None:
    weight_bits, act_bits, method, bit_widths = arguments
    with pytest.raises(QuantizationError, match=sentence):
        quantize_model(model, ops, weight_bits, act_bits, method, images, bit_widths)


def test_quantize_model_refuses_padding_other_than_zeros(
    model: nn.Module, images: Any, ops: Any
) -> None:
    model.conv2 = nn.Conv2d(8, 8, 3, padding="same")
    with pytest.raises(QuantizationError, match="conv2: expected zero padding"):
        quantize_model(model, ops, 8, 8, "sym", images)


def test_fast_integers_replaces_student_functions_and_restores_them(ops: Any) -> None:
    own = ops.integer_linear, ops.integer_conv2d
    with contextlib.suppress(KeyError), fast_integers(ops):
        replaced = ops.integer_linear, ops.integer_conv2d
        raise KeyError
    assert replaced == (integer_kernels.integer_linear, integer_kernels.integer_conv2d)
    assert (ops.integer_linear, ops.integer_conv2d) == own


def test_fast_integers_leaves_an_empty_module_empty() -> None:
    empty = types.SimpleNamespace()
    with fast_integers(empty):
        assert empty.integer_linear is integer_kernels.integer_linear
    assert vars(empty) == {}


def test_fast_integers_changes_no_output(model: nn.Module, images: Any, ops: Any) -> None:
    quantized = quantize_model(model, ops, 8, 8, "sym", images)
    x = images.float() / 64 - 2
    own = quantized(x)
    with fast_integers(ops):
        assert torch.equal(quantized(x), own)
