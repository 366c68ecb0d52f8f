"""The table of all final scores, for staff: `final.csv`, written for every course site.

    student,handin,raw,penalty,manual,total,status,reason
    ada,ada,121,12.1,9.5,108.9,final,1 day late: 10 % are taken off.

One row per student, also of those without a score: `status` tells how far it is, `reason` why.
`manual` are the points of `raw` that were given by hand; `total` is `raw` less `penalty`, and empty
where there is no score yet. It raises nothing.
"""

import csv
import io
from collections.abc import Sequence

from autograder.course.policy import FinalMark
from autograder.report.cells import cell

COLUMNS = ("student", "handin", "raw", "penalty", "manual", "total", "status", "reason")


def final_csv(marks: Sequence[FinalMark]) -> str:
    """Return the text of final.csv, to be stored as UTF-8."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for mark in marks:
        graded = mark.maximum > 0 or mark.total is not None
        values = (
            mark.member,
            mark.handin,
            mark.raw if graded else "",
            mark.penalty if graded else "",
            sum(given.points for given in mark.manual.values()) if graded else "",
            "" if mark.total is None else mark.total,
            mark.status.value,
            mark.reason,
        )
        writer.writerow([cell(value) for value in values])
    return stream.getvalue()
