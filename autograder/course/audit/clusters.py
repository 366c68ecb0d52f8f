"""Group similar pairs of solutions into clusters, each one finding.

A cluster is a connected component: every member is similar to another one, not to all of them. A
ring of ten is thus one finding and not 45.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autograder.course.audit.audit_finding import AuditFinding, Kind

MOST_PAIRS = 12  # listed in a finding
MOST_NAMES = 12  # in its sentence

_WHY = (
    "The comparison ignores names, comments, layout, the starter, and what much of the class "
    "shares. Code written together, or taken from the same public page, looks like this too: read "
    "{}, and ask."
)
_WHY_PAST = (
    "The comparison ignores names, comments, layout and the starter. Honest reasons: a student "
    "repeats the course with work of their own, or both used the same public page where that is "
    "allowed. Read {}, and ask."
)
_WHY_MANY = " Similar pairs connect them; not every two of them are similar."


@dataclass(frozen=True, order=True)
class Node:
    """Hold the name of a submission, or of a past solution."""

    name: str
    is_past: bool = False


@dataclass(frozen=True)
class SimilarPair:
    """Hold two similar solutions, and which share of its own code each has in common.

    `passages` are shared pieces of the first one's code.
    """

    first: Node
    second: Node
    of_first: float
    of_second: float
    passages: tuple[str, ...]

    @property
    def measure(self) -> float:
        """Return the larger share."""
        return min(1.0, max(self.of_first, self.of_second))

    @property
    def shares(self) -> str:
        """Return the shares as text."""
        return f"{100 * self.of_first:.0f} % and {100 * self.of_second:.0f} %"


def cluster_findings(pairs: Sequence[SimilarPair]) -> tuple[AuditFinding, ...]:
    """Return a finding per cluster, most similar first."""
    findings = [_finding(cluster) for cluster in _clusters(pairs)]
    return tuple(sorted(findings, key=lambda finding: (-(finding.measure or 0), finding.who)))


def _clusters(pairs: Iterable[SimilarPair]) -> list[list[SimilarPair]]:
    """Return the pairs of each connected component."""
    group: dict[Node, list[SimilarPair]] = {}
    for pair in pairs:
        first, second = (group.get(node, []) for node in (pair.first, pair.second))
        merged = [*first, *(second if second is not first else ()), pair]
        for each in merged:
            group[each.first] = group[each.second] = merged
    return list({id(cluster): cluster for cluster in group.values()}.values())


def _finding(cluster: Sequence[SimilarPair]) -> AuditFinding:
    pairs = sorted(cluster, key=lambda pair: (-pair.measure, pair.first, pair.second))
    nodes = sorted({node for pair in pairs for node in (pair.first, pair.second)})
    who = tuple(node.name for node in nodes if not node.is_past)
    past = tuple(node.name for node in nodes if node.is_past)
    closest = pairs[0]
    what = (
        f"{closest.first.name} and {closest.second.name} share {closest.shares} of their own code."
    )
    if len(nodes) > 2:
        members = f"{len(who)} {'submission' if len(who) == 1 else 'submissions'}"
        members += f" and {len(past)} past" if past else ""
        what = f"{members} are similar: {_names(nodes)}. {what}"
    why = (_WHY_PAST if past else _WHY).format("both" if len(nodes) == 2 else "them")
    return AuditFinding(
        Kind.PAST if past else Kind.SOLUTION,
        what,
        why + (_WHY_MANY if len(nodes) > 2 else ""),
        who,
        round(closest.measure, 4),
        (*_listed(pairs), *closest.passages),
        past,
    )


def _names(nodes: Sequence[Node]) -> str:
    more = len(nodes) - MOST_NAMES
    names = ", ".join(node.name for node in nodes[:MOST_NAMES])
    return f"{names} and {more} more" if more > 0 else names


def _listed(pairs: Sequence[SimilarPair]) -> list[str]:
    """Return the pairs of a larger cluster, the most similar ones."""
    if len(pairs) == 1:
        return []
    lines = [f"{pair.first.name} and {pair.second.name}: {pair.shares}" for pair in pairs]
    return ["\n".join(lines[:MOST_PAIRS])]
