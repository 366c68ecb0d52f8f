"""Find similar solution.py files, without the code that all students were given.

Fingerprints are those of copydetect: k-grams of the code without names, strings, comments and
layout (Schleimer, Wilkerson, Aiken, "Winnowing", SIGMOD 2003). Renaming therefore hides nothing.
Every k-gram counts (a window of one), so the result is the same in every run. The starter is
subtracted, and so is what more than a tenth of the class shares, because many write eq. (1) the
same way. Of independent correct solutions at most 0.23 of the shorter one is shared; of a copy with
every name changed, 0.73 and more.

Nothing is parsed or compiled: a lexer reads text without white space, up to `LONGEST` characters.
"""

import io
from itertools import combinations
from pathlib import Path

import numpy as np
from copydetect import CodeFingerprint, compare_files
from copydetect.utils import get_document_fingerprints, get_token_coverage
from scipy import sparse

from autograder.course.audit.audit_finding import Audit, AuditFinding, Kind
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


class SolutionAudit:
    """Collects the solutions of a class, then compares all pairs."""

    def __init__(self, starter: Path = STARTER) -> None:
        """Read the starter. Raise `OSError` if it can't be read."""
        self._starter = _fingerprint(_without_layout(starter.read_text(encoding="utf-8")))
        self._prints: dict[str, CodeFingerprint] = {}
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
            fingerprint.hashes, fingerprint.hash_idx = (
                set(),
                np.empty(0),
            )  # a megabyte each; see `_subtract`
            self._prints[submission.student] = fingerprint

    def compare(self) -> Audit:
        """Return a finding per pair that shares half of the shorter one, most similar first."""
        common = self._common()
        own = {}
        for student, fingerprint in sorted(self._prints.items()):
            _subtract(fingerprint, common)
            if fingerprint.token_coverage >= SHORTEST:
                own[student] = fingerprint
        findings = []
        for first, second in _candidates(own):
            overlap, shares, _ = compare_files(own[first], own[second])
            if overlap and max(shares) >= SIMILAR:
                findings.append(_finding(first, second, own[first], own[second]))
        findings.sort(key=lambda finding: (-(finding.measure or 0), finding.who))
        notes = (
            [f"Not compared, because longer than {LONGEST:,} characters: "
             f"{', '.join(self._too_long)}."]
            if self._too_long
            else []
        )  # fmt: skip
        return Audit(tuple(findings), tuple(notes))

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


def _subtract(fingerprint: CodeFingerprint, common: np.ndarray) -> None:
    """Remove common hashes from a fingerprint, without running the slow lexer again."""
    code = fingerprint.filtered_code
    fingerprint.hashes, fingerprint.hash_idx = get_document_fingerprints(code, K, 1, common)
    fingerprint.token_coverage = get_token_coverage(fingerprint.hash_idx, K, len(code))


def _without_layout(text: str) -> str:
    """Return the code without indentation and empty lines; lexing white space is quadratic."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def _candidates(prints: dict[str, CodeFingerprint]) -> list[tuple[str, str]]:
    """Return the pairs that share a third of one's fingerprints; all pairs are too many."""
    students = list(prints)
    if len(students) < 2:
        return []
    columns: dict[int, int] = {}
    rows, places = [], []
    for row, student in enumerate(students):
        for value in prints[student].hashes:
            rows.append(row)
            places.append(columns.setdefault(value, len(columns)))
    ones = np.ones(len(rows), dtype=np.float32)
    table = sparse.csr_matrix((ones, (rows, places)), shape=(len(students), len(columns)))
    shared = (table @ table.T).toarray()
    sizes = np.diag(shared)
    return [
        (students[i], students[j])
        for i, j in combinations(range(len(students)), 2)
        if shared[i, j] >= max(1, min(sizes[i], sizes[j])) / 3
    ]


def _finding(
    first: str, second: str, fingerprint: CodeFingerprint, other: CodeFingerprint
) -> AuditFinding:
    _, (of_first, of_second), (slices, _) = compare_files(fingerprint, other)
    longest = sorted(slices.T.tolist(), key=lambda ends: ends[0] - ends[1])[:MOST_PASSAGES]
    passages = [
        fingerprint.raw_code[int(start) : min(int(end), int(start) + LONGEST_PASSAGE)]
        for start, end in longest
    ]
    return AuditFinding(
        Kind.SOLUTION,
        f"{first} and {second} share {100 * float(of_first):.0f} % and "
        f"{100 * float(of_second):.0f} % of their own code.",
        "The comparison ignores names, comments, layout, the starter, and what much of the class "
        "shares. Code written together, or taken from the same public page, looks like this "
        "too: read both, and ask.",
        (first, second),
        round(min(1.0, float(max(of_first, of_second))), 4),
        tuple(passages),
    )
