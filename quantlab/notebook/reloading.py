"""The notebook's `solution`: the saved solution.py, or its last version that works.

`follow_solution()` imports the file and returns the module. In IPython it reads the file again
before every cell. If its content has changed, the new code runs in the same module and replaces all
old names. Everything that calls `solution.f` then calls the new `f`: cells, and the layers of
networks that were built before the edit. Names that cells imported from it are updated, too
(`quantlab.notebook.imported_names`).

A version that cannot be read or imported changes nothing: before each cell one sentence says why
and in which line, until the file is fixed. Of its output during the import a few lines are shown.
`quantlab.check` checks the version that `followed_solution` returns.
"""

import contextlib
import errno
import importlib.util
import io
import linecache
import sys
import tokenize
from pathlib import Path
from types import ModuleType
from typing import Any

from quantlab.errors import NotImported, UnreadableSource
from quantlab.notebook.imported_names import SOLUTION, ImportedNames, public_names, runnable_code
from quantlab.paths import KIT
from quantlab.protocol.failures import failure_of

FILE = f"{SOLUTION}.py"
SHOWN_LINES, SHOWN_LENGTH = 2, 200  # of what an import prints
SENTENCE_LENGTH = 400  # characters of an exception's message
PRINTED_LENGTH = 200_000  # characters; an import that prints more is stopped
_KEPT = "quantlab_solution"  # the attribute of IPython's shell that holds the `FollowedSolution`


def follow_solution(path: Path | None = None) -> ModuleType:
    """Return the module `solution`, updated before each cell of IPython from now on.

    `path` is its file, by default solution.py in the current folder, else beside `quantlab`. If it
    cannot be imported, a sentence is printed, and the functions raise `NotImported` until it can.
    Outside IPython the file is imported once.
    """
    shell = _shell()
    path = (path or solution_path()).resolve()
    earlier = followed_solution()
    if earlier is not None and earlier.path == path:
        earlier.try_again()
        return earlier.module
    followed = FollowedSolution(path, shell)
    if shell is not None:
        if earlier is not None:
            shell.events.unregister("pre_run_cell", earlier.before_cell)
        shell.events.register("pre_run_cell", followed.before_cell)
        setattr(shell, _KEPT, followed)
    return followed.module


def followed_solution() -> "FollowedSolution | None":
    """Return the solution that `follow_solution` updates in this notebook, or None."""
    return getattr(_shell(), _KEPT, None)


def solution_path() -> Path:
    """Return the path of solution.py: in the current folder, else beside `quantlab`."""
    here = Path(FILE)
    return here if here.is_file() else KIT / FILE


