"""Write the tables that carry scores to a gradebook, and remove those that are out of date.

    final.csv                         every student, for staff; see `final_csv`
    canvas.csv, moodle.csv            where the class knows the ids of that site
    blackboard.csv, other.csv         where course.toml names the column
    nbgrader/gradebook.db             nbgrader's, if nbgrader is installed; see `nbgrader_tree`
    staff/imports.csv                 what each import would change, if course.toml names what the
                                      site shows now

A provisional run, made from fewer checks or test images than a score, writes none of them. A file
of an earlier run that this run does not write is removed, so that no old score looks current.
"""

from collections.abc import Iterator, Sequence

from autograder.course.class_record import ClassRecord
from autograder.course.import_settings import GRADESCOPE
from autograder.course.outputs.final_csv import final_csv
from autograder.course.outputs.gradebook_database import remove_database, write_database
from autograder.course.outputs.import_report import imports_csv, report_lines
from autograder.course.outputs.output_files import OutputFiles
from autograder.course.outputs.published_points import left_out, published_points
from autograder.course.outputs.score_breakdown import feedback_lines
from autograder.course.outputs.site_tables import SiteTable, knows_ids, make_table, site_tables
from autograder.course.policy import FinalScore, Policy, Status
from autograder.platforms.gradebook_row import GradebookRow
from autograder.platforms.imports.gradescope import KEYS, simulate_gradescope
from autograder.platforms.imports.rehearsal import Rehearsal, rehearse
from quantlab.intake.names import student_id

FINAL, IMPORTS = "final.csv", "staff/imports.csv"
OF_SITES = ("canvas.csv", "moodle.csv", "blackboard.csv", "other.csv")


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
            "PROVISIONAL: graded with only some checks or test images (--check, --quick), so no "
            "score is final. No gradebook was written."
        ]
        return [*notes, *_remove_tables(files, ()), *remove_database(files)]
    tables, notes = {FINAL: final_csv(scores)}, []
    rows = site_rows(scores, policy)
    rehearsals = _rehearse_results(files, rows, policy)
    for target in site_tables(policy):
        if not any(knows_ids(target, row.columns) for row in rows):
            continue
        table = make_table(target, rows, policy)
        if table.text is not None:
            tables[target.name] = table.text
            notes += _left_out(target, scores, rows)
        if table.rehearsal:
            rehearsals.append(table.rehearsal)
    for name, text in tables.items():
        files.write(name, text)
    notes += _remove_tables(files, tuple(tables))
    on_database, more = write_database(files, record, scores, policy)
    notes += [*more, *_report(files, [*rehearsals, *on_database])]
    return [note for note in notes if note]


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


def _left_out(
    target: SiteTable, scores: Sequence[FinalScore], rows: Sequence[GradebookRow]
) -> Iterator[str]:
    """Yield sentences on the students who are not in the table of a site."""
    scored = [row.points is not None or (row.excused and target.excuses) for row in rows]
    yield left_out(
        target.name, [score for score, has in zip(scores, scored, strict=True) if not has]
    )
    unknown = sum(
        row.points is not None and not target.includes(row) for row in rows if target.title
    )
    if unknown:
        yield (
            f"{unknown:,} with a score are not in {target.name}, without "
            f"{target.title}'s {target.keys[0]}: name {target.export} as roster in course.toml."
        )


def _rehearse_results(
    files: OutputFiles, rows: Sequence[GradebookRow], policy: Policy
) -> list[Rehearsal]:
    """Rehearse the results.json files, and remove those that Gradescope must not get."""
    current = policy.imports.gradebooks.get(GRADESCOPE)
    if current is None:
        return []
    paths = {row.student: files.folder / results_file(row.student) for row in rows}
    graded = [row for row in rows if paths[row.student] in files.written]
    texts = [
        (current.spelled(row.columns, KEYS), paths[row.student].read_text(encoding="utf-8"))
        for row in graded
    ]
    simulation = simulate_gradescope(texts, current)
    rehearsal = rehearse("results.json", graded, simulation, current, policy.imports.allow_lower)
    accepted = rehearsal.accepted()
    for row in graded:
        if row.student not in accepted:
            files.remove(results_file(row.student))
            files.written.remove(paths[row.student])
    return [rehearsal]


def results_file(member: str) -> str:
    """Return the place of a student's results.json."""
    return f"students/{student_id(member).value}/results.json"


def _report(files: OutputFiles, rehearsals: Sequence[Rehearsal]) -> Iterator[str]:
    if not rehearsals:
        files.remove(IMPORTS)
        return
    files.staff(IMPORTS, imports_csv(rehearsals))
    (files.folder / IMPORTS).chmod(0o600)
    for rehearsal in rehearsals:
        yield from report_lines(rehearsal, IMPORTS)


def _remove_tables(files: OutputFiles, kept: Sequence[str]) -> list[str]:
    return [
        f"Removed {files.folder / name} of an earlier run."
        for name in (FINAL, *OF_SITES)
        if name not in kept and files.remove(name)
    ]
