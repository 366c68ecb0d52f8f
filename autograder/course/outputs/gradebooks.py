"""Write the tables that carry scores to a gradebook, and remove those that are out of date.

    final.csv                   every student, for staff; see `final`
    canvas.csv, moodle.csv      where the class knows the ids of that site
    gradebook.db                nbgrader's, where nbgrader is installed

A provisional run, made from fewer checks or test images than a score, writes none of them. A file
of an earlier run that this run does not write is removed, so that no old score looks current;
a gradebook.db is never removed or replaced while it holds manual marks that were not passed in.
"""

from collections.abc import Sequence

from autograder.course.class_record import ClassRecord
from autograder.course.outputs.feedback import feedback_lines
from autograder.course.outputs.final import final_csv
from autograder.course.outputs.output_files import OutputFiles, UnwritableOutputs
from autograder.course.outputs.published import left_out, published
from autograder.course.policy import FinalMark, Policy, Status
from autograder.platforms.canvas import canvas_csv, in_canvas_csv
from autograder.platforms.gradebook_row import GradebookRow
from autograder.platforms.moodle import moodle_csv

FINAL, CANVAS, MOODLE, DATABASE = "final.csv", "canvas.csv", "moodle.csv", "gradebook.db"
CANVAS_IDS = ("ID", "SIS User ID", "SIS Login ID")


def write_gradebooks(
    files: OutputFiles, record: ClassRecord, marks: Sequence[FinalMark], policy: Policy
) -> list[str]:
    """Write the gradebooks of a class; returns sentences on who and what was left out.

    Raises `UnwritableOutputs` and `OSError`.
    """
    if record.provisional:
        notes = [
            "PROVISIONAL: made from fewer checks or test images than a score (--check, --quick). "
            "No gradebook was written."
        ]
        return [*notes, *_remove_tables(files, ()), *_remove_database(files)]
    tables, notes = {FINAL: final_csv(marks)}, []
    if any(mark.lms.get(name) for mark in marks for name in CANVAS_IDS):
        rows = site_rows(marks, policy)
        tables[CANVAS] = canvas_csv(rows, policy.canvas_assignment)
        pairs = zip(marks, rows, strict=True)
        notes.append(left_out(CANVAS, [mark for mark, row in pairs if not in_canvas_csv(row)]))
    if any(mark.lms.get("Identifier") for mark in marks):
        tables[MOODLE] = moodle_csv(site_rows(marks, policy), policy.moodle_maximum)
        scored = [mark for mark in marks if published(mark, policy) is not None]
        notes.append(left_out(MOODLE, [mark for mark in marks if mark not in scored]))
        unknown = sum(not mark.lms.get("Identifier") for mark in scored)
        if unknown:
            notes.append(
                f"{unknown:,} with a score are not in {MOODLE}, without Moodle's Identifier: name "
                "the grading worksheet as roster in course.toml."
            )
    for name, text in tables.items():
        files.write(name, text)
    notes += _remove_tables(files, tuple(tables))
    return [note for note in (*notes, *_write_database(files, record, marks, policy)) if note]


def site_rows(marks: Sequence[FinalMark], policy: Policy) -> list[GradebookRow]:
    """Return one row per student for the gradebook of a course site."""
    return [
        GradebookRow(
            student=mark.member,
            points=published(mark, policy),
            excused=mark.status is Status.EXCUSED,
            maximum=mark.maximum,
            columns=mark.lms,
            comment="\n".join(feedback_lines(mark)),
        )
        for mark in marks
    ]


def _remove_tables(files: OutputFiles, kept: Sequence[str]) -> list[str]:
    return [
        f"Removed {files.folder / name}, which was of an earlier run."
        for name in (FINAL, CANVAS, MOODLE)
        if name not in kept and files.remove(name)
    ]


def _remove_database(files: OutputFiles) -> list[str]:
    place = files.folder / DATABASE
    if not place.exists():
        return []
    try:
        from autograder.platforms import nbgrader_gradebook
    except ModuleNotFoundError:
        return [f"{place} is of an earlier run, and not current: move it away."]
    try:
        given = nbgrader_gradebook.manual_marks(place)
    except nbgrader_gradebook.UnreadableGradebook as problem:
        raise UnwritableOutputs(str(problem)) from problem
    if given:
        raise UnwritableOutputs(
            f"{place} holds manual marks, and a provisional run writes no gradebook: choose "
            "another folder with --out, or move it away."
        )
    files.remove(DATABASE)
    return [f"Removed {place}, which was of an earlier run."]


def _write_database(
    files: OutputFiles, record: ClassRecord, marks: Sequence[FinalMark], policy: Policy
) -> list[str]:
    try:
        from autograder.course.outputs import nbgrader_rows
        from autograder.platforms import nbgrader_gradebook
    except ModuleNotFoundError as missing:
        return [f"No {DATABASE}: {missing.name} is missing, pip install -e '.[notebook]'."]
    cells = nbgrader_rows.gradebook_cells(record)
    rows = nbgrader_rows.gradebook_rows(record, marks, cells, policy.timezone)
    place = files.place(DATABASE)
    if place.exists():
        ours = nbgrader_rows.marks_by_hand(rows)
        try:
            theirs = nbgrader_gradebook.manual_marks(place)
        except nbgrader_gradebook.UnreadableGradebook as problem:
            raise UnwritableOutputs(str(problem)) from problem
        for given in theirs:
            if (given.student, given.cell) not in ours:
                raise UnwritableOutputs(
                    f"{place} holds marks that a person gave, such as {given.points:g} points for "
                    f"{given.cell} of {given.student}, which would be lost. Pass it as marks by "
                    f"hand; if {given.student} is excused or needs review, move it away first and "
                    "pass it from there."
                )
    nbgrader_gradebook.write_gradebook(place, cells, rows, policy.deadline)
    files.written.append(place)
    names = {row.student for row in rows}
    waiting = [mark for mark in marks if mark.status is Status.AWAITING_MARKING]
    unread = (
        f"{len(waiting):,} in {DATABASE} still have written answers to grade: do so in formgrader "
        "before scores are exported from it."
    )
    return [
        left_out(DATABASE, [mark for mark in marks if mark.member not in names]),
        unread if waiting else "",
    ]
