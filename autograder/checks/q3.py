"""Question 3: the search for bit widths, and the bit widths found with it.

The search runs on small problems with known answers: `evaluate` reads a table. The bit widths in
answers.json are applied to the network, whose size and accuracy are measured. A packed model is
measured by its own codes, whatever answers.json says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.random import Generator

from autograder.checks.base import Evidence, Finding
from autograder.checks.call import CallCheck, Expecting, Judgment
from autograder.engine.model_accuracy import Measurement
from autograder.engine.record import ModelResult, Verdict
from autograder.engine.rubric import RubricItem
from quantlab.formats.packed_model import allowed_bits, kibibytes
from quantlab.formats.submission_files import PACKED, VARIABLE
from quantlab.network.resnet import layer_sizes
from quantlab.protocol.calls import AdditiveLoss, Answer, Call, Program
from quantlab.protocol.comparison import CORRECT, WRONG, Outcome, Widths, is_width
from quantlab.protocol.expectation import Expectation
from quantlab.protocol.quality_rules import AboveFloor, AtMostUniform, bits_of

CANDIDATES = (2, 3, 4, 5, 6, 7, 8)
SOME_CANDIDATES = (8, 2, 4)  # in no order
FLOOR = 85.0  # percent, of the small problems; the rubric has the threshold of the network
CEILING = 92.0  # percent, of the table's uncompressed network
LAYERS = 6
WIDTHS = "bit_widths"  # in answers.json

Problem = Callable[[Generator], tuple[dict[str, int], AdditiveLoss]]


def easy(rng: Generator) -> tuple[dict[str, int], AdditiveLoss]:
    """Return layers of different size and sensitivity; uniform widths of 4 bits or more suffice."""
    sizes = {f"layer{i}": int(rng.integers(200, 40_000)) for i in range(LAYERS)}
    losses = {}
    for name in sizes:
        sensitivity = rng.uniform(0.3, 3.0)
        losses[name] = {bits: float(sensitivity * 4.0 ** (2 - bits) * 4) for bits in CANDIDATES}
    return sizes, AdditiveLoss(CEILING, losses, budget=2 * LAYERS * len(CANDIDATES))


def steep(rng: Generator) -> tuple[dict[str, int], AdditiveLoss]:
    """Return a problem in which one layer needs 8 bits: a search by size alone fails."""
    sizes, table = easy(rng)
    fragile = max(sizes, key=lambda name: sizes[name])
    losses = {name: dict(widths) for name, widths in table.losses.items()}
    losses[fragile] = {bits: 0.1 if bits == 8 else 12.0 for bits in CANDIDATES}
    return sizes, AdditiveLoss(CEILING, losses, table.budget)


def on_the_floor(rng: Generator) -> tuple[dict[str, int], AdditiveLoss]:
    """Return a problem in which 2 bits everywhere give exactly the floor, not above it.

    All sums are exact in binary.
    """
    sizes = {f"layer{i}": int(rng.integers(200, 40_000)) for i in range(LAYERS)}
    narrow = (CEILING - FLOOR - 1) / (LAYERS - 2)  # of all layers but two, which lose 0.5 each
    losses = {
        name: {bits: (0.5 if i < 2 else narrow) * 2.0 ** (2 - bits) for bits in CANDIDATES}
        for i, name in enumerate(sizes)
    }
    return sizes, AdditiveLoss(CEILING, losses, budget=2 * LAYERS * len(CANDIDATES))


def hopeless(rng: Generator) -> tuple[dict[str, int], AdditiveLoss]:
    """Return a problem in which even the widest network is below the floor.

    Its widest widths are the answer.
    """
    sizes, table = easy(rng)
    return sizes, AdditiveLoss(FLOOR - 1, table.losses, table.budget)


def search(
    *problems: tuple[Problem, tuple[int, ...]], times: int = 1
) -> Callable[[Generator], Program]:
    """Return the program that makes one call per problem and candidate widths, `times` times."""

    def program(rng: Generator) -> Program:
        calls = [
            Call(
                "variable_precision_search",
                problem(rng),
                {"candidate_bits": candidates, "accuracy_floor": FLOOR},
            )
            for problem, candidates in problems
        ]
        return Program(tuple(calls) * times)

    return program


def expect_valid(program: Program, expected: Answer, tolerance: float) -> list[Expectation]:
    """Expect a candidate width for every layer."""
    return [Expectation(n, _widths(call), None) for n, call in enumerate(program.calls)]


def _widths(call: Call) -> Widths:
    return Widths(tuple(call.args[0]), tuple(call.kwargs["candidate_bits"]))


def expect_above_floor(program: Program, expected: Answer, tolerance: float) -> list[Expectation]:
    """Expect widths above the floor from every call."""
    return [
        Expectation(n, AboveFloor(call.kwargs["candidate_bits"], FLOOR), call.args[1])
        for n, call in enumerate(program.calls)
    ]


def expect_at_most_uniform(
    program: Program, expected: Answer, tolerance: float
) -> list[Expectation]:
    """Expect widths above the floor that are no larger than the best uniform width."""
    sizes, table = program.calls[0].args
    return [Expectation(0, AtMostUniform(CANDIDATES, FLOOR, sizes), table)]


class _JudgeSize(Expecting):
    """Report beside a correct outcome how far the answer is above the smallest possible one."""

    def __call__(
        self, program: Program, got: Answer, expected: Answer, tolerance: float
    ) -> Judgment:
        judged = super().__call__(program, got, expected, tolerance)
        if not judged.outcome.correct:
            return judged
        sizes, table = program.calls[0].args
        above = 100 * (bits_of(sizes, got.results[0]) / smallest_bits(sizes, table) - 1)
        return Judgment(Outcome(CORRECT, detail={"above_optimum": round(max(above, 0.0), 1)}))


judge_size = _JudgeSize(expect_at_most_uniform)


def smallest_bits(sizes: Mapping[str, int], table: AdditiveLoss) -> int:
    """Return the fewest bits of weights above the floor, by trying all widths.

    At least one must pass. This is feedback and worth no points: a search within the budget need
    not find it.
    """
    layers = list(sizes)
    losses = [np.array([table.losses[name][bits] for bits in CANDIDATES]) for name in layers]
    bits = [sizes[name] * np.array(CANDIDATES) for name in layers]
    accuracy = table.ceiling - reduce(np.add.outer, losses)
    return int(reduce(np.add.outer, bits)[accuracy > FLOOR].min())


def judge_repeatable(program: Program, got: Answer, expected: Answer, tolerance: float) -> Judgment:
    """Judge whether two calls gave the same widths."""
    first, second = got.results
    outcome = _widths(program.calls[0]).compare(first)
    if outcome.correct:
        outcome = _widths(program.calls[1]).compare(second)
    if outcome.correct and first != second:
        outcome = Outcome(WRONG, "Called twice with the same problem, it gave different widths.")
    return Judgment(outcome)


@dataclass(frozen=True)
class BitWidths:
    """Check the reported bit widths: one per layer, whole numbers, 1 to 8 bits.

    0 bits remove a convolution inside a residual branch, and no other layer.
    """

    id: str = "3.bit_widths.valid"
    title: str = "A bit width from 1 to 8 for each of the 20 layers is reported"
    source: str = "table"
    needs_data: bool = False

    def grade(self, evidence: Evidence, item: RubricItem) -> Finding:
        """Check the widths in answers.json."""
        answers = evidence.answers()
        if isinstance(answers, Finding):
            return answers
        widths = answers.bit_widths
        unread = [answers.unread[place] for place in answers.unread if place.startswith(WIDTHS)]
        if unread:
            return Finding(Verdict.ERROR, message=unread[0])
        if not widths:
            return Finding(Verdict.MISSING, message="answers.json holds no bit widths.")
        forgotten = [name for name in layer_sizes() if name not in widths]
        unknown = [name for name in widths if name not in layer_sizes()]
        outside = [
            name
            for name, bits in widths.items()
            if name in layer_sizes() and not is_width(bits, allowed_bits(name))
        ]
        for names, what in (
            (forgotten, "No width is given for"),
            (unknown, "There is no layer called"),
            (outside, "Not a whole number from 1 to 8 (0 inside a residual branch):"),
        ):
            if names:
                return Finding(Verdict.WRONG, message=f"{what} {', '.join(names[:5])}.")
        size = kibibytes(widths)
        message = f"{size:.1f} KiB of weights and scales."
        return Finding(Verdict.CORRECT, 1.0, message, {"kibibytes": round(size, 2)})


@dataclass(frozen=True)
class VariablePrecision:
    """Check the accuracy at the reported bit widths, and give the bonus for the size.

    For a packed model, size and accuracy are those of its codes. Staff get a flag if the reported
    widths differ.
    """

    id: str = "3.bit_widths.accuracy"
    title: str = "The network at these widths is more accurate than 85 %"
    source: str = "model"
    needs_data: bool = True

    def grade(self, evidence: Evidence, item: RubricItem) -> Finding:
        """Evaluate the packed model, or the network at the reported widths."""
        submission = evidence.submission
        if PACKED in submission.problems:
            return Finding(Verdict.ERROR, message=submission.problems[PACKED])
        if PACKED in submission.models:
            return self._packed(evidence, submission.models[PACKED])
        valid = BitWidths().grade(evidence, item)
        answers = evidence.answers()
        if isinstance(answers, Finding) or valid.verdict is Verdict.MISSING:
            return valid
        if valid.credit < 1:
            return Finding(Verdict.BLOCKED, message=f"Not measured: {valid.message}")
        widths = answers.bit_widths
        if VARIABLE in submission.problems:
            return Finding(Verdict.ERROR, message=submission.problems[VARIABLE])
        measured = evidence.evaluator.bit_widths(
            widths, submission.models.get(VARIABLE), evidence.executor
        )
        return self._found(evidence, measured, widths)

    def _packed(self, evidence: Evidence, content: bytes) -> Finding:
        measured = evidence.evaluator.packed(content, evidence.executor)
        widths = measured.packed_widths or {}
        answers = evidence.answers()
        claimed = {} if isinstance(answers, Finding) else answers.bit_widths
        others = [name for name in widths if claimed.get(name, widths[name]) != widths[name]]
        finding = self._found(evidence, measured, widths)
        pseudonym = "" if isinstance(answers, Finding) else answers.leaderboard
        facts = {"packed": True, **({"leaderboard": pseudonym} if pseudonym else {})}
        finding = replace(finding, evidence={**finding.evidence, **facts})
        if not others:
            return finding
        named = ", ".join(f"{name} {claimed[name]} and {widths[name]}" for name in others[:3])
        sentence = (
            f"answers.json and the codes of {PACKED} have other widths in {len(others)} "
            f"layers ({named}): the codes are what was measured."
        )
        return replace(finding, flags=(sentence,))

    def _found(
        self, evidence: Evidence, measured: Measurement, widths: Mapping[str, int]
    ) -> Finding:
        if measured.counted is None:
            return Finding(measured.verdict, message=measured.message)
        threshold = evidence.rubric.thresholds[evidence.evaluator.dataset]["variable"]
        above = measured.counted > threshold
        size = kibibytes(widths)
        return Finding(
            Verdict.CORRECT if above else Verdict.WRONG,
            1.0 if above else 0.0,
            f"{measured} at {size:.1f} KiB"
            + ("." if above else f"; more than {threshold:g} % is asked for."),
            evidence={"kibibytes": round(size, 2)},
            model=ModelResult(
                "variable precision",
                None,
                16,
                measured.accuracy,
                measured.images,
                threshold,
                measured.interval,
            ),
            bonus=evidence.rubric.bonus(size) if above else 0.0,
            notes=measured.notes_on(VARIABLE),
        )


CHECKS = (
    CallCheck(
        "3.search.valid",
        "variable_precision_search gives every layer one of the candidate widths",
        search((easy, SOME_CANDIDATES)),
        Expecting(expect_valid),
    ),
    CallCheck(
        "3.search.floor",
        "variable_precision_search stays above the accuracy floor",
        search((steep, CANDIDATES), (on_the_floor, CANDIDATES), (hopeless, SOME_CANDIDATES)),
        Expecting(expect_above_floor),
    ),
    CallCheck(
        "3.search.size",
        "variable_precision_search is never larger than the best uniform width",
        search((easy, CANDIDATES)),
        judge_size,
    ),
    CallCheck(
        "3.search.repeatable",
        "variable_precision_search gives the same answer twice, within its budget",
        search((steep, CANDIDATES), times=2),
        judge_repeatable,
        rerun=True,
    ),
    BitWidths(),
    VariablePrecision(),
)
