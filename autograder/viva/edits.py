"""The edits of one solution.py: found in the sandbox, checked and applied here.

What the sandbox returns is only a claim. An edit is kept if its place is inside one line of the
text, its rule is known and its replacement is short. The student's text is not parsed here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from autograder.engine.executor import Executor
from autograder.viva import edit_rules
from autograder.viva.edit_rules import LINE_END, EditClaim
from quantlab.protocol.calls import Call, Failure, Program

LONGEST_LINE = 110  # characters that fit on a printed line
LONGEST_SOURCE = 100_000  # characters
_LONGEST_REPLACEMENT = 60
_RULES_SOURCE = Path(edit_rules.__file__).read_text(encoding="utf-8")

# By rule: why the edit changes the result, for the key.
WHY = {
    "absolute": "Without the absolute value, signs remain, so the result is not the largest or "
    "mean magnitude.",
    "axis": "The reduction runs along the other axis, so other numbers are combined.",
    "floor": "floor rounds down: a quotient above the middle of two integers gets the lower one.",
    "largest code": "The limit is a power of two. The largest code is one less, because zero is a "
    "code, too.",
    "lower limit": "The lower limit of the clamp is one larger.",
    "mean": "A sum is the mean times the number of elements.",
    "multiply": "The value is multiplied by what it was divided by.",
    "power": "The power of two is twice as large: one bit more.",
    "root": "Without the root the second moment is used in place of the root mean square.",
    "sign": "The term has the opposite sign.",
    "square": "Without the square, the mean of the values replaces the mean of the squares.",
    "upper limit": "The upper limit of the clamp is one smaller.",
    "zero point": "Without the zero point z, a code is off by z, and a recovered number by z times "
    "the scale.",
}


@dataclass(frozen=True)
class Edit:
    """Hold one edit: its rule, where it is, the line before and after, and the edited source.

    `owner` is the function or class at the top level that contains it.
    """

    rule: str
    line: int
    owner: str
    before: str
    after: str
    source: str


def find_edits(executor: Executor, source: str, starter: Collection[str]) -> list[Edit] | Failure:
    """Return the edits of a solution.py, without those of `starter` lines.

    A failure says why the text could not be read.
    """
    if len(source) > LONGEST_SOURCE:
        return Failure("error", f"it has more than {LONGEST_SOURCE:,} characters.")
    text = source.removeprefix("\ufeff")
    answer = executor.run(_RULES_SOURCE, Program((Call("find_edits", (text,)),)))
    if isinstance(answer, Failure):
        return answer
    claims = answer.results[0]
    edits = [_edit(text, claim) for claim in claims] if isinstance(claims, list) else []
    return [edit for edit in edits if edit is not None and edit.before.strip() not in starter]


def _edit(text: str, claim: object) -> Edit | None:
    """Return the edit that a claim describes; None if it does not describe one."""
    if not _is_claim(claim):
        return None
    rule, line, first, last, replacement, owner = claim
    lines = LINE_END.split(text)
    before = lines[line - 1] if 1 <= line <= len(lines) else ""
    encoded = before.encode(errors="replace")
    if not 0 <= first < last <= len(encoded) or len(before.strip()) > LONGEST_LINE:
        return None
    after = (encoded[:first] + replacement.encode() + encoded[last:]).decode(errors="replace")
    lines[line - 1] = after
    return Edit(rule, line, owner, before.strip(), after.strip(), "\n".join(lines))


def _is_claim(claim: object) -> TypeGuard[EditClaim]:
    """Return whether a part of the reply has the form of an edit, with a known rule."""
    kinds = (str, int, int, int, str, str)
    if not isinstance(claim, tuple) or tuple(map(type, claim)) != kinds:
        return False
    rule, replacement = claim[0], claim[4]
    is_short = len(replacement) <= _LONGEST_REPLACEMENT and not LINE_END.search(replacement)
    return rule in WHY and is_short
