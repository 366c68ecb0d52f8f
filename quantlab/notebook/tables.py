"""Tables as the value of a cell: HTML in a notebook, aligned text elsewhere.

A table sets no text colors and is readable in light and in dark themes.
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quantlab.formats.answers import MSE_BITS, MSE_METHODS, TABLE1_METHODS, VECTORS, Answers
from quantlab.paths import CELLS

EMPTY = "–"
LINE = "1px solid rgba(128, 128, 128, 0.5)"  # visible on white and on black
METHOD_NAMES = {"sym": "symmetric", "heuristic": "heuristic", "SAWB": "SAWB"}


@dataclass(frozen=True)
class Table:
    """Rows of texts under column titles."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def _repr_html_(self) -> str:
        style = "text-align: right; padding: 0.25em 0.8em; font-variant-numeric: tabular-nums;"
        head = "".join(
            f'<th style="{style} border-bottom: {LINE}">{html.escape(c)}</th>' for c in self.columns
        )
        body = "".join(
            "<tr>"
            + "".join(f'<td style="{style}">{html.escape(cell)}</td>' for cell in row)
            + "</tr>"
            for row in self.rows
        )
        return (
            '<div style="overflow-x: auto" tabindex="0">'
            '<table style="border-collapse: collapse; background: none; margin: 0.5em 0">'
            f'<caption style="text-align: left; caption-side: top; color: inherit; '
            f'font-weight: bold">{html.escape(self.title)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )

    def __repr__(self) -> str:
        """Return the table as aligned text."""
        lines = [self.columns, *self.rows]
        wide = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        text = [
            "  ".join(cell.rjust(w) for cell, w in zip(line, wide, strict=True)) for line in lines
        ]
        return "\n".join([self.title, *text])


def mse_table(answers: Answers) -> Table:
    """Return the table of question 1b as recorded in answers.json."""
    columns = ["", *(f"{vector}, {bits} bits" for vector in VECTORS for bits in MSE_BITS)]
    rows = [
        [METHOD_NAMES[method]]
        + [_number(answers.mse[v][method][bits], ".4g") for v in VECTORS for bits in MSE_BITS]
        for method in MSE_METHODS
    ]
    return Table("Mean squared error", columns, rows)


def accuracy_table(answers: Answers) -> Table:
    """Return Table 1 as recorded in answers.json, in percent."""
    columns = [
        "",
        *(f"{t.upper()}, {METHOD_NAMES[m]}" for t in ("ptq", "qat") for m in TABLE1_METHODS),
    ]
    rows = [
        [cell]
        + [
            _number(answers.table1[training][cell][method], ".2f")
            for training in ("ptq", "qat")
            for method in TABLE1_METHODS
        ]
        for cell in CELLS
    ]
    return Table(f"Table 1: test accuracy of ResNet-20 on {answers.dataset}, %", columns, rows)


def bit_width_table(bit_widths: Mapping[str, int], sizes: Mapping[str, int]) -> Table:
    """Return the table of each layer's number of weights and bit width."""
    rows = [[name, f"{sizes[name]:,}", str(bits)] for name, bits in bit_widths.items()]
    return Table("Bits of the weights of each layer", ["layer", "weights", "bits"], rows)


def _number(value: float | None, form: str) -> str:
    return EMPTY if value is None else format(value, form)
