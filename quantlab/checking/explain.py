"""Explain the outcomes of public checks: what happened, then at most one hint per check.

1. A check that passes with correct results of the functions that it calls fails only because of
   these (`quantlab.checking.dependencies`).
2. A known mistake is named only if it explains every check of the function, those that fail and
   those that pass (`quantlab.checking.known_mistakes`). The methods of reset_scale_and_zero_point
   may have different mistakes: each is explained alone where no mistake explains all.
3. Otherwise a general rule may name a relation between the result and the expected one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType

from quantlab.checking.code_types import blocked_gradient, code_type_problem
from quantlab.checking.dependencies import Replay, replay
from quantlab.checking.failing_call import show_failing_call
from quantlab.checking.known_mistakes import explain_by_known_mistake
from quantlab.checking.show_part import SEARCH, diagnose, show_part
from quantlab.checking.wrong_part import wrong_part
from quantlab.protocol.comparison import is_same
from quantlab.protocol.run_public_checks import MISSING, RIGHT, WRONG, CheckOutcome

CHANGED = "Compute a new tensor: a hidden check requires that the input stays as it is."
QUANTIZER = "linear_quantize"
ONE_NUMBER = "The value is wrong"  # a sentence of quantlab.protocol.comparison


@dataclass(frozen=True)
class _Trial:
    """One check: its outcome, and what its own code is judged by.

    Attributes:
        outcome: The outcome as it is.
        own: The outcome with correct results of called functions, where these are known.
        blamed: What to say about the called functions; "" if they are not to blame.
        is_explained: Whether the called functions are a sufficient explanation.
    """

    outcome: CheckOutcome
    own: CheckOutcome
    blamed: str = ""
    is_explained: bool = False

    @property
    def needs_hint(self) -> bool:
        """Return whether the check's own code is wrong."""
        return self.own.outcome == WRONG and not self.is_explained


def explain_checks(
    outcomes: Sequence[CheckOutcome], module: ModuleType
) -> tuple[CheckOutcome, ...]:
    """Return the outcomes of one question with lines that explain them."""
    wrong = _what_is_wrong(outcomes)
    trials = [_try(outcome, module, wrong) for outcome in outcomes]
    coefficients = vars(module).get("SAWB_COEFFICIENTS")
    hints = _known_mistakes(trials)
    explained = []
    said: set[tuple[str, str]] = set()
    for trial in trials:
        lines = _lines(trial)
        target = trial.outcome.check.program.target
        if trial.needs_hint:
            hint = (
                blocked_gradient(trial.own)
                or hints.get(trial.outcome.check.id)
                or diagnose(trial.own, coefficients)
            )
            if trial.own.answer is None and trial.own.lines == trial.outcome.lines:
                lines += show_failing_call(trial.outcome, module)
            if hint and (target, hint) not in said:
                lines.append(f"Hint: {hint}")
                said.add((target, hint))
        elif trial.outcome.outcome == RIGHT and lines:
            lines = [] if (target, CHANGED) in said else [*lines, CHANGED]
            said.add((target, CHANGED))
        elif target == QUANTIZER and (problem := code_type_problem(trial.outcome, target)):
            lines += [] if (target, problem) in said else [f"{problem} in question 2a."]
            said.add((target, problem))
        explained.append(replace(trial.outcome, lines=tuple(lines)))
    return tuple(explained)


def _try(outcome: CheckOutcome, module: ModuleType, wrong: Mapping[str, str]) -> _Trial:
    """Return the trial of one outcome; `wrong` says what is wrong with each function."""
    if outcome.outcome == RIGHT or not outcome.check.dependencies:
        return _Trial(outcome, outcome)
    second = replay(outcome, module)
    names = " and ".join(second.called)
    if second.called and second.outcome.outcome == RIGHT:
        if outcome.outcome == MISSING:
            return _Trial(outcome, second.outcome, f"Waits only for {names}.", is_explained=True)
        blamed = _blame(outcome, second.called)
        return _Trial(outcome, second.outcome, blamed, is_explained=True)
    if second.called and second.is_complete:
        note = f"With a correct {names} it is still wrong:" if _differs(outcome, second) else ""
        return _Trial(outcome, second.outcome, note)
    called = [name for name in second.called if name in wrong and name not in second.innocent]
    if not called:
        return _Trial(outcome, outcome)
    sentence = f"Calls {called[0]}, which {wrong[called[0]]}: fix that first."
    return _Trial(outcome, outcome, sentence, is_explained=True)


def _blame(outcome: CheckOutcome, called: Sequence[str]) -> str:
    """Return why called functions alone are at fault; their own checks may all pass."""
    problem = code_type_problem(outcome, QUANTIZER) if called == (QUANTIZER,) else ""
    verb = "do" if len(called) > 1 else "does"
    names = " and ".join(called)
    return f"{problem}." if problem else f"Fails only because {names} {verb}: fix that first."


def _differs(outcome: CheckOutcome, second: Replay) -> bool:
    """Return whether correct results of called functions change what the check returns."""
    if outcome.answer is None or second.outcome.answer is None:
        return outcome.lines != second.outcome.lines
    return not is_same(outcome.answer.results, second.outcome.answer.results)


def _what_is_wrong(outcomes: Sequence[CheckOutcome]) -> dict[str, str]:
    """Return what is wrong with each function, as the end of a sentence."""
    wrong: dict[str, str] = {}
    for outcome in outcomes:
        target = outcome.check.program.target
        if outcome.outcome == MISSING:
            wrong[target] = "is not written yet"
        elif outcome.outcome == WRONG:
            wrong.setdefault(target, "fails its own checks")
        elif outcome.lines:
            wrong.setdefault(target, "changes its argument")
    return wrong


def _known_mistakes(trials: Sequence[_Trial]) -> dict[str, str]:
    """Return the hints by known mistakes, by the id of the check to show them at."""
    hints: dict[str, str] = {}
    functions = dict.fromkeys(trial.outcome.check.program.target for trial in trials)
    for function in functions:
        group = [t for t in trials if t.outcome.check.program.target == function]
        hint = _mistake_of(group)
        if hint:
            hints.update({trial.outcome.check.id: hint for trial in group})
            continue
        for method in dict.fromkeys(_method(trial) for trial in group):
            part = [trial for trial in group if _method(trial) == method]
            hints.update({trial.outcome.check.id: _mistake_of(part) for trial in part})
    return hints


def _mistake_of(trials: Sequence[_Trial]) -> str:
    if any(t.is_explained and t.own.outcome != RIGHT for t in trials):
        return ""
    if not any(t.needs_hint for t in trials):
        return ""
    return explain_by_known_mistake([trial.own for trial in trials])


def _method(trial: _Trial) -> str:
    call = trial.outcome.check.program.calls[0]
    return next((value for value in call.args if isinstance(value, str)), "")


def _lines(trial: _Trial) -> list[str]:
    """Return what happened: the sentence of the comparison, and the worst element."""
    outcome = trial.own if trial.needs_hint else trial.outcome
    lines = list(outcome.lines)
    if trial.is_explained:
        return [trial.blamed] if trial.outcome.outcome == MISSING else [*lines, trial.blamed]
    if trial.needs_hint and (part := wrong_part(outcome)):
        shown = show_part(part, outcome.kind)
        if shown and (_is_repeated(lines) or part.target == SEARCH):
            lines = []
        lines += [shown] if shown else []
    return [trial.blamed, *lines] if trial.blamed else lines


def _is_repeated(lines: Sequence[str]) -> bool:
    """Return whether the lines say only that one number is wrong, which is shown anyway."""
    return len(lines) == 1 and ONE_NUMBER in lines[0]
