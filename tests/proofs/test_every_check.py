"""Every check is needed, and every tolerance is narrow enough and wide enough.

The matrix is recorded once; then each check is removed, and each tolerance moved, and the proof has
to fail every time.
"""

from dataclasses import replace

import pytest

from authoring.verify import tolerances
from authoring.verify.matrix import PERSON, Matrix, count_named, find_problems
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
            checks = tuple(result if other.id == id else other for other in row.report.checks)
            row = replace(row, report=replace(row.report, checks=checks))  # noqa: PLW2901
        rows.append(row)
    return Matrix(recorded.matrix.checks, tuple(rows))


@pytest.fixture(scope="module")
def measured(recorded):
    checks = [AUTOMATIC[id] for id in WITH_TOLERANCE]
    return tolerances.measure_bounds(
        recorded.matrix, checks, recorded.rubric, recorded.evidence_of, {}
    )


def test_matrix_has_no_problems(recorded):
    assert find_problems(recorded.matrix, recorded.rubric.slips) == []


def test_corpus_is_large_enough(recorded):
    assert len(list(recorded.matrix.mutants)) >= 70
    assert len(list(recorded.matrix.alternatives)) >= 30
    assert set(recorded.matrix.checks) == set(AUTOMATIC)


@pytest.mark.parametrize("id", AUTOMATIC)
def test_proof_fails_without_a_check(recorded, id):
    assert recorded.matrix.caught_by(id)
    sentences = find_problems(recorded.matrix.without(id))
    assert any(id in sentence for sentence in sentences)


@pytest.mark.parametrize("id", WITH_TOLERANCE)
def test_proof_fails_with_a_wide_tolerance(recorded, measured, id):
    nearest = measured[id]
    assert nearest.nearest_wrong < tolerances.LARGEST
    matrix = judged_again(recorded, id, nearest.nearest_wrong_name, 1.02 * nearest.nearest_wrong)
    assert f"{nearest.nearest_wrong_name} must lose points in {id}, and does not." in find_problems(
        matrix
    )


@pytest.mark.parametrize("id", WITH_TOLERANCE)
def test_proof_fails_with_a_narrow_tolerance(recorded, measured, id):
    bounds = measured[id]
    if bounds.worst_correct == 0:
        pytest.skip("every right answer agrees with the reference to the last bit")
    narrow = judged_again(recorded, id, bounds.worst_correct_name, 0.9 * bounds.worst_correct)
    sentence = f"{bounds.worst_correct_name} is correct but loses points in {id}"
    assert any(problem.startswith(sentence) for problem in find_problems(narrow))


def test_rubric_bounds_hold(recorded, measured):
    assert tolerances.find_problems(measured, recorded.rubric) == []


def test_matrix_names_mistakes_correctly(recorded):
    counts = count_named(recorded.matrix)
    assert counts.mutants_named >= 0.8 * counts.mutants
    misnamed = [c for c in find_problems(recorded.matrix) if "is named" in c]
    assert misnamed == []
