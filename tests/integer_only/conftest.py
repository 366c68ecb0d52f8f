"""The kit's own models for Shapes-10, as integer-only networks."""

from collections.abc import Callable
from pathlib import Path

import pytest
from torch import Tensor

from baselines.integer_only.convert import convert
from baselines.integer_only.graph import IntegerNetwork
from quantlab.data.cifar10 import load_dataset
from quantlab.data.images import ImageSet
from quantlab.formats.saved_model import SavedModel, load

KIT = Path(__file__).resolve().parent.parent.parent


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
    networks: dict[tuple[str, str], IntegerNetwork] = {}

    def make(cell: str, scheme: str = "fixed-point") -> IntegerNetwork:
        if (cell, scheme) not in networks:
            networks[cell, scheme] = convert(saved(cell), calibration, scheme)
        return networks[cell, scheme]

    return make
