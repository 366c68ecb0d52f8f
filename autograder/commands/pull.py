"""The command `pull`: fetch the submissions of an assignment from a course site."""

import os
import re
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from autograder.commands.progress import show_progress
from autograder.errors import AutograderError
from autograder.exit_status import DONE, NEEDS_REVIEW, USAGE
from quantlab.intake.names import quote_name

TOKEN, ADDRESS = "CANVAS_API_TOKEN", "CANVAS_API_URL"
_LONGEST_TOKEN = 4096  # bytes


class BadToken(AutograderError):
    """The token is missing or unusable; the message says why, without the token."""


@dataclass(frozen=True)
class PullOptions:
    """Hold the options of `pull`: see the help of the command."""

    site: str
    course: int
    assignment: int
    out: Path
    url: str | None = None
    token_file: Path | None = None
    verbose: bool = False


def pull(options: PullOptions) -> int:
    """Fetch the submissions and return the exit status. Print every error as a sentence."""
    try:
        from autograder.platforms.canvas_http import canvas_address
        from autograder.platforms.canvas_pull import pull_submissions
    except ModuleNotFoundError as missing:
        print(f"{missing.name} is missing: pip install -e '.[canvas]'.", file=sys.stderr)
        return USAGE
    try:
        result = pull_submissions(
            canvas_address(options.url or os.environ.get(ADDRESS, "")),
            read_token(options.token_file),
            options.course,
            options.assignment,
            options.out,
            show_progress,
            _print_note if options.verbose else _no_note,
        )
    except AutograderError as problem:
        print(problem, file=sys.stderr)
        return USAGE
    except OSError as error:
        print(
            f"{error.filename or options.out} can't be written: {error.strerror or error}. Free "
            "some space and run the same command again to resume.",
            file=sys.stderr,
        )
        return USAGE
    pulled = result.pulled
    for sentence in result.problems:
        print(sentence, file=sys.stderr)
    print(
        f"{options.out} has {_count(len(pulled.submissions), 'submission')} of "
        f"{quote_name(pulled.title)}: {_count(result.fetched, 'file')} fetched, "
        f"{result.kept:,} kept. {_count(len(pulled.missing), 'student')} submitted nothing."
    )
    print(f"Grade them: python -m autograder batch {options.out} --out results")
    return NEEDS_REVIEW if result.problems else DONE


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def read_token(path: Path | None) -> str:
    """Return the token of a file, else of the environment.

    Raises:
        BadToken: there is none, others can read the file, or it is not a token.
    """
    if path is None:
        text, where = os.environ.get(TOKEN, ""), TOKEN
        if not text.strip():
            raise BadToken(f"No token: set {TOKEN}, or name a file that contains it: --token-file.")
    else:
        where = str(path)
        try:
            with path.open("rb") as stream:
                if stat.S_IMODE(os.fstat(stream.fileno()).st_mode) & 0o077:
                    raise BadToken(f"Other users can read {path}. Run chmod 600 {path}.")
                text = stream.read(_LONGEST_TOKEN).decode("ascii", "replace")
        except OSError as error:
            raise BadToken(f"{path} can't be read: {error.strerror}.") from error
    token = text.strip()
    if not re.fullmatch(r"[A-Za-z0-9._~+/=-]+", token):
        raise BadToken(f"{where} does not contain a token: one word of letters, digits and ~.")
    return token


def _print_note(line: str) -> None:
    print(line, file=sys.stderr)


def _no_note(line: str) -> None:
    pass
