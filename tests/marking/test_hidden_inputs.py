"""Hidden inputs stay hidden: nothing that a reply says is shown, on any page a student reads.

Each submission is graded by the real worker under two course secrets, so with two different hidden
inputs. Whatever depends on the inputs would make the pages differ.
"""

import builtins
import io
from collections.abc import Iterator
from dataclasses import replace

import pytest
from rich.console import Console

from autograder.checks.base import Finding
from autograder.checks.q1a import CHECKS
from autograder.engine import redaction
from autograder.engine.corpus import AttackCase, load_attacks
from autograder.engine.record import Report, Verdict
from autograder.engine.secret import StudentRandom
from autograder.grading.submission import grade_submission, score_finding
from autograder.pytest_plugin import LostPoints
from autograder.report import gradescope, html
from autograder.report.nbgrader import question_text
from autograder.report.summary_csv import summary_csv
from autograder.report.terminal import print_report, print_summary
from autograder.sandbox.host import Sandbox
from quantlab.intake.submission import Submission

CHECK = "1a.linear_dequantize.zero_point"
SECRETS = (b"one secret of a course", b"and another one of a course")
TELLING = tuple(case for case in load_attacks() if case.name.startswith("telling/"))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def reports(course, sandbox, stub_source):
    """The reports of one source under each secret, of the hidden check alone."""

    def graded(source: str) -> list[Report]:
        submission = Submission("ada", f"{stub_source}\n\n{source}")
        return [
            grade_submission(submission, replace(course, secret=secret, selected=CHECK), sandbox)
            for secret in SECRETS
        ]

    return graded


def visible_text(report: Report) -> str:
    """Every byte that a student may read of a report, on all platforms."""
    printed = io.StringIO()
    console = Console(file=printed, width=160)
    print_report(report, console)
    print_summary([report], ["report.html"], console)
    texts = [
        report.to_json(),
        html.render(report),
        gradescope.render(report),
        *(question_text(report, question) for question in report.question_titles),
        summary_csv([report]),
        printed.getvalue(),
        *(str(LostPoints(check)) for check in report.checks),
    ]
    return "\n".join(texts)


def hidden_numbers(secret: bytes) -> list[str]:
    """The hidden input as the cases write it, and its scale."""
    check = next(check for check in CHECKS if check.id == CHECK)
    program = check.program(StudentRandom(secret, "ada").generator(CHECK))
    codes = [f"{value:g}" for value in program.inputs["x_int"].flatten().tolist()]
    return [",".join(codes[:6]), f"{float(program.inputs['scale']):.5g}"]


def test_hidden_check_inputs_differ_between_secrets() -> None:
    assert hidden_numbers(SECRETS[0]) != hidden_numbers(SECRETS[1])


@pytest.mark.parametrize("case", TELLING, ids=lambda case: case.name)
def test_hidden_check_shows_nothing_of_a_reply(reports, case: AttackCase) -> None:
    for secret, report in zip(SECRETS, reports(case.code), strict=True):
        text = visible_text(report)
        assert not [number for number in hidden_numbers(secret) if number in text]
        assert "full points" not in text


# How code may put a text into what comes back of a call.
WAYS = {
    "message": "raise ValueError(text)",
    "class": "raise type(text, (ValueError,), {})",
    "missing": (
        "from quantlab.protocol.execute import AbsentFunction\n    raise AbsentFunction(text)"
    ),
    "subclass": (
        "from quantlab.protocol.execute import AbsentFunction\n"
        "    class Told(AbsentFunction):\n"
        "        def __str__(self): return text\n"
        "    raise Told('x')"
    ),
    "result": (
        "from quantlab.protocol.plain_values import UnsupportedResult\n"
        "    raise UnsupportedResult(text)"
    ),
    "module": "raise ModuleNotFoundError(name=text)",
    "syntax": "raise SyntaxError(text, ('solution.py', 3, 1, text))",
    "closed": "raise PermissionError(1, text)",
    "exit": "raise SystemExit(text)",
    "memory": "raise MemoryError(text)",
    "printed": "print(text)\n    raise ValueError",
    "type": "return type(text, (), {})()",
    "text": "return text",
    "key": "return {text: 1.0}",
    "frame": (
        "import os\n    from quantlab.protocol.wire import pack\n"
        "    os.write(3, pack({'failure': ('error', text, None, None)}))\n    os._exit(0)"
    ),
    "line": (
        "lines = '\\n' * int(abs(input).sum())\n"
        "    exec(compile(lines + 'raise ValueError', 'solution.py', 'exec'))"
    ),
    "values": "return input * 1.5 + 0.25",
    "shape": "return input.new_zeros(0, *(abs(input.flatten()[:8]).int().tolist()))",
}


@pytest.mark.parametrize("way", WAYS)
def test_hidden_check_reads_the_same_for_any_input(reports, way: str) -> None:
    source = (
        "def linear_dequantize(input, scale, zero_point):\n"
        '    text = ",".join(f"{value:g}" for value in input.flatten().tolist())\n'
        f"    {WAYS[way]}\n"
    )
    first, second = reports(source)
    assert first.checks[0].points == 0
    assert visible_text(first) == visible_text(second)


def test_hidden_check_names_few_exception_classes(rubric) -> None:
    check = next(check for check in CHECKS if check.id == CHECK)
    shown = set()
    for name in (name for name, kind in vars(builtins).items() if isinstance(kind, type)):
        finding = Finding(Verdict.ERROR, message=name, evidence={"exception": name})
        result = score_finding(check, rubric.items[CHECK], finding)
        shown.add((result.message, str(result.evidence)))
    assert len(shown) == len(redaction.EXCEPTIONS) + 1


@pytest.mark.parametrize("verdict", Verdict)
def test_hidden_check_message_depends_only_on_the_verdict(rubric, verdict: Verdict) -> None:
    check = next(check for check in CHECKS if check.id == CHECK)
    finding = Finding(
        verdict,
        message="told",
        evidence={"call": "told", "got": "told", "line": 7, "printed": "told", "exception": "told"},
    )
    result = score_finding(check, rubric.items[CHECK], finding)
    assert "told" not in str(result)
    assert result.evidence == {}
