"""List what a report says about one check, as lines of plain text."""

from autograder.engine.record import CheckResult, Verdict
from autograder.report import wording
from autograder.report.evidence import read_evidence
from quantlab.protocol.sanitize_text import clean

LONGEST = 1600  # characters of any one text
MOST_LINES = 24


def lines_under(check: CheckResult) -> list[str]:
    """Return message, mistake and stand-ins; for a check that lost points also the values."""
    evidence = read_evidence(check)
    lines = [
        check.message,
        check.misconception.sentence if check.misconception else "",
        wording.alone_sentence(check, evidence.depends_on),
        wording.optimum_sentence(evidence.above_optimum),
    ]
    if check.verdict is not Verdict.CORRECT:
        named = (
            ("called", evidence.call),
            ("expected", evidence.expected),
            ("got", evidence.got),
            ("worst", evidence.worst),
            ("raised in line", evidence.line),
        )
        lines += [f"{name}: {value}" for name, value in named if value is not None]
    return [clean(line, LONGEST, MOST_LINES) for line in lines if line]