def read_source(path: Path) -> str:
    """Return the text of a Python file, decoded as Python decodes it.

    Raises:
        UnreadableSource: The file is missing or not text.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = "is not there" if isinstance(error, FileNotFoundError) else "cannot be read"
        raise UnreadableSource(f"{path} {reason} ({error.strerror}): save it there.") from error
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise _bad_byte(path, content, error) from error
    except (SyntaxError, LookupError) as error:
        try:
            content.decode("utf-8")
        except UnicodeDecodeError as bad:
            raise _bad_byte(path, content, bad) from bad
        raise UnreadableSource(
            f"{path.name} names an encoding in its first lines that Python does not know: take "
            "that comment out and save the file as UTF-8."
        ) from error


class FollowedSolution:
    """One solution.py and the module with its last version that works.

    `source` is the text of that version, None before the first. `problem` says why the saved file
    is not that version; "" if it is.
    """

    def __init__(self, path: Path, shell: Any = None) -> None:
        """Import the file at `path`; `shell` is IPython's, if there is one."""
        self.path = path
        self.source: str | None = None
        self.problem = ""
        self._interrupted: str | None = None  # a text that may run without end
        self._executed: dict[str, Any] = {}  # the names right after the last import
        self._shell = shell
        self._imported = ImportedNames()
        self.module = self._new_module()
        vars(self.module)["__getattr__"] = self._refuse
        sys.modules[SOLUTION] = self.module
        self._update()
        for cell in self._namespace().get("In", []):
            self._note(cell)

    def before_cell(self, info: Any) -> None:
        """Update the module and record what the cell imports: IPython's `pre_run_cell`."""
        self._update()
        self._note(getattr(info, "raw_cell", None) or "")

    def try_again(self) -> None:
        """Import a version again whose import was interrupted."""
        if self._interrupted is not None:
            self._interrupted = None
            self._update()

    def _update(self) -> None:
        """Import the file if its content has changed; print its output and any problem."""
        printed = ""
        try:
            text = read_source(self.path)
            if not text.strip():
                raise UnreadableSource(f"{FILE} is empty: save your functions in it.")
            if text == self.source:
                self.problem = ""
            elif text != self._interrupted:
                printed, self.problem = self._import(text)
        except UnreadableSource as unreadable:
            self.problem = str(unreadable)
        _show(printed)
        if self.problem:
            used = " Until it is fixed, your last version that works is used."
            print(self.problem + (used if self.source is not None else ""))

    def _import(self, text: str) -> tuple[str, str]:
        """Execute `text` in the module; return its output and why it failed, "" if it did not."""
        names = vars(self.module)
        before = dict(names)
        output = _Output(sys.stdout)
        try:
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                code = compile(text, str(self.path), "exec", dont_inherit=True)
                names.clear()
                names.update(vars(self._new_module()))
                sys.modules[SOLUTION] = self.module
                exec(code, names)
        except BaseException as error:  # SystemExit and an interrupt also leave the last version
            names.clear()
            names.update(before)
            self._interrupted = text if isinstance(error, KeyboardInterrupt) else None
            return output.end(), self._sentence(error)
        self.source, self._interrupted = text, None
        # Without a time: tracebacks show the lines that run, also after the file is saved again.
        lines = list(io.StringIO(text, newline=None))
        linecache.cache[str(self.path)] = (len(text), None, lines, str(self.path))
        self._imported.rebind(self._namespace(), (self._executed, before), names)
        self._executed = dict(names)
        return output.end(), ""

    def _new_module(self) -> ModuleType:
        spec = importlib.util.spec_from_file_location(SOLUTION, self.path)
        assert spec is not None  # the name ends in .py
        return importlib.util.module_from_spec(spec)

    def _refuse(self, name: str) -> Any:
        raise NotImported(f"{FILE} has not been imported yet. {self.problem}")

    def _sentence(self, error: BaseException) -> str:
        failure = failure_of(error, file=str(self.path))
        if isinstance(error, KeyboardInterrupt):
            place = f" in line {failure.line}" if failure.line else ""
            return f"The import of {FILE} was interrupted{place}: run the setup cell to try again."
        message = " ".join(failure.message.replace(str(self.path), FILE).split())
        if len(message) > SENTENCE_LENGTH:
            message = message[:SENTENCE_LENGTH] + "…"
        return message if message.endswith((".", "…")) else message + "."

    def _namespace(self) -> dict[str, Any]:
        return {} if self._shell is None else self._shell.user_ns

    def _note(self, cell: str) -> None:
        with contextlib.suppress(SyntaxError):  # of a line magic; the cell will not run either
            code = self._shell.transform_cell(runnable_code(cell))
            self._imported.note(code, public_names(vars(self.module)))


class _Output(io.TextIOBase):
    """The output of an import, up to a limit; later output goes to `stream`.

    A default argument or a logger of the imported code may keep this object.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._parts: list[str] = []
        self._length = 0
        self._ended = False

    def write(self, text: str) -> int:
        if self._ended:
            return int(self._stream.write(text))
        self._length += len(text)
        if self._length > PRINTED_LENGTH:
            raise OSError(errno.EFBIG, "too much output")
        self._parts.append(text)
        return len(text)

    def flush(self) -> None:
        if self._ended:
            self._stream.flush()

    def end(self) -> str:
        """Return all output so far, and pass on later output."""
        self._ended = True
        return "".join(self._parts)


def _show(printed: str) -> None:
    lines = [line for line in printed.splitlines() if line.strip()]
    for line in lines[:SHOWN_LINES]:
        print(line[:SHOWN_LENGTH])
    if len(lines) > SHOWN_LINES:
        print(f"({FILE} printed {len(lines) - SHOWN_LINES:,} more lines while it was imported.)")


def _bad_byte(path: Path, content: bytes, error: UnicodeDecodeError) -> UnreadableSource:
    line = content.count(b"\n", 0, error.start) + 1
    return UnreadableSource(
        f"{path.name} has a byte in line {line} (0x{content[error.start]:02x}) that is not "
        f"{error.encoding}: save it as UTF-8 in your editor."
    )


def _shell() -> Any:
    """Return the IPython that runs this code; None without one."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()
