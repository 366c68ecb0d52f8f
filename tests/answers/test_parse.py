"""Reading answers.json: an empty cell is a cell, anything malformed is one sentence."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantlab.errors import BadAnswers
from quantlab.formats.answers import (
    LARGEST_TEXT,
    MSE_BITS,
    MSE_METHODS,
    TABLE1_METHODS,
    TRAININGS,
    VECTORS,
    Answers,
    parse,
    to_text,
)
from quantlab.paths import CELLS


def text(**changes):
    record = {"version": 1, "student": "alice", "dataset": "CIFAR-10"} | changes
    return json.dumps({name: value for name, value in record.items() if value is not ...})


def sentence(source):
    with pytest.raises(BadAnswers) as caught:
        parse(source)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 400
    return message


def test_a_full_file_is_read():
    mse = {v: {m: {"8": 0.5, "4": 1, "2": 2.5} for m in MSE_METHODS} for v in VECTORS}
    mse["B"]["SAWB"]["2"] = 7.25
    table1 = {t: {c: {"SAWB": 90.5, "sym": 91} for c in CELLS} for t in TRAININGS}
    table1["qat"]["W2A8"]["sym"] = 88.25

    answers = parse(text(mse=mse, table1=table1, bit_widths={"layer1.0.conv1": 4, "fc": 8}))

    assert (answers.student, answers.dataset) == ("alice", "CIFAR-10")
    assert answers.mse["B"]["SAWB"] == {8: 0.5, 4: 1.0, 2: 7.25}
    assert answers.mse["A"]["heuristic"] == {8: 0.5, 4: 1.0, 2: 2.5}
    assert answers.table1["qat"]["W2A8"] == {"SAWB": 90.5, "sym": 88.25}
    assert answers.bit_widths == {"layer1.0.conv1": 4, "fc": 8}


def test_a_cell_that_is_absent_or_null_is_none_and_the_others_stay():
    answers = parse(text(mse={"A": {"sym": {"8": 0.25, "4": None}}}, table1={"ptq": {"W8A8": {}}}))
    assert answers.mse["A"]["sym"] == {8: 0.25, 4: None, 2: None}
    assert answers.mse["B"]["SAWB"] == {8: None, 4: None, 2: None}
    assert answers.table1["ptq"]["W8A8"] == {"SAWB": None, "sym": None}
    assert answers.bit_widths == {}


def test_null_for_a_whole_table_is_an_empty_table():
    assert parse(text(mse=None, table1=None, bit_widths=None)) == Answers("alice", "CIFAR-10")


def test_a_byte_order_mark_is_no_fault():
    assert parse(b"\xef\xbb\xbf" + text().encode()).student == "alice"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("", "is not JSON (line 1"),
        ('{"version": 1,\n "student": alice}', "is not JSON (line 2"),
        (b"\xff\xfe{\x00", "is not UTF-8 text"),
        ("[]", "must be a JSON object, not a list"),
        ("null", "must be a JSON object, not null"),
        ("NaN", "holds NaN"),
        (text(student=...), 'has no "student"'),
        (text(version=...), 'has no "version"'),
        (text(dataset=...), 'has no "dataset"'),
        (text(version=2), "does not have version 1"),
        (text(version=True), "does not have version 1"),
        (text(student=7), "The student of answers.json must be a text"),
        (text(student=" "), "The student of answers.json must be a text"),
        (text(student="\ud800"), "The student of answers.json must be a text"),
        (text(student="x" * 101), "1 to 100 characters"),
        (text(tabel1={}), "'tabel1' that is none of version, student"),
        (text(mse=[1]), '"mse" in answers.json must be a JSON object, not a list'),
        (text(mse={"C": {}}), "'C' that is none of A, B"),
        (text(mse={"A": {"symmetric": {}}}), "'symmetric' that is none of sym, heuristic, SAWB"),
        (text(mse={"A": {"sym": {"3": 1}}}), "'3' that is none of 8, 4, 2"),
        (text(mse={"A": {"sym": {"8": "0.1"}}}), '"mse.A.sym.8" in answers.json must be a number'),
        (text(mse={"A": {"sym": {"8": True}}}), "must be a number, not true"),
        (text(mse={"A": {"sym": {"8": math.nan}}}), "holds NaN"),
        (text(mse={"A": {"sym": {"8": -math.inf}}}), "holds -Infinity"),
        (text(mse={"A": {"sym": {"8": 1}}}).replace(": 1}", ": 1e999}"), "too large for a number"),
        (text(mse={"A": {"sym": {"8": 10**400}}}), "too large for a number"),
        (text(table1={"ptq": {"W8A8": 91}}), '"table1.ptq.W8A8" in answers.json must be a JSON'),
        (text(table1={"ptq": {"W3A3": {}}}), "'W3A3' that is none of W8A8"),
        (text(bit_widths=[4, 4]), '"bit_widths" in answers.json must be a JSON object'),
        (text(bit_widths=0), '"bit_widths" in answers.json must be a JSON object'),
        (text(bit_widths={"fc": 4.5}), "'fc' 4.5 for its bits"),
        (text(bit_widths={"fc": True}), "'fc' true for its bits"),
        (text(bit_widths={"fc": 10**9}), "give a whole number"),
        (text(bit_widths={"f\u202ec": 4}), "'f\\u202ec' that is no layer's name"),
        (text(bit_widths={f"layer{i}": 4 for i in range(201)}), "names 201 layers"),
        ("[" * 200_000, "absurd size"),
        ('{"version": ' + "1" * 5000 + "}", "absurd size"),
        (" " * (LARGEST_TEXT + 1), "larger than 1 MiB"),
    ],
)
def test_what_is_malformed_is_told_in_one_sentence(source, says):
    assert says in sentence(source)


def test_a_hostile_name_is_shown_short_and_escaped():
    message = sentence(text(mse={"\x1b[31m" + "x" * 10_000: {}}))
    assert "\x1b" not in message


cells = st.none() | st.floats(allow_nan=False, allow_infinity=False)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(str.strip)
answers_of_any_content = st.builds(
    Answers,
    student=names,
    dataset=names,
    mse=st.fixed_dictionaries(
        {
            v: st.fixed_dictionaries(
                {m: st.fixed_dictionaries(dict.fromkeys(MSE_BITS, cells)) for m in MSE_METHODS}
            )
            for v in VECTORS
        }
    ),
    table1=st.fixed_dictionaries(
        {
            t: st.fixed_dictionaries(
                {c: st.fixed_dictionaries(dict.fromkeys(TABLE1_METHODS, cells)) for c in CELLS}
            )
            for t in TRAININGS
        }
    ),
    bit_widths=st.dictionaries(
        st.sampled_from(["conv1", "layer1.0.conv1", "fc"]), st.integers(2, 8)
    ),
)


@settings(max_examples=30, deadline=None)
@given(answers_of_any_content)
def test_writing_and_reading_gives_the_same_answers(answers):
    assert parse(to_text(answers)) == answers


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["A", "sym", "8", "ptq", "W8A8", "x"]), inner, max_size=3)
    ),
)


@settings(max_examples=60, deadline=None)
@given(mse=json_values, table1=json_values, bit_widths=json_values, student=json_values)
def test_any_json_is_answers_or_refused(**parts):
    source = text(**parts)
    try:
        answers = parse(source)
    except BadAnswers:
        return
    assert set(answers.mse["B"]["SAWB"]) == set(MSE_BITS)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60))
def test_any_bytes_are_answers_or_refused(source):
    with pytest.raises(BadAnswers):  # none so short is complete
        parse(source)
