"""Compute digests of what decides a result: the submission, and per check everything else.

Equal digests mean equal results. Each check is graded once, and a change regrades the checks that
it can affect. In doubt everything counts: all of `quantlab/`, and all of `autograder/` except the
modules of the checks and those that only render, publish or schedule.

A check depends on its module, its line in the rubric and the misconceptions that it can name.
Checks of tables and models also depend on the data set, its float model and the thresholds of the
rubric. Every check depends on the rest of the kit, the reference, the course secret and the
versions of Python, torch and numpy.
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
from autograder.paths import REFERENCE, STAND_INS
from quantlab.intake.submission import Submission
from quantlab.paths import KIT, float_model

_NOT_DECIDING = ("commands/", "course/", "desk/", "platforms/", "report/")
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
class Fingerprints:
    """Holds the digest of everything but the submission, {check: digest}."""

    by_check: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Return one digest of all checks."""
        return _digest(json.dumps(sorted(self.by_check.items())))


def submission_digest(submission: Submission) -> str:
    """Return the digest of everything that a check may read; flags are not part of it."""
    answers = submission.answers
    return _digest(
        submission.student,
        json.dumps(submission.solution),
        json.dumps(asdict(answers), sort_keys=True) if answers else "",
        json.dumps({name: _digest(file) for name, file in sorted(submission.models.items())}),
        json.dumps(submission.report_file),
        json.dumps(submission.problems, sort_keys=True),
    )


def compute_fingerprints(
    rubric: Rubric,
    checks: Iterable[Check],
    mutants: Iterable[Mutant],
    secret: bytes,
    dataset: str,
    quick: bool,
) -> Fingerprints:
    """Return the fingerprints of these checks, for the current files of the kit.

    Raises:
        OSError: a file can't be read.
    """
    checks, mutants = tuple(checks), tuple(mutants)
    modules = _modules()
    everybodys = _shared_by_all_checks(secret)
    measured = "".join(
        (dataset, str(quick), _digest(*_measurement_files(dataset)), _thresholds(rubric))
    )
    by_check = {}
    for check in checks:
        item = rubric.items[check.id]
        named = [m.code + m.sentence for m in mutants if m.named and m.may_be_caught_by(check.id)]
        by_check[check.id] = _digest(
            everybodys,
            modules[check.id].read_bytes(),
            repr(item),
            json.dumps(sorted(named)),
            measured if check.source in ("table", "model") else "",
        )
    return Fingerprints(by_check)


def _shared_by_all_checks(secret: bytes) -> str:
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


def _measurement_files(dataset: str) -> Iterator[bytes]:
    kept = (ptq_table.committed(dataset), quick_images.committed(dataset))
    for path in (float_model(dataset), *kept):
        yield path.read_bytes() if path.is_file() else b""


def _thresholds(rubric: Rubric) -> str:
    """Return the rubric without its items, titles and slips, which decide no single check."""
    shared = [f.name for f in fields(rubric) if f.name not in ("questions", "items", "slips")]
    return "".join(repr(getattr(rubric, name)) for name in shared)


def _modules() -> dict[str, Path]:
    """Return {check: file of its module}."""
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
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()
