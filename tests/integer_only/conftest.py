"""Small random integer networks with extreme numbers, and the kit's own models for Shapes-10."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from baselines.integer_only.convert import convert, input_code_table
from baselines.integer_only.graph import LARGEST_INPUT, Block, IntegerNetwork, Layer
from baselines.integer_only.requantize import (
    Multiplier,
    Requantizer,
    multiplier_at_least,
    nearest_multiplier,
)
from quantlab.checkpoint import SavedModel, load
from quantlab.data import load_dataset
from quantlab.images import ImageSet

KIT = Path(__file__).resolve().parent.parent.parent
CLASSES, LARGEST_STREAM = 10, 2**16 - 1


def random_network(seed: int, scheme: str, act_bits: int) -> IntegerNetwork:
    """Two blocks, of which the second halves the resolution, for images of 6 x 6 pixels.

    A third of the codes are extreme ones; biases are of both signs and so large that they alone
    may saturate what follows; multipliers span four decades.
    """
    generator = torch.Generator().manual_seed(seed)
    largest_code = 2**act_bits - 1

    def integers(low: int, high: int, *shape: int) -> Tensor:
        return torch.randint(low, high + 1, shape, generator=generator)

    def requantizer(count: int, decades: float) -> Requantizer:
        reals = 10 ** (decades - 4 * torch.rand(count, generator=generator).double())
        if scheme == "fixed-point":
            return Requantizer.of(*(nearest_multiplier(real) for real in reals.tolist()))
        return Requantizer.of(*(multiplier_at_least(real, scheme) for real in reals.tolist()))

    def layer(name: str, shape: tuple[int, ...], decades: float, code: int, stride: int) -> Layer:
        weight = integers(-128, 127, *shape)
        extreme = torch.tensor([-128, 127])[integers(0, 1, *shape)]
        weight = torch.where(integers(0, 2, *shape) == 0, extreme, weight)
        bias = integers(-(2**20), 2**20, shape[0])
        return Layer(
            name,
            weight.to(torch.int8),
            bias.to(torch.int32),
            requantizer(shape[0], decades),
            code,
            stride,
        )

    def block(name: str, channels: int, out: int, stride: int) -> Block:
        return Block(
            name,
            requantizer(1, -2),
            layer(f"{name}.conv1", (out, channels, 3, 3), -2, largest_code, stride),
            layer(f"{name}.conv2", (out, out, 3, 3), 1, largest_code, 1),
        )

    fc = layer("fc", (CLASSES, 4), 0, largest_code, 1)
    logits = Requantizer.of(*[Multiplier(1, 0)] * CLASSES)
    return IntegerNetwork(
        dataset="none",
        weight_bits=8,
        act_bits=act_bits,
        scheme=scheme,
        input_codes=input_code_table(2.2 / LARGEST_INPUT),
        conv1=layer("conv1", (2, 3, 3, 3), 1, LARGEST_INPUT, 1),
        blocks=(block("layer1.0", 2, 2, 1), block("layer2.0", 2, 4, 2)),
        pool=requantizer(1, -3),
        fc=Layer("fc", fc.weight, fc.bias, logits, largest_code),
        largest_stream=LARGEST_STREAM,
        scales={"input": 2.2 / LARGEST_INPUT, "stream": 1e-3, "logits": 1e-2},
    )


@pytest.fixture(scope="session")
def shapes10_test() -> ImageSet:
    return load_dataset("shapes10", "test")


@pytest.fixture(scope="session")
def calibration() -> Tensor:
    return load_dataset("shapes10", "train").images[:40]


@pytest.fixture(scope="session")
def saved() -> Callable[[str], SavedModel]:
    """The kit's model for Shapes-10 of a cell such as "W4A4"."""
    return lambda cell: load(KIT / f"instructor/checkpoints/shapes10/ResNet20_{cell}.pt")


@pytest.fixture(scope="session")
def network(saved, calibration) -> Callable[..., IntegerNetwork]:
    """(cell, scheme) to the integer-only network of that model, made once."""
    made: dict[tuple[str, str], IntegerNetwork] = {}

    def make(cell: str, scheme: str = "fixed-point") -> IntegerNetwork:
        if (cell, scheme) not in made:
            made[cell, scheme] = convert(saved(cell), calibration, scheme)
        return made[cell, scheme]

    return make
