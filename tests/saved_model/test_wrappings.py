"""A model is the same whatever people wrap around it, and a file that is no model is refused."""

import io
import pickle
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.optim.swa_utils import AveragedModel

from quantlab.errors import BadSavedModel, UnreadableModel
from quantlab.formats.numpy_pickles import PickledArray, PickledDtype
from quantlab.formats.read_untrusted import read_saved_model
from quantlab.formats.saved_model import (
    parse,
    parse_float,
    save,
    saved_model,
    unwrap_float,
    unwrap_quantized,
)
from quantlab.network.quantization import quantize_model
from quantlab.network.resnet import resnet20
from quantlab.paths import KIT
from tests.saved_model.test_round_trip import same

Values = dict[str, Any]
FILE = KIT / "instructor" / "checkpoints" / "shapes10" / "ResNet20_W8A8.pt"
SAVED: Values = torch.load(FILE, weights_only=True)
MODEL = parse(SAVED, 8, 8)
FLOAT: Values = torch.load(KIT / "checkpoints" / "resnet20_shapes10.pt", weights_only=True)


def written(values: object, **options: Any) -> bytes:
    stream = io.BytesIO()
    torch.save(values, stream, **options)
    return stream.getvalue()


def tensors(change: Callable[[torch.Tensor], Any], end: str = "") -> Callable[[Values], Values]:
    """Return a wrapping that changes the tensors whose names have this end."""
    return lambda values: {
        name: change(value) if isinstance(value, torch.Tensor) and name.endswith(end) else value
        for name, value in values.items()
    }


def numbers(change: Callable[[float], Any]) -> Callable[[Values], Values]:
    return lambda values: {
        name: change(value) if isinstance(value, float) else value for name, value in values.items()
    }


OF_VALUES = [  # what tensors and numbers may be saved as
    tensors(torch.Tensor.float, "weight_int"),
    tensors(torch.Tensor.half, "weight_int"),
    tensors(torch.Tensor.long, "weight_int"),
    tensors(torch.Tensor.double, "fc.bias"),
    tensors(torch.Tensor.numpy),
    tensors(nn.Parameter, "bn1.weight"),
    tensors(lambda value: torch.stack((value, value), -1)[..., 1], "running_mean"),
    numbers(np.float64),
    numbers(lambda value: np.array([value])),
    numbers(lambda value: torch.tensor([[value]], dtype=torch.float64)),
]
AROUND = [  # what is written around them
    lambda values: {f"module.{name}": value for name, value in values.items()},
    lambda values: {f"_orig_mod.{name}": value for name, value in values.items()},
    lambda values: {f"model.{name}": value for name, value in values.items()},
    lambda values: {"n_averaged": torch.tensor(7)} | values,
    lambda values: values | {"bn1.num_batches_tracked": torch.tensor(3)},
    lambda values: values | {"epoch": 120, "accuracy": 95.9, "lr": np.float32(0.1)},
    lambda values: values | {"best": torch.tensor(95.9), "curve": np.zeros(200), "at": [1, (2,)]},
    lambda values: values | {"saved": datetime(2026, 1, 1), "args": {"lr": 0.1, "out": Path("x")}},
    lambda values: values | {"layer1.0.conv1.zero_point": torch.zeros(16)},
    lambda values: values | {"optimizer": {"state": {0: {"mean": torch.ones(3)}}, "groups": [{}]}},
    OrderedDict,
    lambda values: {"state_dict": values},
    lambda values: {"net": values, "epoch": 3, "optimizer": {"state": {}}},
    lambda values: {"ema": values, "model": values},
    lambda values: values | {"model_state_dict": dict(values)},
]
OPTIONS: list[dict[str, Any]] = [{}, {"_use_new_zipfile_serialization": False}]


@settings(max_examples=60, deadline=None)
@given(
    changes=st.lists(st.sampled_from(OF_VALUES), max_size=2),
    wrappings=st.lists(st.sampled_from(AROUND), max_size=3),
    options=st.sampled_from(OPTIONS),
)
def test_parse_reads_the_same_from_any_wrapping(changes, wrappings, options) -> None:
    values = SAVED
    for change in changes:
        values = change(values)
    for wrap in wrappings:
        values = wrap(values)
    assert same(parse(read_saved_model(written(values, **options)), 8, 8), MODEL)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("wrap", AROUND)
