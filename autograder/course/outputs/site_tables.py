"""Make the table that a course site imports, and rehearse it against the site's gradebook.

A row that the site must not import is left out. A file that must not be imported is not made.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from autograder.course.import_settings import BLACKBOARD, CANVAS, MOODLE, OTHER
from autograder.course.policy import Policy
from autograder.course.roster import IDENTIFYING
from autograder.platforms.blackboard import blackboard_csv, in_blackboard_csv
from autograder.platforms.canvas import canvas_csv, in_canvas_csv
from autograder.platforms.gradebook_row import GradebookRow, cap_rows, scale_rows
from autograder.platforms.imports import blackboard, canvas, moodle, table
from autograder.platforms.imports.current_gradebook import CurrentGradebook, Simulation, folded
from autograder.platforms.imports.rehearsal import Rehearsal, rehearse
from autograder.platforms.moodle import in_moodle_csv, moodle_csv
from autograder.report.cells import cell
from quantlab.intake.names import student_id


@dataclass(frozen=True)
class SiteTable:
    """Hold how the table of one site is made.

    `keys` are the columns that identify a student, in the order in which the site reads them; ()
    if ids of the class do. `includes` says whether a student has a row.
    `prepare` changes points to those of the site. `excuses` says that excused students have a row.
    `title` is the name of the site, `export` that of the file that contains the ids.
    """

    site: str
    name: str
    keys: tuple[str, ...]
    includes: Callable[[GradebookRow], bool]
    write: Callable[[Sequence[GradebookRow]], str]
    simulate: Callable[[str, CurrentGradebook], Simulation]
    prepare: Callable[[Sequence[GradebookRow]], list[GradebookRow]] = list
    excuses: bool = False
    title: str = ""
    export: str = ""


@dataclass(frozen=True)
class ImportTable:
    """Hold the text of a table, None if it must not be imported; the students in it, and why."""

    text: str | None
    students: frozenset[str]
    rehearsal: Rehearsal | None = None


def site_tables(policy: Policy) -> tuple[SiteTable, ...]:
    """Return the tables that a course may import."""
    current = policy.imports.gradebooks.get(CANVAS)
    assignment = (current and current.column) or policy.canvas_assignment
    column = policy.imports.blackboard_column
    tables = [
        SiteTable(
            CANVAS,
            "canvas.csv",
            canvas.KEYS,
            in_canvas_csv,
            lambda rows: canvas_csv(rows, assignment),
            canvas.simulate_canvas,
            excuses=True,
        ),
        SiteTable(
            MOODLE,
            "moodle.csv",
            moodle.KEYS,
            in_moodle_csv,
            moodle_csv,
            moodle.simulate_moodle,
            cap_rows,
            title="Moodle",
            export="the grading worksheet",
        ),
    ]
    if column:
        tables.append(
            SiteTable(
                BLACKBOARD,
                "blackboard.csv",
                blackboard.KEYS,
                in_blackboard_csv,
                lambda rows: blackboard_csv(rows, column),
                blackboard.simulate_blackboard,
                title="Blackboard",
                export="the download of the Grade Center",
            )
        )
    other = policy.imports.gradebooks.get(OTHER)
    if other is not None:
        tables.append(_other_table(other))
    return tuple(tables)


def make_table(target: SiteTable, rows: Sequence[GradebookRow], policy: Policy) -> ImportTable:
    """Return the table of a site, rehearsed if the course file names the site's gradebook."""
    current = policy.imports.gradebooks.get(target.site)
    scaled = target.prepare(scale_rows(rows, policy.imports.maxima.get(target.site)))
    if current is not None:
        scaled = [replace(row, columns=current.spelled(row.columns, target.keys)) for row in scaled]
    included = [row for row in scaled if target.includes(row)]
    if current is None:
        return ImportTable(target.write(scaled), frozenset(row.student for row in included))
    simulation = target.simulate(target.write(scaled), current)
    rehearsal = rehearse(target.name, included, simulation, current, policy.imports.allow_lower)
    accepted = rehearsal.accepted()
    # A student without a row keeps the assignment's maximum known.
    kept = [
        row if row.student in accepted else replace(row, points=None, excused=False)
        for row in scaled
    ]
    return ImportTable(None if rehearsal.problem else target.write(kept), accepted, rehearsal)


def _other_table(current: CurrentGradebook) -> SiteTable:
    key = next(iter(current.rows[0].columns)) if current.rows else "student"
    spelled: dict[str, list[str]] = {}
    for site in current.rows:
        for name in {folded(site.columns[key]), student_id(site.columns[key]).value}:
            spelled.setdefault(name, []).append(site.columns[key])

    def with_id(row: GradebookRow) -> GradebookRow:
        own = (row.student, *(row.columns[name] for name in IDENTIFYING if row.columns.get(name)))
        ids = {id for name in own for id in spelled.get(folded(name), spelled.get(name, ()))}
        return replace(row, columns={key: ids.pop() if len(ids) == 1 else row.student})

    def write(rows: Sequence[GradebookRow]) -> str:
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([cell(key), cell(current.column)])
        for row in rows:
            if row.points is not None:
                writer.writerow([cell(row.columns[key]), cell(row.points)])
        return stream.getvalue()

    return SiteTable(
        OTHER,
        "other.csv",
        (),
        lambda row: row.points is not None,
        write,
        table.simulate_table,
        lambda rows: [with_id(row) for row in rows],
    )


def knows_ids(target: SiteTable, columns: Mapping[str, str]) -> bool:
    """Return whether a student can be identified on the site of a table."""
    return not target.keys or any(columns.get(name) for name in target.keys)
