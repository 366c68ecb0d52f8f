"""The offline grading worksheet of Moodle's assignment activity.

A CSV file in the form of the worksheet that Moodle hands out, taken back by "Upload grading
worksheet" with the feedback types "Offline grading worksheet" and "Feedback comments" switched on
(docs.moodle.org, "Assignment settings", "Using Assignment"). The importer needs `Identifier`
("Participant 123"), `Grade` and `Last modified (grade)`, and reads `Feedback comments`; it skips a
row without a grade, and one above the assignment's maximum (moodle, mod/assign/feedback/offline,
importgradeslib.php and importgradesform.php). Hence no grade leaves above `maximum_grade` of the
course; what a bonus adds beyond it stands in the comment. Students without a final score have no
row, as in every table for a site.

Moodle shows comments as HTML, so they are escaped. Rows without an identifier would be lost by the
importer and are left out. A pure function of the marks that cannot fail.
"""

import csv
import html
import io
from collections.abc import Sequence

from autograder.course.outputs.feedback import feedback_lines
from autograder.course.outputs.published import published
from autograder.course.policy import FinalMark, Policy
from autograder.course.roster import MOODLE_PARTICIPANT
from autograder.report.cells import cell

COLUMNS = (
    "Identifier",
    "Full name",
    "Email address",
    "Status",
    "Grade",
    "Maximum Grade",
    "Grade can be changed",
    "Last modified (submission)",
    "Last modified (grade)",
    "Feedback comments",
)


def moodle_csv(marks: Sequence[FinalMark], policy: Policy) -> str:
    """The text of moodle.csv, to be stored as UTF-8."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    possible = max((mark.maximum for mark in marks), default=0.0)
    most = policy.moodle_maximum or possible
    for mark in marks:
        identifier = mark.lms.get("Identifier", "")
        points = published(mark, policy)
        if not identifier or points is None:
            continue
        if identifier.isdigit():
            identifier = MOODLE_PARTICIPANT + identifier
        known = {
            **{column: mark.lms.get(column, "") for column in COLUMNS},
            "Identifier": identifier,
            "Maximum Grade": f"{most:.2f}",
            "Grade can be changed": mark.lms.get("Grade can be changed", "Yes"),
            "Last modified (grade)": mark.lms.get("Last modified (grade)", "-"),
        }
        row: list[str | float] = [_harmless(known[column]) for column in COLUMNS]
        row[COLUMNS.index("Grade")] = f"{min(points * most / possible, most):.2f}"
        row[-1] = html.escape("\n".join(feedback_lines(mark))).replace("\n", "<br>")
        writer.writerow(row)
    return stream.getvalue()


def _harmless(value: str) -> str | float:
    return value if value == "-" else cell(value)  # Moodle's own word for "never"
