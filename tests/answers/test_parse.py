"""Reading answers.json: an empty cell is a cell, anything malformed is one sentence."""

import json
import math
import time

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
    to_text,
)
from quantlab.formats.parse_answers import parse
from quantlab.paths import CELLS
from quantlab.student_ids import plain_student


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


def test_parse_reads_a_full_file():
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


def test_parse_reads_absent_and_null_cells_as_none():
    answers = parse(text(mse={"A": {"sym": {"8": 0.25, "4": None}}}, table1={"ptq": {"W8A8": {}}}))
    assert answers.mse["A"]["sym"] == {8: 0.25, 4: None, 2: None}
    assert answers.mse["B"]["SAWB"] == {8: None, 4: None, 2: None}
    assert answers.table1["ptq"]["W8A8"] == {"SAWB": None, "sym": None}
    assert answers.bit_widths == {}


def test_parse_reads_a_null_table_as_empty():
    assert parse(text(mse=None, table1=None, bit_widths=None)) == Answers("alice", "CIFAR-10")


def test_parse_accepts_a_byte_order_mark():
    assert parse(b"\xef\xbb\xbf" + text().encode()).student == "alice"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("", "is not JSON (line 1"),
        ('{"version": 1,\n "student": alice}', "is not JSON (line 2"),
        ('{"version": 1,\n // mine\n "a": 1}', "(line 2: a comment, which JSON does not have)"),
        ('{"version": 1,\n}', "(line 1: a comma too many)"),
        ('{"version": [1,\n]}', "(line 1: a comma too many)"),
        ("{'version': 1}", "(line 1: single quotes, where JSON has double ones)"),
        (b'{"student": "caf\xe9"}', "is not UTF-8 text"),
        ("[]", "must be a JSON object, not a list"),
        ("null", "must be a JSON object, not null"),
        ("NaN", "must be a JSON object, not NaN"),
        (text(student=...), 'has no "student"'),
        (text(dataset=...), 'has no "dataset"'),
        (text(version=2), "does not have version 1"),
        (text(version=True), "does not have version 1"),
        (text(student=True), "The student of answers.json must be a text"),
        (text(student=" "), "The student of answers.json must be a text"),
        (text(student="\ud800"), "The student of answers.json must be a text"),
        (text(student="x" * 101), "1 to 100 characters"),
        ("[" * 200_000, "absurd size"),
        ('{"version": ' + "1" * 5000 + "}", "absurd size"),
        (" " * (LARGEST_TEXT + 1), "larger than 1 MiB"),
    ],
)
def test_parse_refuses_malformed_answers_in_a_sentence(source, says):
    assert says in sentence(source)


@pytest.mark.parametrize(
    ("changes", "place", "says"),
    [
        ({"tabel1": {}}, "tabel1", "is none of version, student"),
        ({"mse": [1]}, "mse", "must be a JSON object, not a list"),
        ({"mse": {"C": {}}}, "mse.C", "is none of A, B"),
        ({"mse": {"A": {"signed": {}}}}, "mse.A.signed", "is none of sym, heuristic, SAWB"),
        ({"mse": {"A": {"sym": {"3": 1}}}}, "mse.A.sym.3", "is none of 8, 4, 2"),
        ({"mse": {"A": {"sym": {"8": "much"}}}}, "mse.A.sym.8", "must be a number, not 'much'"),
        ({"mse": {"A": {"sym": {"8": "1,234.5"}}}}, "mse.A.sym.8", "not '1,234.5'"),
        ({"mse": {"A": {"sym": {"8": True}}}}, "mse.A.sym.8", "must be a number, not true"),
        ({"mse": {"A": {"sym": {"8": {"value": 1}}}}}, "mse.A.sym.8", "not an object"),
        ({"mse": {"A": {"sym": {"8": math.nan}}}}, "mse.A.sym.8", "is NaN: find out why"),
        ({"mse": {"A": {"sym": {"8": -math.inf}}}}, "mse.A.sym.8", "is too large for a number"),
        ({"mse": {"A": {"sym": {"8": "1e999"}}}}, "mse.A.sym.8", "is too large for a number"),
        ({"mse": {"A": {"sym": {"8": 10**400}}}}, "mse.A.sym.8", "is too large for a number"),
        ({"table1": {"ptq": {"W8A8": 91}}}, "table1.ptq.W8A8", "must be a JSON object, not 91"),
        ({"table1": {"ptq": {"W3A3": {}}}}, "table1.ptq.W3A3", "is none of W8A8"),
        ({"bit_widths": [4, 4]}, "bit_widths", "must be a JSON object, not a list"),
        ({"bit_widths": 0}, "bit_widths", "must be a JSON object, not 0"),
        ({"bit_widths": {"fc": 4.5}}, "bit_widths.fc", "'fc' 4.5 for its bits"),
        ({"bit_widths": {"fc": True}}, "bit_widths.fc", "'fc' true for its bits"),
        ({"bit_widths": {"fc": "wide"}}, "bit_widths.fc", "'fc' 'wide' for its bits"),
        ({"bit_widths": {"fc": 10**9}}, "bit_widths.fc", "give a whole number"),
        ({"bit_widths": {"f\u202ec": 4}}, "bit_widths.f\\u202ec", "does not name a layer"),
        ({"bit_widths": {f"layer{i}": 4 for i in range(201)}}, "bit_widths", "names 201 layers"),
    ],
)
def test_parse_loses_only_the_entry_that_cannot_be_read(changes, place, says):
    whole = {"mse": {"B": {"sym": {"8": 0.5}}}, "table1": {"qat": {"W4A4": {"sym": 90}}}}
    merged = {name: changes.get(name, value) for name, value in whole.items()} | changes
    if isinstance(merged["mse"], dict):
        merged["mse"] |= whole["mse"]
    answers = parse(text(**merged))
    assert list(answers.unread) == [place]
    assert answers.problem(place).endswith(".")
    assert says in answers.problem(place)
    assert len(answers.problem(place)) < 400
    assert answers.problem(f"{place}.deeper") == answers.problem(place)
    assert answers.problem("mse.B.sym.4") == (answers.unread.get("mse"))
    if place != "mse":
        assert answers.mse["B"]["sym"][8] == 0.5
    if not place.startswith("table1"):
        assert answers.table1["qat"]["W4A4"]["sym"] == 90


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("91.2", 91.2),
        ("91,2", 91.2),
        (" 91.2 % ", 91.2),
        ("91.2%", 91.2),
        ("\uff19\uff11.2", 91.2),
        ("9.12E+1", 91.2),
        ("91\u00a0%", 91),
        ("", None),
    ],
)
def test_parse_reads_numbers_that_are_written_as_text(written, read):
    answers = parse(text(table1={"ptq": {"W8A8": {"SAWB": written}}}))
    assert answers.table1["ptq"]["W8A8"]["SAWB"] == read
    assert not answers.unread
    assert len(answers.notes) == (read is not None)


