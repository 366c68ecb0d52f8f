"""Every check is needed, and every tolerance is narrow enough and wide enough.

The matrix is recorded once; then each check is removed, and each tolerance moved, and the proof has
to fail every time.
"""

from dataclasses import replace

import pytest

from autograder.checks import ALL_CHECKS
from autograder.marking import result_of
from autograder.rubric import load_rubric
from autograder.verify import tolerances
from autograder.verify.matrix import PERSON, Matrix, complaints, diagnosis

AUTOMATIC = {check.id: check for check in ALL_CHECKS if check.source != PERSON}
WITH_TOLERANCE = [id for id in AUTOMATIC if load_rubric().items[id].tolerance is not None]


def judged_again(recorded, id: str, tolerance: float) -> Matrix:
    """The matrix as it were if the check had another tolerance."""
    check, item = AUTOMATIC[id], recorded.rubric.items[id]
    changed = replace(item, tolerance=tolerance)
    rows = []
    for row in recorded.matrix.rows:
        finding = check.mark(recorded.evidence_of(row.name), changed)
        result = result_of(check, changed, finding)
        checks = tuple(result if one.id == id else one for one in row.report.checks)
        rows.append(replace(row, report=replace(row.report, checks=checks)))
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
    wide = min(measured[id].mutant, tolerances.LARGEST) * 1.02
    sentences = complaints(judged_again(recorded, id, wide))
    assert any(measured[id].mutant_name in s and "does not" in s for s in sentences) or any(
        f"The check {id} takes points from no mutant" in s for s in sentences
    )


@pytest.mark.parametrize("id", WITH_TOLERANCE)
def test_a_tolerance_below_the_worst_right_answer_fails_the_proof(recorded, measured, id):
    found = measured[id]
    if found.honest == 0:
        pytest.skip("every right answer agrees with the reference to the last bit")
    sentences = complaints(judged_again(recorded, id, found.honest * 0.9))
    assert any(s.startswith(f"{found.honest_name} is right but loses points") for s in sentences)


def test_the_rubric_s_bounds_hold(recorded, measured):
    assert tolerances.complaints(measured, recorded.rubric) == []


def test_most_mistakes_are_named_and_none_wrongly(recorded):
    found = diagnosis(recorded.matrix)
    assert found.mutants_named >= 0.8 * found.mutants
    for mutant, row in recorded.matrix.mutants:
        assert set(row.named.values()) <= {mutant.name}