def test_parse_float_reads_the_same_from_any_wrapping(wrap, options) -> None:
    state = parse_float(read_saved_model(written(wrap(dict(FLOAT)), **options)))
    assert all(torch.equal(state[name], FLOAT[name]) for name in state)


@pytest.mark.parametrize("options", OPTIONS)
def test_parse_reads_the_third_protocol(options) -> None:
    content = written(SAVED, pickle_protocol=3, **options)
    assert same(parse(read_saved_model(content), 8, 8), MODEL)


def test_notes_say_what_was_removed() -> None:
    wrapped = {f"module._orig_mod.{name}": value for name, value in SAVED.items()}
    file = read_saved_model(written({"net": wrapped, "epoch": 3, "best": 95.9, "a": 1, "b": 2}))
    assert unwrap_quantized(file).notes == (
        "the model was read from 'net'",
        "the prefix '_orig_mod.' was removed",
        "the prefix 'module.' was removed",
        "entries outside the network were ignored: 'epoch', 'best', 'a' and 1 more",
    )
    assert unwrap_quantized(SAVED).notes == ()


def test_notes_show_hostile_names_short_and_escaped() -> None:
    (note,) = unwrap_quantized({"\x1b[2J<b>" + "x" * 150: 1, **SAVED}).notes
    assert note.isprintable()
    assert len(note) < 110


def test_parse_refuses_two_models_with_different_values() -> None:
    other = SAVED | {"fc.bias": SAVED["fc.bias"] + 1}
    for values in ({"model": SAVED, "ema": other}, {**SAVED, "ema": other}):
        with pytest.raises(BadSavedModel, match=r"two models with different values.*'ema'"):
            parse(read_saved_model(written(values)), 8, 8)


def test_parse_prefers_the_kind_of_model_that_is_asked_for() -> None:
    values = read_saved_model(written({"float": FLOAT, "quantized": SAVED}))
    assert same(parse(values, 8, 8), MODEL)
    assert torch.equal(parse_float(values)["fc.weight"], FLOAT["fc.weight"])


def test_parse_float_ignores_the_scales_of_a_quantized_network(float_model, pixels, ops) -> None:
    model = quantize_model(float_model, ops, 8, 16, "sym", pixels, {"conv1": 4, "fc": 2})
    state = parse_float(read_saved_model(written(model.state_dict())))
    assert torch.equal(state["conv1.weight"], model.conv1.weight)
    assert "weight_scale" not in unwrap_float(model.state_dict()).values


@pytest.mark.parametrize(
    "wrap",
    [torch.compile, nn.DataParallel, AveragedModel, lambda m: AveragedModel(torch.compile(m))],
)
def test_save_writes_the_network_inside_a_wrapper(
    wrap, float_model, pixels, ops, tmp_path: Path
) -> None:
    model = quantize_model(float_model, ops, 4, 4, "sym", pixels)
    expected = saved_model(model, "Blocks", "sym")
    save(wrap(model), tmp_path / "ResNet20_W4A4.pt", "Blocks", "sym")
    found = parse(read_saved_model((tmp_path / "ResNet20_W4A4.pt").read_bytes()), 4, 4)
    assert same(found, expected)


