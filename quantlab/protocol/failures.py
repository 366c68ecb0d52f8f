"""Exceptions of a student's code as a `Claim` or a `Failure`.

The exception may come from hostile code: its class name, its text and its `__str__` may be
anything. Class names come from a fixed list, and text is cleaned for terminals and pages. Torch's
advice to load files with `weights_only=False`, which runs code from the file, is removed.
"""

import dis
import errno
import traceback
from types import FrameType

from quantlab.errors import AbsentFunction, NotAFunction, UnsupportedResult, WrongCall
from quantlab.protocol.calls import EXCEPTION_NAMES, MESSAGE_LENGTH, Failure
from quantlab.protocol.failure_reasons import FILE, SENTENCES, Claim, failure_from
from quantlab.protocol.newer_syntax import newer_python
from quantlab.protocol.sanitize_text import clean

# What is closed is refused, or does not exist: it depends on the isolation tier.
_CLOSED = (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EROFS, errno.ENOENT)
_RAISE = dis.opmap["RAISE_VARARGS"]
_LONGEST_CHAIN = 20  # exceptions behind one
_ERRNO = OSError.__dict__["errno"]
_CAUSE, _CONTEXT = (BaseException.__dict__[name] for name in ("__cause__", "__context__"))
# Texts of exceptions that are no OSError, of torch's own writers and of sqlite3.
_REFUSED_IN_WORDS = (
    *("cannot be opened", "Permission denied", "Read-only file system"),
    "unable to open database file",
)
_OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "std::bad_alloc")


def failure_of(error: BaseException, target: str = "", file: str = FILE) -> Failure:
    """Return the failure for `error`, raised while `file` was loaded or `target` called."""
    return failure_from(claim_of(error, target, file), target, file)


def claim_of(error: BaseException, target: str = "", file: str = FILE) -> Claim:
    """Return the claim for `error`, raised while `file` was loaded or `target` called."""
    frames = list(traceback.walk_tb(error.__traceback__))
    lines = [line for frame, line in frames if frame.f_code.co_filename == file]
    line = lines[-1] if lines and 0 < lines[-1] < 1_000_000 else None
    reason, text = _reason(error, frames, target, file)
    if reason == "absent":
        return Claim(reason)
    if reason == "syntax":
        line = getattr(error, "lineno", None)
        line = line if type(line) is int and 0 < line < 1_000_000 else None
    refusal = _refusal(error) if reason == "closed" else None
    text = clean(text, MESSAGE_LENGTH)
    name = name_of(error) if refusal is None else refusal
    return Claim(reason, text if "{text}" in SENTENCES[reason] else "", name, line)


def _reason(  # noqa: PLR0911 - one return per kind of exception
    error: BaseException, frames: list[tuple[FrameType, int]], target: str, file: str
) -> tuple[str, str]:
    text = _text_of(error)
    match error:
        case AbsentFunction():
            return "absent", ""
        case NotImplementedError() if _is_raised_by(error, frames, file):
            return "stub" if target else "stub_import", ""
        case NotAFunction():
            return "no_function", text
        case WrongCall():
            return "wrong_call", text
        case UnsupportedResult():
            return "result", text
        case SyntaxError() if error.filename == file:
            source = f": {error.text.strip()}" if error.text else ""
            return "syntax", f"({error.msg}){source}{newer_python(error.msg, error.text or '')}"
        case ModuleNotFoundError() if (
            error.name
        ):  # a withheld module has its own text: import_policy
            return "import", str(error.name)
        case SystemExit() | KeyboardInterrupt():
            return "exit", ""
        case RecursionError():
            return "recursion", text
        case OSError() if error.errno in (errno.EFBIG, *_CLOSED):
            return ("output", "") if error.errno == errno.EFBIG else ("closed", text)
        case MemoryError() | RuntimeError() if _is_out_of_memory(error, text):
            return "memory", ""
    return ("closed" if _refusal(error) else "raises"), text


def _refusal(error: BaseException) -> str | None:
    """Return the class of the refused call that a library turned into another exception, if any.

    torch.save mentions it in a RuntimeError; torch.compile leaves it in the chain of exceptions.
    A hostile exception may have a circular chain, and functions as attributes.
    """
    before: BaseException | None = error
    for _ in range(_LONGEST_CHAIN):
        if before is None:
            break
        if issubclass(type(before), OSError) and _ERRNO.__get__(before) in _CLOSED:
            return name_of(before)
        cause = _CAUSE.__get__(before)
        before = _CONTEXT.__get__(before) if cause is None else cause
    in_words = any(phrase in _text_of(error) for phrase in _REFUSED_IN_WORDS)
    return OSError.__name__ if in_words else None


def _is_raised_by(error: BaseException, frames: list[tuple[FrameType, int]], file: str) -> bool:
    """Return whether a `raise` in `file` raised it: torch raises NotImplementedError as well."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None or frames[-1][0].f_code.co_filename != file:
        return False
    return last.tb_frame.f_code.co_code[last.tb_lasti] == _RAISE


def _is_out_of_memory(error: BaseException, text: str) -> bool:
    return isinstance(error, MemoryError) or any(phrase in text for phrase in _OUT_OF_MEMORY)


def name_of(error: BaseException) -> str:
    """Return the name of the nearest builtin class of `error`."""
    for kind in type(error).__mro__:
        if kind.__module__ == "builtins" and kind.__name__ in EXCEPTION_NAMES:
            return kind.__name__
    return "Exception"


def _text_of(error: BaseException) -> str:
    try:
        text = clean(str.__str__(str(error)), MESSAGE_LENGTH)
    except BaseException:  # the student's own __str__, which may raise anything
        return ""
    if "weights_only" in text:
        return "torch.load refuses this file"
    return text
