"""Read the course secret, from which every hidden input is drawn.

Only the instructor's account can read its file. It is created on first use and is part of no bundle
and no report. A new secret changes the hidden inputs of all students.
"""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autograder.errors import SecretError
from autograder.paths import SECRET_FILE

SHORTEST = 16  # bytes


@dataclass(frozen=True)
class StudentRandom:
    """Create random generators for one student: one per check, the same each time."""

    secret: bytes
    student: str

    def generator(self, purpose: str) -> np.random.Generator:
        """Return the generator seeded by HMAC-SHA256(secret, student and purpose)."""
        message = f"{self.student}\0{purpose}".encode()
        digest = hmac.new(self.secret, message, hashlib.sha256).digest()
        return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))


def course_secret(path: Path | None = None) -> bytes:
    """Return the secret in `$AUTOGRADER_SECRET_FILE` or `instructor/course_secret`.

    The file is created if absent. Raise `SecretError` if that is not possible.
    """
    path = path or Path(os.environ.get("AUTOGRADER_SECRET_FILE") or SECRET_FILE)
    try:
        if not path.exists():
            _create(path)
        secret = path.read_bytes().strip()
    except OSError as error:
        raise SecretError(
            f"The course secret {path} can't be read or made ({error.strerror}). "
            "Set AUTOGRADER_SECRET_FILE to a file that your account can read."
        ) from error
    if len(secret) < SHORTEST:
        raise SecretError(
            f"The course secret {path} has {len(secret)} bytes; at least {SHORTEST} are needed. "
            "Delete it, and a new one is made."
        )
    return secret


def _create(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # made by a grader that started at the same moment
        return
    with os.fdopen(descriptor, "w") as stream:
        stream.write(secrets.token_hex(32) + "\n")
