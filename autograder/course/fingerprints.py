"""Digests of what decides a mark: of a submission, and, check by check, of everything else.

Equal digests mean equal marks, so that work is done once and a change marks again only what it can
touch. Where it is not plain what a change can touch, everything counts: all of `quantlab/`, and all
of `autograder/` but the checks' own modules and what only shows, hands out or schedules.

A check is decided by its module, its line in the rubric and the mistakes that can be named in it;
one of tables or models also by the data set, its float model and the rubric's thresholds; every
check by the rest of the kit, the reference, the course secret and the versions of what computes.
"""

import hashlib
import inspect
import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import autograder.checks
from autograder.checks.base import Check
from autograder.engine import ptq_table, quick_images
from autograder.engine.corpus import Mutant
from autograder.engine.rubric import Rubric
from autograder.intake.submission import Submission
from autograder.paths import REFERENCE, STAND_INS
from quantlab.paths import KIT, float_model

_NOT_DECIDING = ("commands/", "course/", "platforms/", "report/")
_NOT_DECIDING_FILES = frozenset(
    {
        "__main__.py",
        "cli.py",
        "exit_status.py",
        "grading/replay.py",
        "grading/results_folder.py",
        "paths.py",
        "pytest_plugin.py",
    }
)
_COMPUTING = ("torch", "numpy")


@dataclass(frozen=True)
class Conditions:
    """All that decides marks besides submissions: `decides[check]` is its digest."""

    decides: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Of all checks' together."""
        return _digest(json.dumps(sorted(self.decides.items())))


def submission_digest(submission: Submission) -> str:
    """Of all that a check may look at; flags are not among it."""
    answers = submission.answers
    return _digest(
        submission.student,
        json.dumps(submission.solution),
        json.dumps(asdict(answers), sort_keys=True) if answers else "",
        json.dumps({name: _digest(file) for name, file in sorted(submission.models.items())}),
        json.dumps(submission.report_file),
        json.dumps(submission.problems, sort_keys=True),
    )


def conditions(
    rubric: Rubric,
    checks: Iterable[Check],
    mutants: Iterable[Mutant],
    secret: bytes,
    dataset: str,
    quick: bool,
) -> Conditions:
    """The conditions of these checks, as the files of the kit are now. Raises `OSError`."""
    checks, mutants = tuple(checks), tuple(mutants)
    modules = _modules()
    everybodys = _everybodys(secret)
    measured = "".join((dataset, str(quick), _digest(*_measuring(dataset)), _thresholds(rubric)))
    decides = {}
    for check in checks:
        item = rubric.items[check.id]
        named = [m.code + m.sentence for m in mutants if m.named and m.may_be_caught_by(check.id)]
        decides[check.id] = _digest(
            everybodys,
            modules[check.id].read_bytes(),
            repr(item),
            json.dumps(sorted(named)),
            measured if check.source in ("table", "model") else "",
        )
    return Conditions(decides)


def _everybodys(secret: bytes) -> str:
    parts: list[str | bytes] = [secret, platform.python_version(), *map(_version, _COMPUTING)]
    for path in _deciding_files():
        parts += [str(path.relative_to(KIT)), path.read_bytes()]
    return _digest(*parts)


def _deciding_files() -> Iterator[Path]:
    yield REFERENCE
    yield from sorted(STAND_INS.glob("*.py"))
    yield from sorted((KIT / "quantlab").rglob("*.py"))
    for path in sorted((KIT / "autograder").rglob("*.py")):
        place = path.relative_to(KIT / "autograder").as_posix()
        of_a_question = place.startswith("checks/q") or place == "checks/written.py"
        if not (of_a_question or place in _NOT_DECIDING_FILES or place.startswith(_NOT_DECIDING)):
            yield path


def _measuring(dataset: str) -> Iterator[bytes]:
    kept = (ptq_table.committed(dataset), quick_images.committed(dataset))
    for path in (float_model(dataset), *kept):
        yield path.read_bytes() if path.is_file() else b""


def _thresholds(rubric: Rubric) -> str:
    """All of the rubric but its single items and the titles."""
    shared = [f.name for f in fields(rubric) if f.name not in ("questions", "items")]
    return "".join(repr(getattr(rubric, name)) for name in shared)


def _modules() -> dict[str, Path]:
    """The file that each check is written in."""
    return {
        check.id: Path(inspect.getfile(module))
        for module in vars(autograder.checks).values()
        if inspect.ismodule(module)
        for check in getattr(module, "CHECKS", ())
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _digest(*parts: str | bytes) -> str:
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        found.update(len(content).to_bytes(8, "little") + content)
    return found.hexdigest()
