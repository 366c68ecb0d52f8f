"""Cap what one small, named mistake may cost, however many checks it fails.

The rubric lists the mistakes. Each names the mutants that make it. A check is explained by a slip
if the student's answer equals that of one of its mutants (`CheckResult.explained_by`), the same
one in all checks of a function. What the explained checks lose together is capped.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from autograder.engine.corpus import Mutant
from autograder.engine.record import CappedSlip, CheckResult
from autograder.errors import RubricError

MOST_SLIPS = 15


@dataclass(frozen=True)
class Slip:
    """Hold one mistake of the rubric and the most points that it may cost.

    `mistake` says in a few words what is wrong, `reason` why it costs no more. `mutants` are the
    cases of `instructor/corpus/mutants` that make it, "<family>/<case>".
    """

    name: str
    mistake: str
    mutants: tuple[str, ...]
    cap: float
    reason: str


def refuse_repeated(slips: Sequence[Slip]) -> None:
    """Raise `ValueError` if there are too many slips, or two of them list one mutant."""
    if len(slips) > MOST_SLIPS:
        raise ValueError(f"expected at most {MOST_SLIPS} entries of [slips], got {len(slips)}")
    listed: set[str] = set()
    for slip in slips:
        if twice := sorted(listed.intersection(slip.mutants)):
            raise ValueError(f"[slips.{slip.name}] lists {twice[0]}, which another slip lists too")
        listed.update(slip.mutants)


def slips_to_json(slips: Iterable[Slip]) -> str:
    """Return the slips as text that `slips_from_json` reads."""
    return msgspec.json.encode(tuple(slips)).decode()


def slips_from_json(text: str) -> tuple[Slip, ...]:
    """Return the slips that `slips_to_json` wrote."""
    return msgspec.json.decode(text, type=tuple[Slip, ...])


def refuse_bad_slips(
    slips: Iterable[Slip], points: Mapping[str, float], mutants: Iterable[Mutant]
) -> None:
    """Raise `RubricError` for slips that the corpus cannot prove, or that cap nothing.

    Args:
        slips: The slips of the rubric.
        points: The most points of each check.
        mutants: The mutants of the corpus.
    """
    by_name = {mutant.name: mutant for mutant in mutants if mutant.in_solution and mutant.named}
    for slip in slips:
        where = f"In the rubric, [slips.{slip.name}]"
        if unknown := [name for name in slip.mutants if name not in by_name]:
            raise RubricError(
                f"{where} lists {unknown[0]}, which is not a named mutant of solution.py. List "
                "cases of instructor/corpus/mutants."
            )
        own = [by_name[name] for name in slip.mutants]
        if len({mutant.breaks for mutant in own}) > 1:
            raise RubricError(f"{where} lists mutants of several questions. Make one slip of each.")
        checks = {check for mutant in own for check in (*mutant.caught_by, *mutant.sometimes)}
        at_stake = sum(points[check] for check in checks)
        if slip.cap > at_stake:
            raise RubricError(
                f"{where} has a cap of {slip.cap:g} points, but its mutants can lose only "
                f"{at_stake:g}. Lower the cap, or remove the slip."
            )


def cap_slips(slips: Sequence[Slip], checks: Iterable[CheckResult]) -> tuple[CappedSlip, ...]:
    """Return the slips that cost more than their cap, in the order of the rubric.

    A check counts for one slip only: the one that explains the most lost points.
    """
    failed = {check.id: check for check in checks if check.explained_by and _lost([check]) > 0}
    capped = {}
    for _ in slips:
        explained = {slip: _explained(slip, failed.values()) for slip in slips}
        slip, own = max(explained.items(), key=lambda item: _lost(item[1]))
        if not own:
            break
        capped[slip] = own
        for check in own:
            del failed[check.id]
    return tuple(
        CappedSlip(
            slip.mistake, capped[slip][0].question, _ids(capped[slip]), lost, float(slip.cap)
        )
        for slip in slips
        if slip in capped and (lost := _lost(capped[slip])) > slip.cap
    )


def cap_again(capped: Iterable[CappedSlip], checks: Iterable[CheckResult]) -> Iterator[CappedSlip]:
    """Yield the slips that still cost more than their cap, once staff have graded some checks.

    A check that staff graded is explained by nothing.
    """
    by_id = {check.id: check for check in checks if check.explained_by}
    for slip in capped:
        own = [by_id[check] for check in slip.checks if check in by_id]
        if _lost(own) > slip.cap:
            yield replace(slip, checks=_ids(own), lost=_lost(own))


def _explained(slip: Slip, checks: Iterable[CheckResult]) -> list[CheckResult]:
    """Return the checks that the slip explains, by one and the same mutant in each function."""
    checks = tuple(checks)
    by_function: dict[str, list[CheckResult]] = {}
    for mutant in slip.mutants:
        function, own = mutant.split("/")[0], [c for c in checks if mutant in c.explained_by]
        by_function[function] = max(by_function.get(function, []), own, key=_lost)
    return list({check.id: check for own in by_function.values() for check in own}.values())


def _lost(checks: Iterable[CheckResult]) -> float:
    return round(sum(check.max_points - check.points for check in checks), 4)


def _ids(checks: Iterable[CheckResult]) -> tuple[str, ...]:
    return tuple(check.id for check in checks)
