"""Prove what a bundle contains: each proof is a function from a bundle to problems.

A proof holds if it yields nothing. It reads contents, before compression. `standalone_check` and
`proofs` run the bundles.
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
_SHOWN = 40  # characters of a match
_COMMON_PARTS = 2  # parts of "/root" and "/usr", which texts may mention

Proof = Callable[[Bundle], Iterator[str]]


def no_solution_marker(bundle: Bundle) -> Iterator[str]:
    """Yield each file with a marker that a builder should have removed."""
    for name, content in bundle:
        if match := _MARKERS.search(content):
            yield (
                f"{bundle.title}: {name} contains {match.group().decode()!r}: the part between the "
                "markers is for staff; remove it where the file is built."
            )


def no_outputs(bundle: Bundle) -> Iterator[str]:
    """Yield each notebook cell with outputs."""
    for name, content in bundle:
        if not name.endswith(".ipynb"):
            continue
        for number, cell in enumerate(json.loads(content)["cells"], start=1):
            if cell.get("outputs") or cell.get("execution_count"):
                yield f"{bundle.title}: cell {number} of {name} has outputs: clear them."


def no_junk(bundle: Bundle) -> Iterator[str]:
    """Yield each file of a cache, an editor or an operating system."""
    for name, _ in bundle:
        path = PurePosixPath(name)
        if _JUNK_FOLDERS.intersection(path.parts[:-1]) or _JUNK_FILES.fullmatch(path.name):
            yield f"{bundle.title}: {name} is a temporary file: remove it."


def nothing_of_staff(bundle: Bundle) -> Iterator[str]:
    """Yield each file below a folder for staff."""
    for name, _ in bundle:
        if _STAFF_FOLDERS.intersection(PurePosixPath(name).parts):
            yield f"{bundle.title}: {name} is not for students."


def no_machine_path(folders: Sequence[Path]) -> Proof:
    """Return the proof that no file contains a home folder or the path of one of `folders`."""
    places = [
        str(folder.resolve()).encode()
        for folder in folders
        if len(folder.resolve().parts) > _COMMON_PARTS
    ]

    def proof(bundle: Bundle) -> Iterator[str]:
        for name, content in bundle:
            match = _MACHINE_PATHS.search(content)
            place = match.group() if match else next((p for p in places if p in content), None)
            if place:
                yield (
                    f"{bundle.title}: {name} contains a path of this machine "
                    f"({place[:_SHOWN].decode(errors='replace')})."
                )

    return proof


def no_secret(secret: bytes) -> Proof:
    """Return the proof that the course secret is in no file."""

    def proof(bundle: Bundle) -> Iterator[str]:
        for name, content in bundle:
            if secret in content:
                yield (
                    f"{bundle.title}: {name} contains the course secret: remove it, and create a "
                    "new secret if anybody else may have the file."
                )

    return proof


def no_answer(reference: Reference, allowed: Sequence[Allowed]) -> Proof:
    """Return the proof that no file shares tokens with the reference, beyond `allowed`."""

    def proof(bundle: Bundle) -> Iterator[str]:
        for name, content in bundle:
            overlaps = tuple(dict.fromkeys(reference.overlaps(name, content)))
            for overlap in not_allowed(overlaps, allowed):
                yield (
                    f"{bundle.title}: {name} contains a part of the reference: {overlap.text!r}. "
                    "Rewrite it, or add it with a reason to allowed_overlap.toml."
                )

    return proof


def same_twice(first: Bundle, second: Bundle) -> Iterator[str]:
    """Yield the files in which two builds differ."""
    if first.digest == second.digest and first.to_zip() == second.to_zip():
        return
    names = sorted(first.files.keys() | second.files.keys())
    changed = [name for name in names if first.files.get(name) != second.files.get(name)]
    yield f"{first.title}: built twice, it differs in {', '.join(changed) or 'its modes'}."
