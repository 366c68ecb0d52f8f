"""Why a student's code stopped, as data, and the sentences made from it.

The worker sends a `Claim`: a reason from a fixed list, an exception's name, a line, a text. The
grader makes the sentence. A reply can add its own words only where a sentence of `SENTENCES` has
`{text}`. This module does not import torch: the grader reads replies before it does.
"""

import builtins
from collections.abc import Mapping
from dataclasses import dataclass

from quantlab.errors import InvalidClaim
from quantlab.protocol.calls import EXCEPTION_NAMES, MESSAGE_LENGTH, Failure
from quantlab.protocol.sanitize_text import clean

FILE = "solution.py"
# The exceptions that Python raises where the sandbox refuses a file, the network or a program.
REFUSALS = frozenset(
    name
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, OSError)
)

# By reason. {file} is solution.py, {target} the function that was called, {place} " in line 3".
SENTENCES: Mapping[str, str] = {
    "absent": "{file} has no function {target}.",
    "stub": "{file} still raises NotImplementedError{place}, when {target} is called.",
    "stub_import": "{file} still raises NotImplementedError{place}.",
    "no_function": "{target} in {file} has the type {text}, it is not a function.",
    "wrong_call": "{target} does not take the call {text}.",
    "result": "{target} returned {text}.",
    "unsent": "The result of {target} cannot be taken over: {text}.",
    "syntax": "{file} is not valid Python{place} {text}",
    "import": "{file} imports {text}{place}, which is not available here; remove it.",
    "command": "{file} contains a command of a notebook{place}, which is not Python.",
    "exit": "{file} ends the program{place}; remove that call.",
    "recursion": "{file} calls itself without end{place}: {text}",
    "output": "{file} prints or writes more than is allowed{place}; remove the output.",
    "closed": (
        "{file} does something{place} that is closed while it is graded ({text}); it may "
        "compute, but not use files, the network or other programs."
    ),
    "memory": "{file} needs more memory{place} than is allowed; check the shapes of the tensors.",
    "raises": "{file} raises {exception}{place}: {text}",
    "model_unreadable": "This file {text}.",
    "model_odd": "This file holds what cannot be read ({exception}).",
    "model_memory": "This file needs far more memory than a saved model.",
    "model_too_large": "The file is too large to be read.",
}
OF_MODELS = frozenset(reason for reason in SENTENCES if reason.startswith("model_"))
_KINDS = {
    "absent": "missing",
    "stub": "missing",
    "stub_import": "missing",
    "memory": "memory",
    "model_memory": "memory",
    "model_too_large": "memory",
}


@dataclass(frozen=True)
class Claim:
    """Why code stopped, as data; `failure_from` makes the sentence.

    Raises `InvalidClaim` for an unknown reason, a text that the sentence of the reason does not
    contain, an exception outside the fixed list, and an impossible line.
    """

    reason: str
    text: str = ""
    exception: str | None = None
    line: int | None = None

    def __post_init__(self) -> None:
        """Raise `InvalidClaim` for a value that is not allowed."""
        sentence = SENTENCES.get(self.reason) if type(self.reason) is str else None
        if sentence is None:
            raise InvalidClaim("a failure has a reason that does not exist")
        if type(self.text) is not str or (self.text and "{text}" not in sentence):
            raise InvalidClaim("a failure has a text that its reason does not allow")
        if self.exception is not None and (
            type(self.exception) is not str or self.exception not in EXCEPTION_NAMES
        ):
            raise InvalidClaim("a failure has an exception that does not exist")
        if self.line is not None and (type(self.line) is not int or not 0 < self.line < 1_000_000):
            raise InvalidClaim("a failure has a line that cannot be")


def failure_from(claim: Claim, target: str = "", file: str = FILE) -> Failure:
    """Return the failure of a claim; its kind is "missing" for a function not written yet."""
    message = SENTENCES[claim.reason].format(
        file=file,
        target=target or file,
        place=f" in line {claim.line}" if claim.line else "",
        exception=claim.exception or "Exception",
        text=claim.text,
    )
    kind = _KINDS.get(claim.reason, "error")
    message = clean(message.removesuffix(": "), MESSAGE_LENGTH)
    return Failure(kind, message, claim.exception, claim.line)
