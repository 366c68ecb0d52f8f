"""A check that calls into the student's module and compares with the reference.

The same program runs behind the wall and in the oracle. Where a function leans on another one of
the student's (`get_scale`, `integer_conv2d`), a second program replaces that one by a stand-in, so
that a bug is paid for once, in the check of the function that has it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from numpy.random import Generator

from autograder.checks.base import Evidence, Finding, failure_evidence
from autograder.rubric import Item
from autograder.sandbox.calls import AdditiveLoss, Answer, Call, Failure, Input, Program, Result
from autograder.verdict import Verdict
from quantlab.compare import CORRECT, Outcome, Rule, describe


@dataclass(frozen=True)
class Judged:
    """An outcome, and the number of the call in the program that it is about."""

    outcome: Outcome
    call: int = 0


Judge = Callable[[Program, Answer, Answer, float], Judged]  # program, got, expected, tolerance


@dataclass(frozen=True)
class CallCheck:
    """`program(rng)` is run on the student's module and on the reference; `judge` compares."""

    id: str
    title: str
    program: Callable[[Generator], Program]
    judge: Judge
    alone: Callable[[Generator], Program] | None = None
    leans_on: str = ""
    picture: Callable[[Program, Answer], dict[str, Any] | None] | None = None
    source: str = "call"
    needs_data: bool = False

    def mark(self, evidence: Evidence, item: Item) -> Finding:
        source = evidence.solution()
        if isinstance(source, Finding):
            return source
        finding = self._run(evidence, item, source, self.program)
        if self.leans_on:
            shown = {"depends_on": [self.leans_on], **finding.evidence}
            finding = replace(finding, evidence=shown)
        if finding.credit == 1 or self.alone is None or finding.verdict is Verdict.MISSING:
            return finding
        alone = self._run(evidence, item, source, self.alone)
        if alone.credit < 1:
            return finding
        return Finding(
            Verdict.CORRECT,
            credit=1.0,
            credit_alone=1.0,
            message=f"Right when {self.leans_on} is; with your own {self.leans_on} the result is "
            f"not: {finding.message}",
            evidence=finding.evidence,
        )

    def _run(
        self,
        evidence: Evidence,
        item: Item,
        source: str,
        build: Callable[[Generator], Program],
    ) -> Finding:
        program = build(evidence.draws.generator(self.id))
        answer = evidence.player.run(source, program)
        if isinstance(answer, Failure):
            shown = {**_shown_call(program, 0), **failure_evidence(answer)}
            return Finding(Verdict(answer.kind), message=answer.message, evidence=shown)
        expected = evidence.oracle.answer(program)
        judged = self.judge(program, answer, expected, item.tolerance or 0.0)
        shown = {
            **_shown_call(program, judged.call),
            "expected": describe(_of(expected.results, judged.call)),
            "got": describe(_of(answer.results, judged.call)),
            **judged.outcome.detail,
        }
        if self.picture and (histogram := self.picture(program, answer)):
            shown["histogram"] = histogram
        credit = 1.0 if judged.outcome.correct else 0.0
        return Finding(
            Verdict(judged.outcome.kind), credit, message=judged.outcome.message, evidence=shown
        )


def results_by(rule: Callable[[float], Rule]) -> Judge:
    """Every call's result by one rule, made from the rubric's tolerance."""

    def judge(program: Program, got: Answer, expected: Answer, tolerance: float) -> Judged:
        for number, (g, e) in enumerate(zip(got.results, expected.results, strict=True)):
            outcome = rule(tolerance).compare(g, e)
            if not outcome.correct:
                return Judged(outcome, number)
        return Judged(Outcome(CORRECT))

    return judge


def call_text(call: Call) -> str:
    """A call as a student would write it: `linear_quantize(x, scale, 0, 4, signed=True)`."""
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
