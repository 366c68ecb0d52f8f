"""A guess is kept beside its result, whatever a student enters, and has no points."""

import json

import pytest

from quantlab.errors import BadAnswers
from quantlab.formats.answers_file import AnswersFile
from quantlab.formats.parse_answers import parse
from quantlab.notebook.guesses import better_on_b, compare_guess


@pytest.fixture
def file(tmp_path):
    return AnswersFile(tmp_path / "answers.json", "ada", "CIFAR-10")


def recorded(file):
    return json.loads(file.path.read_text())["guesses"]


def test_compare_guess_shows_and_records_both(file, capsys):
    compare_guess(file, "ptq_w2a8", 60, 12.3)
    assert capsys.readouterr().out == "You guessed 60 %, measured 12.3 %.\n"
    assert recorded(file) == {"ptq_w2a8": {"guess": 60, "measured": 12.3}}
    assert parse(file.path.read_bytes()).notes == ()


def test_compare_guess_works_without_a_guess(file, capsys):
    compare_guess(file, "narrowest_layer", None, "layer3.0.conv2")
    assert capsys.readouterr().out == "No guess, measured layer3.0.conv2.\n"
    compare_guess(file, "narrowest_layer", "fc", "layer3.0.conv2")  # a first guess after all
    assert recorded(file)["narrowest_layer"]["guess"] == "fc"


def test_compare_guess_waits_for_the_result(file, capsys):
    compare_guess(file, "ptq_w2a8", None, None)
    assert capsys.readouterr().out == ""
    compare_guess(file, "ptq_w2a8", 70.5, None)
    assert capsys.readouterr().out == "You guess 70.5 %. The result comes with the next run.\n"
    assert not file.path.exists()


def test_compare_guess_keeps_the_first_guess(file, capsys):
    compare_guess(file, "ptq_w2a8", 60, 12.3)
    compare_guess(file, "ptq_w2a8", 12, 12.25)
    shown = "You guessed 60 % (your first guess), measured 12.25 %."
    assert capsys.readouterr().out.splitlines()[1] == shown
    assert recorded(file) == {"ptq_w2a8": {"guess": 60, "measured": 12.25}}


@pytest.mark.parametrize("guess", [[1, 2], {"a": 1}, float("nan"), 10**400, "x" * 10_000, "60%"])
def test_record_guess_keeps_any_value_as_json(file, guess):
    file.record_guess("ptq_w2a8", guess, 12.3)
    kept = recorded(file)["ptq_w2a8"]["guess"]
    assert isinstance(kept, (int, float, str))
    assert len(str(kept)) <= 100
    answers = parse(file.path.read_bytes())
    assert answers.guesses["ptq_w2a8"]["measured"] == 12.3
    assert not answers.unread


def test_record_guess_refuses_an_unknown_name(file):
    with pytest.raises(BadAnswers, match="no guess 'accuracy'"):
        file.record_guess("accuracy", 1, 2)


def test_record_guess_stays_when_numbers_are_recorded(file):
    file.record_guess("ptq_w2a8", 60, 12.3)
    file.record_accuracy("ptq", "W2A8", "SAWB", 12.3)
    assert recorded(file) == {"ptq_w2a8": {"guess": 60, "measured": 12.3}}


@pytest.mark.parametrize(
    "guesses",
    [
        None,
        [],
        "60",
        {"ptq_w2a8": 60},
        {"ptq_w2a8": {"guess": [1], "measured": {"a": 1}}},
        {"ptq_w2a8": {"guess": 1e300}},
        {"another": {"guess": 1}, "ptq_w2a8": {"guess": "\ud800"}},
    ],
)
def test_parse_reads_any_guesses_without_a_note(guesses):
    record = {"version": 1, "student": "ada", "dataset": "CIFAR-10", "guesses": guesses}
    answers = parse(json.dumps(record))
    assert answers.notes == ()
    assert answers.unread == {}
    for entry in answers.guesses.values():
        assert all(isinstance(part, (int, float, str, type(None))) for part in entry.values())
        json.dumps(entry).encode()
        str(entry).encode()


def test_better_on_b_needs_both_errors(file):
    assert better_on_b(file.read()) is None
    file.record_mse("B", "sym", 8, 0.1)
    file.record_mse("B", "SAWB", 8, 0.2)
    assert better_on_b(file.read()) == "sym"
