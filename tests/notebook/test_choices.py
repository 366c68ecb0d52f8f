"""The notebook chooses on held-out training images; the test images are read at the end."""

import ast
import json
import re
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from authoring.build.notebook import student_notebook
from quantlab.formats.answers import GUESSES
from quantlab.paths import model_file

CODE = {
    cell["id"]: "".join(cell["source"])
    for cell in json.loads(student_notebook())["cells"]
    if cell["cell_type"] == "code"
}


def readings_of_test_images(code: str) -> Iterator[int]:
    """Yield the line of every expression that reads the test images."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Attribute(value=ast.Name(id="session"), attr="test"):
                yield node.lineno
            case ast.Call(func=ast.Attribute(value=ast.Name(id="session"), attr="accuracy")):
                if len(node.args) == 1 and not node.keywords:  # the default: all test images
                    yield node.lineno


def test_notebook_reads_test_images_for_final_numbers_only() -> None:
    reading = {name: list(readings_of_test_images(code)) for name, code in CODE.items()}
    assert {name for name, lines in reading.items() if lines} == {
        "ptq",
        "test",
        "search",
        "frontier",
    }
    order = list(CODE)
    assert order.index("qat") < order.index("save") < order.index("test")
    lines = CODE["search"].splitlines()
    chosen = next(n for n, line in enumerate(lines, 1) if "variable_precision_search(" in line)
    assert [line for line in reading["search"] if line <= chosen] == []
    assert len(reading["search"]) == 1


@pytest.mark.parametrize("kept", ["SAWB", "sym"])
def test_save_keeps_the_better_network_on_held_out_images(tmp_path, kept: str) -> None:
    saved = []
    methods = ("SAWB", "sym")
    names = {
        "CELLS": ("W4A4", "W2A2"),
        "model_file": model_file,
        "methods": methods,
        "trained": {("W4A4", method): method for method in methods},
        "held_out": {("W4A4", method): 90.0 + (method == kept) for method in methods},
        "session": SimpleNamespace(results=tmp_path, train=SimpleNamespace(name="Shapes-10")),
        "save": lambda network, path, dataset, method: saved.append((network, path.name, method)),
    }
    exec(CODE["save"], names)
    assert saved == [(kept, "ResNet20_W4A4.pt", kept)]


def test_search_cell_takes_its_floor_without_test_images() -> None:
    floors = []

    def search(sizes, evaluate, widths, floor):
        floors.append(floor)

    class Poisoned(SimpleNamespace):
        @property
        def test(self) -> None:
            raise AssertionError("the test images were read")

        def accuracy(self, network, data=None) -> float:
            assert data is not None, "the test images were read"
            return 0.0

    bar = SimpleNamespace(__enter__=None)
    names = {
        "session": Poisoned(
            fast=False,
            float_accuracy=92.0,
            answers=SimpleNamespace(record_bit_widths=lambda bits: None),
        ),
        "solution": SimpleNamespace(variable_precision_search=search),
        "accuracy_of": lambda widths: 98.0,
        "evaluate_bit_widths": lambda state, widths, images, solution: 98.0,
        "state": {},
        "searched": None,
        "needs": lambda *_: None,
        "time_estimates": SimpleNamespace(announced=lambda *_: _nothing()),
        "sizes": {"conv1": 1},
        "waiting": _nothing,
        "progress_bar": lambda desc: _nothing(bar),
    }
    exec(CODE["search"], names)
    assert floors == [85.0 + 6.0 + 3.0]


class _nothing:  # noqa: N801 - stands for a function
    def __init__(self, value=None) -> None:
        self._value = value

    def __enter__(self):
        return self._value

    def __exit__(self, *error) -> None:
        pass


def test_every_guess_is_compared_with_its_result() -> None:
    guesses = re.findall(r"^(GUESS_\w+) = None$", "\n".join(CODE.values()), re.MULTILINE)
    call = r'compare_guess\(session\.answers, "(\w+)", (GUESS_\w+)'
    compared = re.findall(call, "\n".join(CODE.values()))
    assert sorted(name for name, _ in compared) == sorted(GUESSES)
    assert sorted(guess for _, guess in compared) == sorted(guesses)
