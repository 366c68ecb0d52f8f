"""The numbers that students compute on paper, compared with the reference."""

import jupytext
import pytest
import torch
from torch import tensor

from authoring.build.notebook import master_text
from instructor import solution

CELLS = {
    cell.metadata.get("cell"): cell.source
    for cell in jupytext.reads(master_text(), fmt="py:percent").cells
}


def numbers(values):
    return (
        "[" + ", ".join(f"{round(float(v), 4):g}" for v in torch.as_tensor(values).detach()) + "]"
    )


def estimator():
    x = tensor([-1.9, -0.6, 0.3, 0.9], requires_grad=True)
    codes = solution.linear_quantize_STE(x, 0.5, 0, 2)
    codes.retain_grad()
    recovered = solution.linear_dequantize(codes, 0.5, 0)
    recovered.sum().backward()
    return [
        f"x = {numbers(x)}",
        f"The codes are {numbers(codes)} and the recovered numbers {numbers(recovered)}",
        f"with respect to the codes is {numbers(codes.grad)}",
        f"with respect to $x$ is {numbers(x.grad)}",
    ]


def layer():
    x, w, bias = tensor([0.3, 0.9, 1.4, 0.0]), tensor([-1.2, 0.3, 0.6, -0.4]), 0.6
    x_codes = solution.linear_quantize(x, 0.5, 0, 2, False).int()
    w_codes = solution.linear_quantize(w, 0.5, 0, 2).int()
    b_code = torch.round(tensor([bias / 0.25])).int()
    terms = x_codes * w_codes
    assert terms.tolist() == [-2, 2, 3, 0]
    y = solution.quantized_linear_function(x_codes[None], w_codes[None], b_code, 0.5, 0.5)
    real = float((x * w).sum()) + bias
    assert [round(float(term), 2) for term in x * w] == [-0.36, 0.27, 0.84, 0.0]
    return [
        f"x = {numbers(x)}",
        f"w = {numbers(w)}",
        f"The codes are {numbers(x_codes)} and {numbers(w_codes)}",
        f"0.6 / 0.25 = {bias / 0.25:g} is rounded to {int(b_code)}",
        f"-2 + 2 + 3 - 0 = {int(terms.sum())}, and $y$ = 0.25 (3 + 2) = {float(y):g}",
        f"-0.36 + 0.27 + 0.84 - 0 + 0.6 = {real:g}. The error is {float(y) - real:.1f}",
    ]


def search():
    sizes = {"a": 100, "b": 300}

    def best(accuracies):
        return solution.variable_precision_search(
            sizes, lambda bits: accuracies[bits["a"], bits["b"]], (2, 4), 85.0
        )

    def size(bits):
        return sum(sizes[name] * bits[name] for name in sizes)

    measured = {(4, 4): 91.0, (2, 4): 88.0, (4, 2): 86.0, (2, 2): 80.0}
    assert best(measured) == {"a": 4, "b": 2}
    assert best({**measured, (4, 2): 85.0}) == {"a": 2, "b": 4}
    return [
        "{}, {}, {} and {} bits".format(*(size({"a": a, "b": b}) for a, b in measured)),
        f"`a` at 4 and `b` at 2 bits, {size(best(measured))} bits",
        "`a` at 2 and `b` at 4 bits, 1400 bits",
        *(f"`a` at {a} bits | {measured[a, 4]:g} % | {measured[a, 2]:g} %" for a in (4, 2)),
    ]


@pytest.mark.parametrize(
    ("cell", "phrases"), [("paper-2a", estimator), ("paper-2b", layer), ("paper-3", search)]
)
def test_paper_answers_are_those_of_the_reference(cell, phrases):
    text = " ".join(CELLS[cell].split())
    assert [phrase for phrase in phrases() if phrase not in text] == []


@pytest.mark.parametrize("cell", ["paper-2a", "paper-2b", "paper-3"])
def test_paper_answers_are_folded(cell):
    before, folded = CELLS[cell].split("<details><summary>")
    assert "Write down" in " ".join(before.split())
    assert folded.endswith("</details>")
    assert "\n\n1. " in folded  # Markdown inside of HTML needs an empty line before it
