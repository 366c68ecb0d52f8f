"""Question 3: every layer's weights at its own width, activations at 16 bits."""

import copy
import types
from typing import Any

import pytest
import torch
from torch import nn

from quantlab.data.images import ImageSet, normalize
from quantlab.errors import QuantizationError
from quantlab.evaluation.float_network import evaluate
from quantlab.evaluation.mixed_precision import evaluate_bit_widths
from quantlab.network.quantization import quantizable_layers


@pytest.fixture
def data(float_model: nn.Module, pixels: Any) -> ImageSet:
    """Labelled by the float network."""
    with torch.no_grad():
        labels = float_model(normalize(pixels)).argmax(1)
    return ImageSet("Blocks", "test", pixels, labels)


@pytest.fixture
def widths(float_model: nn.Module) -> dict[str, int]:
    return dict.fromkeys(quantizable_layers(float_model), 8)


def test_evaluate_bit_widths_is_accurate_at_8_bits_and_poor_at_1(
    float_model: nn.Module, data: ImageSet, widths: dict[str, int], ops: Any
) -> None:
    state = float_model.state_dict()
    assert evaluate_bit_widths(state, widths, data, ops) >= 95
    assert evaluate_bit_widths(state, dict.fromkeys(widths, 1), data, ops) < 60


def test_evaluate_bit_widths_quantizes_each_layer_by_sym_at_its_width(
    float_model: nn.Module, data: ImageSet, widths: dict[str, int], ops: Any
) -> None:
    wanted = {name: 1 + number % 8 for number, name in enumerate(widths)}
    calls: set[tuple[Any, ...]] = set()

    def reset(input: torch.Tensor, N_bits: int, method: str) -> Any:
        calls.add((tuple(input.shape), float(input.flatten()[0]), N_bits, method))
        return ops.reset_scale_and_zero_point(input, N_bits, method)

    spy = types.SimpleNamespace(**{**vars(ops), "reset_scale_and_zero_point": reset})
    evaluate_bit_widths(float_model.state_dict(), wanted, data, spy)
    weights = {name: float_model.get_submodule(name).weight for name in wanted}
    assert calls == {
        (tuple(weight.shape), float(weight.detach().flatten()[0]), wanted[name], "sym")
        for name, weight in weights.items()
    }


def test_evaluate_bit_widths_does_not_depend_on_batches(
    float_model: nn.Module, data: ImageSet, widths: dict[str, int], ops: Any
) -> None:
    state, four = float_model.state_dict(), dict.fromkeys(widths, 4)
    halves = [
        evaluate_bit_widths(state, four, data.subset(torch.arange(start, start + 12)), ops)
        for start in (0, 12)
    ]
    assert evaluate_bit_widths(state, four, data, ops) == pytest.approx(sum(halves) / 2)


def test_evaluate_bit_widths_leaves_the_state_unchanged(
    float_model: nn.Module, data: ImageSet, widths: dict[str, int], ops: Any
) -> None:
    state = float_model.state_dict()
    before = {name: tensor.clone() for name, tensor in state.items()}
    evaluate_bit_widths(state, widths, data, ops)
    assert all(torch.equal(before[name], state[name]) for name in state)


def test_evaluate_bit_widths_replaces_convolutions_of_0_bits_by_zeros(
    float_model: nn.Module, data: ImageSet, widths: dict[str, int], ops: Any
) -> None:
    """As one whose weights are all zero: its batch normalization stays."""
    state = float_model.state_dict()
    removed = {**widths, "layer2.1.conv1": 0, "layer3.2.conv2": 0}
    accuracy = evaluate_bit_widths(state, removed, data, ops)
    zeroed_model = copy.deepcopy(float_model)
    with torch.no_grad():
        for name in ("layer2.1.conv1", "layer3.2.conv2"):
            zeroed_model.get_parameter(f"{name}.weight").zero_()
    zeroed = evaluate(zeroed_model, data)
    assert accuracy == pytest.approx(zeroed, abs=100 / len(data))
    assert zeroed < 95


def test_evaluate_bit_widths_refuses_widths_that_do_not_fit(
    float_model: nn.Module, data: ImageSet, widths: dict[str, int], ops: Any
) -> None:
    state = float_model.state_dict()
    for change, sentence in (
        ({"conv1": 9}, "conv1: expected 1 to 8 .* got 9"),
        ({"fc": 0}, "fc: expected 1 to 8 .* got 0"),
        ({"conv9": 4}, "'conv9', but the layers"),
    ):
        with pytest.raises(QuantizationError, match=sentence):
            evaluate_bit_widths(state, widths | change, data, ops)
    del widths["layer1.0.conv1"]
    with pytest.raises(QuantizationError, match=r"lacks layer1\.0\.conv1"):
        evaluate_bit_widths(state, widths, data, ops)
