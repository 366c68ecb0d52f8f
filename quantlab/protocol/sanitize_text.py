"""Cleaning of text from students for display in a page, a terminal, a table or a log.

Names, messages, printed output and representations of tensors come from hostile code. They could
recolor or overwrite a terminal (control characters, ANSI sequences), reorder adjacent text
(bidirectional controls), hide in a word (zero-width characters), cover adjacent lines (stacked
accents), break UTF-8 (lone surrogates), or flood a page. `clean` removes all of that. It does not
escape: renderers of HTML, CSV and rich markup escape afterwards.
"""

import re
import unicodedata

CUT = "…"  # the last character of a text that was cut

_ESCAPE_SEQUENCES = re.compile(
    "\x1b\\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    "|\x9b[0-?]*[ -/]*[@-~]"  # the same behind the one-character C1 introducer
    "|(?:\x1b[\\]PX^_]|[\x90\x98\x9d-\x9f])"  # OSC (titles, links), DCS, SOS, PM, APC: up to
    "[^\x07\x1b\x90-\x9f]*(?:\x07|\x1b\\\\|\x9c)"  # their end it is not text
    "|\x1b[ -/]*[0-~]"  # two-character escapes: reset, character sets
)
_LINE_ENDS = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")
_JOINERS = "\u200c\u200d"  # Persian, Indic scripts and emoji need them, and they reorder nothing
_ACCENTS_IN_A_ROW = 4  # more than any living script stacks


def clean(text: str, limit: int = 500, lines: int = 1) -> str:
    """Return the visible part of `text`, at most `limit` characters on `lines` lines.

    On one line every run of white space becomes one space; on several, line ends become newlines
    and tabs stay. A cut text ends in "…". Cleaning twice changes nothing. `limit` and `lines` are
    at least 1.

    Examples:
        >>> clean("two   words")
        'two words'
    """
    # Four times as much as is shown is read: enough for text full of colours, never a long loop.
    shortened = text[: 4 * limit + 16]
    was_cut = len(shortened) < len(text)
    unfolded = _LINE_ENDS.sub("\n", _ESCAPE_SEQUENCES.sub("", shortened))
    shown = _flatten_accents("".join(c for c in unfolded if _is_shown(c)))
    if lines == 1:
        shown = " ".join(shown.split())
    else:
        shown = shown.strip("\n")
        kept = shown.split("\n")
        was_cut = was_cut or len(kept) > lines
        shown = "\n".join(kept[:lines])
    if len(shown) > limit or was_cut:
        shown = shown[: limit - 1].rstrip() + CUT
    return shown


def _is_shown(character: str) -> bool:
    if character in "\n\t" or character in _JOINERS:
        return True
    # Cc controls, Cf formats (bidi, zero width, tags), Cs surrogates, Co private use
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co")


def _flatten_accents(text: str) -> str:
    kept: list[str] = []
    accents = 0
    for character in text:
        accents = accents + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if accents <= _ACCENTS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)
