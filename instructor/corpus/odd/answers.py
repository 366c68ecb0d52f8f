"""answers.json as people fill it in."""

import contextlib
import json

from instructor import solution
from quantlab.data.student_vectors import student_vectors

TABLES = {"checks": ["1b.[AB].*", "2c.*", "3.bit_widths.valid"]}
SAWB = {"checks": ["2c.ptq.SAWB"]}


@contextlib.contextmanager
def edited(folder):
    """Yield the record of answers.json, to be changed in place."""
    path = folder / "answers.json"
    record = json.loads(path.read_text())
    yield record
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False))


@final("the student is a number, as in a student register", **TABLES)
def student_as_number():
    def build(folder):
        with edited(folder) as record:
            record["student"] = 2023001
            for vector, values in student_vectors("2023001").items():
                for method, cells in record["mse"][vector].items():
                    for bits in cells:
                        scale, zero = solution.reset_scale_and_zero_point(values, int(bits), method)
                        codes = solution.linear_quantize(values, scale, zero, int(bits))
                        recovered = solution.linear_dequantize(codes, scale, zero)
                        cells[bits] = float((values - recovered).square().mean())


@noted("a comment is beside the tables", says="entries that are not read: 'comment'", **TABLES)
def comment():
    def build(folder):
        with edited(folder) as record:
            record["comment"] = "my notes"


@noted("an accuracy is a text", says="written as text and were read", **TABLES)
def accuracy_as_text():
    def build(folder):
        with edited(folder) as record:
            cell = record["table1"]["ptq"]["W8A8"]
            cell["SAWB"] = str(cell["SAWB"])


@noted("accuracies have a decimal comma and a percent sign", says="were read", **TABLES)
def decimal_comma():
    def build(folder):
        with edited(folder) as record:
            for cell in record["table1"]["ptq"].values():
                cell["sym"] = f"{cell['sym']} %".replace(".", ",")


@review("accuracies are fractions", says="fractions where percentages belong", **SAWB)
def fractions():
    def build(folder):
        with edited(folder) as record:
            for cell in record["table1"]["ptq"].values():
                cell["SAWB"] /= 100


@review("one accuracy is a fraction", says="fractions", points=2, **SAWB)
def one_fraction():
    def build(folder):
        with edited(folder) as record:
            record["table1"]["ptq"]["W8A8"]["SAWB"] /= 100


@review(
    "an accuracy is NaN", says='"table1.ptq.W8A8.SAWB" in answers.json is NaN', points=2, **SAWB
)
def not_a_number():
    def build(folder):
        with edited(folder) as record:
            record["table1"]["ptq"]["W8A8"]["SAWB"] = float("nan")


@review("a table has another name", says="mse.A.symmetric", checks=["1b.A.sym"])
def another_name():
    def build(folder):
        with edited(folder) as record:
            record["mse"]["A"]["symmetric"] = record["mse"]["A"].pop("sym")


@final("methods and cells are in other letter case", **TABLES)
def letter_case():
    def build(folder):
        with edited(folder) as record:
            record["table1"]["PTQ"] = {
                cell.lower(): {method.lower(): v for method, v in row.items()}
                for cell, row in record["table1"].pop("ptq").items()
            }


@final("widths are 5.0, as numpy and pandas write them", **TABLES)
def widths_in_floating_point():
    def build(folder):
        with edited(folder) as record:
            record["bit_widths"] = {name: float(b) for name, b in record["bit_widths"].items()}


@final("widths are given for weights, as in a state_dict, instead of layers", **TABLES)
def names_of_weights():
    def build(folder):
        with edited(folder) as record:
            record["bit_widths"] = {f"{k}.weight": b for k, b in record["bit_widths"].items()}


@noted("an entry is there twice", says="there twice, of which one counts: 'mse'", **TABLES)
def twice():
    def build(folder):
        path = folder / "answers.json"
        path.write_text(path.read_text().replace("{", '{"mse": {},', 1))


@final("the file is in UTF-16 with a byte order mark", **TABLES)
def utf16():
    def build(folder):
        path = folder / "answers.json"
        path.write_text(path.read_text(), encoding="utf-16")


@review("a comma is too many", says="(line 1: a comma too many)", **TABLES)
def trailing_comma():
    def build(folder):
        path = folder / "answers.json"
        path.write_text('{"version": 1,\n}')


@review("a comment of another notation", says="a comment, which JSON does not have", **TABLES)
def comment_of_another_notation():
    def build(folder):
        path = folder / "answers.json"
        path.write_text(path.read_text().replace("{", "{\n// my tables\n", 1))
