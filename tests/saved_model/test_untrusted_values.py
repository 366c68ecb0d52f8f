"""`parse` believes nothing: each fault is a sentence with the name, what was found, what to do."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from quantlab.errors import BadSavedModel
from quantlab.formats.saved_model import LAYERS, SHAPES, SavedModel, parse

Values = dict[str, Any]


@pytest.fixture
def values() -> Values:
    """A right W4A8 model as numpy arrays, the way it comes out of the worker."""
    generator = np.random.default_rng(0)
    record: Values = {"format": "quantlab-resnet20", "dataset": "CIFAR-10", "method": "sym"}
    for name, shape in SHAPES.items():
        layer = name.removesuffix(".weight")
        if layer in LAYERS:
            record[f"{layer}.weight_int"] = generator.integers(-8, 8, shape, dtype=np.int8)
            record[f"{layer}.weight_scale"] = 0.05
            record[f"{layer}.input_scale"] = 0.01
        else:
            record[name] = generator.random(shape, dtype=np.float32)
    return record


def refused(values: Values, bits: int = 4) -> str:
    with pytest.raises(BadSavedModel) as caught:
        parse(values, bits, 8)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 500
    return sentence


def test_parse_reads_a_right_model(values: Values) -> None:
    saved = parse(values, 4, 8)
    assert isinstance(saved, SavedModel)
    assert (saved.dataset, saved.method, saved.weight_bits, saved.act_bits) == (
        "CIFAR-10",
        "sym",
        4,
        8,
    )
    layer = saved.layers["layer2.1.conv1"]
    assert layer.weight_int.dtype == torch.int8
    assert torch.equal(layer.weight_int, torch.from_numpy(values["layer2.1.conv1.weight_int"]))
    assert layer.bias is None
    assert saved.layers["fc"].bias is not None
    assert set(saved.tensors) & {"conv1.weight", "layer3.2.bn2.running_var"} == {
        "conv1.weight",
        "layer3.2.bn2.running_var",
    }


CODES = "layer2.0.conv1.weight_int"
SCALE = "layer2.0.conv1.weight_scale"
NORM = "layer1.1.bn2.running_var"
SHAPE = SHAPES["layer2.0.conv1.weight"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({CODES: np.full(SHAPE, 9)}, f"{CODES} holds the code 9, outside -8..7"),
        ({CODES: np.full(SHAPE, -9)}, "the code -9, outside -8..7 for 4 bits"),
        ({CODES: np.zeros((16, 16, 3, 3), np.int8)}, "(16, 16, 3, 3) instead of (32, 16, 3, 3)"),
        ({CODES: np.full(SHAPE, 0.5, np.float32)}, "dtype torch.float32, but codes"),
        ({CODES: np.full(SHAPE, np.nan)}, "dtype torch.float64, but codes"),
        ({CODES: np.full(SHAPE, -np.inf)}, f"the code {-(2**31)}, outside -8..7"),
        ({CODES: np.zeros(SHAPE, bool)}, "dtype torch.bool, but codes"),
        ({CODES: np.array(["a"])}, "is a ndarray of dtype <U1"),
        ({CODES: 3}, f"{CODES} is the int 3"),
        ({CODES: "x" * 10**6}, f"{CODES} is the str"),
        ({CODES: None}, f"{CODES} is the NoneType"),
        ({SCALE: 0.0}, f"{SCALE} is 0,"),
        ({SCALE: -0.1}, f"{SCALE} is -0.1"),
        ({SCALE: math.nan}, f"{SCALE} is nan"),
        ({SCALE: math.inf}, f"{SCALE} is inf"),
        ({SCALE: 1e-60}, f"{SCALE} is 0,"),
        ({SCALE: 10**400}, f"{SCALE} is inf"),
        ({SCALE: True}, f"{SCALE} is the bool True"),
        ({SCALE: "0.1"}, f"{SCALE} is the str '0.1'"),
        ({SCALE: np.ones(32, np.float32)}, "one scale per tensor"),
        ({SCALE: np.ones(0, np.float32)}, "one scale per tensor"),
        ({NORM: np.ones(16, np.int64)}, f"{NORM} has the dtype torch.int64"),
        ({NORM: np.ones(32, np.float32)}, f"{NORM} has the shape (32,) instead of (16,)"),
        ({NORM: np.full(16, np.nan, np.float32)}, f"{NORM} holds NaN"),
        ({NORM: np.full(16, 1e300)}, f"{NORM} holds NaN or infinite numbers in float32"),
        ({NORM: np.full(16, -1, np.float32)}, f"{NORM} holds the negative variance -1"),
        ({NORM: torch.zeros(16, dtype=torch.complex64)}, "a Tensor of dtype torch.complex64"),
        ({NORM: torch.zeros(16).to_sparse()}, f"{NORM} is a Tensor"),
        ({NORM: torch.zeros(16, device="meta")}, f"{NORM} is a Tensor"),
        ({"fc.bias": np.full(10, 1e9, np.float32)}, "weight_scale) reaches 2e+12"),
        ({"fc.bias": np.full(11, 0, np.float32)}, "fc.bias has the shape (11,)"),
        ({"format": "other"}, "format is the str 'other'"),
        ({"format": np.zeros(3)}, "format is a ndarray"),
        ({"layer2.0.conv1.bias": np.zeros(32)}, "'layer2.0.conv1.bias' is no name"),
        ({"layer4.0.conv1.weight_int": np.zeros(3)}, "'layer4.0.conv1.weight_int' is no name"),
        ({"padding": np.zeros(10_001)}, "'padding' is no name"),
        ({"e" * 10**6: 1}, "has a name that is no short string"),
        ({"module.conv1.weight": 1}, "conv1.weight is there twice with different values"),
        ({7: 1}, "has a name that is no short string"),
        ({"fc.weight": np.zeros((10, 64), np.float32)}, "fc has both weight and weight_int"),
    ],
)  # fmt: skip
def test_parse_names_each_fault(values: Values, change: dict[Any, Any], sentence: str) -> None:
    assert sentence in refused(values | change)


@pytest.mark.parametrize(
    "name", ["fc.bias", "conv1.weight", "bn1.running_mean", "layer3.2.conv2.input_scale", CODES]
)
def test_parse_names_a_missing_value(values: Values, name: str) -> None:
    del values[name]
    assert refused(values).startswith(f"{name} is missing")


def test_parse_blames_the_file_name_for_a_code_outside_its_bits(values: Values) -> None:
    sentence = refused(values, bits=2)
    assert "outside -2..1 for 2 bits: the file name promises W2" in sentence
    assert parse(values, 5, 8).weight_bits == 5


def test_parse_recognizes_another_network(values: Values) -> None:
    other = {f"{name}.features": value for name, value in values.items()}
    assert "This is not the ResNet-20 of this kit" in refused(other)
    assert "it is empty" in refused({})


def test_parse_refuses_widths_outside_1_to_8_bits(values: Values) -> None:
    for widths in ((16, 8), (8, 16), (0, 8)):
        with pytest.raises(BadSavedModel, match="Expected 1 to 8 bits"):
            parse(values, *widths)


def test_parse_tolerates_harmless_differences(values: Values) -> None:
    """Prefix, counters, other dtypes, byte orders and layouts, scales as tensors, no labels."""
    expected = parse(values, 4, 8)
    varied: Values = {f"module.{name}": value for name, value in values.items()}
    for name in ("format", "dataset", "method"):
        del varied[f"module.{name}"]
    varied["module.bn1.num_batches_tracked"] = np.int64(3)
    varied["module.bn1.weight"] = torch.nn.Parameter(torch.from_numpy(values["bn1.weight"]))
    varied["module.bn1.bias"] = values["bn1.bias"].astype(">f8")
    varied["module." + NORM] = torch.from_numpy(values[NORM]).bfloat16()
    codes = torch.from_numpy(values[CODES]).to(torch.int64)
    varied["module." + CODES] = codes.contiguous(memory_format=torch.channels_last)
    varied["module." + SCALE] = np.full((1, 1), 0.05)
    varied["module.layer1.0.conv1.weight_int"] = values["layer1.0.conv1.weight_int"].astype("f2")
    varied["module.fc.input_scale"] = np.float32(0.01)
    saved = parse(varied, 4, 8)
    assert (saved.dataset, saved.method) == ("unknown", "unknown")
    assert all(tensor.dtype == torch.float32 for tensor in saved.tensors.values())
    assert torch.equal(saved.tensors["bn1.bias"], expected.tensors["bn1.bias"])
    assert torch.equal(
        saved.layers["layer2.0.conv1"].weight_int, expected.layers["layer2.0.conv1"].weight_int
    )
    assert saved.layers["layer2.0.conv1"].weight_scale == pytest.approx(0.05)
    assert saved.layers["fc"].input_scale == expected.layers["fc"].input_scale


@pytest.mark.parametrize(
    ("method", "read"),
    [("a\nb", "a b"), ("d" * 10**6, "d" * 60), (3, "unknown"), (" ", "unknown"), (None, "unknown")],
)
def test_parse_takes_any_method(values: Values, method: Any, read: str) -> None:
    assert parse(values | {"method": method, "dataset": method}, 4, 8).method == read


def test_parse_rounds_and_clips_bare_float_weights(values: Values) -> None:
    codes = values.pop(CODES).astype(np.float32)
    codes[0, 0, 0, :2] = (100, -100)
    offsets = np.where(codes % 2 == 0, 0.3, -0.3).astype(np.float32)
    values["layer2.0.conv1.weight"] = (codes + offsets) * np.float32(0.05)
    parsed_codes = parse(values, 4, 8).layers["layer2.0.conv1"].weight_int
    assert torch.equal(parsed_codes, torch.from_numpy(codes).clamp(-8, 7).to(torch.int8))


def test_parse_shares_no_memory_with_its_input(values: Values) -> None:
    values["bn1.weight"] = torch.from_numpy(values["bn1.weight"])
    saved = parse(values, 4, 8)
    for name in ("conv1.weight", "bn1.weight"):
        values[name][:] = 7
        assert not (saved.tensors[name] == 7).any()
