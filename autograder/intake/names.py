"""Handle the names of files, folders and students in a submission, which are not trusted.

`quote_name` makes a name safe to print. `student_id` makes one safe as a folder, a table cell and
a key. `could_be` says whether a name stands for a file of the assignment. None of them raises.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass

LONGEST_ID = 64  # characters: with a suffix still a file name everywhere
_PLAIN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
# Folders of marks lie beside files that the grader writes (summary.csv); no id may be one of those.
_OURS = re.compile(r".*\.(?:csv|db|html|json|sqlite|toml|xml)", re.IGNORECASE)

# What browsers, operating systems and course sites add to the name of a second copy.
_BEFORE = "(?:copy of )*"  # Google Drive
_AFTER = (
    "(?:"
    r" ?\(\d{1,3}\)"  # browsers, Windows
    r"|-\d{1,3}"  # Canvas, for a file handed in again
    "| - copy"  # Windows
    r"| copy(?: \d{1,3})?"  # macOS
    ")*"
)


@dataclass(frozen=True)
class StudentId:
    """An id safe to be a file name. `made_up` tells that `given` was not and was replaced."""

    value: str
    given: str
    made_up: bool


def quote_name(name: str, limit: int = 80) -> str:
    """`name` in quotes, at most `limit` characters of it, with all that does not print escaped.

    Control, format (bidirectional, zero-width), private, unassigned and surrogate characters, line
    and paragraph ends and every space but the usual one become `\\x1b`, `\\u202e` and so on.
    """
    shown = name if len(name) <= limit else name[: limit - 1] + "…"
    return "'" + "".join(c if c.isprintable() else _escaped(c) for c in shown) + "'"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def student_id(given: str) -> StudentId:
    """`given` itself if it is made of A-Z a-z 0-9 . _ - and starts with none of the last two marks.

    Nor may it end like a file that the grader writes. Otherwise what can be kept of it and eight
    digits of the SHA-256 of its composed form (NFC): the same for the same name on every machine,
    and different for different names.
    """
    if len(given) <= LONGEST_ID and _PLAIN_ID.fullmatch(given) and not _OURS.fullmatch(given):
        return StudentId(given, given, made_up=False)
    composed = unicodedata.normalize("NFC", given)  # macOS takes accents in file names apart
    ascii_part = unicodedata.normalize("NFKD", given).encode("ascii", "ignore").decode()
    kept = re.sub(r"[^A-Za-z0-9]+", "-", ascii_part).strip("-")[: LONGEST_ID - 9].rstrip("-")
    digest = hashlib.sha256(composed.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return StudentId(f"{kept or 'student'}-{digest}", given, made_up=True)


def could_be(name: str, wanted: str) -> bool:
    """Whether the file name `name` stands for `wanted`: the same but for case and copy marks.

    Unicode's compatibility forms and characters that do not show are seen through.
    """
    stem, dot, extension = _folded(name).rpartition(".")
    wanted_stem, _, wanted_extension = _folded(wanted).rpartition(".")
    if not dot or extension != wanted_extension:
        return False
    return re.fullmatch(_BEFORE + re.escape(wanted_stem) + _AFTER, stem) is not None


def is_copy_of(name: str, wanted: str) -> bool:
    """Whether `name` stands for `wanted` by more than another case of its letters."""
    return could_be(name, wanted) and name.casefold() != wanted.casefold()


def _folded(name: str) -> str:
    normal = unicodedata.normalize("NFKC", name)
    return "".join(c for c in normal if unicodedata.category(c) != "Cf").casefold()
