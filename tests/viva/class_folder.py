"""The folder of a small class as `batch` leaves it, without grading anything."""

from collections.abc import Mapping
from pathlib import Path

from autograder.course.audit import Audit
from autograder.course.class_folder import open_class
from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.graded_class import BatchNote, write_note
from autograder.course.outputs import write_class_pages
from autograder.course.outputs.output_files import OutputFiles
from autograder.course.policy import Policy, apply_policy
from autograder.course.publish import PublishOptions
from autograder.engine.record import Report
from autograder.platforms import read_export
from tests.class_outputs.people import a_report


def publish(
    folder: Path, files: Mapping[str, Mapping[str, bytes]], **reports: Report | None
) -> Path:
    """Write `files[student][name]` as an export and publish it; return the folder of the class.

    A student without an entry in `reports` has everything right.
    """
    export, out = folder / "submissions", folder / "results"
    for student, of_student in files.items():
        (export / student).mkdir(parents=True)
        for name, content in of_student.items():
            (export / student / name).write_bytes(content)
    options = PublishOptions()
    with open_class(out, create=True), read_export(export) as opened:
        outcomes = tuple(
            Outcome(entry, reports.get(entry.student, a_report(entry.student)))
            for entry in opened.entries
        )
        record = ClassRecord(opened.source, "CIFAR-10", outcomes)
        scores = apply_policy(record, Policy(), {})
        write_class_pages(OutputFiles(out), record, scores, Policy(), Audit(()), anonymous=False)
        write_note(out, BatchNote(export, options))
    return out
