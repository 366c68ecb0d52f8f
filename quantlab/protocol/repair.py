"""Blank the statements that keep a solution from being imported, and say which ones.

The list of statements comes from a process that ran hostile code. It is only a claim: `blank`
accepts positions inside the text, in order and without overlap, and changes the text itself. Blank
text keeps all line numbers. A student could have submitted the text that remains.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from quantlab.errors import InvalidRepair
from quantlab.protocol.calls import Failure
from quantlab.protocol.failure_reasons import FILE, Claim
from quantlab.protocol.sanitize_text import clean

MOST_STATEMENTS = 10  # that raise; more than these are no slip
MOST_NAMED = 10  # statements in notes and in a review; commands of notebooks may be more
MOST_COMMANDS = 40  # of a notebook, such as `%autoreload 2`
REPAIRABLE = frozenset({"error", "missing", "memory"})  # kinds of failures of an import
# Settings of torch that are restored after an import, by the field of `TorchSettings`. Notes name
# the function that changes each.
SETTINGS_BY_FIELD = {
    "gradients": "torch.set_grad_enabled",
    "dtype": "torch.set_default_dtype",
    "device": "torch.set_default_device",
    "threads": "torch.set_num_threads",
    "deterministic": "torch.use_deterministic_algorithms",
    "precision": "torch.set_float32_matmul_precision",
}
SETTINGS = frozenset(SETTINGS_BY_FIELD.values())
_QUOTED = 60  # characters of a statement in a sentence
_REASON = 160  # characters of the reason in a sentence
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")  # as Python counts them

# By the reason of the claim: what the statement does.
_WORDS = {
    "closed": "uses a file, the network or another program ({text})",
    "command": "is a command of a notebook",
    "exit": "ends the program",
    "import": "imports {text}, which is not available here",
    "memory": "needs too much memory",
    "output": "prints or writes too much",
    "raises": "raises {exception}: {text}",
    "recursion": "calls itself without end",
    "stub_import": "raises {exception}",
}


@dataclass(frozen=True)
class SkippedStatement:
    """Hold where a skipped statement is in the source, and why it is skipped.

    Lines count from 1. Columns count bytes of UTF-8 from 0, as in `ast`. `last_column` is behind
    the last byte.
    """

    first_line: int
    first_column: int
    last_line: int
    last_column: int
    claim: Claim

    @property
    def place(self) -> tuple[int, int, int, int]:
        """Return the four numbers."""
        return self.first_line, self.first_column, self.last_line, self.last_column


@dataclass(frozen=True)
class Repair:
    """Hold why a source could not be imported as submitted, and the statements left out.

    `lines` are the first lines of the statements; `sentences` say what each statement does.
    """

    problem: str
    lines: tuple[int, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Imported:
    """Hold the result of importing a source.

    Attributes:
        source: The source to grade; without the skipped statements if there is a `repair`.
        failure: Why it cannot be imported, also not when repaired.
        repair: What was left out.
        settings: The settings of torch that the import changed, by their names.
    """

    source: str
    failure: Failure | None = None
    repair: Repair | None = None
    settings: tuple[str, ...] = ()


def blank(source: str, statements: Sequence[SkippedStatement]) -> str:
    """Return `source` without the statements, with the same number of lines.

    Raises:
        InvalidRepair: there are too many statements, or one is not inside the text, overlaps
            another, or has a reason that a skipped statement cannot have.
    """
    _refuse_too_many(statements)
    lines = _LINES.findall(source)
    end = (len(lines) + 1, 0)
    for statement in reversed(statements):
        first, last = statement.place[:2], statement.place[2:]
        if not (1, 0) <= first < last <= end or last[0] > len(lines):
            raise InvalidRepair("a skipped statement is outside the text, or overlaps another")
        if statement.claim.reason not in _WORDS:
            raise InvalidRepair("a skipped statement has a reason that it cannot have")
        end = first
        _blank_statement(lines, statement)
    return "".join(lines)


def repair_of(source: str, problem: str, statements: Sequence[SkippedStatement]) -> Repair:
    """Return what students and staff read about statements that `blank` accepted."""
    lines = _LINES.findall(source)
    sentences = tuple(_sentence(lines, statement) for statement in statements)
    return Repair(problem, tuple(s.first_line for s in statements), sentences)


def import_notes(imported: Imported) -> tuple[str, ...]:
    """Return what student and staff read about the import of solution.py."""
    notes = []
    if imported.repair is not None:
        sentences = imported.repair.sentences
        notes += [f"{FILE} was graded without {text}." for text in sentences[:MOST_NAMED]]
        if len(sentences) > MOST_NAMED:
            rest = len(sentences) - MOST_NAMED
            notes.append(f"It was also graded without {rest} more statements.")
    for name in imported.settings:
        notes.append(
            f"{FILE} calls {name} while it is imported. Its functions were called with the "
            "setting from before."
        )
    return tuple(notes)


def _refuse_too_many(statements: Sequence[SkippedStatement]) -> None:
    commands = sum(statement.claim.reason == "command" for statement in statements)
    if commands > MOST_COMMANDS or len(statements) - commands > MOST_STATEMENTS:
        raise InvalidRepair("there are too many statements to skip")


def _blank_statement(lines: list[str], statement: SkippedStatement) -> None:
    """Replace a statement by blanks, or by `pass` if its line holds more."""
    first_line, first_column, last_line, last_column = statement.place
    text, end = _split(lines[first_line - 1])
    before = _cut(text, 0, first_column)
    last, last_end = _split(lines[last_line - 1])
    after = _cut(last, last_column, len(last.encode()))
    is_followed = bool(after.strip()) and not after.lstrip().startswith("#")
    filler = "pass" if before or is_followed else ""
    if first_line == last_line:
        lines[first_line - 1] = before + filler + after + last_end
        return
    lines[first_line - 1] = before + ("" if is_followed else filler) + end
    for number in range(first_line, last_line - 1):
        lines[number] = _split(lines[number])[1]
    lines[last_line - 1] = (filler if is_followed else "") + after + last_end


def _split(line: str) -> tuple[str, str]:
    """Return a line and its end."""
    text = line.rstrip("\r\n")
    return text, line[len(text) :]


def _cut(text: str, first: int, last: int) -> str:
    """Return the part of `text` between two offsets in bytes of UTF-8."""
    encoded = text.encode()
    if not first <= last <= len(encoded):
        raise InvalidRepair("a skipped statement ends outside its line")
    try:
        return encoded[first:last].decode()
    except UnicodeDecodeError as error:
        raise InvalidRepair("a skipped statement begins or ends within a character") from error


def _sentence(lines: Sequence[str], statement: SkippedStatement) -> str:
    """Return "line 22: `assert has_gpu()` raises AssertionError: no GPU"."""
    first_line, first_column, last_line, last_column = statement.place
    text, _ = _split(lines[first_line - 1])
    end = last_column if first_line == last_line else len(text.encode())
    quoted = clean(_cut(text, first_column, end), _QUOTED)
    claim = statement.claim
    reason = _WORDS[claim.reason].format(text=claim.text, exception=claim.exception or "Exception")
    reason = clean(reason.removesuffix(": ").replace(" ()", ""), _REASON)
    return f"line {first_line}: `{quoted}` {reason}"


def without_lines(repair: Repair, file: str = FILE) -> str:
    """Return which lines were left out: "solution.py without lines 3 and 8"."""
    *most, last = [str(line) for line in dict.fromkeys(repair.lines)]
    if not most:
        return f"{file} without line {last}"
    return f"{file} without lines {', '.join(most)} and {last}"
