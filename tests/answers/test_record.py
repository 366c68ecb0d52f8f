"""Recording a result from the notebook: into its own cell, atomically, or not at all."""

import json
import os

import numpy as np
import pytest

from quantlab.errors import BadAnswers
from quantlab.formats.answers_file import AnswersFile
from quantlab.formats.parse_answers import parse


@pytest.fixture
def path(tmp_path):
    return tmp_path / "answers.json"


@pytest.fixture
def answers(path):
    return AnswersFile(path, "alice", "CIFAR-10")


def test_answers_file_fills_a_cell_and_keeps_the_others(answers, path):
    answers.record_mse("A", "sym", 8, 0.25)
    answers.record_mse("B", "SAWB", 2, np.float32(0.5))
    answers.record_accuracy("qat", "W4A4", "SAWB", 90.5)
    answers.record_accuracy("ptq", "W4A4", "SAWB", 80)
    answers.record_mse("A", "sym", 8, 0.125)

    read = parse(path.read_text())
    assert (read.student, read.dataset) == ("alice", "CIFAR-10")
    assert read.mse["A"]["sym"] == {8: 0.125, 4: None, 2: None}
    assert read.mse["B"]["SAWB"] == {8: None, 4: None, 2: 0.5}
    assert read.table1["qat"]["W4A4"] == {"SAWB": 90.5, "sym": None}
    assert read.table1["ptq"]["W4A4"] == {"SAWB": 80.0, "sym": None}


def test_answers_file_replaces_earlier_bit_widths(answers, path):
    answers.record_bit_widths({"layer1.0.conv1": 4, "fc": 8})
    answers.record_bit_widths({"fc": np.int64(3)})
    assert parse(path.read_text()).bit_widths == {"fc": 3}


def test_answers_file_records_and_withdraws_a_pseudonym(answers, path):
    answers.record_leaderboard("  Captain Clip ")
    answers.record_bit_widths({"fc": 3})
    assert parse(path.read_text()).leaderboard == "Captain Clip"
    answers.record_leaderboard(None)
    assert "leaderboard" not in path.read_text()


@pytest.mark.parametrize(
    "name", ["", " ", "x" * 31, "a\nb", "a\u202eb", "--", "x Alice x", 7, ["a"]]
)
def test_pseudonym_is_refused_in_the_notebook_and_ignored_in_a_file(answers, path, name):
    with pytest.raises(BadAnswers, match="choose another one"):
        answers.record_leaderboard(name)
    assert not path.exists()
    record = {"version": 1, "student": "alice", "dataset": "CIFAR-10", "leaderboard": name}
    read = parse(json.dumps(record))
    assert (read.leaderboard, read.unread) == ("", {})
    assert bool(read.notes) == (name != "")


def test_answers_file_writes_nothing_when_read(answers, path):
    assert answers.read().mse["A"]["sym"][8] is None
    assert not path.exists()


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (lambda a: a.record_mse("C", "sym", 8, 1.0), "no vector 'C' in the tables"),
        (lambda a: a.record_mse("A", "Sym", 8, 1.0), "no method 'Sym' in the tables"),
        (lambda a: a.record_mse("A", "sym", 3, 1.0), "no bit width 3 in the tables"),
        (lambda a: a.record_mse("A", "sym", "8", 1.0), "no bit width '8' in the tables"),
        (lambda a: a.record_mse("A", "sym", 8, float("nan")), "is nan: find out why"),
        (lambda a: a.record_mse("A", "sym", 8, -0.5), "is negative, -0.5"),
        (lambda a: a.record_mse("A", "sym", 8, np.ones(3)), "expected one number"),
        (lambda a: a.record_mse("A", "sym", 8, None), "expected one number, got null"),
        (lambda a: a.record_accuracy("QAT", "W8A8", "sym", 90), "no half of Table 1 'QAT'"),
        (lambda a: a.record_accuracy("qat", "w8a8", "sym", 90), "no row of Table 1 'w8a8'"),
        (lambda a: a.record_accuracy("qat", "W8A8", "heuristic", 90), "no method 'heuristic'"),
        (
            lambda a: a.record_accuracy("qat", "W8A8", "sym", 9000),
            "expected 0 to 100 percent, got 9000.0",
        ),
        (
            lambda a: a.record_accuracy("ptq", "W8A8", "sym", 0.953),
            "0.953 looks like a fraction. Record it in percent, 95.3.",
        ),
        (lambda a: a.record_bit_widths({"fc": 2.5}), "'fc' 2.5 for its bits"),
        (lambda a: a.record_bit_widths({3: 2}), "3 that does not name a layer"),
    ],
)
def test_answers_file_refuses_values_outside_the_tables_and_stays(answers, path, record, says):
    answers.record_mse("A", "sym", 8, 0.25)
    before = path.read_bytes()
    with pytest.raises(BadAnswers) as caught:
        record(answers)
    assert says in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (("bob", "CIFAR-10"), "belongs to the student 'alice', not 'bob'"),
        (("alice", "Shapes-10"), "belongs to the dataset 'CIFAR-10', not 'Shapes-10'"),
    ],
)
def test_answers_file_refuses_another_student_or_data_set(answers, path, other, says):
    answers.record_mse("A", "sym", 8, 0.25)
    before = path.read_bytes()
    with pytest.raises(BadAnswers) as caught:
        AnswersFile(path, *other).record_mse("A", "sym", 8, 0.5)
    assert says in str(caught.value)
    assert path.read_bytes() == before


def test_answers_file_refuses_an_empty_student(path):
    with pytest.raises(BadAnswers, match=r"The student of answers\.json must be a text"):
        AnswersFile(path, "", "CIFAR-10").record_mse("A", "sym", 8, 0.5)
    assert not path.exists()


def test_answers_file_keeps_the_old_file_when_a_write_is_interrupted(answers, path, monkeypatch):
    answers.record_mse("A", "sym", 8, 0.25)
    before = path.read_bytes()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        answers.record_mse("A", "sym", 4, 0.5)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["answers.json"]
