"""Handle the names of files, folders and students in a submission, which are not trusted.

`quote_name` makes a name safe to print. `student_id` makes one safe as a folder, a table cell and
a key. `could_be` says whether a name stands for a file of the assignment. None of them raises.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from quantlab.student_ids import plain_student

LONGEST_ID = 64  # characters: with a suffix still a file name everywhere
_PLAIN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
# Folders of reports are beside files that the grader writes (summary.csv); no id may be one.
_OURS = re.compile(r".*\.(?:csv|db|html|json|sqlite|toml|xml)", re.IGNORECASE)

# What browsers, operating systems and course sites add to the name of a second copy.
_BEFORE = "(?:copy of )*"  # Google Drive
_AFTER = (
    "(?:"
    r" ?\(\d{1,3}\)"  # browsers, Windows
    r"|-\d{1,3}"  # Canvas, for a file submitted again
    "| - copy"  # Windows
    r"| copy(?: \d{1,3})?"  # macOS
    ")*"
)


@dataclass(frozen=True)
class StudentId:
    """Hold an id that is safe as a file name. `replaced` says that `original` was not safe."""

    value: str
    original: str
    replaced: bool


def quote_name(name: str, limit: int = 80) -> str:
    r"""Return `name` in quotes, at most `limit` characters, with unprintable ones escaped.

    Control, format (bidirectional, zero-width), private, unassigned and surrogate characters, line
    and paragraph ends and unusual spaces become `\x1b`, `\u202e` and so on.
    """
    shown = name if len(name) <= limit else name[: limit - 1] + "…"
    return "'" + "".join(c if c.isprintable() else _escaped(c) for c in shown) + "'"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def student_id(original: str) -> StudentId:
    """Return `original`, as `plain_student` reads it, if it is safe as a file name.

    A safe id has only A-Z a-z 0-9 . _ -, does not begin with . or -, and does not end like a file
    that the grader writes. Any other gets a replacement: its safe part and eight digits of the
    SHA-256 of the id. Equal ids have equal replacements on every machine, different ids different
    ones.
    """
    plain = plain_student(original)
    if len(plain) <= LONGEST_ID and _PLAIN_ID.fullmatch(plain) and not _OURS.fullmatch(plain):
        return StudentId(plain, original, replaced=False)
    ascii_part = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    kept = re.sub(r"[^A-Za-z0-9]+", "-", ascii_part).strip("-")[: LONGEST_ID - 9].rstrip("-")
    digest = hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return StudentId(f"{kept or 'student'}-{digest}", original, replaced=True)


def could_be(name: str, wanted: str) -> bool:
    """Return whether the file name `name` stands for `wanted`, ignoring case and copy suffixes.

    Unicode compatibility forms and invisible characters are normalized.
    """
    stem, dot, extension = _folded(name).rpartition(".")
    wanted_stem, _, wanted_extension = _folded(wanted).rpartition(".")
    if not dot or extension != wanted_extension:
        return False
    return re.fullmatch(_BEFORE + re.escape(wanted_stem) + _AFTER, stem) is not None


def is_copy_of(name: str, wanted: str) -> bool:
    """Return whether `name` stands for `wanted` and differs by more than letter case."""
    return could_be(name, wanted) and name.casefold() != wanted.casefold()


@lru_cache(maxsize=1024)  # each name is compared with every name of the assignment
def _folded(name: str) -> str:
    normal = unicodedata.normalize("NFKC", name)
    return "".join(c for c in normal if unicodedata.category(c) != "Cf").casefold().rstrip(" .")
