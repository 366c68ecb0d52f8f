"""An integer-only network is written as packed integers and read back equal, or refused."""

import json

import numpy as np
import pytest
import torch

from baselines.errors import BadNetwork
from baselines.integer_only import npz_file
from baselines.integer_only.requantize import SCHEMES
from baselines.integer_only.run import run
from tests.integer_only.random_networks import random_network


@pytest.mark.parametrize("scheme", SCHEMES)
def test_load_inverts_save_of_an_integer_network(scheme, tmp_path):
    network = random_network(3, scheme, 4)
    npz_file.save(network, tmp_path / "network.npz")
    read = npz_file.load(tmp_path / "network.npz")
    for layer, other in zip(network.layers(), read.layers(), strict=True):
        assert torch.equal(layer.weight, other.weight)
        assert torch.equal(layer.bias, other.bias)
        assert layer.requantizer.multipliers() == other.requantizer.multipliers()
        assert (layer.name, layer.stride, layer.largest_code) == (
            *(other.name, other.stride, other.largest_code),
        )
    pixels = torch.arange(216, dtype=torch.uint8).reshape(2, 3, 6, 6)
    assert torch.equal(run(network, pixels), run(read, pixels))
    for name in ("dataset", "weight_bits", "act_bits", "scheme", "largest_stream", "scales"):
        assert getattr(read, name) == getattr(network, name)


@pytest.mark.parametrize(("cell", "bits"), [("W2A2", 2), ("W4A4", 4), ("W8A8", 8)])
def test_save_packs_weights_at_their_trained_bits(network, tmp_path, cell, bits):
    path = tmp_path / "network.npz"
    npz_file.save(network(cell), path)
    with np.load(path) as file:
        layers = json.loads(file["header"].tobytes())["layers"]
        assert all(layer["bits"] <= bits for layer in layers[1:])
        assert len(file["layer3.2.conv2.weight"]) == 64 * 64 * 9 * layers[-2]["bits"] // 8
        assert {file[name].dtype.kind for name in file.files} <= {"i", "u"}
    for written, other in zip(network(cell).layers(), npz_file.load(path).layers(), strict=True):
        assert torch.equal(written.weight, other.weight)
    assert path.stat().st_size < 268_336 * bits / 8 + 40_000


def damaged(path, **changes):
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    header = json.loads(arrays["header"].tobytes()) | changes
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    np.savez(path, **arrays)


def test_load_refuses_a_file_that_is_not_a_network(tmp_path):
    path = tmp_path / "network.npz"
    with pytest.raises(BadNetwork, match="write it again"):
        npz_file.load(path)
    npz_file.save(random_network(3, "fixed-point", 4), path)
    content = path.read_bytes()
    for part in (b"", b"plain text", content[:1000], content[: len(content) // 2]):
        path.write_bytes(part)
        with pytest.raises(BadNetwork, match="write it again"):
            npz_file.load(path)
    for changes in ({"version": 2}, {"layers": []}, {"layers": [{"name": "conv1"}] * 6}):
        path.write_bytes(content)
        damaged(path, **changes)
        with pytest.raises(BadNetwork, match="write it again"):
            npz_file.load(path)
