"""Proofs about what a bundle holds: each a function from a bundle to complaints, one sentence each.

No complaint means that the proof holds. The proofs read contents, before anything is compressed;
what a bundle does is proven in `alone` and `marks`.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from authoring.release.bundle import Bundle
from authoring.release.overlap import Allowed, Reference, not_allowed

_MARKERS = re.compile(rb"#{2,}\s*(?:BEGIN|END)\s+(?:SOLUTION|HIDDEN TESTS|MARK SCHEME)")
_JUNK_FOLDERS = frozenset(
    {
        *("__pycache__", ".ipynb_checkpoints", "__MACOSX", ".git", ".venv", ".pytest_cache"),
        *(".mypy_cache", ".ruff_cache", ".hypothesis", "runs", "results"),
    }
)
_JUNK_FILES = re.compile(
    r"(?:\.DS_Store|Thumbs\.db|desktop\.ini|\._.*|.*\.(?:py[cod]|swp|orig|rej|tmp|log)|.*~)"
)
_MACHINE_PATHS = re.compile(
    rb"(?<![\w.~/])(?:/(?:(?:home|Users)/[\w.-]+|root/[\w.])|[A-Z]:\\\\?Users)"
)
_STAFF_FOLDERS = frozenset({"autograder", "authoring", "instructor"})
_SHOWN = 40  # characters of what was found
_NOT_TOLD_BY_A_NAME = 2  # parts of "/root" and "/usr", which texts may speak of

Proof = Callable[[Bundle], Iterator[str]]


def no_solution_marker(bundle: Bundle) -> Iterator[str]:
    """Nothing that a builder should have cut out is left, nor the marks around it."""
    for name, content in bundle:
        if found := _MARKERS.search(content):
            yield (
                f"{bundle.title}: {name} holds {found.group().decode()!r}: the part between the "
                "markers is for staff; cut it out where the file is made."
            )


def no_outputs(bundle: Bundle) -> Iterator[str]:
    """Notebooks are handed out as if nobody had run them."""
    for name, content in bundle:
        if not name.endswith(".ipynb"):
            continue
        for number, cell in enumerate(json.loads(content)["cells"], start=1):
            if cell.get("outputs") or cell.get("execution_count"):
                yield f"{bundle.title}: cell {number} of {name} was run: clear its output."


def no_junk(bundle: Bundle) -> Iterator[str]:
    """No cache, and nothing that an editor or an operating system leaves in folders."""
    for name, _ in bundle:
        path = PurePosixPath(name)
        if _JUNK_FOLDERS.intersection(path.parts[:-1]) or _JUNK_FILES.fullmatch(path.name):
            yield f"{bundle.title}: {name} is left over from work and belongs in no bundle."


def nothing_of_staff(bundle: Bundle) -> Iterator[str]:
    """No file of the grader or of the reference's folder, under whatever parent."""
    for name, _ in bundle:
        if _STAFF_FOLDERS.intersection(PurePosixPath(name).parts):
            yield f"{bundle.title}: {name} is not for students."


def no_machine_path(folders: Sequence[Path]) -> Proof:
    """No file names a place on the machine that made it: a home folder, or one of `folders`."""
    places = [
        str(folder.resolve()).encode()
        for folder in folders
        if len(folder.resolve().parts) > _NOT_TOLD_BY_A_NAME
    ]

    def proof(bundle: Bundle) -> Iterator[str]:
        for name, content in bundle:
            found = _MACHINE_PATHS.search(content)
            place = found.group() if found else next((p for p in places if p in content), None)
            if place:
                yield (
                    f"{bundle.title}: {name} names a folder of the machine it was made on "
                    f"({place[:_SHOWN].decode(errors='replace')})."
                )

    return proof


def no_secret(secret: bytes) -> Proof:
    """The course secret, from which hidden inputs are drawn, is in no file."""

    def proof(bundle: Bundle) -> Iterator[str]:
        for name, content in bundle:
            if secret in content:
                yield (
                    f"{bundle.title}: {name} holds the course secret: remove it, and make a new "
                    "secret if the file was ever out of your hands."
                )

    return proof


def no_answer(reference: Reference, allowed: Sequence[Allowed]) -> Proof:
    """No file shares a run of tokens with the reference that the list does not allow."""

    def proof(bundle: Bundle) -> Iterator[str]:
        for name, content in bundle:
            found = tuple(dict.fromkeys(reference.overlaps(name, content)))
            for overlap in not_allowed(found, allowed):
                yield (
                    f"{bundle.title}: {name} holds a part of the reference: {overlap.text!r}. "
                    "Write it differently, or list it with its reason in allowed_overlap.toml."
                )

    return proof


def same_twice(first: Bundle, second: Bundle) -> Iterator[str]:
    """Two builds give the same bytes."""
    if first.digest == second.digest and first.to_zip() == second.to_zip():
        return
    names = sorted(first.files.keys() | second.files.keys())
    changed = [name for name in names if first.files.get(name) != second.files.get(name)]
    yield f"{first.title}: built twice, it differs in {', '.join(changed) or 'its modes'}."
