"""The PTQ table that students' tables are compared with: kept, never stale, fair to the papers."""

import json
from dataclasses import replace

import pytest

from autograder.engine import ptq_table
from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.oracle import Oracle
from autograder.engine.published_scales import PUBLISHED_PAIRS
from autograder.engine.record import Verdict
from quantlab.formats.saved_model import parse_name
from quantlab.intake.submission import Submission
from quantlab.paths import CELLS, float_model

TABLE = {
    "SAWB": dict.fromkeys(CELLS, (80.0, 75.0)),
    "sym": dict.fromkeys(CELLS, (70.0,)),
}


@pytest.mark.parametrize("dataset", ["cifar10", "shapes10"])
def test_ptq_table_committed_matches_the_current_kit(dataset, oracle):
    key = ptq_table.digest(dataset, oracle.source, float_model(dataset))
    table = ptq_table.stored(ptq_table.committed(dataset), key)
    assert table is not None, (
        f"Something that decides it has changed: python -m authoring build ptq-table "
        f"--data {dataset} measures it again."
    )
    for cell in CELLS:
        weight_bits, _ = parse_name(f"ResNet20_{cell}.pt")
        assert len(table["sym"][cell]) == 1
        assert len(table["SAWB"][cell]) == 1 + len(PUBLISHED_PAIRS[weight_bits])


def test_ptq_table_stored_returns_a_table_only_for_its_digest(tmp_path):
    path = tmp_path / "folder" / "table.json"
    ptq_table.store(path, "the digest", TABLE)
    assert ptq_table.stored(path, "the digest") == TABLE
    assert ptq_table.stored(path, "another digest") is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"digest": "k"}', '{"digest": "k", "accuracies": 3}']
)
def test_ptq_table_stored_ignores_an_incomplete_file(tmp_path, text):
    path = tmp_path / "table.json"
    path.write_text(text)
    assert ptq_table.stored(path, "k") is None


def test_ptq_table_digest_depends_on_reference_and_float_model(tmp_path):
    model = tmp_path / "model.pt"
    model.write_bytes(b"weights")
    key = ptq_table.digest("cifar10", "source", model)
    assert ptq_table.digest("cifar10", "source", model) == key
    assert ptq_table.digest("cifar10", "another", model) != key
    assert ptq_table.digest("shapes10", "source", model) != key
    model.write_bytes(b"other weights")
    assert ptq_table.digest("cifar10", "source", model) != key


def test_model_evaluator_reuses_a_remembered_ptq_table(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(ptq_table, "committed", lambda dataset: tmp_path / "none.json")
    oracle = Oracle()
    key = ptq_table.digest("shapes10", oracle.source, float_model("shapes10"))
    ptq_table.remember("shapes10", key, TABLE)
    assert ModelEvaluator("shapes10", oracle).ptq_accuracies("sym") == TABLE["sym"]
    assert json.loads(next(tmp_path.glob("quantlab/*.json")).read_text())["digest"] == key


def ptq_checks(marked, answers, cell_values):
    cells = {c: {"SAWB": v, "sym": 80.4} for c, v in zip(CELLS, cell_values, strict=True)}
    changed = replace(answers, table1={**answers.table1, "ptq": cells})
    report = marked(Submission("ada", None, changed))
    return {check.id: check for check in report.checks if check.question == "2c"}


def test_post_training_table_check_accepts_published_constants(marked, evaluator, empty_answers):
    published = dict.fromkeys(CELLS, (80.4, 75.0))
    evaluator.ptq_accuracies = lambda method: (
        published if method == "SAWB" else dict.fromkeys(CELLS, (80.4,))
    )
    results = ptq_checks(marked, empty_answers, (80.4, 75.3, 80.0, 74.5, 75.0))
    assert results["2c.ptq.SAWB"].verdict is Verdict.CORRECT
    results = ptq_checks(marked, empty_answers, (80.4, 77.7, 80.0, 74.5, 75.0))
    assert results["2c.ptq.SAWB"].verdict is Verdict.PARTIAL
    assert results["2c.ptq.SAWB"].points == pytest.approx(2.0)
