"""Answers in notebooks and reports: by cell, by heading, by prompt; pictures as PNG only."""

import base64
import json
import tracemalloc

import pytest

from autograder.desk.notebook_answers import (
    UnreadableNotebook,
    decode_png,
    find_answer,
    find_pictures,
    read_cells,
    released_prompts,
)
from autograder.desk.sections import find_section, heading_of
from tests.desk.small_class import notebook, png

OWN = "Symmetric clips nothing.\n\nSAWB fits moments."


@pytest.mark.parametrize("keep_metadata", [True, False])
def test_find_answer_returns_the_students_text_without_the_prompt(keep_metadata):
    cells = read_cells(notebook({"1b": OWN, "1c": "B has heavy tails."}, keep_metadata))
    answer = find_answer(cells, "1b")
    assert answer is not None
    assert answer.text == OWN
    assert not answer.is_whole
    assert find_answer(cells, "2d") is None


def test_find_answer_includes_cells_that_the_student_added():
    content = json.loads(notebook({"1b": "First part."}))
    place = next(n for n, cell in enumerate(content["cells"]) if cell["id"] == "written-1b")
    added = {"cell_type": "markdown", "metadata": {}, "source": ["Second ", "part."]}
    content["cells"].insert(place + 1, added)
    answer = find_answer(read_cells(json.dumps(content).encode()), "1b")
    assert answer is not None
    assert answer.text == "First part.\n\nSecond part."


def test_find_answer_returns_all_text_of_a_notebook_without_questions():
    cells = [{"cell_type": "markdown", "source": "I did everything."}]
    answer = find_answer(read_cells(json.dumps({"cells": cells}).encode()), "1b")
    assert answer is not None
    assert answer.is_whole


@pytest.mark.parametrize("content", [b"", b"[]", b'{"cells": 3}', b'{"cells": [1]}', b"[" * 9999])
def test_read_cells_refuses_what_is_not_a_notebook(content):
    with pytest.raises(UnreadableNotebook):
        read_cells(content)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"cells":[' + b"{}," * 5_000 + b"{}]}", "more than 5,000 cells"),
        (b'{"worksheets":[{"cells":[' + b"{}," * 5_000 + b"{}]}]}", "more than 5,000 cells"),
        (b'{"cells":[{"outputs":[' + b"{}," * 5_000 + b"{}]}]}", "more than 5,000 cells"),
        (b'{"cells":[' + b"{}," * 1_000_000, "more than 1,000,000 lists"),
        (b" " * (16 * 2**20 + 1), "larger than 16 MiB"),
    ],
)
def test_read_cells_says_that_a_notebook_is_too_large(content, sentence):
    with pytest.raises(UnreadableNotebook, match=sentence):
        read_cells(content)


def test_find_pictures_returns_png_with_their_questions():
    pictures = find_pictures(read_cells(notebook({})))
    assert pictures == ((png(), "1b"), (png(), "1c"))


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a",
        png(60_000, 1),
        png()[:20],
        b"<html>",
    ],
)
def test_decode_png_refuses_other_formats_and_huge_pictures(content):
    assert decode_png(base64.b64encode(content).decode()) is None


def test_released_prompts_are_those_of_the_written_answers():
    assert {"1b", "1c", "2d"} == set(released_prompts())
    assert all(text.endswith("?") or text.endswith(".") for text in released_prompts().values())


@pytest.mark.parametrize(
    ("line", "question"),
    [
        ("## 1b. Scales", "1b"),
        ("Question 1 b)", "1b"),
        ("(1b)", "1b"),
        ("**Written answer 2d.** Text", "2d"),
        ("1c: The bias", "1c"),
        ("Task 3", "3"),
        ("3 bits are enough", None),
        ("1.5 times as much", None),
        ("2 methods differ", None),
        ("0.31 is the error", None),
    ],
)
def test_heading_of_recognizes_headings_only(line, question):
    assert heading_of(line) == question


def test_find_section_ends_at_the_next_question():
    text = "Contents\n1b\n1c\n\n1b. Scales\nfirst\n1c. Bias\nsecond"
    assert find_section(text, "1b") == "1b. Scales\nfirst"
    assert find_section(text, "2d") is None


def test_find_section_needs_little_memory_for_many_headings():
    text = "# 1b\n" * 4_000
    tracemalloc.start()
    try:
        section = find_section(text, "1b")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert section == text.strip()
    assert peak < 40 * len(text)


def test_find_section_returns_the_longest_of_several():
    text = "1b. Short\na\n1c. Other\nb\n1b. Long\n\n1b. Again\nfirst\nsecond\n2d. End\nc"
    assert find_section(text, "1b") == "1b. Long\n\n1b. Again\nfirst\nsecond"
    assert find_section("1b. Only a heading\n1c. Other\nb", "1b") is None
