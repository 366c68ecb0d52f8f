"""What a student reads when the code stopped: an exception, as a `Failure`.

The exception comes from hostile code: its class name, its text and its very `__str__` may be
anything. Class names are taken from a fixed list, text is cleaned of whatever could disturb a
terminal or page, and torch's advice to load files with `weights_only=False`, which would run code
from a stranger's file, is never passed on.
"""

import dis
import errno
import traceback
from types import FrameType

from quantlab.cleaning import clean
from quantlab.programs.calls import EXCEPTION_NAMES, MESSAGE_LENGTH, Failure
from quantlab.programs.encode import UnsupportedResult
from quantlab.programs.execute import AbsentFunction, WrongCall

FILE = "solution.py"
# What is closed is refused, or does not even exist: it depends on the tier of isolation.
_CLOSED = (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EROFS, errno.ENOENT)
_RAISE = dis.opmap["RAISE_VARARGS"]
_OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "std::bad_alloc")


def failure_of(error: BaseException, file: str = FILE) -> Failure:
    """The failure that `error`, raised while `file` was loaded or called, stands for.

    `kind` is "missing" for what is not written yet, "memory" where memory ran out, else "error".
    """
    text = _text_of(error)
    frames = list(traceback.walk_tb(error.__traceback__))
    own = [(frame, line) for frame, line in frames if frame.f_code.co_filename == file]
    line = own[-1][1] if own else None
    place = f" in line {line}" if line else ""
    kind = "error"
    match error:
        case AbsentFunction() | NotImplementedError() if _not_written(error, frames, file):
            absent = isinstance(error, AbsentFunction)
            message = f"{text}." if absent else _stub(own, file)
            return Failure("missing", message, None if absent else _name_of(error), line)
        case WrongCall() | UnsupportedResult():
            message = f"{text}."
        case SyntaxError() if error.filename == file:
            line = error.lineno
            source = f": {error.text.strip()}" if error.text else ""
            message = f"{file} is not valid Python in line {line} ({error.msg}){source}"
        case ModuleNotFoundError() if error.name:  # what is withheld says itself why; see `given`
            message = f"{file} imports {error.name}{place}, which is not available here; remove it."
        case SystemExit() | KeyboardInterrupt():
            message = f"{file} ends the program{place}; remove that call."
        case RecursionError():
            message = f"{file} calls itself without end{place}: {text}"
        case OSError() if error.errno == errno.EFBIG:
            message = f"{file} prints or writes more than is allowed{place}; remove the output."
        case OSError() if error.errno in _CLOSED:
            message = (
                f"{file} does something{place} that is closed while it is marked ({text}); it may "
                "compute, but not use files, the network or other programs."
            )
        case MemoryError():
            kind, message = "memory", _memory(file, place)
        case RuntimeError() if any(phrase in text for phrase in _OUT_OF_MEMORY):
            kind, message = "memory", _memory(file, place)
        case _:
            message = f"{file} raises {_name_of(error)}{place}: {text}".removesuffix(": ")
    return Failure(kind, clean(message, MESSAGE_LENGTH), _name_of(error), line)


def _not_written(error: BaseException, frames: list[tuple[FrameType, int]], file: str) -> bool:
    """Whether the solution itself says so: torch raises NotImplementedError for odd dtypes too."""
    if isinstance(error, AbsentFunction):
        return True
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None or frames[-1][0].f_code.co_filename != file:
        return False
    return last.tb_frame.f_code.co_code[last.tb_lasti] == _RAISE


def _stub(own: list[tuple[FrameType, int]], file: str) -> str:
    function = own[-1][0].f_code.co_qualname
    if function == "<module>":
        return f"{file} still raises NotImplementedError in line {own[-1][1]}."
    return f"{file} still raises NotImplementedError in {function}."


def _memory(file: str, place: str) -> str:
    return f"{file} needs more memory{place} than is allowed; check the shapes of the tensors."


def _name_of(error: BaseException) -> str:
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
