"""Numbers too small for a normal float32 count as zero wherever a model is measured."""

import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from quantlab.arithmetic.denormals import SMALLEST_NORMAL, flush_denormals
from quantlab.data.images import ImageSet
from quantlab.errors import BadSavedModel
from quantlab.evaluation import mixed_precision
from quantlab.evaluation.integer_network import IntegerResNet20
from quantlab.formats.saved_model import SavedModel, load_float, parse_float, saved_model
from quantlab.formats.validate_values import float_tensor, positive_scale
from quantlab.network.quantization import quantize_model
from quantlab.network.resnet import layer_sizes

KIT = Path(__file__).resolve().parents[2]
DENORMAL = 1e-41


def denormals(tensor: Tensor) -> int:
    """Count by bits: in this thread, comparisons do not flush, but they need not be trusted."""
    bits = tensor.detach().float().contiguous().view(torch.int32) & 0x7FFFFFFF
    return int(((bits > 0) & (bits < 0x00800000)).sum())


def with_denormal_norms(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the network whose batch normalization multiplies and adds denormal numbers only."""
    changed = {name: value.clone() for name, value in state.items()}
    for name, value in changed.items():
        if "bn" in name and name.endswith(("weight", "bias")):
            value.mul_(DENORMAL / value.abs().max())
    return changed


def with_denormal_products(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a network of normal numbers whose products are denormal."""
    changed = {name: value.clone() for name, value in state.items()}
    for name, value in changed.items():
        if name in ("conv1.weight", "bn1.weight"):
            value.mul_(1e-20)
        elif name == "bn1.bias":
            value.zero_()
    return changed


@pytest.fixture
def data(pixels: Tensor) -> ImageSet:
    return ImageSet("Blocks", "test", pixels, torch.zeros(len(pixels), dtype=torch.int64))


@pytest.mark.parametrize("change", [with_denormal_norms, with_denormal_products])
def test_evaluate_bit_widths_computes_without_denormal_numbers(
    change: Any, data: ImageSet, ops: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = change(load_float(KIT / "checkpoints" / "resnet20_shapes10.pt"))
    assert denormals(state["conv1.weight"] * state["bn1.weight"].view(-1, 1, 1, 1)) > 0
    counts: dict[str, int] = {}

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        count_here = sum(map(denormals, (*inputs, output, *module.parameters(recurse=False))))
        counts[type(module).__name__] = counts.get(type(module).__name__, 0) + count_here

    evaluate = mixed_precision.evaluate

    def counted(model: nn.Module, *arguments: Any) -> float:
        for module in model.modules():
            module.register_forward_hook(count)
        return evaluate(model, *arguments)

    monkeypatch.setattr(mixed_precision, "evaluate", counted)
    mixed_precision.evaluate_bit_widths(state, dict.fromkeys(layer_sizes(), 8), data, ops)
    assert {"Conv2d", "Linear"} <= set(counts)
    assert set(counts.values()) == {0}


@pytest.fixture
def saved(float_model: nn.Module, pixels: Tensor, ops: Any) -> SavedModel:
    return saved_model(quantize_model(float_model, ops, 4, 4, "SAWB", pixels), "Blocks", "SAWB")


def test_integer_resnet20_treats_denormal_numbers_as_zero(
    saved: SavedModel, pixels: Tensor
) -> None:
    """The logits are exactly those of the model with zeros in their place."""
    tiny = {n: t * 1e-38 if n.startswith("bn1.") else t for n, t in saved.tensors.items()}
    tiny["bn1.running_var"] = saved.tensors["bn1.running_var"]
    assert sum(map(denormals, tiny.values())) > 0
    zero = {n: torch.where(t.abs() < SMALLEST_NORMAL, 0.0, t) for n, t in tiny.items()}
    logits = IntegerResNet20(replace(saved, tensors=tiny)).logits(pixels)
    assert torch.equal(logits, IntegerResNet20(replace(saved, tensors=zero)).logits(pixels))


def test_parse_float_replaces_denormal_numbers_by_zero() -> None:
    state = load_float(KIT / "checkpoints" / "resnet20_shapes10.pt")
    parsed = parse_float(with_denormal_norms(state))
    assert sum(map(denormals, parsed.values())) == 0
    assert torch.equal(parsed["bn1.weight"], torch.zeros(16))
    assert torch.equal(parsed["conv1.weight"], state["conv1.weight"])
    kept = torch.tensor([SMALLEST_NORMAL, -SMALLEST_NORMAL, 0.0, 1.0])
    assert torch.equal(float_tensor("x", kept, (4,)), kept)
    below = math.nextafter(SMALLEST_NORMAL, 0)
    assert torch.equal(float_tensor("x", torch.tensor([below / 2]), (1,)), torch.zeros(1))


def test_positive_scale_refuses_a_denormal_scale() -> None:
    assert positive_scale("s", SMALLEST_NORMAL) == SMALLEST_NORMAL
    with pytest.raises(
        BadSavedModel, match=r"s is 9.99995e-41, but a scale is positive \(at least"
    ):
        positive_scale("s", 1e-40)


PRODUCTS = """
import torch
from quantlab.arithmetic.denormals import flush_denormals

def denormal_share():
    first, second = torch.full((1 << 20,), 1e-30), torch.full((1 << 20,), 1e-10)
    return float((first * second).view(torch.int32).ne(0).float().mean())

assert torch.get_num_threads() == 2
assert denormal_share() == 1  # the caller's helper threads have started and do not flush
assert flush_denormals(denormal_share)() == 0
assert denormal_share() == 1
"""


def test_flush_denormals_reaches_every_thread_of_the_call_only() -> None:
    """In a process of its own, where helper threads of the caller started before."""
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONPATH": str(KIT)}
    command = [sys.executable, "-c", PRODUCTS]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_flush_denormals_passes_on_results_and_exceptions() -> None:
    @flush_denormals
    def half(number: float, digits: int = 2) -> float:
        """Return half."""
        return round(1 / (2 / number), digits)

    assert half(3.0) == half(number=3.0, digits=1) == 1.5
    assert half.__doc__ == "Return half."
    with pytest.raises(ZeroDivisionError):
        half(0.0)
