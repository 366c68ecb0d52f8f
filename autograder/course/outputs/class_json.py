"""A class in one JSON file: for whoever computes with marks, and to compare with the next run.

    {"version": 1, "title", "source", "dataset", "anonymous", "provisional",
     "maximum",
     "students": [{"member", "handin", "status", "automatic", "written", "bonus", "raw",
                   "days_late", "penalty_percent", "penalty", "total", "awaiting", "reason",
                   "manual": {check: {"points", "comment"}}}, …],
     "outcomes": [{"student", "members", "submitted", "attempt", "late",
                   "problem", "seconds": {check: seconds}, "report": {…} or null}, …],
     "missing": [member, …]}

A report is as in report.json. What the learning management system knows of people, names and
e-mails, is not in it, nor are the paths of the export, which hold names too. `class_json` is a pure
function; `read_class` is its inverse for the record and fails with a `ValueError` for another
version or a file that is none.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.policy import FinalMark, Policy
from autograder.engine.record import Report
from autograder.platforms.export_entry import ExportEntry

CLASS_VERSION = 1


def class_json(
    record: ClassRecord, marks: Sequence[FinalMark], policy: Policy, anonymous: bool = False
) -> str:
    """The text of class.json, to be stored as UTF-8."""
    whole = {
        "version": CLASS_VERSION,
        "title": policy.title,
        "source": record.source,
        "dataset": record.dataset,
        "anonymous": anonymous,
        "provisional": record.provisional,
        "maximum": max((mark.maximum for mark in marks), default=0.0),
        "students": [_student(mark) for mark in marks],
        "outcomes": [_outcome(outcome) for outcome in record.outcomes],
        "missing": sorted(record.missing),
    }
    return json.dumps(whole, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def read_class(text: str) -> ClassRecord:
    """The record that `class_json` wrote, without paths and site columns. Raises `ValueError`."""
    try:
        whole = json.loads(text)
        if whole["version"] != CLASS_VERSION:
            raise ValueError(
                f"This class.json has version {whole['version']!r}; this kit reads version "
                f"{CLASS_VERSION}. Mark the class again."
            )
        outcomes = tuple(_read_outcome(outcome) for outcome in whole["outcomes"])
        missing: dict[str, Mapping[str, str]] = {member: {} for member in whole["missing"]}
        return ClassRecord(whole["source"], whole["dataset"], outcomes, missing)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"This is no class.json of this kit: {error!r}.") from error


def _student(mark: FinalMark) -> Mapping[str, Any]:
    return {
        "member": mark.member,
        "handin": mark.handin,
        "status": mark.status.value,
        "automatic": mark.automatic,
        "written": mark.written,
        "bonus": mark.bonus,
        "raw": mark.raw,
        "days_late": mark.days_late,
        "penalty_percent": mark.penalty_percent,
        "penalty": mark.penalty,
        "total": mark.total,
        "awaiting": mark.awaiting,
        "reason": mark.reason,
        "manual": {
            check: {"points": given.points, "comment": given.comment}
            for check, given in sorted(mark.manual.items())
        },
    }


def _outcome(outcome: Outcome) -> Mapping[str, Any]:
    handin = outcome.handin
    return {
        "student": handin.student,
        "members": list(handin.members),
        "submitted": handin.submitted,
        "attempt": handin.attempt,
        "late": handin.late,
        "problem": outcome.problem,
        "seconds": dict(outcome.seconds),
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
    )
