"""Find similar solution.py files, without the code that all students were given.

Fingerprints are those of copydetect: k-grams of the code without names, strings, comments and
layout (Schleimer, Wilkerson, Aiken, "Winnowing", SIGMOD 2003). Renaming therefore hides nothing.
Every k-gram counts (a window of one), so the result is the same in every run. The starter is
subtracted, and so is what more than a tenth of the class shares, because many write eq. (1) the
same way. Of independent correct solutions at most 0.23 of the shorter one is shared; of a copy with
every name changed, 0.73 and more.

Past solutions are compared with the class, not with each other. There only the starter is
subtracted: what much of the class copied from one past solution must not become common.

Findings are clusters: solutions that similar pairs connect (`clusters`).

Nothing is parsed or compiled: a lexer reads text without white space, up to `LONGEST` characters.
"""

import copy
import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from copydetect import CodeFingerprint, compare_files
from copydetect.utils import get_document_fingerprints, get_token_coverage
from scipy import sparse

from autograder.course.audit.audit_finding import Audit
from autograder.course.audit.clusters import Node, SimilarPair, cluster_findings
from autograder.course.audit.past import PastSolution
from quantlab.intake.submission import Submission
from quantlab.paths import KIT

STARTER = KIT / "solution.py"
K = 25  # characters of the filtered code, copydetect's own default: about one line
LONGEST = 100_000  # characters of a solution; the reference has 18,000
SHORTEST = 150  # characters of own filtered code; with fewer, similarity means little
SIMILAR = 0.5  # share of the shorter one's own code; see above
COMMON_SHARE, COMMON_LEAST = 0.1, 10  # share of the class, and submissions
MOST_PASSAGES = 3
LONGEST_PASSAGE = 300

Prints = Mapping[Node, CodeFingerprint]


class SolutionAudit:
    """Collects the solutions of a class and of past terms, then compares them."""

    def __init__(self, starter: Path = STARTER) -> None:
        """Read the starter. Raise `OSError` if it can't be read."""
        self._starter = _fingerprint(_without_layout(starter.read_text(encoding="utf-8")))
        self._prints: dict[Node, CodeFingerprint] = {}
        self._past: dict[Node, CodeFingerprint] = {}
        self._hashes: list[np.ndarray] = []
        self._too_long: list[str] = []

    def add(self, submission: Submission) -> None:
        """Add the solution of a submission, if there is one."""
        if submission.solution is None:
            return
        if len(submission.solution) > LONGEST:
            self._too_long.append(submission.student)
        else:
            fingerprint = _fingerprint(_without_layout(submission.solution))
            self._hashes.append(np.fromiter(fingerprint.hashes, np.int64, len(fingerprint.hashes)))
            self._prints[Node(submission.student)] = _without_hashes(fingerprint)

    def add_past(self, solution: PastSolution) -> None:
        """Add a past solution; what is behind `LONGEST` characters is ignored."""
        text = _without_layout(solution.text[:LONGEST])
        self._past[Node(solution.name, is_past=True)] = _without_hashes(_fingerprint(text))

    def compare(self) -> Audit:
        """Return a finding per cluster of similar solutions, most similar first."""
        pairs = list(_similar_pairs(own := self._subtracted(self._prints, self._common()), own))
        if self._past:
            starter = np.fromiter(self._starter.hashes, np.int64)
            prints = self._subtracted(self._prints, starter)
            pairs += _similar_pairs(prints, self._subtracted(self._past, starter))
        notes = (
            [f"Not compared, because longer than {LONGEST:,} characters: "
             f"{', '.join(self._too_long)}."]
            if self._too_long
            else []
        )  # fmt: skip
        return Audit(cluster_findings(pairs), tuple(notes))

    @staticmethod
    def _subtracted(prints: Prints, common: np.ndarray) -> Prints:
        """Return copies without the common fingerprints; those with little left are left out."""
        own = {}
        for node, fingerprint in sorted(prints.items()):
            own_print = copy.copy(fingerprint)
            _subtract(own_print, common)
            if own_print.token_coverage >= SHORTEST:
                own[node] = own_print
        return own

    def _common(self) -> np.ndarray:
        """Return the common fingerprints: the starter's, and those of much of the class."""
        starter = np.fromiter(self._starter.hashes, np.int64)
        if not self._hashes:
            return starter
        values, counts = np.unique(np.concatenate(self._hashes), return_counts=True)
        most = max(COMMON_LEAST, COMMON_SHARE * len(self._prints))
        return np.union1d(values[counts > most], starter)


