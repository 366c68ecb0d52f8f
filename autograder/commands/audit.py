"""The command `audit`: compare the submissions of a graded class again, also with past terms."""

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from autograder.course.audit.past import read_past_terms
from autograder.course.class_folder import open_class
from autograder.course.graded_class import open_graded_class
from autograder.course.journal import JournalError
from autograder.course.lock import AlreadyRunning
from autograder.course.rerun_audit import rerun_audit
from autograder.errors import AutograderError
from autograder.exit_status import DONE, INTERRUPTED, USAGE


@dataclass(frozen=True)
class AuditOptions:
    """Hold the options of `audit`."""

    out: Path
    past: tuple[Path, ...] = ()
    export: Path | None = None
    tier: str | None = None
    allow_unsafe: bool = False


def audit(options: AuditOptions) -> int:
    """Write the audit again and return the exit status. Print every error as a sentence."""
    try:
        past = read_past_terms(options.past)
        with (
            open_class(options.out),
            open_graded_class(options.out, options.export) as graded,
        ):
            findings = rerun_audit(graded, past, options.tier, options.allow_unsafe)
    except KeyboardInterrupt:
        print("Interrupted. The audit is as it was.", file=sys.stderr)
        return INTERRUPTED
    except (AlreadyRunning, AutograderError, JournalError, OSError) as problem:
        print(problem, file=sys.stderr)
        return USAGE
    for kind, count in Counter(finding.kind for finding in findings.findings).items():
        print(f"{kind.value}: {count:,}")
    for note in findings.notes:
        print(note)
    print(f"The findings: {options.out / 'staff' / 'audit.html'}")
    return DONE
