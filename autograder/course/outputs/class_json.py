"""Write a class as one JSON file, and read it to compare with the next run.

    {"version": 1, "title", "source", "dataset", "anonymous", "provisional",
     "maximum", "deadline",
     "students": [{"member", "handin", "status", "automatic", "written", "bonus", "raw",
                   "days_late", "penalty_percent", "penalty", "total", "awaiting", "reason",
                   "maximum", "in_roster", "manual": {check: {"points", "comment"}}}, …],
     "outcomes": [{"student", "members", "submitted", "attempt", "late",
                   "problem", "seconds": {check: seconds}, "documents": digest,
                   "report": {…} or null}, …],
     "missing": [member, …]}

A report is as in report.json. Names, e-mails and paths of the export are not in the file.
`read_class` returns the record that `class_json` wrote, `read_scores` the scores and `read_policy`
the title and the deadline.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from autograder.course.class_record import CLASS_VERSION, ClassRecord, Outcome
from autograder.course.manual_scores import ManualScore
from autograder.course.policy import FinalScore, Policy, Status
from autograder.engine.record import Report
from autograder.platforms.export_entry import ExportEntry


def class_json(
    record: ClassRecord, scores: Sequence[FinalScore], policy: Policy, anonymous: bool = False
) -> str:
    """Return the text of class.json, to be stored as UTF-8."""
    whole = {
        "version": CLASS_VERSION,
        "title": policy.title,
        "source": record.source,
        "dataset": record.dataset,
        "anonymous": anonymous,
        "provisional": record.provisional,
        "maximum": max((score.maximum for score in scores), default=0.0),
        "deadline": policy.deadline.isoformat() if policy.deadline else None,
        "students": [_student(score) for score in scores],
        "outcomes": [_outcome(outcome) for outcome in record.outcomes],
        "missing": sorted(record.missing),
    }
    return json.dumps(whole, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def read_class(text: str) -> ClassRecord:
    """Return the record of a class.json, without paths and site columns.

    Raises:
        ValueError: the text has another version, or is not a class.json.
    """
    with _whole(text) as whole:
        outcomes = tuple(_read_outcome(outcome) for outcome in whole["outcomes"])
        missing: dict[str, Mapping[str, str]] = {member: {} for member in whole["missing"]}
        return ClassRecord(whole["source"], whole["dataset"], outcomes, missing)


def submissions_of(text: str) -> frozenset[str]:
    """Return the ids that the submissions of a class.json are graded under. Raise `ValueError`."""
    with _whole(text) as whole:
        return frozenset(outcome["student"] for outcome in whole["outcomes"])


def read_scores(text: str) -> tuple[FinalScore, ...]:
    """Return the scores of a class.json, without site columns. Raise `ValueError`."""
    with _whole(text) as whole:
        return tuple(_read_score(student) for student in whole["students"])


def read_policy(text: str) -> Policy:
    """Return the title and the deadline of a class.json as a policy. Raise `ValueError`."""
    with _whole(text) as whole:
        deadline = whole.get("deadline")
        return Policy(
            title=whole["title"], deadline=datetime.fromisoformat(deadline) if deadline else None
        )


@contextmanager
def _whole(text: str) -> Iterator[dict[str, Any]]:
    """Yield the content of a class.json; raise `ValueError` for what the context can't read."""
    try:
        whole = json.loads(text)
        if whole["version"] != CLASS_VERSION:
            raise ValueError(
                f"This class.json has version {whole['version']!r}; this kit reads version "
                f"{CLASS_VERSION}. Grade the class again."
            )
        yield whole
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"This is not a class.json of this kit: {error!r}.") from error


def _student(score: FinalScore) -> Mapping[str, Any]:
    return {
        "member": score.member,
        "handin": score.submission,
        "status": score.status.value,
        "automatic": score.automatic,
        "written": score.written,
        "bonus": score.bonus,
        "raw": score.raw,
        "days_late": score.days_late,
        "penalty_percent": score.penalty_percent,
        "penalty": score.penalty,
        "total": score.total,
        "awaiting": score.awaiting,
        "reason": score.reason,
        "maximum": score.maximum,
        "in_roster": score.in_roster,
        "manual": {
            check: {"points": manual.points, "comment": manual.comment}
            for check, manual in sorted(score.manual.items())
        },
    }


def _read_score(record: Mapping[str, Any]) -> FinalScore:
    names = ("member", "automatic", "written", "bonus", "days_late", "penalty_percent", "penalty")
    return FinalScore(
        **{name: record[name] for name in (*names, "total", "awaiting", "reason")},
        submission=record["handin"],
        status=Status(record["status"]),
        maximum=record.get("maximum", 0.0),
        in_roster=record.get("in_roster", True),
        manual={
            check: ManualScore(manual["points"], manual["comment"])
            for check, manual in record["manual"].items()
        },
    )


def _outcome(outcome: Outcome) -> Mapping[str, Any]:
    entry = outcome.entry
    return {
        "student": entry.student,
        "members": list(entry.members),
        "submitted": entry.submitted,
        "attempt": entry.attempt,
        "late": entry.late,
        "problem": outcome.problem,
        "seconds": dict(outcome.seconds),
        "documents": outcome.documents,
        "report": json.loads(outcome.report.to_json()) if outcome.report else None,
    }


def _read_outcome(record: Mapping[str, Any]) -> Outcome:
    report = record["report"]
    return Outcome(
        ExportEntry(
            student=record["student"],
            path="",
            members=tuple(record["members"]),
            submitted=record["submitted"],
            attempt=record["attempt"],
            late=record["late"],
        ),
        None if report is None else Report.from_json(json.dumps(report)),
        record["problem"],
        record["seconds"],
        record.get("documents", ""),
    )