def _fingerprint(text: str) -> CodeFingerprint:
    return CodeFingerprint("solution.py", K, 1, fp=io.StringIO(text), language="python")


def _without_hashes(fingerprint: CodeFingerprint) -> CodeFingerprint:
    """Remove the hashes, a megabyte each; `_subtract` computes those that are needed."""
    fingerprint.hashes, fingerprint.hash_idx = set(), np.empty(0)
    return fingerprint


def _subtract(fingerprint: CodeFingerprint, common: np.ndarray) -> None:
    """Remove common hashes from a fingerprint, without running the slow lexer again."""
    code = fingerprint.filtered_code
    fingerprint.hashes, fingerprint.hash_idx = get_document_fingerprints(code, K, 1, common)
    fingerprint.token_coverage = get_token_coverage(fingerprint.hash_idx, K, len(code))


def _without_layout(text: str) -> str:
    """Return the code without indentation and empty lines; lexing white space is quadratic."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def _similar_pairs(first: Prints, second: Prints) -> Iterator[SimilarPair]:
    """Yield the pairs that share half of the shorter one; of one collection each pair once."""
    for node, other_node in _candidates(first, second):
        fingerprint, other_print = first[node], second[other_node]
        overlap, (share, other_share), (slices, _) = compare_files(fingerprint, other_print)
        if overlap and max(share, other_share) >= SIMILAR:
            passages = _passages(fingerprint, slices)
            yield SimilarPair(node, other_node, float(share), float(other_share), passages)


def _candidates(first: Prints, second: Prints) -> list[tuple[Node, Node]]:
    """Return the pairs that share a third of one's fingerprints; all pairs are too many."""
    if not first or not second:
        return []
    columns: dict[int, int] = {}
    table, other_table = _table(first, columns), _table(second, columns)
    table.resize((len(first), len(columns)))
    shared = (table @ other_table.T).toarray()
    sizes = [np.array([len(each.hashes) for each in prints.values()]) for prints in (first, second)]
    least = np.maximum(1, np.minimum(sizes[0][:, None], sizes[1][None, :])) / 3
    nodes, others = list(first), list(second)
    places = np.argwhere(shared >= np.maximum(1, least))
    return [(nodes[i], others[j]) for i, j in places if first is not second or i < j]


def _table(prints: Prints, columns: dict[int, int]) -> sparse.csr_matrix:
    """Return which print has which hash; `columns` numbers the hashes and grows."""
    rows, places = [], []
    for row, fingerprint in enumerate(prints.values()):
        for value in fingerprint.hashes:
            rows.append(row)
            places.append(columns.setdefault(value, len(columns)))
    ones = np.ones(len(rows), dtype=np.float32)
    return sparse.csr_matrix((ones, (rows, places)), shape=(len(prints), len(columns)))


def _passages(fingerprint: CodeFingerprint, slices: np.ndarray) -> tuple[str, ...]:
    """Return the longest shared passages of the first solution."""
    longest = sorted(slices.T.tolist(), key=lambda ends: ends[0] - ends[1])[:MOST_PASSAGES]
    return tuple(
        fingerprint.raw_code[int(start) : min(int(end), int(start) + LONGEST_PASSAGE)]
        for start, end in longest
    )
