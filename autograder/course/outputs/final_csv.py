"""Write final.csv: the scores of all students, for staff.

    student,handin,raw,penalty,manual,total,status,reason
    ada,ada,121,12.1,9.5,108.9,final,1 day late: 10 % are taken off.

It has one row per student, also without a score: `status` is its state, `reason` says why. `manual`
are the points of `raw` that staff gave. `total` is `raw` less `penalty`, and empty without a score.
"""

import csv
import io
from collections.abc import Sequence

from autograder.course.policy import FinalScore
from autograder.report.cells import cell

COLUMNS = ("student", "handin", "raw", "penalty", "manual", "total", "status", "reason")


def final_csv(scores: Sequence[FinalScore]) -> str:
    """Return the text of final.csv, to be stored as UTF-8."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for score in scores:
        graded = score.maximum > 0 or score.total is not None
        values = (
            score.member,
            score.submission,
            score.raw if graded else "",
            score.penalty if graded else "",
            sum(manual.points for manual in score.manual.values()) if graded else "",
            "" if score.total is None else score.total,
            score.status.value,
            score.reason,
        )
        writer.writerow([cell(value) for value in values])
    return stream.getvalue()