@pytest.mark.parametrize(
    "table", [{"ptq": {"w8a8": {"sawb": 91}}}, {"PTQ": {"W8-A8": {"Sawb": 91}}}]
)
def test_parse_takes_names_in_any_letter_case(table):
    answers = parse(text(table1=table, MSE={"a": {"Sym": {"8 bits": 0.5, "4.0": 1}}}))
    assert answers.table1["ptq"]["W8A8"]["SAWB"] == 91
    assert (answers.mse["A"]["sym"][8], answers.mse["A"]["sym"][4]) == (0.5, 1)
    assert not answers.unread
    assert not answers.notes


def test_parse_reads_widths_of_any_type():
    widths = {"conv1": 4.0, "module.fc": "8", "layer1.0.conv1.weight": "4 "}
    assert parse(text(bit_widths=widths)).bit_widths == {"conv1": 4, "fc": 8, "layer1.0.conv1": 4}


@pytest.mark.parametrize(
    ("student", "read"),
    [
        (2023001, "2023001"),
        (2023001.0, "2023001"),
        ("  Ada  Lovelace ", "Ada Lovelace"),
        ("ada@example.org", "ada@example.org"),
        ("\u674e\u660e", "\u674e\u660e"),
        ("Jose\u0301", "Jos\u00e9"),
        ("\ufeffada\u200b", "ada"),
    ],
)
def test_parse_reads_the_student_in_any_form(student, read):
    assert parse(text(student=student)).student == read


def test_parse_reads_the_data_set_in_any_form():
    assert parse(text(dataset="cifar10")).dataset == "CIFAR-10"
    assert parse(text(dataset="shapes 10")).dataset == "Shapes-10"
    assert parse(text(dataset="MNIST")).dataset == "MNIST"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_parse_reads_the_encodings_of_json(encoding):
    assert parse(text(student="\u00e9va").encode(encoding)).student == "\u00e9va"


def test_parse_ignores_other_entries_with_a_note():
    answers = parse(text(comment="mine", auto_score=140, version=..., bit_widths={"fc": 4}))
    assert answers.bit_widths == {"fc": 4}
    assert answers.notes == (
        "answers.json has entries that are not read: 'comment', 'auto_score'.",
    )
    assert not answers.unread


def test_parse_names_what_is_there_twice():
    twice = text(mse={"A": {"sym": {"8": 0.5}}}).replace('"8": 0.5', '"8": 0.1, "8": 0.5')
    answers = parse(twice)
    assert answers.mse["A"]["sym"][8] == 0.5
    assert answers.notes == (
        "answers.json has entries that are there twice, of which one counts: '8'.",
    )
    assert "'sawb'" in parse(text(table1={"ptq": {"W8A8": {"SAWB": 1, "sawb": 2}}})).notes[0]


def test_parse_shortens_and_escapes_a_hostile_name():
    answers = parse(text(mse={"\x1b[31m" + "x" * 10_000: {}}, **{"\x1b]0;x\x07": 1}))
    for sentence in (*answers.unread.values(), *answers.notes):
        assert sentence.isprintable()
        assert len(sentence) < 400


def test_parse_is_quick_for_a_megabyte_of_names():
    names = ", ".join(f'"k{n}": 1' for n in range(70_000))
    started = time.process_time()
    answers = parse(text(mse={"A": 0}).replace('"A": 0', f'{names}, "k1": 2'))
    assert time.process_time() - started < 5
    assert len(answers.unread) <= 60


cells = st.none() | st.floats(allow_nan=False, allow_infinity=False)
names = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(plain_student).filter(bool)
)
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
def test_parse_inverts_to_text(answers):
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
def test_parse_returns_or_refuses_answers_of_any_json(**parts):
    source = text(**parts)
    try:
        answers = parse(source)
    except BadAnswers:
        return
    assert set(answers.mse["B"]["SAWB"]) == set(MSE_BITS)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60))
def test_parse_refuses_any_short_bytes(source):
    with pytest.raises(BadAnswers):  # none so short is complete
        parse(source)
