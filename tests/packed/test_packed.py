"""A packed model comes back as it was, at exactly the size that counts; no byte is trusted."""

import hashlib
import struct
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from quantlab.errors import BadPackedModel
from quantlab.formats import packed_codes, packed_model
from quantlab.formats.packed_model import PackedModel, pack, unpack
from quantlab.network.resnet import layer_sizes

FEW = settings(max_examples=25)


def model_of(widths: dict[str, int], seed: int = 0) -> PackedModel:
    """Random codes over the whole range of each width."""
    generator = torch.Generator().manual_seed(seed)

    def codes(name: str) -> torch.Tensor:
        low, high = -(2 ** (widths[name] - 1)), 2 ** (widths[name] - 1)
        shape = packed_model.SHAPES[f"{name}.weight"]
        return torch.randint(low, high, shape, generator=generator, dtype=torch.int8)

    kept = [name for name in packed_model.LAYERS if widths[name]]
    floats = {
        name: torch.rand(packed_model.SHAPES[name], generator=generator)
        for name in packed_model.FLOATS
    }
    scales = {name: float(np.float32(0.01 * (i + 1))) for i, name in enumerate(kept)}
    return PackedModel("Noise", widths, {name: codes(name) for name in kept}, scales, floats)


def mixed_widths() -> dict[str, int]:
    """Every width from 0 to 8 somewhere."""
    widths = {name: i % 9 for i, name in enumerate(packed_model.LAYERS)}
    return widths | {"conv1": 8, "fc": 1}


@pytest.fixture(scope="module")
def content() -> bytes:
    return pack(model_of(mixed_widths()))


def resealed(content: bytes) -> bytes:
    """With a checksum that fits, as one would write who means harm."""
    body = content[: -packed_model.CHECKSUM_BYTES]
    return body + hashlib.blake2b(body, digest_size=packed_model.CHECKSUM_BYTES).digest()


def refused(content: bytes) -> str:
    with pytest.raises(BadPackedModel) as caught:
        unpack(content)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 300
    return sentence


@given(st.data())
def test_unpack_codes_round_trips_in_the_fewest_bytes(data):
    bits = data.draw(st.integers(1, 8))
    code = st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    codes = np.array(data.draw(st.lists(code, max_size=40)), np.int8)
    content = packed_codes.pack_codes(codes, bits)
    assert len(content) == -(-len(codes) * bits // 8)
    assert np.array_equal(packed_codes.unpack_codes(content, len(codes), bits), codes)


def test_pack_codes_orders_bits_as_the_format_says():
    assert packed_codes.pack_codes(np.array([1, -2, -1]), 3) == bytes([0b11_110_001, 0b1])


def test_unpack_codes_refuses_bits_after_the_last_code():
    with pytest.raises(BadPackedModel, match="bits behind 3 codes"):
        packed_codes.unpack_codes(bytes([0, 0b10]), 3, 3)


@pytest.mark.parametrize("bits", range(9))
def test_unpack_returns_the_model_at_exactly_its_size(bits):
    widths = {name: bits or (name not in packed_model.REMOVABLE) for name in packed_model.LAYERS}
    widths = {name: int(width) for name, width in widths.items()}
    model = model_of(widths)
    content = pack(model)
    back = unpack(content)
    assert back.bit_widths == widths
    assert back.scales == model.scales
    assert all(torch.equal(back.codes[name], codes) for name, codes in model.codes.items())
    assert all(torch.equal(back.tensors[name], tensor) for name, tensor in model.tensors.items())
    size = packed_model.size(back)
    weights = sum(count * widths[name] for name, count in layer_sizes().items())
    assert size.counted == weights // 8 + 4 * len(model.scales)
    assert size.file == len(content) == size.counted + size.floats + 46 + 16
    assert size.entropy <= size.counted


def test_kibibytes_of_uniform_widths_equal_those_of_the_assignment():
    kibibytes = [
        packed_model.kibibytes(dict.fromkeys(packed_model.LAYERS, bits)) for bits in (8, 4, 2, 1)
    ]
    assert [round(size, 1) for size in kibibytes] == [262.1, 131.1, 65.6, 32.8]


def test_size_has_the_entropy_of_the_codes():
    model = model_of(dict.fromkeys(packed_model.LAYERS, 2))
    constant = {name: torch.zeros_like(codes) for name, codes in model.codes.items()}
    assert packed_model.size(replace(model, codes=constant)).entropy == 80
    assert packed_model.size(model).entropy == pytest.approx(
        packed_model.size(model).counted, rel=1e-3
    )


@FEW
@given(st.integers(0, 10**6))
def test_unpack_refuses_a_file_cut_short(content, place):
    refused(content[: place % len(content)])


@FEW
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_unpack_refuses_a_changed_byte(content, place, change):
    changed = bytearray(content)
    changed[place % len(content)] ^= change
    refused(bytes(changed))


@FEW
@given(st.binary(min_size=1, max_size=50))
def test_unpack_refuses_extra_bytes(content, more):
    assert "bytes where the widths" in refused(content + more)


@FEW
@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=8))
def test_unpack_reads_or_refuses_a_resealed_file(content, place, change):
    changed = bytearray(content)
    place %= len(content) - len(change)
    changed[place : place + len(change)] = change
    try:
        pack(unpack(resealed(bytes(changed))))
    except BadPackedModel:
        refused(resealed(bytes(changed)))


