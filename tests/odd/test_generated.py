"""5,000 generated oddities at intake and status: a score is final only if all is understood.

A failure prints a seed. `SEED=17 CASES=1 python -m pytest tests/odd/test_generated.py` repeats it.
"""

import os
import random
from pathlib import Path

import pytest

from autograder.engine.record import Verdict
from autograder.grading.review import review
from quantlab.intake.roles import ANSWERS, MODELS, SOLUTION
from quantlab.intake.submission import Submission, read_submission
from tests.odd.oddities import CONTENTS, Oddity, Outcome, compose
from tests.review.submissions import as_graded

SEED = int(os.environ.get("SEED", "0"))
CASES = int(os.environ.get("CASES", "1000"))  # `make test`; .ci/run tries the rest, too


@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(SEED, SEED + CASES), id="first"),
        pytest.param(range(SEED + CASES, SEED + 5 * CASES), id="rest", marks=pytest.mark.long),
    ],
)
def test_generated_oddity_is_final_only_if_it_is_understood(seeds: range, tmp_path: Path) -> None:
    for seed in seeds:
        oddity = compose(random.Random(seed))
        path = tmp_path / oddity.name
        path.write_bytes(oddity.content)
        problems = _problems(oddity, read_submission(path))
        path.unlink()
        assert problems == [], f"SEED={seed}: {oddity.outcomes}"


def _problems(oddity: Oddity, submission: Submission) -> list[str]:
    graded = as_graded(submission)
    reviewed = set(review(submission, graded).checks)
    problems = []
    for role, outcome in oddity.outcomes.items():
        checks = [
            check for check in graded if _role_of(check.result.id, check.result.source) == role
        ]
        lost = {
            check.result.id
            for check in checks
            if check.result.points < check.result.max_points
            and check.result.verdict is not Verdict.AWAITING_MARKING
        }
        ids = {check.result.id for check in checks}
        if outcome is Outcome.UNDERSTOOD and (ids & reviewed or not _is_used(role, submission)):
            problems.append(f"{role} is not understood: {submission.problems.get(role)}")
        if outcome is Outcome.REVIEW and not (lost and lost <= reviewed):
            problems.append(f"{role} is final and has lost {sorted(lost - reviewed)}")
        if outcome is Outcome.MISSING and not oddity.has_unopened and ids & reviewed:
            problems.append(f"{role} needs review, although nothing was submitted for it")
    return problems


def _role_of(check: str, source: str) -> str:
    if source == "model":
        name = f"ResNet20_{check.removeprefix('2d.model.')}.pt"
        return name if name in MODELS else "bit widths"
    return {"call": SOLUTION, "table": ANSWERS, "person": "report"}[source]


def _is_used(role: str, submission: Submission) -> bool:
    """Return whether the very content that was submitted has the role."""
    if role == SOLUTION:
        return submission.solution == CONTENTS[role].decode()
    if role == ANSWERS:
        return submission.answers is not None and submission.answers.bit_widths == {"fc": 4}
    if role in MODELS:
        return submission.models.get(role) == CONTENTS[role]
    return submission.report_file is not None
