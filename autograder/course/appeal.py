"""Grade one student of a class again, and compare with the published report.

The same kit, rubric, secret and data set are required, so that every difference is one of the
submission. The journal changes only if staff accept the result.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder.checks import ALL_CHECKS
from autograder.checks.call import CallCheck
from autograder.course.class_folder import refuse_unsafe_id
from autograder.course.fingerprints import Fingerprints, submission_digest
from autograder.course.forget import APPEALS
from autograder.course.journal import SECRET, Journal, Row
from autograder.course.outputs import appeal_page
from autograder.course.outputs.class_json import submissions_of
from autograder.course.outputs.output_files import OutputFiles
from autograder.course.publish import REPORTS
from autograder.course.reports import GradingSetup
from autograder.course.run_class import class_settings
from autograder.course.task import Task, run_task
from autograder.course.worker_setup import Settings, open_sandbox
from autograder.engine.record import Report
from autograder.errors import AutograderError
from autograder.grading.preparation import prepare_grading
from autograder.grading.replay import replay
from autograder.grading.submission import as_imported, build_evidence
from autograder.platforms import BadExport, read_export
from quantlab.intake.names import student_id
from quantlab.intake.submission import Submission, read_submission


class CannotCompare(AutograderError):
    """The student can't be graded again here; the message says why and what to do."""


@dataclass(frozen=True)
class Appeal:
    """Hold one student graded again.

    `before` is the published report, None if there is none. `rows` are the new rows. `published`
    says that the journal contains rows of the same submission. `replays[check]` are lines with
    hidden inputs, for staff.
    """

    before: Report | None
    after: Report
    rows: tuple[Row, ...]
    published: bool
    replays: Mapping[str, tuple[str, ...]]


def refuse_other_grader(
    out: Path, journal: Journal, setup: GradingSetup, wanted: Fingerprints
) -> None:
    """Raise `CannotCompare` if the class was graded with another secret or kit."""
    applied, settings = journal.applied(), journal.applied_settings()
    now = class_settings(setup)
    if not applied:
        raise CannotCompare(f"{out} contains no scores yet. Run batch first.")
    if SECRET in settings and settings[SECRET] != now[SECRET]:
        raise CannotCompare(
            f"{out} was graded with another course secret, so the inputs would differ. Set "
            "AUTOGRADER_SECRET_FILE to the secret of the course."
        )
    if applied != wanted.by_check or settings != now:
        raise CannotCompare(
            f"{out} was graded with another kit, rubric, data set, --check or --quick (digest "
            f"{Fingerprints(applied).digest[:8]}, now {wanted.digest[:8]}). Give the options of "
            "batch, or apply the new kit to the class first with batch --regrade --apply."
        )


def read_appeal(path: Path, student: str) -> Submission:
    """Return the student's submission: `path` itself, or the student's part of an export.

    Raises:
        UnreadableSubmission: it can't be read.
    """
    with suppress(BadExport), read_export(path) as export:
        for entry in export.entries:
            if entry.student == student:
                return export.submission(entry)
    return read_submission(path, student)


def published_report(out: Path, student: str, journal: Journal) -> Report | None:
    """Return the report that the class was published with; None if it has none.

    Raises:
        CannotCompare: the class does not contain the student.
        UnsafeId: it is not an id.
        ValueError: the report is of another version of the kit.
    """
    refuse_unsafe_id(student)
    path = out / REPORTS / student_id(student).value / "report.json"
    if path.is_file():
        return Report.from_json(path.read_text(encoding="utf-8"))
    record = out / "class.json"
    ungraded = record.is_file() and student in submissions_of(record.read_text(encoding="utf-8"))
    if ungraded or journal.count(student):
        return None
    raise CannotCompare(
        f"{out} contains no student {student}. Give the id as in class.json or final.csv."
    )


def grade_again(
    submission: Submission,
    before: Report | None,
    settings: Settings,
    setup: GradingSetup,
    wanted: Fingerprints,
    journal: Journal,
) -> Appeal:
    """Grade all checks of the submission in this process, and return both reports.

    Raises:
        WorkerUnfit: student code cannot be isolated here.
    """
    content = submission_digest(submission)
    task = Task(submission, content, settings, wanted.digest)
    rows = run_task(task).rows
    after = setup.report(submission, {row.check: row for row in rows})
    changed = [check.id for check in appeal_page.compare_checks(before, after) if check.changed]
    published = bool(journal.rows(submission.student, content, wanted.by_check))
    replays = _replays(submission, changed, settings)
    return Appeal(before, after, rows, published, replays)


def write_appeal(out: Path, appeal: Appeal) -> Path:
    """Write both reports and both pages, and return the folder. Raise `OSError`."""
    files = OutputFiles(out)
    folder = f"{APPEALS}/{student_id(appeal.after.student).value}"
    (out / APPEALS).mkdir(parents=True, exist_ok=True)
    (out / APPEALS).chmod(0o700)
    before = appeal.before
    if before is not None:
        files.staff(f"{folder}/before.json", before.to_json())
    files.staff(f"{folder}/after.json", appeal.after.to_json())
    files.staff(f"{folder}/appeal.html", appeal_page.render(before, appeal.after))
    page = appeal_page.render_for_staff(before, appeal.after, appeal.replays)
    files.staff(f"{folder}/staff.html", page)
    return out / folder


def accept(appeal: Appeal, journal: Journal, who: str, why: str) -> None:
    """Write the new rows into the journal, with who accepted them when and why."""
    journal.accept(appeal.rows, datetime.now(UTC).isoformat(timespec="seconds"), who, why)


def _replays(
    submission: Submission, changed: list[str], settings: Settings
) -> Mapping[str, tuple[str, ...]]:
    """Return the calls, results and expected values of the changed checks of functions."""
    checks = [c for c in ALL_CHECKS if isinstance(c, CallCheck) and c.id in changed]
    if not checks or submission.solution is None:
        return {}
    context = prepare_grading(settings.dataset, settings.check, settings.quick, reveal=True)
    sandbox = open_sandbox(settings.tier, settings.allow_unsafe)
    imported = as_imported(submission, sandbox.import_source(submission.solution))
    evidence = build_evidence(imported, context, sandbox)
    replays = {check.id: replay(check, evidence) for check in checks}
    return {id: tuple(replay.lines()) for id, replay in replays.items() if replay}
