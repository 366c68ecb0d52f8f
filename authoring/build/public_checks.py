"""Writes the public checks from those that mark: `tests/public/<question>.checks`.

    python -m authoring build          # writes them
    python -m authoring build --check  # writes nothing; exit status 1 where they differ

What the rubric calls visible and is a call into solution.py is written, with inputs that belong to
no student, the reference's answers, and the answers of the mutants with what they teach. Nothing of
any solution's code is written. Raises TypeError for a visible check whose judge is no data.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from autograder.checks import ALL_CHECKS
from autograder.checks.call import CallCheck, Expecting
from autograder.engine.corpus import Mutant, load_mutants
from autograder.engine.oracle import Oracle
from autograder.engine.rubric import Rubric, load_rubric
from autograder.engine.secret import StudentRandom
from quantlab.atomic_files import write_atomically
from quantlab.protocol.calls import Answer, Input, Program
from quantlab.protocol.comparison import is_same
from quantlab.protocol.execute import load_module, run_program
from quantlab.protocol.expectation import changed_arguments
from quantlab.protocol.public_checks import FOLDER, SUFFIX, Mistake, PublicCheck, load, to_bytes

DRAWS = StudentRandom(b"the public checks are no secret", "public")


def public_checks() -> dict[str, tuple[PublicCheck, ...]]:
    """The public checks by question."""
    rubric, oracle, mutants = load_rubric(), Oracle(), load_mutants()
    found: dict[str, list[PublicCheck]] = {}
    for check in ALL_CHECKS:
        if isinstance(check, CallCheck) and rubric.items[check.id].visible:
            one = _public(check, rubric, oracle, mutants)
            found.setdefault(rubric.items[check.id].question, []).append(one)
    return {question: tuple(checks) for question, checks in found.items()}


def _public(
    check: CallCheck, rubric: Rubric, oracle: Oracle, mutants: Sequence[Mutant]
) -> PublicCheck:
    if not isinstance(check.judge, Expecting):
        raise TypeError(f"{check.id} is visible, but what it expects cannot be written down.")
    item = rubric.items[check.id]
    program = replace(check.program(DRAWS.generator(check.id)), return_inputs=True)
    expected = oracle.answer(program)
    expectations = tuple(check.judge.expect(program, expected, item.tolerance or 0.0))
    otherwise = check.otherwise(program) if check.otherwise else None
    public = PublicCheck(
        check.id, check.title, item.points, program, expectations, otherwise=otherwise
    )
    mistakes = [
        _mistake(public, mutant, oracle)
        for mutant in mutants
        if mutant.named and mutant.in_solution and mutant.may_be_caught_by(check.id)
    ]
    return replace(public, mistakes=_distinct([m for m in mistakes if m is not None]))


def _mistake(public: PublicCheck, mutant: Mutant, oracle: Oracle) -> Mistake | None:
    """What the mutant answers; None where it raises, or where these inputs do not show it."""
    answer = _answer(mutant.source(oracle.source), public.program)
    if answer is None:
        return None
    outcome, _ = public.judge(answer)
    if outcome.correct:
        return None
    changed = changed_arguments(public.program, answer)
    return Mistake(mutant.sentence, outcome.kind, replace(answer, inputs={}), changed)


def _answer(source: str, program: Program) -> Answer | None:
    try:
        return run_program(load_module(source, name="mutant"), program)
    except Exception:  # an exception has a sentence of its own
        return None


def _distinct(mistakes: Sequence[Mistake]) -> tuple[Mistake, ...]:
    """One of those that answer the same and say the same."""
    kept: list[Mistake] = []
    for mistake in mistakes:
        if not any(
            mistake.sentence == other.sentence
            and mistake.changes == other.changes
            and is_same(mistake.answer.results, other.answer.results)
            and is_same(mistake.answer.gradients, other.answer.gradients)
            for other in kept
        ):
            kept.append(mistake)
    return tuple(kept)


def differences(folder: Path = FOLDER) -> list[str]:
    """What the files in `folder` do not have as the checks that mark say it now."""
    wrong = []
    for question, checks in public_checks().items():
        path = folder / f"{question}{SUFFIX}"
        if not path.is_file():
            wrong.append(f"{path.name} is not there.")
            continue
        stored = {one.id: one for one in load(question, folder)}
        if stored.keys() != {one.id for one in checks}:
            wrong.append(f"{path.name} holds other checks.")
            continue
        wrong += [f"{one.id} has changed." for one in checks if not _alike(one, stored[one.id])]
    return wrong


def _alike(one: PublicCheck, other: PublicCheck) -> bool:
    """The same but for the last digits, in which machines differ."""
    return (
        (one.title, one.points) == (other.title, other.points)
        and is_same(one.program.inputs, other.program.inputs)
        and _asked(one.program) == _asked(other.program)
        and (one.otherwise and _asked(one.otherwise))
        == (other.otherwise and _asked(other.otherwise))
        and [e.rule for e in one.expectations] == [e.rule for e in other.expectations]
        and is_same(
            [e.expected for e in one.expectations], [e.expected for e in other.expectations]
        )
        and [m.sentence for m in one.mistakes] == [m.sentence for m in other.mistakes]
    )


def _asked(program: Program) -> list[object]:
    """Return what the calls are asked by name: methods, bit widths, inputs."""
    kinds = (Input, str, int)
    return [
        (call.target, [value for value in call.args if isinstance(value, kinds)])
        for call in program.calls
    ]


def _write(content: bytes, stream: BinaryIO) -> None:
    stream.write(content)


def build_public_checks(check: bool = False) -> int:
    """Write the public checks, or with `check` only compare; return the exit status."""
    if check:
        wrong = differences()
        print("\n".join(wrong), file=sys.stderr)
        return int(bool(wrong))
    FOLDER.mkdir(parents=True, exist_ok=True)
    for question, checks in public_checks().items():
        content = to_bytes(checks)
        path = FOLDER / f"{question}{SUFFIX}"
        write_atomically(path, partial(_write, content))
        print(f"{path.name}: {len(checks)} checks, {len(content) / 1024:.0f} KiB")
    return 0
