"""The gradebook import of Canvas.

A CSV file that Canvas's gradebook takes as it is ("Import" in the gradebook; Canvas Instructor
Guide, "How do I import grades in the Gradebook?"). It begins as Canvas's own export does:

    Student,ID,SIS User ID,SIS Login ID,Section,Quantization (4711)
        Points Possible,,,,,140
    "Lovelace, Ada",70001,sis1,ada@example.org,Autumn,118.5

Canvas finds a student by `ID`, else by the SIS ids, else by name, and the assignment by the number
in parentheses (canvas-lms, lib/gradebook_importer.rb and gradebook_exporter.rb). `EX` excuses. An
empty cell erases the score that is there, so that students without a final score have no row. A
pure function that cannot fail.
"""

import csv
import io
from collections.abc import Sequence

from autograder.course.outputs.published import published
from autograder.course.policy import FinalMark, Policy, Status
from autograder.report.cells import cell

COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
EXCUSED = "EX"


def canvas_csv(marks: Sequence[FinalMark], policy: Policy) -> str:
    """The text of canvas.csv, to be stored as UTF-8."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([*COLUMNS, cell(policy.canvas_assignment)])
    possible = max((mark.maximum for mark in marks), default=0.0)
    writer.writerow(["    Points Possible", "", "", "", "", cell(possible)])
    for mark in marks:
        if not has_row(mark, policy):
            continue
        known = {"Student": mark.member, **mark.lms}
        identity = [cell(known.get(column, "")) for column in COLUMNS]
        points = published(mark, policy)
        writer.writerow([*identity, EXCUSED if points is None else cell(points)])
    return stream.getvalue()


def has_row(mark: FinalMark, policy: Policy) -> bool:
    """Return whether a student has a row: a score that may leave, or an excuse."""
    return mark.status is Status.EXCUSED or published(mark, policy) is not None
