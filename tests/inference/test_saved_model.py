"""The evaluation of a saved model follows its documented arithmetic, whatever the batches."""

import copy
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from quantlab.arithmetic.int8_kernels import PackedConvolution, is_exact
from quantlab.data.images import ImageSet, normalize
from quantlab.evaluation import integer_network
from quantlab.evaluation.integer_network import IntegerResNet20, evaluate_saved
from quantlab.formats.saved_model import SavedModel, saved_model
from quantlab.network.quantization import quantize_model
from quantlab.network.resnet import BasicBlock, resnet20


@pytest.fixture(scope="session", params=[(8, 8), (4, 2)], ids=["W8A8", "W4A2"])
def saved(request: Any, float_model: nn.Module, pixels: Any, ops: Any) -> SavedModel:
    return saved_model(
        quantize_model(float_model, ops, *request.param, "SAWB", pixels), "Blocks", "SAWB"
    )


def written_out(saved: SavedModel, pixels: torch.Tensor) -> torch.Tensor:
    """The steps of the module's docstring, one by one; sums of codes in float64."""
    shape, tensors, top = resnet20(), saved.tensors, 2**saved.act_bits - 1
    blocks = [(name, m) for name, m in shape.named_modules() if isinstance(m, BasicBlock)]

    def coded(x: torch.Tensor, layer: str) -> torch.Tensor:
        return (x / torch.tensor(saved.layers[layer].input_scale)).round().clamp(0, top)

    def normalized(codes: torch.Tensor, name: str, stride: int, step: float) -> torch.Tensor:
        layer, norm = saved.layers[name], name.replace("conv", "bn")
        mean, var, gamma, beta = (
            tensors[f"{norm}.{end}"].double()
            for end in ("running_mean", "running_var", "weight", "bias")
        )
        sums = F.conv2d(codes.double(), layer.weight_int.double(), None, stride, 1)
        deviation = torch.sqrt(var + 1e-5)
        m = layer.input_scale * layer.weight_scale * gamma / deviation / step
        b = (beta - mean * gamma / deviation) / step
        return sums.float() * m.float().view(-1, 1, 1) + b.float().view(-1, 1, 1)

    shape.load_state_dict(dict(tensors), strict=False)
    x = shape.eval().bn1(shape.conv1(normalize(pixels))).relu()
    for name, block in blocks:
        step = saved.layers[f"{name}.conv2"].input_scale
        first, second = f"{name}.conv1", f"{name}.conv2"
        inner = normalized(coded(x, first), first, block.stride, step).round().clamp(0, top)
        x = (normalized(inner, second, 1, 1.0) + block.shortcut(x)).relu()
    fc = saved.layers["fc"]
    scale = torch.tensor(fc.input_scale) * torch.tensor(fc.weight_scale)
    sums = coded(x.mean((2, 3)), "fc").double() @ fc.weight_int.T.double()
    assert fc.bias is not None
    return (sums + (fc.bias / scale).round()).float() * scale


@torch.no_grad()
def test_integer_resnet20_follows_the_documented_arithmetic(saved: SavedModel, pixels: Any) -> None:
    """Up to the sums of conv1 and of the mean, which may move a code."""
    logits, expected = IntegerResNet20(saved).logits(pixels), written_out(saved, pixels)
    assert torch.allclose(logits, expected, atol=1e-2 * float(expected.std()))
    assert torch.equal(logits.argmax(1), expected.argmax(1))


def test_integer_resnet20_is_close_to_the_quantized_network(
    saved: SavedModel, float_model: Any, pixels: Any
) -> None:
    """Equation (6) in every layer of the float network, its batch normalization left as it is."""
    model: Any = copy.deepcopy(float_model)

    def equation_six(name: str) -> Any:
        layer = saved.layers[name]

        def hook(module: Any, args: Any, output: Any) -> torch.Tensor:
            top, weight = 2**saved.act_bits - 1, layer.weight_int.float() * layer.weight_scale
            input = (args[0] / layer.input_scale).round().clamp(0, top) * layer.input_scale
            if isinstance(module, nn.Conv2d):
                return F.conv2d(input, weight, None, module.stride, module.padding)
            return F.linear(input, weight, layer.bias)

        return hook

    for name in saved.layers:
        model.get_submodule(name).register_forward_hook(equation_six(name))
    with torch.no_grad():
        expected = model(normalize(pixels))
    logits = IntegerResNet20(saved).logits(pixels)
    assert float((logits - expected).std()) < 0.05 * float(expected.std())


@pytest.mark.skipif(not is_exact(), reason="this processor has no exact 8-bit instructions")
def test_integer_resnet20_is_bit_equal_without_8_bit_instructions(
    saved: SavedModel, pixels: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_bytes = IntegerResNet20(saved).logits(pixels)
    monkeypatch.setattr(integer_network, "is_exact", lambda: False)
    monkeypatch.setattr(PackedConvolution, "__init__", None)
    assert torch.equal(IntegerResNet20(saved).logits(pixels), by_bytes)


def test_integer_resnet20_does_not_depend_on_batch_size_or_threads(
    saved: SavedModel, pixels: Any
) -> None:
    model, threads = IntegerResNet20(saved), torch.get_num_threads()
    expected = model.predict(pixels)
    assert len(expected.unique()) > 1
    try:
        for batch_size, count in ((1, 1), (5, 2), (7, 1), (24, 3)):
            torch.set_num_threads(count)
            assert torch.equal(model.predict(pixels, batch_size), expected)
    finally:
        torch.set_num_threads(threads)


def test_evaluate_saved_returns_the_percentage_of_right_predictions(
    saved: SavedModel, pixels: Any
) -> None:
    labels = IntegerResNet20(saved).predict(pixels)
    labels[:6] = (labels[:6] + 1) % 10
    progress: list[tuple[int, int]] = []
    accuracy = evaluate_saved(
        saved,
        ImageSet("Blocks", "test", pixels, labels),
        batch_size=10,
        progress=lambda *args: progress.append(args),
    )
    assert accuracy == 75.0
    assert progress == [(10, 24), (20, 24), (24, 24)]


def test_integer_resnet20_rounds_the_bias_to_the_accumulator_scale(
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


def test_integer_resnet20_is_exact_when_float32_may_be_shortened(
    saved: SavedModel, pixels: Any, request: pytest.FixtureRequest
) -> None:
    model = IntegerResNet20(saved)
    expected = model.logits(pixels[:4])
    request.getfixturevalue("float32_shortened")
    assert torch.equal(model.logits(pixels[:4]), expected)


def test_integer_resnet20_computes_without_tf32(
    saved: SavedModel, pixels: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    convolve, precisions = F.conv2d, []

    def noted(*args: Any, **options: Any) -> torch.Tensor:
        precisions.append(torch.backends.cudnn.conv.fp32_precision)
        return convolve(*args, **options)

    monkeypatch.setattr(F, "conv2d", noted)
    IntegerResNet20(saved).logits(pixels[:4])
    assert set(precisions) == {"ieee"}
