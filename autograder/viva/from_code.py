"""Questions on a student's own code: codes, an edited line, a wrong result.

Student code runs in the sandbox only. Every number of a question is drawn for its student; hidden
inputs of checks are never used.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from autograder.checks.random_inputs import grid_range
from autograder.engine.executor import Executor
from autograder.engine.oracle import Oracle
from autograder.engine.published_scales import published_scales
from autograder.viva.edits import WHY, Edit, find_edits
from autograder.viva.numbers import show, show_number
from autograder.viva.probes import (
    STEPS,
    Outcome,
    Probe,
    differ,
    draw_probes,
    near_codes,
    outcomes_of,
    program_of,
    run_probes,
)
from autograder.viva.question import Kind, Part, Question
from quantlab.protocol.calls import Answer, Call, Failure, Input

SMALLEST_SCALE = 1e-3
METHODS = ("sym", "heuristic", "SAWB")
MOST_TRIES = 8  # edits that run before there is said to be none with an effect
NEAR_TIE = 0.06  # of a step: such numbers are left out
FEWEST_NUMBERS = 3


@dataclass(frozen=True)
class CodeRun:
    """Hold one student's solution.py and what its functions return for the probes.

    `expected` are the reference's results. `lost` are the checks of functions that lost points,
    each with the sentence of its named mistake or "".
    """

    source: str
    probes: tuple[Probe, ...]
    outcomes: tuple[Outcome, ...]
    expected: tuple[Outcome, ...]
    lost: Mapping[str, str]


def run_code(
    executor: Executor,
    oracle: Oracle,
    source: str,
    rng: Generator,
    lost: Mapping[str, str],
    broken: Collection[str] = (),
) -> CodeRun:
    """Run the probes of one student; of a source that fails, without the statements that fail.

    Probes of a function whose checks are all `broken` are not run.
    """
    every = draw_probes(rng)
    probes = tuple(probe for probe in every if probe.checks not in broken)
    answer = executor.run(source, program_of(probes))
    if isinstance(answer, Answer):
        outcomes = outcomes_of(probes, answer)
    else:
        imported = executor.import_source(source)
        source = imported.source
        outcomes = (
            [imported.failure] * len(probes)
            if imported.failure
            else run_probes(executor, source, probes)
        )
    expected = outcomes_of(probes, oracle.answer(program_of(probes)))
    return CodeRun(source, probes, tuple(outcomes), tuple(expected), lost)


# Codes -------------------------------------------------------------------------------------------


def codes_questions(executor: Executor, run: CodeRun, rng: Generator) -> list[Question] | str:
    """Return up to two questions on codes under the student's scales, or why there are none."""
    methods = [str(method) for method in rng.permutation(METHODS)[:2]]
    widths = [int(bits) for bits in rng.choice([2, 3, 3, 4], 2)]
    asked = [(m, bits, _numbers(rng, bits)) for m, bits in zip(methods, widths, strict=True)]
    scales = run_probes(executor, run.source, [_scale_probe(*each) for each in asked])
    drawn = [
        ScaledNumbers(*each, scale)
        for each, outcome in zip(asked, scales, strict=True)
        if (scale := _shown_scale(outcome))
    ]
    drawn = [each for each in drawn if len(each.kept) >= FEWEST_NUMBERS]
    if not drawn:
        return "reset_scale_and_zero_point returns no scale for short calls"
    codes = run_probes(executor, run.source, [_codes_probe(each) for each in drawn])
    questions = [
        _codes_question(each, code)
        for each, code in zip(drawn, codes, strict=True)
        if not isinstance(code, Failure)
    ]
    return questions or "linear_quantize returns no codes for short calls"


@dataclass(frozen=True)
class ScaledNumbers:
    """Hold numbers and the student's scale for them, with the digits that are printed."""

    method: str
    bits: int
    numbers: np.ndarray
    scale: float

    @property
    def kept(self) -> np.ndarray:
        """Return the numbers whose quotient has one nearest integer."""
        rest = np.abs(np.asarray(self.numbers, np.float64) / self.scale % 1 - 0.5)
        return self.numbers[rest > NEAR_TIE]

    @property
    def limits(self) -> tuple[int, int]:
        """Return the smallest and the largest signed code."""
        return grid_range(self.bits, True)


def _numbers(rng: Generator, bits: int) -> np.ndarray:
    """Return numbers whose largest magnitude is 2^(b-1) steps, all with few digits."""
    step, levels = float(rng.choice(STEPS)), 2 ** (bits - 1)
    codes = rng.choice(np.arange(-levels + 1, levels), min(4, 2 * levels - 1), replace=False)
    largest = np.float32(round(levels * step * float(rng.choice([-1, 1])), 4))
    return rng.permutation(np.append(near_codes(rng, list(codes), step), largest))


def _scale_probe(method: str, bits: int, x: np.ndarray) -> Probe:
    call = Call("reset_scale_and_zero_point", (Input("x"), bits, method))
    return Probe("", "", call, {"x": x})


def _codes_probe(drawn: ScaledNumbers) -> Probe:
    call = Call("linear_quantize", (Input("x"), drawn.scale, 0, drawn.bits))
    return Probe("", "", call, {"x": drawn.kept})


def _shown_scale(outcome: Outcome) -> float:
    """Return a scale with three digits, 0 if there is none."""
    if isinstance(outcome, Failure) or outcome.size > 2:
        return 0.0
    scale = float(outcome.reshape(-1)[0])
    return float(f"{scale:.3g}") if SMALLEST_SCALE < scale < 1 / SMALLEST_SCALE else 0.0


