"""A small class with everything in it, its policy and its marks by hand."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.manual_scores import ManualScore, ManualScores
from autograder.course.policy import LatePolicy, Policy
from tests.class_outputs.people import WRITTEN, a_class, a_report, an_entry


@pytest.fixture(scope="session")
def record() -> ClassRecord:
    """Of 53 people: two missing, one with a grader's fault, a group of two, one unreadable."""
    record = a_class(50)
    columns = {"Student": "Hamilton, Margaret", "ID": "71000", "Identifier": "Participant 9"}
    group = an_entry(
        "group-7",
        members=("margaret", "katherine"),
        submitted="2026-10-30T10:00:00+01:00",
        lms={"margaret": columns, "katherine": {"Student": "Johnson, Katherine", "ID": "71001"}},
    )
    together = Outcome(group, a_report("group-7"))
    unreadable = Outcome(
        an_entry("broken", lms={"broken": {"Student": "Hollerith, Herman", "ID": "71002"}}),
        None,
        "The archive broken.zip is cut off.",
    )
    return replace(record, outcomes=(*record.outcomes, together, unreadable))


@pytest.fixture(scope="session")
def policy() -> Policy:
    return Policy(
        title="Quantization, autumn",
        deadline=datetime.fromisoformat("2026-10-31T01:00:00+01:00"),
        late=LatePolicy(15, 10, 50, 7),
        excused=frozenset({"s100003"}),
        canvas_assignment="Quantization (4711)",
    )


@pytest.fixture(scope="session")
def manual(record: ClassRecord) -> ManualScores:
    """All written answers of two students in three are marked."""
    return {
        (outcome.entry.student, check): ManualScore(2.5, "Well said.", "marks.csv, line 2")
        for number, outcome in enumerate(record.outcomes)
        for check in WRITTEN
        if number % 3 and outcome.report
    }


@pytest.fixture(autouse=True)
def course_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "course_secret"
    path.write_text("a secret that only tests know\n")
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(path))
