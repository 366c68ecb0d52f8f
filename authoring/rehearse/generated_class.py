"""Generate a class of submissions whose points are known in advance.

    python -m authoring rehearse make --count 300 --seed 1 --layout canvas --out rehearsal

writes `rehearsal/export/`, as that site would export it, and `rehearsal/expected.json`. The
submissions are the reference, cases of the corpus (`autograder.engine.corpus`) and everyday faults,
such as renamed or missing files, zips in zips, and failed uploads. Equal numbers, seeds, layouts
and checks give equal classes.

Cases whose points depend on a student's inputs are left out. So are cases that loop or fill the
memory, because each would take minutes. Tables and saved models are added only if a check reads
them: they
take a second and two megabytes each.
"""

import fnmatch
import io
import json
import random
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from authoring.build.stub import STUB
from authoring.examples import correct_answers
from authoring.rehearse.layouts import (
    FictionalStudent,
    Files,
    Upload,
    notebook_id,
    student_id,
    write_export,
)
from autograder.checks.base import Check
from autograder.engine.corpus import load_alternatives, load_attacks, load_mutants
from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.oracle import Oracle
from autograder.engine.rubric import RubricItem, load_rubric
from autograder.grading.submission import select_checks
from autograder.paths import REFERENCE, reference_models
from quantlab.atomic_files import write_text_atomically
from quantlab.intake.submission import ANSWERS, MODELS, SOLUTION

EXPECTED = "expected.json"
EXPORT = "export"
_TOO_LONG = frozenset({"timeout", "memory", "grader_fault"})
_SHARES = {"right": 25, "alternative": 15, "mutant": 35, "exploit": 8, "fault": 17}  # percent
_GROUPS, _LATE, _AGAIN, _ZIPPED = 0.15, 0.1, 0.2, 0.3
_REPORT = b"# Report\n\nThe three scales are compared here.\n"

_FIRST = ("Ada", "Grace", "Emmy", "Alan", "Zoë", "Jörg", "Mary", "Edsger", "Katherine", "Claude")
_LAST = ("Lovelace", "Hopper", "Noether", "Turing", "Méndez", "Müller", "Jackson", "Shannon")
_PLAIN = str.maketrans("ëöéü", "eoeu")


@dataclass(frozen=True)
class RehearsalOptions:
    """Options of `rehearse make`: a class of `count` submissions for the checks `check`."""

    count: int
    seed: int
    out: Path
    layout: str = "canvas"
    dataset: str = "cifar10"
    check: str = "*"


@dataclass(frozen=True)
class _Case:
    """A submission: its origin, its files, and the checks that give it no points.

    `costs` are patterns of check ids. `refused` submissions cannot be read at all.
    """

    origin: str
    files: Files
    costs: tuple[str, ...] = ()
    refused: bool = False


@dataclass(frozen=True)
class _Kit:
    """The sources that submissions are built from, and the other files that checks read."""

    reference: str
    stub: str
    others: Callable[[str], Files]  # tables and models, by the student's id


def make_class(options: RehearsalOptions) -> Path:
    """Write the class below `options.out` and return the folder of the export.

    Raises:
        RubricError, UnknownCheck, BadCorpus, DataNotFound, OSError: The rubric, the
            checks, the corpus, the data set or the folder cannot be used.
    """
    rng = random.Random(f"{options.seed} {options.layout}")
    rubric = load_rubric()
    checks = [c for c in select_checks(rubric, options.check) if c.source != "person"]
    kit = _Kit(
        REFERENCE.read_text(encoding="utf-8"),
        STUB.read_text(encoding="utf-8"),
        _others(options.dataset, checks),
    )
    makers = _makers()
    uploads, expected = [], {}
    for number in range(options.count):
        students = _students(rng, number, options.layout)
        name = notebook_id(options.layout, students)
        case = makers[_kind(rng)](rng, kit, name)
        uploads.append(_upload(rng, kit, case, students))
        expected[student_id(options.layout, students)] = _expected(case, checks, rubric.items)
    folder = options.out / EXPORT
    shutil.rmtree(folder, ignore_errors=True)
    write_export(options.layout, uploads, folder)
    text = json.dumps({"check": options.check, "students": expected}, indent=1)
    write_text_atomically(options.out / EXPECTED, text + "\n")
    return folder


def _kind(rng: random.Random) -> str:
    return rng.choices(list(_SHARES), weights=list(_SHARES.values()))[0]


def _students(rng: random.Random, number: int, layout: str) -> tuple[FictionalStudent, ...]:
    group_size = 2 if layout == "gradescope" and rng.random() < _GROUPS else 1
    students = []
    for member in range(group_size):
        name = f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"
        students.append(FictionalStudent(1000 + 2 * number + member, name, name.translate(_PLAIN)))
    return tuple(students)


def _upload(
    rng: random.Random, kit: _Kit, case: _Case, students: tuple[FictionalStudent, ...]
) -> Upload:
    files = case.files
    # The intake opens one zip inside another, not three levels.
    if not case.refused and rng.random() < _ZIPPED and not any(n.endswith(".zip") for n in files):
        files = {"work.zip": make_zip(files)}
    # The first attempt is the untouched stub, which must not be graded.
    earlier = {SOLUTION: kit.stub.encode()} if SOLUTION in files and rng.random() < _AGAIN else None
    return Upload(students, files, earlier, rng.random() < _LATE)


def _expected(
    case: _Case, checks: Sequence[Check], items: Mapping[str, RubricItem]
) -> Mapping[str, object]:
    if case.refused:
        return {"origin": case.origin, "refused": True, "total": None, "points": {}}
    points = {
        check.id: 0.0
        if any(fnmatch.fnmatchcase(check.id, pattern) for pattern in case.costs)
        else items[check.id].points
        for check in checks
    }
    return {
        "origin": case.origin,
        "refused": False,
        "total": round(sum(points.values()), 4),
        "points": points,
    }


