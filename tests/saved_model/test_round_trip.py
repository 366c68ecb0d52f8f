"""What is saved is what is read, and what the model computed."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from quantlab.data.images import normalize
from quantlab.errors import BadSavedModel
from quantlab.evaluation.integer_network import IntegerResNet20
from quantlab.formats.saved_model import (
    SavedModel,
    load,
    load_float,
    parse_name,
    save,
    saved_model,
    to_file,
)
from quantlab.network.fast_integers import fast_integers
from quantlab.network.quantization import quantize_model


def same(first: SavedModel, other: SavedModel) -> bool:
    return (
        (first.method, first.dataset, first.weight_bits, first.act_bits)
        == (other.method, other.dataset, other.weight_bits, other.act_bits)
        and list(first.layers) == list(other.layers)
        and all(torch.equal(first.tensors[name], other.tensors[name]) for name in first.tensors)
        and all(
            torch.equal(a.weight_int, b.weight_int)
            and (a.weight_scale, a.input_scale) == (b.weight_scale, b.input_scale)
            and (a.bias is None or torch.equal(a.bias, b.bias))
            for a, b in zip(first.layers.values(), other.layers.values(), strict=True)
        )
    )


@pytest.mark.parametrize(("widths", "method"), [((8, 8), "sym"), ((4, 2), "SAWB")])
def test_integer_resnet20_computes_what_the_model_computed(
    widths: tuple[int, int],
    method: str,
    float_model: nn.Module,
    pixels: Any,
    ops: Any,
    tmp_path: Path,
) -> None:
    model = quantize_model(float_model, ops, *widths, method, pixels)
    path = tmp_path / f"ResNet20_W{widths[0]}A{widths[1]}.pt"
    save(model, path, "Blocks", method)
    with torch.inference_mode(), fast_integers(ops):
        expected = model(normalize(pixels))
    logits = IntegerResNet20(load(path)).logits(pixels)
    assert torch.equal(logits.argmax(1), expected.argmax(1))
    apart = (logits - expected).abs().amax(1) / expected.std()
    # The file's normalization is rounded once, the model's at each step: where a value lies in the
    # middle between two codes they may take different ones, seldom and without consequence.
    assert (apart < 1e-4).float().mean() > 0.8
    assert apart.max() < 0.1
    assert len(logits.argmax(1).unique()) > 1


def test_save_writes_a_small_plain_self_describing_file(
    float_model: nn.Module, pixels: Any, ops: Any, tmp_path: Path
) -> None:
    path = tmp_path / "ResNet20_W4A4.pt"
    save(quantize_model(float_model, ops, 4, 4, "sym", pixels), path, "Blocks", "sym")
    values = torch.load(path, weights_only=True)
    assert values["format"] == "quantlab-resnet20"
    assert (values["dataset"], values["method"]) == ("Blocks", "sym")
    assert values["layer3.2.conv2.weight_int"].dtype == torch.int8
    assert type(values["fc.input_scale"]) is float
    assert path.stat().st_size < 350_000


def test_to_file_and_load_round_trip(
    float_model: nn.Module, pixels: Any, ops: Any, tmp_path: Path
) -> None:
    saved = saved_model(quantize_model(float_model, ops, 8, 2, "sym", pixels), "Blocks", "sym")
    to_file(saved, tmp_path / "ResNet20_W8A2.pt")
    assert same(load(tmp_path / "ResNet20_W8A2.pt"), saved)


def test_load_rounds_a_bare_state_dict_to_the_same_grid(
    float_model: nn.Module, pixels: Any, ops: Any, tmp_path: Path
) -> None:
    model = quantize_model(float_model, ops, 4, 4, "SAWB", pixels)
    torch.save(nn.DataParallel(model).state_dict(), tmp_path / "ResNet20_W4A4.pt")
    assert same(load(tmp_path / "ResNet20_W4A4.pt"), saved_model(model, "unknown", "unknown"))


def test_saved_model_uses_scales_of_the_current_weights(
    float_model: nn.Module, pixels: Any, ops: Any
) -> None:
    model: Any = quantize_model(float_model, ops, 4, 4, "sym", pixels).train()
    with torch.no_grad():
        model.fc.weight.mul_(2)
    largest = float(model.fc.weight.detach().abs().max())
    assert saved_model(model, "Blocks", "sym").layers["fc"].weight_scale == largest / 8


def test_save_refuses_a_name_with_other_bit_widths(
    float_model: nn.Module, pixels: Any, ops: Any, tmp_path: Path
) -> None:
    model = quantize_model(float_model, ops, 4, 8, "sym", pixels)
    with pytest.raises(BadSavedModel, match="promises W8A4, but the model is W4A8"):
        save(model, tmp_path / "ResNet20_W8A4.pt", "Blocks", "sym")
    assert list(tmp_path.iterdir()) == []


def test_saved_model_refuses_other_kinds_of_models(
    float_model: nn.Module, pixels: Any, ops: Any
) -> None:
    with pytest.raises(BadSavedModel, match=r"layer1\.0\.conv1 is a Conv2d"):
        saved_model(float_model, "Blocks", "sym")
    for bit_widths in ({"fc": 2}, {"conv1": 4}):
        model = quantize_model(float_model, ops, 4, 8, "sym", pixels, bit_widths)
        with pytest.raises(BadSavedModel, match="save without bit_widths"):
            saved_model(model, "Blocks", "sym")
    with pytest.raises(BadSavedModel, match="W4A16"):
        saved_model(quantize_model(float_model, ops, 4, 16, "sym", pixels), "Blocks", "sym")


@pytest.mark.parametrize(
    ("name", "widths"),
    [("ResNet20_W8A8.pt", (8, 8)), ("ResNet20_W2A8.pt", (2, 8)), ("ResNet20_W1A3.pt", (1, 3))],
)
def test_parse_name_returns_the_bit_widths(name: str, widths: tuple[int, int]) -> None:
    assert parse_name(name) == widths


@pytest.mark.parametrize(
    "name", ["resnet20_W8A8.pt", "ResNet20_W8A8.pth", "ResNet20_W9A8.pt", "ResNet20_W8A8.pt\n", ""]
)
def test_parse_name_refuses_other_names(name: str) -> None:
    with pytest.raises(BadSavedModel, match="does not say its bit widths"):
        parse_name(name)


def test_load_float_accepts_prefixes_and_refuses_unknown_names(
    float_model: nn.Module, tmp_path: Path
) -> None:
    path = tmp_path / "float.pt"
    torch.save({f"module.{k}": v.double() for k, v in float_model.state_dict().items()}, path)
    state = load_float(path)
    float_model.load_state_dict(state)  # strict
    assert state["fc.weight"].dtype == torch.float32
    torch.save({**state, "shortcut.weight": torch.zeros(1)}, path)
    with pytest.raises(BadSavedModel, match=r"'shortcut\.weight' is no name"):
        load_float(path)


def test_load_refuses_files_that_are_not_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "ResNet20_W8A8.pt"
    with pytest.raises(BadSavedModel, match="does not exist"):
        load(path)
    torch.save(nn.Linear(2, 2), path)
    with pytest.raises(BadSavedModel, match="pickled module"):
        load(path)
    torch.save([1, 2], path)
    with pytest.raises(BadSavedModel, match="holds a list, not named tensors"):
        load(path)
    for content in (b"", b"PK\x03\x04 cut off", b"hello"):
        path.write_bytes(content)
        with pytest.raises(BadSavedModel, match=r"ResNet20_W8A8\.pt"):
            load(path)
