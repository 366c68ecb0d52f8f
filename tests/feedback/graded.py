"""A class in a folder as `batch` leaves it, from an export written by hand, without grading."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from autograder.__main__ import main
from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.course_file import Policy, load_policy
from autograder.course.graded_class import BatchNote, write_note
from autograder.course.manual_scores import ManualScore, ManualScores
from autograder.course.outputs.class_json import class_json
from autograder.course.policy import apply_manual_scores, apply_policy
from autograder.course.publish import PublishOptions
from autograder.engine.record import Report
from autograder.platforms import read_export
from tests.class_outputs.people import WRITTEN, a_report


def write_class(
    folder: Path,
    files: Mapping[str, str | bytes],
    course: str = "",
    reports: Mapping[str, Report] | None = None,
    ungraded: tuple[str, ...] = (),
    manual: ManualScores | None = None,
) -> Path:
    """Write folder/export and folder/out; `ungraded` are submissions with open written answers."""
    for path, content in files.items():
        place = folder / "export" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return publish(folder, course, reports or {}, ungraded, manual)


def publish(
    folder: Path,
    course: str = "",
    reports: Mapping[str, Report] = {},
    ungraded: tuple[str, ...] = (),
    manual: ManualScores | None = None,
) -> Path:
    """Publish the class of folder/export in folder/out, and return that."""
    out, export = folder / "out", folder / "export"
    out.mkdir(exist_ok=True)
    policy, course_file = Policy(), None
    if course:
        course_file = folder / "course.toml"
        course_file.write_text(course, encoding="utf-8")
        policy = load_policy(course_file)
    with read_export(export) as opened:
        outcomes = tuple(
            Outcome(entry, replace(reports.get(entry.student, a_report()), student=entry.student))
            for entry in opened.entries
        )
        record = ClassRecord(opened.source, "CIFAR-10", outcomes, opened.missing)
    scores_of_all = {
        (outcome.entry.student, check): ManualScore(2.0, f"Comment for {outcome.entry.student}.")
        for outcome in record.outcomes
        for check in WRITTEN
        if outcome.entry.student not in ungraded
    }
    scores = apply_policy(record, policy, {**scores_of_all, **(manual or {})})
    text = class_json(apply_manual_scores(record, scores), scores, policy)
    (out / "class.json").write_text(text, encoding="utf-8")
    write_note(out, BatchNote(export, PublishOptions(course_file)))
    return out


def return_to(site: str, out: Path, *options: str) -> int:
    return main(["return", str(out), "--to", site, *options])
