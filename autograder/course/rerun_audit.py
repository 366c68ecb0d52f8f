"""Run the audit of a graded class again, perhaps with past terms, without grading."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from dataclasses import replace
from pathlib import Path

from autograder.course.audit import Audit, SubmissionPool, audit
from autograder.course.audit.audit_finding import Kind
from autograder.course.audit.past import PastTerm
from autograder.course.graded_class import GradedClass
from autograder.course.outputs import STAFF, write_audit
from autograder.course.outputs.audit_page import read_audit
from autograder.course.outputs.output_files import OutputFiles
from autograder.course.run_class import MODEL_CHECKS
from autograder.engine.executor import Executor
from autograder.sandbox.host import Sandbox
from quantlab.errors import UnreadableSubmission


def rerun_audit(
    graded: GradedClass, past: Sequence[PastTerm], tier: str | None, allow_unsafe: bool
) -> Audit:
    """Compare the submissions again and write audit.html and audit.json. Return the findings.

    What changed between the last two runs of `batch` is kept from the audit before.

    Raises:
        IsolationUnavailable: Saved models can't be opened here.
        OSError: A file can't be written.
    """
    with _executor(graded, tier, allow_unsafe) as executor:
        submissions = SubmissionPool(graded.record.dataset, executor, past)
        for entry in graded.export.entries:
            with suppress(UnreadableSubmission):
                submissions.add(graded.export.submission(entry))
    findings = audit(graded.record, None, submissions)
    kept = (f for f in _earlier(graded.out).findings if f.kind is Kind.FLIPS)
    findings = replace(findings, findings=(*findings.findings, *kept))
    files = OutputFiles(graded.out)
    write_audit(files, graded.record, graded.scores, graded.policy, findings)
    return findings


def _executor(
    graded: GradedClass, tier: str | None, allow_unsafe: bool
) -> AbstractContextManager[Executor | None]:
    """Return a sandbox to open saved models; None if none were graded."""
    has_models = any(
        check.id.startswith(MODEL_CHECKS)
        for outcome in graded.record.outcomes
        for check in (outcome.report.checks if outcome.report else ())
    )
    return closing(Sandbox(allow_unsafe=allow_unsafe, tier=tier)) if has_models else nullcontext()


def _earlier(out: Path) -> Audit:
    with suppress(OSError, ValueError):
        return read_audit((out / STAFF / "audit.json").read_text(encoding="utf-8"))
    return Audit(())
