"""Define the words and numbers that all renderers share: verdicts, points, data sets.

A verdict is always written as a word; its tone only chooses a color and an icon beside it.
"""

from collections import Counter

from autograder.engine.record import CappedSlip, CheckResult, QuestionScore, Report, Verdict
from quantlab.paths import DATASETS
from quantlab.protocol.sanitize_text import clean

WORDS = {
    Verdict.CORRECT: "Correct",
    Verdict.PARTIAL: "Partly correct",
    Verdict.WRONG: "Wrong",
    Verdict.BAD_SHAPE: "Wrong shape",
    Verdict.BAD_DTYPE: "Wrong dtype",
    Verdict.ERROR: "Error raised",
    Verdict.TIMEOUT: "Timed out",
    Verdict.MEMORY: "Out of memory",
    Verdict.CRASH: "Crashed",
    Verdict.BAD_REPLY: "No valid reply",
    Verdict.MISSING: "Missing",
    Verdict.BLOCKED: "Not reached",
    Verdict.AWAITING_MARKING: "Not graded yet",
    Verdict.GRADER_FAULT: "Grader fault",
}

TONES = {
    Verdict.CORRECT: "good",
    Verdict.PARTIAL: "part",
    Verdict.WRONG: "bad",
    Verdict.BAD_SHAPE: "bad",
    Verdict.BAD_DTYPE: "bad",
    Verdict.ERROR: "stop",
    Verdict.TIMEOUT: "stop",
    Verdict.MEMORY: "stop",
    Verdict.CRASH: "stop",
    Verdict.BAD_REPLY: "stop",
    Verdict.MISSING: "none",
    Verdict.BLOCKED: "none",
    Verdict.AWAITING_MARKING: "wait",
    Verdict.GRADER_FAULT: "fault",
}

SOURCES = {
    "call": "graded by calling solution.py",
    "table": "read from answers.json",
    "model": "measured on the saved model",
    "person": "graded by staff",
}

_COUNTS = dict(enumerate(("two", "three", "four", "five", "six", "seven", "eight", "nine"), 2))


def verdict_counts(counts: Counter[str], most: int | None = None) -> str:
    """Return the most frequent verdicts in words: "50 correct, 5 wrong"."""
    return ", ".join(
        f"{count:,} {WORDS[Verdict(name)].lower()}" for name, count in counts.most_common(most)
    )


def number(value: float, decimals: int = 2) -> str:
    """Return `value` without trailing zeros: 27.0 is "27", 2.5 is "2.5", -0.0 is "0"."""
    text = f"{value:.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def points(value: float) -> str:
    """Return a number of points with its unit: "1 point", "2.5 points"."""
    text = number(value)
    return f"{text} point" if text == "1" else f"{text} points"


def dataset_name(dataset: str) -> str:
    """Return the data set's name as people write it; an unknown name unchanged."""
    return DATASETS.get(dataset.lower().replace("-", ""), clean(dataset, 80))


def is_unisolated(report: Report) -> bool:
    """Whether the student's code ran without isolation."""
    return "UNISOLATED" in report.isolation.upper()


def check_score(check: CheckResult, over: str, undecided: str) -> str:
    """Return "3 / 5" with " / " for `over`; `undecided` replaces points not yet decided."""
    open_yet = check.verdict is Verdict.AWAITING_MARKING or check.verdict.needs_staff
    return f"{undecided if open_yet else number(check.points)}{over}{number(check.max_points)}"


def question_score(question: QuestionScore, over: str, undecided: str) -> str:
    """Return the same for a question; it is undecided if none of it is graded yet."""
    open_yet = 0 < question.max_score <= question.awaiting
    return f"{undecided if open_yet else number(question.score)}{over}{number(question.max_score)}"


def awaiting(report: Report) -> float:
    """Return the points that staff have yet to give."""
    return sum(question.awaiting for question in report.questions)


def slip_sentence(slip: CappedSlip) -> str:
    """Return what a slip costs: "... One mistake explains these five checks: -4, not -10."."""
    count = len(slip.checks)
    checks = "this check" if count == 1 else f"these {_COUNTS.get(count, str(count))} checks"
    costs = f"-{number(slip.cap)}, not -{number(slip.lost)}"
    return f"{slip.mistake} One mistake explains {checks}: {costs}."


def slip_sentences(report: Report, question: str | None = None) -> list[str]:
    """Return the sentences of the slips of a question, or of all."""
    return [slip_sentence(s) for s in report.slips if question in (None, s.question)]


def total_sentence(report: Report) -> str:
    """Return the whole report in a line: "118.5 of 121 automatic points, 19 not graded yet"."""
    sentence = f"{number(report.auto_score)} of {number(report.auto_max)} automatic points"
    if open_points := awaiting(report):
        sentence += f", {number(open_points)} not graded yet"
    if report.bonus:
        sentence += f", {number(report.bonus)} bonus"
    return sentence


def optimum_sentence(above: float | None) -> str:
    """Return how close a search came to the fewest possible bits; "" if unknown."""
    if above is None:
        return ""
    if above == 0:
        return "No widths above the floor are smaller."
    return f"At most {above:g} % more bits than the fewest above the floor; this costs no points."


def alone_sentence(check: CheckResult, depends_on: tuple[str, ...]) -> str:
    """Return the points with correct stand-ins; "" if they are the same."""
    if check.points_alone == check.points:
        return ""
    names = " and ".join(depends_on) or "what it uses"
    verb = "are" if len(depends_on) > 1 else "is"
    return f"Worth {points(check.points_alone)} when {names} {verb} right."
