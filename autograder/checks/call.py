"""Check a function of solution.py by calling it and comparing with the reference.

The same program runs in the sandbox and in the oracle. Only the check of side effects requires that
arguments come back unchanged; the others judge results on fresh arguments.

If a function depends on others of the student's (`get_scale`, `integer_conv2d`), the program runs a
second time with stand-ins in their place. A bug then costs points only in the check of the function
that has it. The stand-ins are functions, not constants: a constant would accept a wrong argument.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.random import Generator

from autograder.checks.base import Evidence, Finding, failure_evidence
from autograder.checks.distance import distance_word
from autograder.engine import redaction
from autograder.engine.record import Misconception, Verdict
from autograder.engine.rubric import RubricItem
from quantlab.protocol.calls import AdditiveLoss, Answer, Call, Failure, Input, Program, Result
from quantlab.protocol.comparison import CORRECT, WRONG, Close, Outcome, Rule, describe, is_same
from quantlab.protocol.expectation import (
    Expectation,
    change_warning,
    changed_arguments,
    first_unmet,
)

CHANGED = "An argument was changed in place, or through a result that shares its memory."


@dataclass(frozen=True)
class Judgment:
    """Hold an outcome and the number of the call in the program that it is about."""

    outcome: Outcome
    call: int = 0
    hidden_message: str = ""  # of a hidden check, in place of the sentence of its verdict


Judge = Callable[[Program, Answer, Answer, float], Judgment]  # program, got, expected, tolerance


@dataclass(frozen=True)
class CallCheck:
    """Run `program(rng)` on the student's module and on the reference; compare with `judge`.

    Attributes:
        depends_on: Functions of the student's that the checked one may call. The answer is correct
            if it is correct with stand-ins in their place.
        histogram: Returns what to draw of the answer, as evidence; None draws nothing.
        rerun: Run the program once more in a fresh process with another seed. The results must
            be equal.
        alternative: Returns a program that asks the same in other words. One correct answer is
            enough.
        keeps_arguments: Every argument must come back unchanged.
    """

    id: str
    title: str
    program: Callable[[Generator], Program]
    judge: Judge
    depends_on: tuple[str, ...] = ()
    histogram: Callable[[Program, Answer], dict[str, Any] | None] | None = None
    rerun: bool = False
    alternative: Callable[[Program], Program] | None = None
    keeps_arguments: bool = False
    source: str = "call"
    needs_data: bool = False

    def grade(self, evidence: Evidence, item: RubricItem) -> Finding:
        """Run the program and return the finding; try `alternative` if points are lost."""
        source = evidence.solution()
        if isinstance(source, Finding):
            return source
        program = self.build_program(evidence)
        finding = self._grade_once(evidence, item, source, program)
        if finding.credit == 1 or self.alternative is None:
            return finding
        second = self._grade_once(evidence, item, source, self.alternative(program))
        answered = finding.verdict is Verdict.ERROR and second.verdict is not Verdict.ERROR
        return second if second.credit == 1 or answered else finding

    def _grade_once(
        self, evidence: Evidence, item: RubricItem, source: str, program: Program
    ) -> Finding:
        finding, answer = self._run(evidence, item, source, program)
        if finding.credit < 1 and self.depends_on:
            finding = replace(
                finding, evidence={"depends_on": list(self.depends_on), **finding.evidence}
            )
            alone, _ = self._run(
                evidence, item, source, self._leaning_on_the_right(evidence, program)
            )
            if alone.credit == 1:
                return self._right_alone(finding)
        if finding.credit < 1 and answer is not None:
            finding = finding.explained(self._mistakes(evidence, item, program, answer))
            if finding.misconception is None:
                finding = self._with_distance(evidence, item, program, answer, finding)
        return finding

    def _with_distance(
        self, evidence: Evidence, item: RubricItem, program: Program, answer: Answer, got: Finding
    ) -> Finding:
        """Return the finding of wrong numbers; its hidden message says near, off or far."""
        if got.verdict is not Verdict.WRONG or not isinstance(self.judge, Expecting):
            return got
        expected = evidence.oracle.answer(program)
        expectations = self.judge.expect(program, expected, item.tolerance or 0.0)
        word = distance_word(self.id, evidence.student_random, expectations, answer)
        if not word:
            return got
        return replace(got, hidden_message=redaction.distance_sentence(word, program.target))

    def build_program(self, evidence: Evidence) -> Program:
        """Return the program for this student, drawn from the course secret."""
        return replace(self.program(evidence.student_random.generator(self.id)), return_inputs=True)

    def _leaning_on_the_right(self, evidence: Evidence, program: Program) -> Program:
        stand_ins = {name: evidence.oracle.code(name) for name in self.depends_on}
        return replace(program, calls=tuple(replace(c, stand_ins=stand_ins) for c in program.calls))

    def _right_alone(self, finding: Finding) -> Finding:
        names = " and ".join(self.depends_on)
        verb = "are" if len(self.depends_on) > 1 else "is"
        return Finding(
            Verdict.CORRECT,
            credit=1.0,
            credit_alone=1.0,
            message=f"Right when {names} {verb}; with your own {names} the result is not: "
            f"{finding.message}",
            evidence=finding.evidence,
        )

    def _run(
        self,
        evidence: Evidence,
        item: RubricItem,
        source: str,
        program: Program,
    ) -> tuple[Finding, Answer | None]:
        """Return the finding of one program, and the answer if there is one."""
        answer = evidence.executor.run(source, program)
        if isinstance(answer, Failure):
            shown = {**_shown_call(program, 0), **failure_evidence(answer)}
            return _finding(Verdict(answer.kind), program, answer.message, shown), None
        expected = evidence.oracle.answer(program)
        judged = self._judge(program, answer, expected, item)
        shown = {
            **_shown_call(program, judged.call),
            "expected": describe(_of(expected.results, judged.call)),
            "got": describe(_of(answer.results, judged.call)),
            **judged.outcome.detail,
        }
        if self.histogram and (histogram := self.histogram(program, answer)):
            shown["histogram"] = histogram
        if judged.outcome.correct and self.rerun:
            second = evidence.executor.run(source, replace(program, seed=program.seed + 1))
            if isinstance(second, Failure):
                return _finding(Verdict(second.kind), program, second.message), None
            if not is_same(second.results, answer.results):
                sentence = "A second run with another seed gave a different answer."
                judged = Judgment(Outcome(WRONG, sentence), judged.call)
        verdict = Verdict(judged.outcome.kind)
        finding = _finding(verdict, program, judged.outcome.message, shown)
        return replace(
            finding, hidden_message=judged.hidden_message or finding.hidden_message
        ), answer

    def _judge(self, program: Program, got: Answer, expected: Answer, item: RubricItem) -> Judgment:
        judged = self.judge(program, got, expected, item.tolerance or 0.0)
        changed = changed_arguments(program, got)
        if not judged.outcome.correct or not changed:
            return judged
        kind = WRONG if self.keeps_arguments else CORRECT
        outcome = replace(judged.outcome, kind=kind, message=change_warning(program, changed))
        return replace(judged, outcome=outcome, hidden_message=CHANGED if kind == WRONG else "")

    def _mistakes(
        self, evidence: Evidence, item: RubricItem, program: Program, answer: Answer
    ) -> tuple[Misconception, ...]:
        expected = evidence.oracle.answer(program)

        def kind(other: Answer) -> str:
            return self._judge(program, other, expected, item).outcome.kind

        expected_kind = kind(answer)  # the right values in a wrong dtype are another mistake
        return evidence.misconceptions.explain(
            self.id, program, answer, lambda theirs: kind(theirs) == expected_kind
        )


def _finding(
    verdict: Verdict, program: Program, message: str, shown: Mapping[str, Any] | None = None
) -> Finding:
    by_the_host = verdict is Verdict.GRADER_FAULT  # no reply can claim this
    return Finding(
        verdict,
        credit=1.0 if verdict is Verdict.CORRECT else 0.0,
        message=message,
        hidden_message=message
        if by_the_host
        else redaction.hidden_sentence(verdict, program.target),
        evidence=shown or {},
    )


@dataclass(frozen=True)
class Expecting:
    """Judge an answer by a list of expectations, which can be given to students as data.

    `expect(program, expected, tolerance)` returns the list. Visible checks are judged like this.
    """

    expect: Callable[[Program, Answer, float], Sequence[Expectation]]

    def __call__(
        self, program: Program, got: Answer, expected: Answer, tolerance: float
    ) -> Judgment:
        """Return the judgment of an answer."""
        outcome, unmet = first_unmet(self.expect(program, expected, tolerance), got)
        return Judgment(outcome, unmet.call if unmet else 0)


def results_by(rule: Callable[[float], Rule]) -> Expecting:
    """Return the judge that compares every result by one rule, made from the tolerance."""

    def expect(program: Program, expected: Answer, tolerance: float) -> Sequence[Expectation]:
        return [Expectation(n, rule(tolerance), e) for n, e in enumerate(expected.results)]

    return Expecting(expect)


def gradient_of(name: str) -> Expecting:
    """Return the judge of the first call's gradient for one input, within the tolerance."""

    def expect(program: Program, expected: Answer, tolerance: float) -> Sequence[Expectation]:
        return [Expectation(0, Close(tolerance), expected.gradients[0][name], name)]

    return Expecting(expect)


