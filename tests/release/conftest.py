"""The bundle that everything starts from, and bundles small enough to plant something in."""

from collections.abc import Callable

import pytest

from authoring.release.bundle import Bundle
from authoring.release.student import colab_files


@pytest.fixture(scope="session")
def files() -> Bundle:
    """The student's files without the notebook."""
    return colab_files()


@pytest.fixture
def bundle() -> Callable[..., Bundle]:
    """A bundle with one harmless file, and whatever is added."""

    def make(more: dict[str, bytes] | None = None) -> Bundle:
        return Bundle("a bundle", {"README.md": b"# Read me\n", **(more or {})})

    return make
