"""Write all outputs of a graded class.

    OUT/class.html, class.json              the class as a page, and for programs
    OUT/final.csv                           the score and status of every student
    OUT/canvas.csv, moodle.csv, ...         gradebook imports, which contain names
    OUT/staff/imports.csv                   each score on the site before and after the import
    OUT/nbgrader/                           gradebook and answers for formgrader, with nbgrader
    OUT/junit.xml                           one suite per submission
    OUT/leaderboard.html                    question 3 by pseudonyms, if the course file asks for it
    OUT/students/<id>/report.html           the page of a student
    OUT/students/<id>/results.json          the same for Gradescope
    OUT/staff/audit.html, audit.json        findings for staff only
    OUT/staff/pseudonyms.csv                the key of the pseudonyms, with `anonymous`

With `anonymous` everything is written below OUT/anonymous, with pseudonyms for ids; the key stays
in OUT/staff. A gradebook import is written if the ids of its site are known. A provisional run
writes no gradebook. Each file is complete or absent, and a pure function of the data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from autograder.course.audit import Audit, SubmissionPool, audit
from autograder.course.class_record import ClassRecord
from autograder.course.import_settings import ImportSettings
from autograder.course.manual_scores import ManualScores
from autograder.course.outputs import audit_page, class_json, dashboard, junit
from autograder.course.outputs.anonymous import key_table, pseudonyms
from autograder.course.outputs.gradebook_database import write_answers
from autograder.course.outputs.gradebooks import results_file, write_gradebooks
from autograder.course.outputs.leaderboard import build_leaderboard
from autograder.course.outputs.leaderboard_page import floor_of, publish_leaderboard
from autograder.course.outputs.output_files import OutputFiles, UnwritableOutputs
from autograder.course.outputs.roster_gaps import gap_sentences, roster_gaps
from autograder.course.outputs.score_breakdown import closing_rows, feedback_lines
from autograder.course.outputs.student_files import StudentFiles
from autograder.course.policy import (
    FinalScore,
    Policy,
    Status,
    apply_manual_scores,
    apply_policy,
    with_final_points,
)
from autograder.course.reference_results import reference_numbers
from autograder.engine.record import Report
from autograder.engine.rubric import load_rubric
from autograder.engine.secret import course_secret
from autograder.platforms import Export
from autograder.report import gradescope, html
from quantlab.intake.names import student_id

STUDENTS, STAFF, ANONYMOUS = "students", "staff", "anonymous"

__all__ = [
    "ANONYMOUS",
    "STAFF",
    "STUDENTS",
    "UnwritableOutputs",
    "WrittenFiles",
    "write_all",
    "write_audit",
    "write_class_pages",
]


@dataclass(frozen=True)
class WrittenFiles:
    """Holds the scores, the files written, and sentences on what was left out."""

    scores: tuple[FinalScore, ...]
    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def write_all(
    record: ClassRecord,
    out: Path,
    policy: Policy,
    manual: ManualScores,
    anonymous: bool = False,
    previous: ClassRecord | None = None,
    submissions: SubmissionPool | None = None,
    export: Export | None = None,
) -> WrittenFiles:
    """Write all outputs below `out` and return what was written.

    Args:
        record: the class.
        out: its folder, made if absent.
        policy: the policy of the course.
        manual: the manual scores.
        anonymous: write pseudonyms instead of ids.
        previous: the record of an earlier run, to compare with.
        submissions: the submissions, for the comparisons of the audit.
        export: the open export, for the answers that formgrader shows; None leaves them out.

    Raises:
        PolicyError: the policy or the manual scores are wrong; nothing is written.
        UnwritableOutputs: a file can't be written, or must not be replaced.
        SecretError: `anonymous` needs a course secret, and there is none.
    """
    scores = apply_policy(record, policy, manual)
    record = apply_manual_scores(record, scores)
    findings = audit(record, previous, submissions)
    files = OutputFiles(out)
    rubric = load_rubric()
    board = None
    if policy.leaderboard and not anonymous and not record.provisional:
        board = build_leaderboard(record, scores, floor_of(rubric, record.dataset))
    entries = {m: outcome.entry for outcome in record.outcomes for m in outcome.entry.members}
    anonymized = None
    try:
        if anonymous:
            names = pseudonyms(record, scores, course_secret())
            files.staff(f"{STAFF}/pseudonyms.csv", key_table(names))
            files.folder = out / ANONYMOUS
            policy = replace(policy, imports=ImportSettings())  # sites know no pseudonyms
            record, scores, findings = (
                names.record(record),
                names.scores(scores),
                names.audit(findings),
            )
            entries = {names.of[member]: entry for member, entry in entries.items()}
            anonymized = names.text
        write_class_pages(files, record, scores, policy, findings, anonymous)
        _write_students(files, record, scores)
        notes = write_gradebooks(files, record, scores, policy)
        notes = [*notes, *publish_leaderboard(files, board, policy, rubric, record.dataset)]
        if export is not None:
            write_answers(files, record, scores, StudentFiles(export, entries, anonymized))
    except OSError as error:
        place = error.filename or files.folder
        raise UnwritableOutputs(
            f"{place} can't be written: {error.strerror or error}. Free some space or choose "
            "another folder. The files written before are complete."
        ) from error
    gaps = gap_sentences(roster_gaps(scores))
    return WrittenFiles(scores, tuple(files.written), (*findings.notes, *gaps, *notes))


def write_class_pages(
    files: OutputFiles,
    record: ClassRecord,
    scores: tuple[FinalScore, ...],
    policy: Policy,
    findings: Audit,
    anonymous: bool,
) -> None:
    """Write the pages and records of the class as a whole. Raise `OSError`."""
    pages = _pages(record, scores)
    numbers = reference_numbers(record.dataset)
    files.write(
        "class.html", dashboard.render(record, scores, policy, numbers, load_rubric(), pages)
    )
    files.write("class.json", class_json.class_json(record, scores, policy, anonymous))
    files.write("junit.xml", junit.junit_xml(record, policy.title))
    write_audit(files, record, scores, policy, findings)


def write_audit(
    files: OutputFiles,
    record: ClassRecord,
    scores: tuple[FinalScore, ...],
    policy: Policy,
    findings: Audit,
) -> None:
    """Write the page and the record of the audit. Raise `OSError`."""
    pages = _pages(record, scores)
    from_staff = {name: f"../{page}" for name, page in pages.items() if page}
    files.staff(
        f"{STAFF}/audit.html",
        audit_page.render(findings, policy.title, from_staff, record.provisional),
    )
    files.staff(f"{STAFF}/audit.json", audit_page.audit_json(findings))


def _write_students(
    files: OutputFiles, record: ClassRecord, scores: tuple[FinalScore, ...]
) -> None:
    reports = {m: o.report for o in record.outcomes for m in o.entry.members if o.report}
    for score in tqdm(scores, desc="Pages of students", leave=False, disable=None):
        report = reports.get(score.member)
        if report is not None:
            report = with_final_points(report, score)
            folder = _folder(score.member)
            files.write(f"{folder}/report.html", html.render(report, closing_rows(score)))
            files.write(results_file(score.member), _results(report, score))


def _results(report: Report, score: FinalScore) -> str:
    if score.status is not Status.FINAL:
        return gradescope.render(report)
    return gradescope.render(report, total=score.total, closing=feedback_lines(score))


def _pages(record: ClassRecord, scores: tuple[FinalScore, ...]) -> Mapping[str, str]:
    """Return {member or group: address of its page}, "" without a page."""
    pages = {score.member: "" for score in scores}
    for outcome in record.outcomes:
        for member in outcome.entry.members if outcome.report else ():
            pages[member] = f"{_folder(member)}/report.html"
        first = outcome.entry.members[:1]
        pages.setdefault(outcome.entry.student, pages[first[0]] if first else "")
    return pages


def _folder(member: str) -> str:
    return f"{STUDENTS}/{student_id(member).value}"
