"""The exceptions of this package.

    BaselineError
        BadResults         results of an earlier run cannot be read
        BadNetwork         a file is not an integer-only network
        ConversionError    a model has no integer-only network
        DoesNotFit         the kit's format of a saved model cannot hold a network
        MissingPackage     a package of the extra "deploy" is not installed

Wrong arguments raise `ValueError`.
"""


class BaselineError(Exception):
    """The base class. Messages say what is wrong, where, and what to do."""


class BadResults(BaselineError):
    """The results of an earlier run cannot be read."""


class BadNetwork(BaselineError):
    """A file is not an integer-only network."""


class ConversionError(BaselineError):
    """A model has no integer-only network."""


class DoesNotFit(BaselineError):
    """The kit's format of a saved model cannot hold a network."""


class MissingPackage(BaselineError):
    """A package that deployment needs is not installed."""
