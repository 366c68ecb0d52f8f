"""Write, rehearse and remove gradebook.db, the gradebook that nbgrader opens.

It is never removed or replaced while it contains manual scores that were not passed in. Without
nbgrader it is not written.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from autograder.course.class_record import ClassRecord
from autograder.course.import_settings import NBGRADER
from autograder.course.outputs.output_files import OutputFiles, UnwritableOutputs
from autograder.course.outputs.published_points import left_out
from autograder.course.outputs.student_files import StudentFiles
from autograder.course.policy import FinalScore, Policy, Status
from autograder.platforms.gradebook_row import GradebookRow
from autograder.platforms.imports.current_gradebook import CurrentGradebook
from autograder.platforms.imports.rehearsal import Rehearsal, rehearse

DATABASE = "nbgrader/gradebook.db"
AUTOGRADED = "nbgrader/autograded"
ANSWERS = (AUTOGRADED, "nbgrader/feedback")  # with a folder per student


def write_database(
    files: OutputFiles, record: ClassRecord, scores: Sequence[FinalScore], policy: Policy
) -> tuple[list[Rehearsal], list[str]]:
    """Write gradebook.db, and return its rehearsal and sentences on what was left out.

    It is not written if replacing the gradebook of the course would lose scores.

    Raises:
        UnwritableOutputs: it must not be replaced.
        OSError: it can't be written.
    """
    try:
        from autograder.course.outputs import nbgrader_rows
        from autograder.platforms import nbgrader_gradebook
    except ModuleNotFoundError as missing:
        return [], [f"No {DATABASE}: {missing.name} is missing, pip install -e '.[notebook]'."]
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
    names = {row.student for row in rows}
    current = policy.imports.gradebooks.get(NBGRADER)
    new = place if current is None else place.with_name(".rehearsed.db")
    nbgrader_gradebook.write_gradebook(new, cells, rows, policy.deadline)
    rehearsals = []
    if current is not None:
        totals = [score for score in scores if score.member in names]
        rehearsals.append(_rehearse(new, current, totals, policy))
        if len(rehearsals[0].accepted()) < len(totals):
            new.unlink()
            notes = [
                f"{DATABASE} was not written: replacing {current.file} by it would lose scores. "
                "Correct the refused rows, or add the students to allow_lower in course.toml."
            ]
            if files.remove(DATABASE):  # without manual scores that were not passed in
                notes.append(f"Removed {place} of an earlier run.")
            return rehearsals, notes
        new.replace(place)
    files.written.append(place)
    waiting = [score for score in scores if score.status is Status.AWAITING_MARKING]
    unread = (
        f"{len(waiting):,} in {DATABASE} still have written answers to grade: do so in formgrader "
        "before scores are exported from it."
    )
    return rehearsals, [
        left_out(DATABASE, [score for score in scores if score.member not in names]),
        unread if waiting else "",
    ]


def _rehearse(
    path: Path, current: CurrentGradebook, scores: Sequence[FinalScore], policy: Policy
) -> Rehearsal:
    from autograder.platforms.imports.nbgrader import simulate_nbgrader

    rows = [
        GradebookRow(score.member, score.total, maximum=score.maximum, columns=score.lms)
        for score in scores
    ]
    simulation = simulate_nbgrader(path, current, [row.student for row in rows])
    return rehearse(DATABASE, rows, simulation, current, policy.imports.allow_lower)


def remove_database(files: OutputFiles) -> list[str]:
    """Remove gradebook.db of an earlier run, and return sentences on it.

    Raises:
        UnwritableOutputs: it contains manual scores.
    """
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


def write_answers(
    files: OutputFiles, record: ClassRecord, scores: Sequence[FinalScore], students: StudentFiles
) -> None:
    """Write the folder for formgrader around gradebook.db, if there is one. Raise `OSError`."""
    if not (files.folder / DATABASE).exists():
        return
    try:
        from autograder.course.outputs.nbgrader_tree import write_nbgrader_tree
    except ModuleNotFoundError:  # `write_database` says so
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
