"""The course secret, from which every hidden input is drawn.

It lives in a file that only the instructor's account can read, is made on first use, and goes into
no bundle and no report. Whoever replaces it draws new inputs for everybody.
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
    """Random generators for one student, one per check, the same each time."""

    secret: bytes
    student: str

    def generator(self, purpose: str) -> np.random.Generator:
        """Seeded by HMAC-SHA256(secret, student and purpose)."""
        message = f"{self.student}\0{purpose}".encode()
        digest = hmac.new(self.secret, message, hashlib.sha256).digest()
        return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))


def course_secret(path: Path | None = None) -> bytes:
    """What `$AUTOGRADER_SECRET_FILE` holds, else `instructor/course_secret`, made if absent."""
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
