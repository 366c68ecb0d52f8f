"""The exceptions of this package. Each message is one sentence: what is wrong, where, what to do.

    KitError
    ├── DataNotFound            no usable images where they were looked for
    ├── DownloadFailed          no mirror sent the file
    ├── CalibrationError        these images cannot calibrate this network
    ├── QuantizationError       this network cannot be quantized as requested
    ├── BadAnswers              answers.json cannot be read or written     (ValueError)
    ├── BadSavedModel           a file or its values are not a saved model
    ├── UnreadableModel         a file cannot be opened as a saved model
    ├── BadPackedModel          bytes or values are not a packed model
    ├── Stopped                 a training stopped on request, its state is saved
    ├── RecipeMismatch          a checkpoint belongs to another training
    ├── TrainingStepError       a training step of question 2d returns something else
    ├── CannotBegin             the notebook cannot run with these settings
    ├── CannotSubmit            submission.zip cannot be written
    ├── CannotRehearse          a submission cannot be tried on this machine
    ├── UnreadableSubmission    nothing in a submission can be used
    ├── UnreadableFile          one file of a submission cannot be read
    ├── BadSource               solution.py is not text                    (ValueError)
    ├── UnreadableSource        solution.py is not text that Python reads
    ├── NotImported             no version of solution.py was imported yet (AttributeError)
    ├── NoGradient              the student's estimator passes no gradient
    ├── NoPublicChecks          the public checks cannot run
    └── ProtocolError           calls into a student's module
        ├── AbsentFunction      the module lacks a function                (LookupError)
        ├── NotAFunction        the name is bound to something else        (TypeError)
        ├── WrongCall           the function does not take the arguments   (TypeError)
        ├── UnsupportedResult   a result is not data                       (TypeError)
        ├── WireError           bytes are not a frame, or a value does not fit into one
        ├── InvalidClaim        values that are not a claim                (ValueError)
        └── InvalidRepair       statements that cannot be skipped          (ValueError)

The texts of `NotAFunction`, `WrongCall` and `UnsupportedResult` complete the sentences of
`quantlab.protocol.failure_reasons`. The built-in bases in parentheses let callers catch the usual
type.
"""


class KitError(Exception):
    """The base of every exception that `quantlab` defines."""


class DataNotFound(KitError):
    """No usable data set; the message lists the places that were searched and what to do."""


class DownloadFailed(KitError):
    """No mirror sent the file; the message says how each of them failed and what to do."""


class CalibrationError(KitError):
    """The images or the network cannot be calibrated with; the message says which and why."""


class QuantizationError(KitError):
    """A network cannot be quantized as requested; the message says where, why and what to do."""


class BadAnswers(KitError, ValueError):
    """Answers cannot be read or recorded; the message is one sentence that says why."""


class BadSavedModel(KitError):
    """A file or its values are not a saved model; the message says what, where and what to do."""


class UnreadableModel(KitError):
    """A file cannot be opened as a saved model. The text completes "This file ..."."""


class BadPackedModel(KitError):
    """Bytes or values are not a packed model; the message says what, where and what to do."""


class Stopped(KitError):
    """The training stopped on request; its state is saved."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows: the sentence, without a traceback."""
        return [str(self)]


class RecipeMismatch(KitError):
    """The checkpoint to resume from belongs to another recipe; the message says how it differs."""


class TrainingStepError(KitError):
    """A function of the student's training step returns something else than asked."""


class CannotBegin(KitError):
    """The notebook cannot run with these settings; the message says why and what to do."""


class CannotSubmit(KitError):
    """`submission.zip` cannot be written; the message says what is missing."""


class CannotRehearse(KitError):
    """A submission cannot be tried on this machine; the message says why."""


class UnreadableSubmission(KitError):
    """Nothing in a submission can be used. The message is one sentence that says why."""


class UnreadableFile(KitError):
    """A file cannot be read. The message continues a sentence that begins with its name."""


class BadSource(KitError, ValueError):
    """The bytes are not Python source. The message is one sentence that says why."""


class UnreadableSource(KitError):
    """The file has no text that Python could read; the message says why and what to do."""


class NotImported(KitError, AttributeError):
    """No version of solution.py was imported yet; the message says why."""


class NoGradient(KitError):
    """No gradient passes the student's estimator; the message says why and what to do."""


class NoPublicChecks(KitError):
    """There are no public checks to run; the message says which, where, and what to do."""


class NoHint(KitError):
    """The question, function or level has no hint; the message lists those that do."""


class ProtocolError(KitError):
    """The base of what goes wrong between a caller and a student's module."""


class AbsentFunction(ProtocolError, LookupError):
    """The solution lacks the function `name`."""

    def __init__(self, name: str) -> None:
        """Keep `name` and make the sentence."""
        super().__init__(f"solution.py has no function {name}")
        self.name = name


class NotAFunction(ProtocolError, TypeError):
    """The solution uses the name for something that cannot be called; the text is its type."""


class WrongCall(ProtocolError, TypeError):
    """The function does not take these arguments; the text is the call and the reason."""


class UnsupportedResult(ProtocolError, TypeError):
    """A result is not data; the text names it and says what to return instead."""


class WireError(ProtocolError):
    """Bytes are not a frame, or a value does not fit into one."""


class InvalidClaim(ProtocolError, ValueError):
    """Values are not a claim; the message says why."""


class InvalidRepair(ProtocolError, ValueError):
    """Statements cannot be skipped in a source; the message says why."""


def is_stub(error: NotImplementedError) -> bool:
    """Return whether a function that is not written yet raised it; torch raises such errors too."""
    return str(error).startswith("Question ")