@FEW
@given(st.binary(max_size=200))
def test_unpack_refuses_arbitrary_bytes(content):
    refused(content)
    refused(packed_model.MAGIC + content)


def header_with(content: bytes, layer: str, bits: int) -> bytes:
    changed = bytearray(content)
    changed[packed_model.HEADER.size - 20 + packed_model.LAYERS.index(layer)] = bits
    return resealed(bytes(changed))


def scale_of(content: bytes, scale: float) -> bytes:
    changed = bytearray(content)
    struct.pack_into("<f", changed, packed_model.HEADER.size, scale)
    return resealed(bytes(changed))


def test_unpack_refuses_a_width_that_contradicts_the_codes(content):
    assert "bytes where the widths" in refused(header_with(content, "conv1", 7))


@pytest.mark.parametrize(("layer", "bits"), [("conv1", 0), ("fc", 0), ("fc", 9), ("fc", 255)])
def test_unpack_refuses_a_width_that_does_not_exist(content, layer, bits):
    assert layer in refused(header_with(content, layer, bits))


@pytest.mark.parametrize("scale", [float("nan"), float("inf"), 0.0, -1.0])
def test_unpack_refuses_a_scale_that_is_not_positive(content, scale):
    assert "conv1.weight_scale" in refused(scale_of(content, scale))


def test_unpack_refuses_another_version(content):
    assert "version 2" in refused(resealed(content[:8] + b"\x02\x00" + content[10:]))


def test_unpack_refuses_floats_that_are_not_numbers(content):
    end = len(content) - packed_model.CHECKSUM_BYTES
    changed = content[: end - 4] + struct.pack("<f", float("nan")) + content[end:]
    assert "fc.bias holds NaN" in refused(resealed(changed))


def test_pack_refuses_codes_outside_their_width():
    model = model_of(dict.fromkeys(packed_model.LAYERS, 4))
    model.codes["fc"][0, 0] = 8
    with pytest.raises(BadPackedModel, match=r"fc holds the code 8, outside -8\.\.7"):
        pack(model)


def test_pack_refuses_a_negative_variance():
    model = model_of(dict.fromkeys(packed_model.LAYERS, 4))
    model.tensors["bn1.running_var"][0] = -1
    with pytest.raises(BadPackedModel, match="negative variance -1"):
        pack(model)


def test_parse_refuses_invalid_values():
    values = packed_model.values(model_of(mixed_widths()))
    for change, reason in (
        ({"fc.bits": True}, "fc has the bit width True"),
        ({"fc.bits": 2.0}, "fc has the bit width 2.0"),
        ({"extra": 1}, "'extra' has no place"),
        ({"dataset": "x" * 17}, "printable ASCII"),
        ({"fc.weight_int": np.zeros((10, 63), np.int8)}, "shape"),
    ):
        with pytest.raises(BadPackedModel, match=reason):
            packed_model.parse({**values, **change})
    del values["fc.bias"]
    with pytest.raises(BadPackedModel, match=r"'fc\.bias' is missing"):
        packed_model.parse(values)


def test_save_and_load_round_trip(tmp_path):
    model = model_of(mixed_widths())
    packed_model.save(model, tmp_path / "a.packed")
    assert pack(packed_model.load(tmp_path / "a.packed")) == pack(model)
    with pytest.raises(BadPackedModel, match="No such file"):
        packed_model.load(tmp_path / "b.packed")