def both(first: Expecting, second: Expecting) -> Expecting:
    """Return the judge that expects what `first` and then what `second` expects."""
    return Expecting(lambda *asked: [*first.expect(*asked), *second.expect(*asked)])


def call_text(call: Call) -> str:
    """Return a call as source text: `linear_quantize(x, scale, 0, 4, signed=True)`."""
    arguments = [_argument(value) for value in call.args]
    arguments += [f"{name}={_argument(value)}" for name, value in call.kwargs.items()]
    return f"{call.target}({', '.join(arguments)})"


def _argument(value: Any) -> str:
    if isinstance(value, Input):
        return value.name
    if isinstance(value, Result):
        return f"result_{value.call + 1}"
    if isinstance(value, AdditiveLoss):
        return "evaluate"
    return describe(value)


def _shown_call(program: Program, number: int) -> dict[str, Any]:
    call = program.calls[number]
    named = [v.name for v in (*call.args, *call.kwargs.values()) if isinstance(v, Input)]
    inputs = [[name, describe(program.inputs[name])] for name in dict.fromkeys(named)]
    stand_ins = [[f"{name} (replaced)", "gives a given answer"] for name in call.stand_ins]
    return {"call": call_text(call), "inputs": inputs + stand_ins}


def _of(results: tuple[Any, ...], number: int) -> Any:
    return results[number] if number < len(results) else None
