"""All exceptions that the grader raises for its callers.

    AutograderError
    ├── SetupError               grading cannot start
    │   ├── RubricError          rubric.toml cannot be used
    │   ├── UnknownCheck         no check id matches a pattern
    │   ├── SecretError          the course secret cannot be read or created
    │   └── BadCorpus            a file of instructor/corpus is malformed
    ├── UnwritableResults        reports cannot be written
    ├── IsolationUnavailable     no isolation tier holds on this machine
    │   └── NoTierHolds          which tiers were tried, and what each lacks
    ├── WorkerDied               the sandbox's worker process ended
    └── NoSpareUser              no unused user id is left

The exceptions of `autograder.course` and `autograder.platforms` derive from `AutograderError` and
are defined beside their code.
"""


class AutograderError(Exception):
    """Base class of the grader's exceptions. The message is for the person who ran the command."""


class SetupError(AutograderError):
    """Grading cannot start. The message says what to do."""


class RubricError(SetupError):
    """The rubric cannot be used. The message says where and what to do."""


class UnknownCheck(SetupError):
    """No check id matches the pattern. The message names similar ids."""


class SecretError(SetupError):
    """The course secret cannot be read or created. The message says where and what to do."""


class BadCorpus(SetupError):
    """A file of the corpus does not hold well-formed cases. The message says where and why."""


class UnwritableResults(AutograderError):
    """The results cannot be written. The message says where, why and what to do."""


class IsolationUnavailable(AutograderError):
    """Student code cannot be isolated here. The message says why and what to do."""


class NoTierHolds(IsolationUnavailable):
    """No isolation tier holds. The message is that of the weakest tier, which needs least.

    Attributes:
        passed_over: (letter, reason) of each tier that was tried.
    """

    def __init__(self, passed_over: tuple[tuple[str, str], ...]) -> None:
        """Store the tiers that were tried, strongest first; at least one."""
        letters = {letter for letter, _ in passed_over}
        only = f"Tier {letters.pop()} does not work here: " if len(letters) == 1 else ""
        super().__init__(only + passed_over[-1][1])
        self.passed_over = passed_over


class WorkerDied(AutograderError):
    """The worker process can no longer be used. The message says why."""


class NoSpareUser(AutograderError):
    """Every user id of the range is in use."""
