"""Write the public checks from the grader's: `tests/public/<question>.checks`.

    python -m authoring build          # writes them
    python -m authoring build --check  # writes nothing; exit status 1 if they differ

A check is written if the rubric makes it visible or public and it calls solution.py. The file
contains inputs of no student, the reference's answers, what it gets from the functions that it
calls, and the answers of the mutants with their sentences. It contains no code of any solution.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import torch

from authoring.build.recorded_calls import record_calls
from autograder.checks import ALL_CHECKS
from autograder.checks.call import CallCheck, Expecting
from autograder.engine.corpus import Mutant, load_mutants
from autograder.engine.oracle import Oracle
from autograder.engine.rubric import Rubric, load_rubric
from autograder.engine.secret import StudentRandom
from quantlab.atomic_files import write_atomically
from quantlab.errors import NoPublicChecks
from quantlab.protocol.calls import Answer, Input, Program
from quantlab.protocol.comparison import is_same
from quantlab.protocol.execute import load_module, run_program
from quantlab.protocol.expectation import changed_arguments
from quantlab.protocol.public_checks import (
    FOLDER,
    SUFFIX,
    Mistake,
    PublicCheck,
    condense,
    load,
    to_bytes,
)

DRAWS = StudentRandom(b"the public checks are no secret", "public")


def public_checks() -> dict[str, tuple[PublicCheck, ...]]:
    """Return the public checks by question.

    Raises:
        TypeError: The judge of a public check is not data.
    """
    rubric, oracle, mutants = load_rubric(), Oracle(), load_mutants()
    public: dict[str, list[PublicCheck]] = {}
    for check in ALL_CHECKS:
        if isinstance(check, CallCheck) and rubric.items[check.id].is_public:
            question = public.setdefault(rubric.items[check.id].question, [])
            question.append(_public(check, rubric, oracle, mutants))
    return {question: tuple(checks) for question, checks in public.items()}


def _public(
    check: CallCheck, rubric: Rubric, oracle: Oracle, mutants: Sequence[Mutant]
) -> PublicCheck:
    if not isinstance(check.judge, Expecting):
        raise TypeError(f"{check.id} is public, but its expectation is not data.")
    item = rubric.items[check.id]
    program = replace(check.program(DRAWS.generator(check.id)), return_inputs=True)
    expected = oracle.answer(program)
    expectations = tuple(check.judge.expect(program, expected, item.tolerance or 0.0))
    otherwise = check.alternative(program) if check.alternative else None
    dependencies = tuple(record_calls(name, program, oracle) for name in check.depends_on)
    public = PublicCheck(
        check.id,
        check.title,
        item.points,
        program,
        expectations,
        otherwise=otherwise,
        dependencies=dependencies,
    )
    mistakes = [
        _mistake(public, mutant, oracle)
        for mutant in mutants
        if mutant.named and mutant.in_solution and mutant.may_be_caught_by(check.id)
    ]
    return replace(public, mistakes=tuple(m for m in mistakes if m is not None))


def _mistake(public: PublicCheck, mutant: Mutant, oracle: Oracle) -> Mistake | None:
    """Return what the mutant answers; None if these inputs do not show it."""
    try:
        module = load_module(mutant.source(oracle.source), name="mutant")
        answer = run_program(module, public.program)
    except Exception:
        return Mistake(mutant.name, mutant.sentence)
    outcome, _ = public.judge(answer)
    if outcome.correct:
        return None
    changed = changed_arguments(public.program, answer)
    answer = Answer(condense(answer.results), condense(answer.gradients))
    return Mistake(mutant.name, mutant.sentence, outcome.kind, answer, changed)


def find_differences(folder: Path = FOLDER) -> list[str]:
    """Return how the files in `folder` differ from the grader's checks."""
    differences = []
    for question, checks in public_checks().items():
        path = folder / f"{question}{SUFFIX}"
        if not path.is_file():
            differences.append(f"{path.name} is missing.")
            continue
        try:
            stored = {check.id: check for check in load(question, folder)}
        except NoPublicChecks as error:
            differences.append(str(error))
            continue
        if stored.keys() != {check.id for check in checks}:
            differences.append(f"{path.name} contains other checks.")
            continue
        differences += [
            f"{check.id} has changed." for check in checks if not _equal(check, stored[check.id])
        ]
    return differences


def _equal(left: PublicCheck, right: PublicCheck) -> bool:
    """Return whether two checks are equal up to the last digits, in which machines differ."""
    return (
        (left.title, left.points) == (right.title, right.points)
        and is_same(left.program.inputs, right.program.inputs)
        and _named_arguments(left.program) == _named_arguments(right.program)
        and (left.otherwise and _named_arguments(left.otherwise))
        == (right.otherwise and _named_arguments(right.otherwise))
        and [e.rule for e in left.expectations] == [e.rule for e in right.expectations]
        and is_same(
            [e.expected for e in left.expectations], [e.expected for e in right.expectations]
        )
        and [(m.name, m.sentence) for m in left.mistakes]
        == [(m.name, m.sentence) for m in right.mistakes]
        and is_same([d.results for d in left.dependencies], [d.results for d in right.dependencies])
    )


def _named_arguments(program: Program) -> list[object]:
    """Return the calls with their named arguments: methods, bit widths, inputs."""
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
        changed = find_differences()
        print("\n".join(changed), file=sys.stderr)
        return int(bool(changed))
    torch.set_num_threads(1)  # sums of several threads differ in their last digits
    FOLDER.mkdir(parents=True, exist_ok=True)
    for question, checks in public_checks().items():
        content = to_bytes(checks)
        path = FOLDER / f"{question}{SUFFIX}"
        write_atomically(path, partial(_write, content))
        print(f"{path.name}: {len(checks)} checks, {len(content) / 1024:.0f} KiB")
    return 0