def _codes_question(drawn: ScaledNumbers, codes: np.ndarray) -> Question:
    low, high = drawn.limits
    rounded = np.rint(np.asarray(drawn.kept, np.float64) / drawn.scale)
    by_equation, outside = np.clip(rounded, low, high), (rounded < low) | (rounded > high)
    answer = show(codes)
    if not np.array_equal(codes, by_equation):
        answer += f". By equation (1): {show(by_equation)}."
    call = f'reset_scale_and_zero_point(x, {drawn.bits}, "{drawn.method}")'
    shown = [("x", show(drawn.numbers)), ("Your scale", show_number(drawn.scale))]
    if len(drawn.kept) < len(drawn.numbers):
        shown.append(("Quantize", show(drawn.kept)))
    return Question(
        Kind.CODES,
        f"Your {call} returns this scale, rounded to three digits.",
        tuple(shown),
        (
            Part(
                f"Which codes does your linear_quantize return with this scale, {drawn.bits} "
                "bits, signed, zero point 0?",
                answer,
            ),
            Part(
                "Which of the numbers are clipped?",
                show(drawn.kept[outside]) if outside.any() else "none of them",
            ),
        ),
        "Scale and codes are results of the student's functions, run in the sandbox. A number is "
        f"clipped if its rounded quotient is outside {low} to {high}.",
    )


# An edited line ----------------------------------------------------------------------------------


def edit_questions(
    executor: Executor, run: CodeRun, rng: Generator, starter: Collection[str]
) -> list[Question] | str:
    """Return one question on an edit that changes a result, or why there is none."""
    usable = [n for n, outcome in enumerate(run.outcomes) if not isinstance(outcome, Failure)]
    if not usable:
        return "no function of solution.py returns numbers for short calls"
    edits = find_edits(executor, run.source, starter)
    if isinstance(edits, Failure):
        return f"solution.py could not be searched for lines to edit: {edits.message}"
    probes = [run.probes[n] for n in usable]
    for edit in _in_order(edits, probes, rng)[:MOST_TRIES]:
        answer = executor.run(edit.source, program_of(probes))
        if isinstance(answer, Failure):
            continue
        after = outcomes_of(probes, answer)
        changed = [
            (probe, run.outcomes[n], now, run.expected[n])
            for n, probe, now in zip(usable, probes, after, strict=True)
            if differ(run.outcomes[n], now)
        ]
        if changed:
            return [_edit_question(edit, *changed[int(rng.integers(len(changed)))])]
    return "none of the edits that were tried changes the result of a short call"


def _in_order(edits: Sequence[Edit], probes: Sequence[Probe], rng: Generator) -> list[Edit]:
    """Return edits of called functions first, of helpers next; one line is tried once at first."""
    shuffled = [edits[int(place)] for place in rng.permutation(len(edits))]
    called = {probe.function for probe in probes} | {"_quantize_func_STE"}
    seen: set[int] = set()
    again = {}
    for edit in shuffled:
        again[edit] = edit.line in seen
        seen.add(edit.line)
    kept = [edit for edit in shuffled if edit.owner != "variable_precision_search"]
    return sorted(kept, key=lambda edit: (edit.owner not in called, again[edit]))


def _edit_question(
    edit: Edit, probe: Probe, before: Outcome, after: Outcome, expected: Outcome
) -> Question:
    assert not isinstance(before, Failure)
    assert not isinstance(after, Failure)
    origin = "Both versions of solution.py ran in the sandbox on this call."
    if differ(before, expected) and not isinstance(expected, Failure):
        origin += f" The reference returns {show(expected)} for it."
    return Question(
        Kind.EDIT,
        f"Line {edit.line} of your solution.py, in {edit.owner}, is changed as shown.",
        (
            ("Your line", edit.before),
            ("Edited", edit.after),
            ("Call", probe.text),
            ("Your result", show(before)),
        ),
        (
            Part("What does this call return after the edit?", show(after)),
            Part("Why?", WHY[edit.rule]),
        ),
        origin,
    )


# A wrong result ----------------------------------------------------------------------------------


def wrong_questions(run: CodeRun, rng: Generator) -> list[Question] | str:
    """Return one question on a wrong result of a function that lost points, or why not."""
    if not run.lost:
        return "no check of a function lost points"
    wrong = [
        (probe, outcome, expected)
        for probe, outcome, expected in zip(run.probes, run.outcomes, run.expected, strict=True)
        if any(check.startswith(probe.checks) for check in run.lost)
        and differ(outcome, expected)
        and not _is_published(probe, outcome)
    ]
    if not wrong:
        return "the mistakes in solution.py do not show in short calls"
    return [_wrong_question(*wrong[int(rng.integers(len(wrong)))], run.lost)]


def _wrong_question(
    probe: Probe, outcome: Outcome, expected: Outcome, lost: Mapping[str, str]
) -> Question:
    assert not isinstance(outcome, Failure)
    assert not isinstance(expected, Failure)
    checks = {check: text for check, text in lost.items() if check.startswith(probe.checks)}
    reason = next(filter(None, checks.values()), "The report names no known mistake.")
    return Question(
        Kind.WRONG,
        "Your function returns this, but the assignment asks for something else.",
        (("Call", probe.text), ("Your result", show(outcome))),
        (
            Part("What should it return?", show(expected)),
            Part("Which line of yours causes the difference, and how?", reason),
        ),
        f"{', '.join(checks)} lost points. The inputs are drawn for this sheet, they are not "
        "those of a check. The reference computed the expected result.",
    )


def _is_published(probe: Probe, outcome: Outcome) -> bool:
    """Return whether a SAWB scale is that of published constants, which are accepted."""
    if probe.function != "get_scale" or isinstance(outcome, Failure):
        return False
    accepted = published_scales(probe.inputs["x"], int(probe.call.args[1]))
    return any(np.allclose(outcome, float(scale), rtol=1e-3) for scale in accepted)
