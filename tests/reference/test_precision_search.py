"""Variable precision: the promises of `variable_precision_search`, whatever the accuracies."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instructor.solution import variable_precision_search

Assignment = dict[str, int]


class Evaluator:
    """Accuracy by a table of losses per layer and width that add up; counts and remembers calls."""

    def __init__(self, losses: Mapping[str, Mapping[int, float]], ceiling: float = 92.0) -> None:
        self.losses, self.ceiling = losses, ceiling
        self.calls: list[Assignment] = []

    def __call__(self, bits: Assignment) -> float:
        assert bits.keys() == self.losses.keys()
        self.calls.append(dict(bits))
        accuracy = self.ceiling - sum(self.losses[layer][width] for layer, width in bits.items())
        bits.clear()  # whoever hands out its own dict loses it
        return accuracy

    def accuracy(self, bits: Assignment) -> float:
        return self.ceiling - sum(self.losses[layer][width] for layer, width in bits.items())


def size(sizes: Mapping[str, int], bits: Mapping[str, int]) -> int:
    return sum(sizes[layer] * bits[layer] for layer in sizes)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_variable_precision_search_keeps_its_promises_for_any_losses(data: st.DataObject) -> None:
    layers = [f"layer{i}" for i in range(data.draw(st.integers(1, 6), "layers"))]
    widths = data.draw(st.lists(st.integers(1, 8), min_size=1, max_size=5, unique=True), "widths")
    sizes = {layer: data.draw(st.integers(1, 1000)) for layer in layers}
    loss = st.floats(-0.5, 8.0)  # also widths that do better than wider ones
    losses = {layer: {width: data.draw(loss) for width in widths} for layer in layers}
    evaluate = Evaluator(losses)
    floor = data.draw(st.floats(80.0, 93.0), "floor")
    result = variable_precision_search(sizes, evaluate, widths, floor)
    assert list(result) == layers
    assert set(result.values()) <= set(widths)
    assert len(evaluate.calls) <= 2 * len(layers) * len(widths)
    uniform = [dict.fromkeys(layers, width) for width in sorted(widths)]
    passing = [bits for bits in uniform if evaluate.accuracy(bits) > floor]
    if passing:
        assert result in evaluate.calls
        assert evaluate.accuracy(result) > floor
        assert size(sizes, result) <= size(sizes, passing[0])
    else:
        assert result == uniform[-1]
    assert variable_precision_search(sizes, Evaluator(losses), widths, floor) == result


def test_variable_precision_search_requires_more_than_the_floor() -> None:
    evaluate = Evaluator({"a": {2: 7.0, 3: 6.5, 4: 0.0}})
    assert variable_precision_search({"a": 10}, evaluate, (2, 3, 4), 85.0) == {"a": 3}


@pytest.mark.parametrize("widths", [(2, 4, 8), (8, 2, 4)])
def test_variable_precision_search_widens_only_the_sensitive_layer(widths: tuple[int, ...]) -> None:
    losses = {f"l{i}": {2: 0.5, 4: 0.1, 8: 0.0} for i in range(9)}
    losses["l4"] = {2: 60.0, 4: 20.0, 8: 0.0}
    sizes = dict.fromkeys(losses, 100)
    result = variable_precision_search(sizes, Evaluator(losses), widths, 85.0)
    assert result == {layer: 8 if layer == "l4" else 2 for layer in losses}


def test_variable_precision_search_is_uniform_where_mixing_fails() -> None:
    def evaluate(bits: Assignment) -> float:
        return 90.0 if set(bits.values()) in ({4}, {8}) else 10.0

    assert variable_precision_search({"a": 10, "b": 20}, evaluate, (2, 4, 8)) == {"a": 4, "b": 4}


def test_variable_precision_search_narrows_large_layers_first() -> None:
    losses = {layer: {2: 4.0, 8: 0.0} for layer in ("small", "large", "middle")}
    sizes = {"small": 10, "large": 1000, "middle": 100}
    result = variable_precision_search(sizes, Evaluator(losses), (2, 8), 85.0)
    assert result == {"small": 8, "large": 2, "middle": 8}


def test_variable_precision_search_is_close_to_the_optimum() -> None:
    losses = {
        "conv": {2: 9.0, 3: 3.0, 4: 1.0, 8: 0.0},
        "wide": {2: 5.0, 3: 1.5, 4: 0.5, 8: 0.0},
        "last": {2: 2.0, 3: 1.0, 4: 0.6, 8: 0.0},
    }
    sizes = {"conv": 100, "wide": 900, "last": 60}
    evaluate = Evaluator(losses)
    result = variable_precision_search(sizes, evaluate, (2, 3, 4, 8), 85.0)
    every = [
        {"conv": a, "wide": b, "last": c}
        for a in losses["conv"]
        for b in losses["wide"]
        for c in losses["last"]
    ]
    smallest = min(size(sizes, bits) for bits in every if evaluate.accuracy(bits) > 85.0)
    assert size(sizes, result) <= 1.05 * smallest
