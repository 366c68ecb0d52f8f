"""Show a rehearsal: as text for a terminal, as HTML with alternative text for a notebook."""

import html
import textwrap
from collections.abc import Iterator, Sequence

from quantlab.protocol.sanitize_text import clean
from quantlab.rehearsal.assess import RESTRICTIONS, FileLine, Rehearsal

COLUMNS = ("file", "used for", "")
RIGHT, WRONG = "✓", "✗"
_WIDTH, _WIDEST_NAME, _LONGEST = 100, 40, 400  # characters
_PLAIN = str.maketrans(
    {"✓": "ok", "✗": "!!", "○": "..", "–": "-", "…": "...", "×": "x", "’": "'", "é": "e"}
)
_LINE = "1px solid rgba(128, 128, 128, 0.5)"  # visible on white and on black


class RehearsalTable:
    """A rehearsal as the value of a notebook's cell; `str` is its text."""

    def __init__(self, title: str, rehearsal: Rehearsal) -> None:
        """Keep what to show; `title` names the folder or archive."""
        self._title = title
        self._rehearsal = rehearsal

    def __repr__(self) -> str:
        """Return the table and what follows from it as text."""
        return "\n".join([self._title, *_text_table(self._rehearsal.files), *_verdict_text(self)])

    def _repr_html_(self) -> str:
        cell = f'style="text-align: left; padding: 0.25em 0.8em; border-bottom: {_LINE}"'
        head = "".join(f'<th scope="col" {cell}>{name}</th>' for name in (*COLUMNS[:2], "result"))
        rows = "".join(
            f"<tr><td {cell}>{_escaped(line.file)}</td><td {cell}>{_escaped(_role(line))}</td>"
            f"<td {cell}>{_sign_html(line)} {_escaped(line.sentence)}</td></tr>"
            for line in self._rehearsal.files
        )
        paragraphs = "".join(f"<p>{_escaped(text)}</p>" for text in self.verdict())
        return (
            f'<div role="region" aria-label="{_escaped(self._title)}">'
            '<table style="border-collapse: collapse; background: none; margin: 0.5em 0">'
            '<caption style="text-align: left; caption-side: top; color: inherit; '
            f'font-weight: bold">{_escaped(self._title)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{paragraphs}</div>"
        )

    def verdict(self) -> Iterator[str]:
        """Yield the sentences below the table: what is missing, notes, the grader's answer."""
        rehearsal = self._rehearsal
        if rehearsal.missing:
            yield f"Missing: {', '.join(rehearsal.missing)}."
        yield from rehearsal.notes
        if rehearsal.review:
            yield (
                "The grader would say: needs review. Staff would look at this before the score is "
                "final: " + " ".join(rehearsal.review)
            )
        elif rehearsal.is_complete:
            yield "The grader would say: complete. Everything is understood."
        else:
            yield (
                "The grader would say: final. It grades what is there; see the lines without "
                f"{RIGHT} and what is missing."
            )
        yield RESTRICTIONS


def plain_text(text: str, encoding: str | None) -> str:
    """Return `text` for a terminal with this encoding: signs become ASCII, the rest is escaped."""
    try:
        text.encode(encoding or "utf-8")  # a stream in memory has no encoding
        return text
    except (UnicodeEncodeError, LookupError):
        return text.translate(_PLAIN).encode("ascii", "backslashreplace").decode("ascii")


def _verdict_text(table: RehearsalTable) -> Iterator[str]:
    for sentence in table.verdict():
        yield ""
        yield from textwrap.wrap(clean(sentence, 4 * _LONGEST), _WIDTH)


def _text_table(files: Sequence[FileLine]) -> Iterator[str]:
    rows = [COLUMNS[:2], *((clean(line.file, _WIDEST_NAME), _role(line)) for line in files)]
    names, roles = (max(len(row[column]) for row in rows) for column in (0, 1))
    yield f"{COLUMNS[0]:<{names}}  {COLUMNS[1]}"
    for (name, role), line in zip(rows[1:], files, strict=True):
        sign = RIGHT if line.is_right else WRONG
        begin = f"{name:<{names}}  {role:<{roles}}  {sign} "
        wrapped = textwrap.wrap(
            begin + clean(line.sentence, _LONGEST),
            max(_WIDTH, len(begin) + 40),
            subsequent_indent=" " * len(begin),
            break_on_hyphens=False,
        )
        yield from (text.rstrip() for text in wrapped)


def _role(line: FileLine) -> str:
    return line.used_for or "nothing"


def _sign_html(line: FileLine) -> str:
    sign, meaning = (RIGHT, "in order") if line.is_right else (WRONG, "look at this")
    return f'<span role="img" aria-label="{meaning}">{sign}</span>'


def _escaped(text: str) -> str:
    return html.escape(clean(text, _LONGEST))
