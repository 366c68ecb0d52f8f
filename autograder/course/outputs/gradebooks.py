"""Write the tables that carry scores to a gradebook, and remove those that are out of date.

    final.csv                   every student, for staff; see `final_csv`
    canvas.csv, moodle.csv      where the class knows the ids of that site
    nbgrader/gradebook.db       nbgrader's, if nbgrader is installed; see `nbgrader_tree`

A provisional run, made from fewer checks or test images than a score, writes none of them. A file
of an earlier run that this run does not write is removed, so that no old score looks current;
a gradebook.db is never removed or replaced while it contains manual scores that were not passed in.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from autograder.course.class_record import ClassRecord
from autograder.course.outputs.final_csv import final_csv
from autograder.course.outputs.output_files import OutputFiles, UnwritableOutputs
from autograder.course.outputs.published_points import left_out, published_points
from autograder.course.outputs.score_breakdown import feedback_lines
from autograder.course.outputs.student_files import StudentFiles
from autograder.course.policy import FinalScore, Policy, Status
from autograder.platforms.canvas import canvas_csv, in_canvas_csv
from autograder.platforms.gradebook_row import GradebookRow
from autograder.platforms.moodle import moodle_csv

FINAL, CANVAS, MOODLE, DATABASE = "final.csv", "canvas.csv", "moodle.csv", "nbgrader/gradebook.db"
AUTOGRADED = "nbgrader/autograded"
ANSWERS = (AUTOGRADED, "nbgrader/feedback")  # with a folder per student
CANVAS_IDS = ("ID", "SIS User ID", "SIS Login ID")


def write_gradebooks(
    files: OutputFiles, record: ClassRecord, scores: Sequence[FinalScore], policy: Policy
) -> list[str]:
    """Write the gradebooks of a class and return sentences on who and what was left out.

    Raises:
        UnwritableOutputs: a gradebook.db must not be replaced.
        OSError: a file can't be written.
    """
    if record.provisional:
        notes = [
            "PROVISIONAL: made from fewer checks or test images than a score (--check, --quick). "
            "No gradebook was written."
        ]
        return [*notes, *_remove_tables(files, ()), *_remove_database(files)]
    tables, notes = {FINAL: final_csv(scores)}, []
    if any(score.lms.get(name) for score in scores for name in CANVAS_IDS):
        rows = site_rows(scores, policy)
        tables[CANVAS] = canvas_csv(rows, policy.canvas_assignment)
        pairs = zip(scores, rows, strict=True)
        notes.append(left_out(CANVAS, [score for score, row in pairs if not in_canvas_csv(row)]))
    if any(score.lms.get("Identifier") for score in scores):
        tables[MOODLE] = moodle_csv(site_rows(scores, policy), policy.moodle_maximum)
        scored = [score for score in scores if published_points(score, policy) is not None]
        notes.append(left_out(MOODLE, [score for score in scores if score not in scored]))
        unknown = sum(not score.lms.get("Identifier") for score in scored)
        if unknown:
            notes.append(
                f"{unknown:,} with a score are not in {MOODLE}, without Moodle's Identifier: name "
                "the grading worksheet as roster in course.toml."
            )
    for name, text in tables.items():
        files.write(name, text)
    notes += _remove_tables(files, tuple(tables))
    return [note for note in (*notes, *_write_database(files, record, scores, policy)) if note]


def site_rows(scores: Sequence[FinalScore], policy: Policy) -> list[GradebookRow]:
    """Return one row per student for the gradebook of a course site."""
    return [
        GradebookRow(
            student=score.member,
            points=published_points(score, policy),
            excused=score.status is Status.EXCUSED,
            maximum=score.maximum,
            columns=score.lms,
            comment="\n".join(feedback_lines(score)),
        )
        for score in scores
    ]


def _remove_tables(files: OutputFiles, kept: Sequence[str]) -> list[str]:
    return [
        f"Removed {files.folder / name} of an earlier run."
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
        return [f"{place} is of an earlier run and out of date. Move it away."]
    try:
        manual = nbgrader_gradebook.manual_scores(place)
    except nbgrader_gradebook.UnreadableGradebook as problem:
        raise UnwritableOutputs(str(problem)) from problem
    if manual:
        raise UnwritableOutputs(
            f"{place} contains manual scores, and a provisional run writes no gradebook: choose "
            "another folder with --out, or move it away."
        )
    shutil.rmtree(place.parent)
    return [f"Removed {place.parent} of an earlier run."]


def _write_database(
    files: OutputFiles, record: ClassRecord, scores: Sequence[FinalScore], policy: Policy
) -> list[str]:
    try:
        from autograder.course.outputs import nbgrader_rows
        from autograder.platforms import nbgrader_gradebook
    except ModuleNotFoundError as missing:
        return [f"No {DATABASE}: {missing.name} is missing, pip install -e '.[notebook]'."]
    cells = nbgrader_rows.gradebook_cells(record)
    rows = nbgrader_rows.gradebook_rows(record, scores, cells, policy.timezone)
    place = files.place(DATABASE)
    if place.exists():
        ours = nbgrader_rows.manual_cell_scores(rows)
        try:
            theirs = nbgrader_gradebook.manual_scores(place)
        except nbgrader_gradebook.UnreadableGradebook as problem:
            raise UnwritableOutputs(str(problem)) from problem
        for manual in theirs:
            if (manual.student, manual.cell) not in ours:
                raise UnwritableOutputs(
                    f"{place} contains manual scores, such as {manual.points:g} points for "
                    f"{manual.cell} of {manual.student}, which would be lost. Pass it with "
                    f"--manual. If {manual.student} is excused or needs review, move it away first "
                    "and pass it from there."
                )
    nbgrader_gradebook.write_gradebook(place, cells, rows, policy.deadline)
    files.written.append(place)
    names = {row.student for row in rows}
    waiting = [score for score in scores if score.status is Status.AWAITING_MARKING]
    unread = (
        f"{len(waiting):,} in {DATABASE} still have written answers to grade: do so in formgrader "
        "before scores are exported from it."
    )
    return [
        left_out(DATABASE, [score for score in scores if score.member not in names]),
        unread if waiting else "",
    ]


def write_answers(
    files: OutputFiles, record: ClassRecord, scores: Sequence[FinalScore], students: StudentFiles
) -> None:
    """Write the folder for formgrader around gradebook.db, if there is one. Raise `OSError`."""
    if not (files.folder / DATABASE).exists():
        return
    try:
        from autograder.course.outputs.nbgrader_tree import write_nbgrader_tree
    except ModuleNotFoundError:  # `write_gradebooks` says so
        return
    write_nbgrader_tree(files, record, scores, students)


def remove_from_gradebook(folder: Path, student: str) -> None:
    """Remove a student from gradebook.db, if there is one.

    Raises:
        UnwritableOutputs: nbgrader cannot read the file, or is not installed.
        OSError: it can't be written.
    """
    place = folder / DATABASE
    if not place.exists():
        return
    try:
        from autograder.platforms import nbgrader_gradebook
    except ModuleNotFoundError as error:
        raise UnwritableOutputs(
            f"{place} can't be changed without nbgrader. Install nbgrader, or move the file away."
        ) from error
    try:
        nbgrader_gradebook.forget_student(place, student)
    except nbgrader_gradebook.UnreadableGradebook as problem:
        raise UnwritableOutputs(str(problem)) from problem
