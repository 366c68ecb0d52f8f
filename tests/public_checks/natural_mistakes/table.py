"""Print what `check` says about every natural mistake, and whether it leads to the fix.

    python -m tests.public_checks.natural_mistakes.table [WORD ...]

With words, print the mistakes whose name contains one of them, also those of `held_out`.
"""

import sys
import tempfile
from pathlib import Path

from autograder.paths import REFERENCE
from tests.public_checks.natural_mistakes.collection import MISTAKES, text_about
from tests.public_checks.natural_mistakes.held_out import MISTAKES as UNSEEN


def main(words: list[str]) -> None:
    """Print the table and the number of mistakes that `check` explains."""
    correct = REFERENCE.read_text(encoding="utf-8")
    named = [m for m in (*MISTAKES, *UNSEEN) if any(word in m.name for word in words)]
    selected = named if words else MISTAKES
    explained = 0
    with tempfile.TemporaryDirectory() as folder:
        for mistake in selected:
            text = text_about(mistake.source(correct), mistake.question, Path(folder))
            leads = mistake.is_explained_by(text)
            explained += leads
            print(f"\n{'✓' if leads else '✗'} {mistake.name}\n  fix: {mistake.fix}")
            print("\n".join(f"    | {line}" for line in text.splitlines()) or "    (no text)")
    print(f"\n{explained} of {len(selected)} texts lead to the fix.")


if __name__ == "__main__":
    main(sys.argv[1:])
