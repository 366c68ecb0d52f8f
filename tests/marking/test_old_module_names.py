"""Cases of an earlier version of the kit are read with the current names of modules."""

import importlib

import pytest

from autograder.engine.corpus_files import read_cases
from autograder.engine.old_module_names import NAMES, translate


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import quantlab.layers", "import quantlab.network.layers"),
        ("import quantlab.layers as q", "import quantlab.network.layers as q"),
        (
            "from quantlab.programs.wire import pack",
            "from quantlab.protocol.wire import pack",
        ),
        ("from quantlab.data import load", "from quantlab.data.cifar10 import load"),
        ("from quantlab import resnet", "from quantlab.network import resnet"),
        (
            "from quantlab import checkpoint, packed",
            "from quantlab.formats import saved_model as checkpoint, packed_model as packed",
        ),
        (
            "from quantlab.programs import wire, forms",
            "from quantlab.protocol import wire, scale_forms as forms",
        ),
        (
            "from quantlab import data, vectors",
            "from quantlab import data; from quantlab.data import student_vectors as vectors",
        ),
        (
            'sys.modules["autograder.sandbox.serving"].x',
            'sys.modules["autograder.sandbox.fork_server"].x',
        ),
        ("quantlab.integer.__dict__", "quantlab.arithmetic.integer_kernels.__dict__"),
        (
            "def f():\n    from instructor.stub import KIT  # \u00e9\n    quantlab.layers.x = 1\n",
            "def f():\n    from authoring.build.stub import KIT  # \u00e9\n"
            "    quantlab.network.layers.x = 1\n",
        ),
    ],
)
def test_translate_replaces_former_names(old: str, new: str) -> None:
    assert translate(old) == new


@pytest.mark.parametrize(
    "code",
    [
        "import quantlab.data.cifar10",
        "from quantlab.data import cifar10",
        "from quantlab.data.student_vectors import student_vectors",
        "from quantlab.training.trainer import train",
        "from quantlab.protocol.wire import (\n    pack,\n    unpack,\n)",
        'sys.modules["autograder.sandbox.fork_server"]',
        "quantlab.__path__",
        "x = layers.quantlab_layers",
    ],
)
def test_translate_leaves_current_names_unchanged(code: str) -> None:
    assert translate(code) == code


@pytest.mark.parametrize("name", sorted(set(NAMES.values())))
def test_names_lists_modules_that_exist(name: str) -> None:
    importlib.import_module(name)


def test_read_cases_translates_former_names(tmp_path) -> None:
    path = tmp_path / "wire.py"
    path.write_text('"""\nfault = "a"\n"""\nfrom quantlab.programs.wire import pack\n')
    (case,) = read_cases(path)
    assert "from quantlab.protocol.wire import pack" in case.code
    assert case.values == {"fault": "a"}
