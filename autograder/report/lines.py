"""What is said under one check, as cleaned lines of plain text, for the renderers that are no page.

A pure function of a `CheckResult` that cannot fail.
"""

from autograder.engine.record import CheckResult, Verdict
from autograder.report import wording
from autograder.report.evidence import read_evidence
from quantlab.protocol.sanitize_text import clean

LONGEST = 1600  # characters of any one text
MOST_LINES = 24


def lines_under(check: CheckResult) -> list[str]:
    """Message, mistake and what stands in for what; of a check that lost points what came, too."""
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
