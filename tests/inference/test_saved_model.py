"""The evaluation of a saved model follows its documented arithmetic, whatever the batches."""

import copy
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from quantlab.checkpoint import SavedModel, saved_model
from quantlab.images import ImageSet, normalize
from quantlab.inference import IntegerResNet20, evaluate_saved
from quantlab.layers import quantize_model


@pytest.fixture(scope="session", params=[(8, 8), (4, 2)], ids=["W8A8", "W4A2"])
def saved(request: Any, float_model: nn.Module, pixels: Any, ops: Any) -> SavedModel:
    return saved_model(
        quantize_model(float_model, ops, *request.param, "SAWB", pixels), "Blocks", "SAWB"
    )


def test_it_is_the_network_with_integer_layers_written_out(
    saved: SavedModel, float_model: nn.Module, pixels: Any
) -> None:
    """The float network, its layers replaced by equation (6) in float64 on hooks."""
    model: Any = copy.deepcopy(float_model)
    top = 2**saved.act_bits - 1

    def equation_six(name: str) -> Any:
        layer = saved.layers[name]
        s_x, s_w = torch.tensor(layer.input_scale), torch.tensor(layer.weight_scale)

        def hook(module: Any, args: Any, output: Any) -> torch.Tensor:
            codes = (args[0] / s_x).round().clamp(0, top).double()
            weight = layer.weight_int.double()
            if isinstance(module, nn.Conv2d):
                sums = nn.functional.conv2d(codes, weight, None, module.stride, module.padding)
            else:
                assert layer.bias is not None
                sums = codes @ weight.T + (layer.bias / (s_x * s_w)).round()
            return (s_x * s_w) * sums.float()

        return hook

    for name in saved.layers:
        model.get_submodule(name).register_forward_hook(equation_six(name))
    with torch.no_grad():
        expected = model(normalize(pixels))
    found = IntegerResNet20(saved).logits(pixels)
    assert torch.allclose(found, expected, atol=1e-4 * float(expected.std()))
    assert torch.equal(found.argmax(1), expected.argmax(1))


def test_batch_size_and_threads_change_no_prediction(saved: SavedModel, pixels: Any) -> None:
    model, threads = IntegerResNet20(saved), torch.get_num_threads()
    expected = model.predict(pixels)
    assert len(expected.unique()) > 1
    try:
        for batch_size, count in ((1, 1), (5, 2), (7, 1), (24, 3)):
            torch.set_num_threads(count)
            assert torch.equal(model.predict(pixels, batch_size), expected)
    finally:
        torch.set_num_threads(threads)


def test_accuracy_is_the_percentage_of_right_predictions(saved: SavedModel, pixels: Any) -> None:
    labels = IntegerResNet20(saved).predict(pixels)
    labels[:6] = (labels[:6] + 1) % 10
    done: list[tuple[int, int]] = []
    accuracy = evaluate_saved(
        saved,
        ImageSet("Blocks", "test", pixels, labels),
        batch_size=10,
        progress=lambda *args: done.append(args),
    )
    assert accuracy == 75.0
    assert done == [(10, 24), (20, 24), (24, 24)]


def test_the_bias_is_an_integer_at_the_scale_of_the_accumulators(
    saved: SavedModel, pixels: Any
) -> None:
    fc = saved.layers["fc"]
    unit = fc.input_scale * fc.weight_scale
    none = replace(fc, bias=torch.zeros(10))
    some = replace(fc, bias=torch.full((10,), 7.4 * unit))
    without, with_bias = (
        IntegerResNet20(replace(saved, layers={**saved.layers, "fc": layer})).logits(pixels[:3])
        for layer in (none, some)
    )
    assert torch.allclose((with_bias - without) / unit, torch.tensor(7.0), atol=1e-2)


def test_autocast_around_it_changes_nothing(saved: SavedModel, pixels: Any) -> None:
    model = IntegerResNet20(saved)
    expected = model.logits(pixels[:4])
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(model.logits(pixels[:4]), expected)
