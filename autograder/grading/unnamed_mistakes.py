"""List functions in which one unnamed mistake may have failed many checks, for staff.

A named mistake has a sentence, and perhaps a cap. An unnamed one can cost a whole function although
it is small. Staff see it as a flag and may grade the function by hand.
"""

from collections.abc import Iterator, Sequence

from autograder.engine.record import CheckResult, Verdict

FEWEST_CHECKS = 4  # of one function
_NO_MISTAKE = (Verdict.CORRECT, Verdict.MISSING, Verdict.BLOCKED, Verdict.GRADER_FAULT)


def unnamed_mistakes(checks: Sequence[CheckResult]) -> Iterator[str]:
    """Yield a sentence for each function with many failed checks that no known mistake explains."""
    by_function: dict[str, list[str]] = {}
    for check in checks:
        if check.source == "call" and check.verdict not in _NO_MISTAKE and not check.explained_by:
            by_function.setdefault(check.id.rpartition(".")[0], []).append(check.id)
    for function, failed in by_function.items():
        if len(failed) >= FEWEST_CHECKS:
            yield (
                f"One unnamed mistake may explain {len(failed)} failed checks of {function}. If it "
                "is small, enter manual scores."
            )