def _others(dataset: str, checks: Sequence[Check]) -> Callable[[str], Files]:
    sources = {check.source for check in checks}
    models = {
        name: (reference_models(dataset) / name).read_bytes()
        for name in MODELS
        if "model" in sources
    }
    evaluator = ModelEvaluator(dataset, Oracle())

    def others(student: str) -> Files:
        tables = {}
        if sources & {"table", "model"}:
            tables[ANSWERS] = correct_answers(student, evaluator).encode()
        return {**tables, **models, "report.md": _REPORT}

    return others


# The submissions ---------------------------------------------------------------------------------

_Maker = Callable[[random.Random, _Kit, str], _Case]
_CALLED = ("1a.*", "2a.*", "2b.*", "3.search.*")  # the checks that call functions
_TABLES = ("1b.*", "2c.*", "3.bit_widths.*")
_TRAINED = ("2d.model.*",)


def _makers() -> Mapping[str, _Maker]:
    alternatives = load_alternatives()
    mutants = [m for m in load_mutants() if m.in_solution and not m.sometimes and m.caught_by]
    exploits = [
        exploit
        for exploit in load_attacks()
        if not exploit.build() and not _TOO_LONG & set(exploit.verdicts)
    ]

    def with_solution(kit: _Kit, name: str, source: str) -> Files:
        return {SOLUTION: source.encode("utf-8", "surrogatepass"), **kit.others(name)}

    def right(rng: random.Random, kit: _Kit, name: str) -> _Case:
        return _Case("reference", with_solution(kit, name, kit.reference))

    def alternative(rng: random.Random, kit: _Kit, name: str) -> _Case:
        case = rng.choice(alternatives)
        files = with_solution(kit, name, case.source(kit.reference))
        return _Case(f"alternatives/{case.name}", files)

    def mutant(rng: random.Random, kit: _Kit, name: str) -> _Case:
        case = rng.choice(mutants)
        files = with_solution(kit, name, case.source(kit.reference))
        return _Case(f"mutants/{case.name}", files, case.caught_by)

    def exploit(rng: random.Random, kit: _Kit, name: str) -> _Case:
        case = rng.choice(exploits)
        costs = {"cheat": _CALLED, "fault": case.checks, "legal": ()}[case.kind]
        files = with_solution(kit, name, case.source(kit.reference, kit.stub))
        return _Case(f"exploits/{case.name}", files, costs)

    def fault(rng: random.Random, kit: _Kit, name: str) -> _Case:
        make_fault = rng.choice(_FAULTS)
        return make_fault(kit, with_solution(kit, name, kit.reference))

    return {
        "right": right,
        "alternative": alternative,
        "mutant": mutant,
        "exploit": exploit,
        "fault": fault,
    }


def _renamed(kit: _Kit, files: Files) -> _Case:
    names = {SOLUTION: "solution (1).py", ANSWERS: "Copy of answers.json"}
    return _Case(
        "faults/renamed files", {names.get(name, name): content for name, content in files.items()}
    )


def _zip_in_zip(kit: _Kit, files: Files) -> _Case:
    return _Case("faults/zip in a zip", {"hw3.zip": make_zip({"hw3/hw3.zip": make_zip(files)})})


def _with_leftovers(kit: _Kit, files: Files) -> _Case:
    packed = {f"hw3/{name}": content for name, content in files.items()}
    leftovers = {"__MACOSX/hw3/._solution.py": b"\0", "hw3/.DS_Store": b"\0"}
    return _Case("faults/leftovers of macOS", {"hw3.zip": make_zip({**packed, **leftovers})})


def _without_solution(kit: _Kit, files: Files) -> _Case:
    left = {name: content for name, content in files.items() if name != SOLUTION}
    return _Case("faults/no solution.py", left, _CALLED)


def _without_answers(kit: _Kit, files: Files) -> _Case:
    left = {name: content for name, content in files.items() if name != ANSWERS}
    return _Case("faults/no answers.json", left, _TABLES)


def _without_models(kit: _Kit, files: Files) -> _Case:
    left = {name: content for name, content in files.items() if not name.endswith(".pt")}
    return _Case("faults/no models", left, _TRAINED)


def _stub(kit: _Kit, files: Files) -> _Case:
    return _Case("faults/untouched", {**files, SOLUTION: kit.stub.encode()}, _CALLED)


def _unparsable(kit: _Kit, files: Files) -> _Case:
    source = kit.reference + "\ndef unfinished(:\n"
    return _Case("faults/does not parse", {**files, SOLUTION: source.encode()}, _CALLED)


def _two_solutions(kit: _Kit, files: Files) -> _Case:
    both = {**files, "old/solution.py": f"{kit.reference}\n# an earlier version\n".encode()}
    return _Case("faults/two solutions", {"hw3.zip": make_zip(both)}, _CALLED)


def _utf16(kit: _Kit, files: Files) -> _Case:
    return _Case("faults/UTF-16", {**files, SOLUTION: kit.reference.encode("utf-16")})


def _failed_upload(kit: _Kit, files: Files) -> _Case:
    return _Case("faults/no bytes", {"hw3.zip": b""}, refused=True)


_FAULTS = (
    _renamed,
    _zip_in_zip,
    _with_leftovers,
    _without_solution,
    _without_answers,
    _without_models,
    _stub,
    _unparsable,
    _two_solutions,
    _utf16,
    _failed_upload,
)


def make_zip(files: Files) -> bytes:
    """Return a zip of these files, the same bytes each time."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()
