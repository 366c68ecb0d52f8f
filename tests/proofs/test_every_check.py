"""Every check is needed, and every tolerance is narrow enough and wide enough.

The matrix is recorded once; then each check is removed, and each tolerance moved, and the proof has
to fail every time.
"""

from dataclasses import replace

import pytest

from authoring.verify import tolerances
from authoring.verify.matrix import PERSON, Matrix, complaints, diagnosis
from autograder.checks import ALL_CHECKS
from autograder.engine.rubric import load_rubric
from autograder.grading.submission import score_finding

AUTOMATIC = {check.id: check for check in ALL_CHECKS if check.source != PERSON}
WITH_TOLERANCE = [id for id in AUTOMATIC if load_rubric().items[id].tolerance is not None]


def judged_again(recorded, id: str, name: str, tolerance: float) -> Matrix:
    """The matrix as it were if one submission had met the check with another tolerance."""
    check, item = AUTOMATIC[id], recorded.rubric.items[id]
    changed = replace(item, tolerance=tolerance)
    result = score_finding(check, changed, check.grade(recorded.evidence_of(name), changed))
    rows = []
    for row in recorded.matrix.rows:
        if row.name == name:
            checks = tuple(result if one.id == id else one for one in row.report.checks)
            row = replace(row, report=replace(row.report, checks=checks))  # noqa: PLW2901
        rows.append(row)
    return Matrix(recorded.matrix.checks, tuple(rows))


@pytest.fixture(scope="module")
def measured(recorded):
    checks = [AUTOMATIC[id] for id in WITH_TOLERANCE]
    return tolerances.bounds(recorded.matrix, checks, recorded.rubric, recorded.evidence_of, {})


def test_the_matrix_is_as_it_must_be(recorded):
    assert complaints(recorded.matrix) == []


def test_there_are_enough_of_both_kinds(recorded):
    assert len(list(recorded.matrix.mutants)) >= 70
    assert len(list(recorded.matrix.alternatives)) >= 30
    assert set(recorded.matrix.checks) == set(AUTOMATIC)


@pytest.mark.parametrize("id", AUTOMATIC)
def test_without_a_check_the_proof_fails(recorded, id):
    assert recorded.matrix.kills(id)
    sentences = complaints(recorded.matrix.without(id))
    assert any(id in sentence for sentence in sentences)


@pytest.mark.parametrize("id", WITH_TOLERANCE)
def test_a_tolerance_as_wide_as_its_nearest_mutant_fails_the_proof(recorded, measured, id):
    nearest = measured[id]
    assert nearest.mutant < tolerances.LARGEST
    found = judged_again(recorded, id, nearest.mutant_name, 1.02 * nearest.mutant)
    assert f"{nearest.mutant_name} must lose points in {id}, and does not." in complaints(found)


@pytest.mark.parametrize("id", WITH_TOLERANCE)
def test_a_tolerance_below_the_worst_right_answer_fails_the_proof(recorded, measured, id):
    found = measured[id]
    if found.honest == 0:
        pytest.skip("every right answer agrees with the reference to the last bit")
    narrow = judged_again(recorded, id, found.honest_name, 0.9 * found.honest)
    sentence = f"{found.honest_name} is right but loses points in {id}"
    assert any(said.startswith(sentence) for said in complaints(narrow))


def test_the_rubric_s_bounds_hold(recorded, measured):
    assert tolerances.complaints(measured, recorded.rubric) == []


def test_most_mistakes_are_named_and_none_wrongly(recorded):
    found = diagnosis(recorded.matrix)
    assert found.mutants_named >= 0.8 * found.mutants
    taken = [c for c in complaints(recorded.matrix) if "is taken for" in c]
    assert taken == []
