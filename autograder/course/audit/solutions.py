"""Which solution.py resemble each other, after what everybody was given is taken away.

Fingerprints are those of copydetect: k-grams of the code with names, strings, comments and layout
taken out (Schleimer, Wilkerson, Aiken, "Winnowing", SIGMOD 2003), so that renaming hides nothing.
Every k-gram counts (a window of one), which makes the result the same in every run. Two things are
subtracted: the starter that was handed out, and what more than a tenth of the class shares, because
eq. (1) is written down the same way by many. Measured on right solutions that were written apart,
at most 0.23 of the shorter one is shared; of a copy with every name changed, 0.73 and more.

Nothing is parsed or compiled: a lexer reads text, without white space, up to `LONGEST` characters.
It can fail only where the starter is not beside the kit (`OSError`).
"""

import io
from itertools import combinations
from pathlib import Path

import numpy as np
from copydetect import CodeFingerprint, compare_files
from copydetect.utils import get_document_fingerprints, get_token_coverage
from scipy import sparse

from autograder.course.audit.audit_finding import Audit, Kind, Look
from autograder.intake.submission import Submission
from quantlab.paths import KIT

STARTER = KIT / "solution.py"
K = 25  # characters of the filtered code, copydetect's own default: about one line
LONGEST = 100_000  # characters of a solution; the reference has 18,000
SHORTEST = 150  # characters of one's own filtered code; of less, likeness tells nothing
SIMILAR = 0.5  # of the shorter one's own code; see above
COMMON_SHARE, COMMON_LEAST = 0.1, 10  # of the class, and hand-ins
MOST_PASSAGES = 3
LONGEST_PASSAGE = 300


class Sources:
    """Collects the texts of a class, then compares each with each."""

    def __init__(self, starter: Path = STARTER) -> None:
        self._starter = _fingerprint(_without_layout(starter.read_text(encoding="utf-8")))
        self._prints: dict[str, CodeFingerprint] = {}
        self._hashes: list[np.ndarray] = []
        self._too_long: list[str] = []

    def add(self, submission: Submission) -> None:
        if submission.solution is None:
            return
        if len(submission.solution) > LONGEST:
            self._too_long.append(submission.student)
        else:
            one = _fingerprint(_without_layout(submission.solution))
            self._hashes.append(np.fromiter(one.hashes, np.int64, len(one.hashes)))
            one.hashes, one.hash_idx = set(), np.empty(0)  # a megabyte each; `_subtract` makes new
            self._prints[submission.student] = one

    def compare(self) -> Audit:
        """A look per pair whose shorter half is shared, the most alike first."""
        known = self._known()
        own = {}
        for student, one in sorted(self._prints.items()):
            _subtract(one, known)
            if one.token_coverage >= SHORTEST:
                own[student] = one
        looks = []
        for first, second in _candidates(own):
            overlap, shares, _ = compare_files(own[first], own[second])
            if overlap and max(shares) >= SIMILAR:
                looks.append(_look(first, second, own[first], own[second]))
        looks.sort(key=lambda look: (-(look.measure or 0), look.who))
        notes = (
            [f"Not compared, because longer than {LONGEST:,} characters: "
             f"{', '.join(self._too_long)}."]
            if self._too_long
            else []
        )  # fmt: skip
        return Audit(tuple(looks), tuple(notes))

    def _known(self) -> np.ndarray:
        """Fingerprints that tell nothing: the starter's, and those of much of the class."""
        starter = np.fromiter(self._starter.hashes, np.int64)
        if not self._hashes:
            return starter
        values, counts = np.unique(np.concatenate(self._hashes), return_counts=True)
        most = max(COMMON_LEAST, COMMON_SHARE * len(self._prints))
        return np.union1d(values[counts > most], starter)


def _fingerprint(text: str) -> CodeFingerprint:
    return CodeFingerprint("solution.py", K, 1, fp=io.StringIO(text), language="python")


def _subtract(one: CodeFingerprint, known: np.ndarray) -> None:
    """Take what is known out of a fingerprint; the lexer, which takes long, need not run again."""
    code = one.filtered_code
    one.hashes, one.hash_idx = get_document_fingerprints(code, K, 1, known)
    one.token_coverage = get_token_coverage(one.hash_idx, K, len(code))


def _without_layout(text: str) -> str:
    """Lines without indentation and empty ones: a lexer takes quadratic time over white space."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def _candidates(prints: dict[str, CodeFingerprint]) -> list[tuple[str, str]]:
    """Pairs that share a third of the fingerprints of one; all pairs of a class are too many."""
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


def _look(first: str, second: str, one: CodeFingerprint, other: CodeFingerprint) -> Look:
    _, (of_first, of_second), (slices, _) = compare_files(one, other)
    longest = sorted(slices.T.tolist(), key=lambda ends: ends[0] - ends[1])[:MOST_PASSAGES]
    passages = [
        one.raw_code[int(start) : min(int(end), int(start) + LONGEST_PASSAGE)]
        for start, end in longest
    ]
    return Look(
        Kind.SOLUTION,
        f"{first} and {second} share {100 * float(of_first):.0f} % and "
        f"{100 * float(of_second):.0f} % of their own code.",
        "Names, comments and layout are left out of the comparison, and so is what was handed out "
        "and what much of the class shares. Code written together, or taken from the same public "
        "page, looks like this too: read both, and ask.",
        (first, second),
        round(min(1.0, float(max(of_first, of_second))), 4),
        tuple(passages),
    )
