"""What runs is what is described, to the last bit and at every tensor on the way."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from baselines.integer_only.graph import IntegerNetwork
from baselines.integer_only.int64_reference import compute_reference
from baselines.integer_only.requantize import SCHEMES, uses_scheme
from baselines.integer_only.run import FAST, INSTRUCTIONS, run, trace
from tests.integer_only.random_networks import random_network


def assert_as_described(network: IntegerNetwork, pixels: Tensor) -> None:
    described = compute_reference(network, pixels)
    for kernels in (FAST, INSTRUCTIONS):
        traced = dict(trace(network, pixels, kernels))
        assert list(traced) == list(described)
        for name, tensor in traced.items():
            assert tensor.dtype == torch.int32
            assert torch.equal(tensor.long(), torch.from_numpy(described[name])), name


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.sampled_from(SCHEMES), st.sampled_from([1, 2, 4, 8]))
def test_integer_network_equals_its_reference_on_random_networks(seed, scheme, act_bits):
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randint(0, 256, (2, 3, 6, 6), dtype=torch.uint8, generator=generator)
    extremes = torch.tensor([0, 255], dtype=torch.uint8).repeat(54).reshape(1, 3, 6, 6)
    assert_as_described(random_network(seed, scheme, act_bits), torch.cat([noise, extremes]))


def test_random_network_reaches_both_ends_of_codes_and_stream():
    """Without which the equality above would be one of zeros."""
    network = random_network(0, "fixed-point", 4)
    pixels = torch.randint(0, 256, (8, 3, 6, 6), generator=torch.Generator().manual_seed(1))
    traced = dict(trace(network, pixels.to(torch.uint8)))
    for name, largest in (("layer1.0.codes", 15), ("layer1.0.conv1", 15), ("layer1.0", 65535)):
        assert traced[name].min() == 0
        assert traced[name].max() == largest, name
    assert traced["layer2.0.conv2"].min() < 0


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("cell", ["W8A8", "W2A2"])
def test_integer_network_equals_its_reference_on_shapes10_models(
    network, shapes10_test, cell, scheme
):
    integers = network(cell, scheme)
    assert_as_described(integers, shapes10_test.images[:2])
    for layer in integers.layers():
        assert all(
            uses_scheme(multiplier, scheme) for multiplier in layer.requantizer.multipliers()
        )


def test_integer_network_does_not_depend_on_batches(network, shapes10_test):
    images = shapes10_test.images[:5]
    together = run(network("W4A4"), images)
    assert torch.equal(run(network("W4A4"), images, batch_size=2), together)
    assert together.shape == (5, 10)