class Reduced:
    """An object that is pickled as a call."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __reduce__(self) -> tuple[Any, ...]:
        return self.parts


def _dtype(code: str, *state: Any) -> Reduced:
    return Reduced(np.dtype, (code, False, True), state)


SCALAR = np.float64(1).__reduce__()[0]
EMPTY = np.zeros(1).__reduce__()[0]
PLAIN = (3, "<", None, None, None, -1, -1, 0)
HOSTILE = {
    "an array of objects": np.array([None, 1]),
    "an array of records": np.zeros(2, [("a", "f4")]),
    "an array of texts": np.array(["a"]),
    "an array of complex numbers": np.zeros(2, complex),
    "an array of dates": np.zeros(2, "M8[s]"),
    "a number with a huge buffer": Reduced(SCALAR, (_dtype("f8", *PLAIN), bytes(2**20))),
    "a number without bytes": Reduced(SCALAR, (_dtype("f8", *PLAIN), b"1")),
    "a dtype with flags of objects": Reduced(
        SCALAR, (_dtype("f8", *PLAIN[:-1], 63), b"\1\2\3\4\5\6\7\x08")
    ),
    "a dtype with other parts": Reduced(
        SCALAR, (_dtype("f8", 3, "<", (np.dtype("f4"), (2,)), *PLAIN[3:]), bytes(8))
    ),
    "an array longer than its bytes": Reduced(
        EMPTY, (np.ndarray, (0,), b"b"), (1, (2**40,), np.dtype("f8"), False, bytes(8))
    ),
    "an array of negative length": Reduced(
        EMPTY, (np.ndarray, (0,), b"b"), (1, (-1, -1), np.dtype("i1"), False, bytes(1))
    ),
    "an array of many dimensions": Reduced(
        EMPTY, (np.ndarray, (0,), b"b"), (1, (1,) * 40, np.dtype("i1"), False, bytes(1))
    ),
    "an array of a list": Reduced(
        EMPTY, (np.ndarray, (0,), b"b"), (1, (1,), np.dtype("i1"), False, [1])
    ),
}


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_read_refuses_numpy_values_that_are_not_numbers(kind: str) -> None:
    with pytest.raises(UnreadableModel, match="numpy values that are not plain numbers"):
        read_saved_model(written({"fc.bias": HOSTILE[kind]}))


@pytest.mark.parametrize(
    "value",
    [
        Reduced(bytes, (10**12,)),
        Reduced(np.frombuffer, (bytes(8),)),
        Reduced(np.load, ("/etc/passwd",)),
        Reduced(EMPTY, (np.ndarray, (0,), b"b")),  # without content
        Reduced(datetime.strptime, ("1", "%d")),
    ],
)
def test_read_calls_no_other_function(value: Any) -> None:
    with pytest.raises(UnreadableModel):
        read_saved_model(written({"fc.bias": value}))


def test_read_trusts_nothing_more_afterwards() -> None:
    before = set(torch.serialization.get_safe_globals())
    read_saved_model(written({"fc.bias": np.zeros(10)}))
    with pytest.raises(UnreadableModel):
        read_saved_model(written({"fc.bias": np.array([None])}))
    assert set(torch.serialization.get_safe_globals()) == before
    with pytest.raises(pickle.UnpicklingError):
        torch.load(io.BytesIO(written({"fc.bias": np.zeros(10)})), weights_only=True)


def test_read_restores_arrays_of_all_plain_dtypes() -> None:
    arrays = [
        np.arange(6).reshape(2, 3).T.astype(code)
        for code in "?bhilBHIL" + "efd"
        for code in (code, np.dtype(code).newbyteorder(">"))
    ]
    arrays += [np.array(3.5), np.zeros((0, 2)), np.float16(0.5), np.uint64(3), np.bool_(True)]
    file = read_saved_model(written({str(n): array for n, array in enumerate(arrays)}))
    for number, array in enumerate(arrays):
        assert np.array_equal(file[str(number)], array), array.dtype


def nested(depth: int, width: int) -> Values:
    values: Values = {}
    for _ in range(depth):
        values = {f"model{number}": values for number in range(width)}
    return values


def test_read_bounds_nested_mappings() -> None:
    assert read_saved_model(written(nested(100, 1))) == {}
    with pytest.raises(UnreadableModel, match="more than 4096 values"):
        read_saved_model(written(nested(40, 10)))
    values: Values = dict(SAVED)
    values["inner"] = {"outer": values}
    with pytest.raises(UnreadableModel, match="holds itself under 'inner/outer'"):
        read_saved_model(written(values))


def test_read_refuses_more_bytes_than_allowed() -> None:
    content = written({"a": {"fc.bias": np.zeros(1000)}, "b": np.zeros(1000)})
    assert len(read_saved_model(content, 16_000)) == 2
    with pytest.raises(UnreadableModel, match="8,000 bytes"):
        read_saved_model(content, 15_999)


def test_unwrap_is_quick_for_long_names() -> None:
    values = {f"{number}" + ".a" * 98: 1 for number in range(4000)}
    started = time.process_time()
    with pytest.raises(BadSavedModel):
        parse({"a": values, **values}, 8, 8)
    with pytest.raises(BadSavedModel, match="not the ResNet-20"):
        parse(values, 8, 8)
    assert time.process_time() - started < 3


def test_a_whole_module_is_refused_with_how_to_save_it() -> None:
    with pytest.raises(UnreadableModel, match=r"pickled module.*save model\.state_dict\(\)"):
        read_saved_model(written(resnet20()))


def test_stand_ins_of_numpy_hold_no_numpy_object() -> None:
    with pytest.raises(pickle.UnpicklingError):
        PickledDtype("O")
    with pytest.raises(pickle.UnpicklingError):
        PickledArray().__setstate__((1, (1,), np.dtype("f8"), False, bytes(8)))
