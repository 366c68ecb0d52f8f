"""A class that nobody attended: hand-ins whose every mark is known before they are marked.

    python -m authoring rehearse make --count 300 --seed 1 --layout canvas --out rehearsal

writes `rehearsal/export/`, as that system would export it, and `rehearsal/expected.json`. The
hand-ins are the reference, other right solutions, mistakes with one fault each, hostile and unusual
code (`autograder.engine.corpus` says what each must cost), and what really happens: renamed files,
zips in zips, a missing file, a file that does not parse, an upload that failed. The same number,
seed, layout and checks give the same class.

Left out are known submissions whose mark depends on a student's inputs, and those that loop or fill
the memory, each of which would take minutes. Tables and saved models are added where the checks
look at them, because they take a second and two megabytes each.
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
from authoring.examples import right_record
from authoring.rehearse.layouts import Files, Pupil, Upload, lay_out, own_name, student_id
from autograder.checks.base import Check
from autograder.engine.corpus import load_alternatives, load_attacks, load_mutants
from autograder.engine.model_accuracy import ModelEvaluator
from autograder.engine.oracle import Oracle
from autograder.engine.rubric import RubricItem, load_rubric
from autograder.grading.submission import select_checks
from autograder.intake.submission import ANSWERS, MODELS, SOLUTION
from autograder.paths import REFERENCE, reference_models
from quantlab.atomic_files import write_text_atomically

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
    """A class of `count` hand-ins for the checks that match `check`, in a system's layout."""

    count: int
    seed: int
    out: Path
    layout: str = "canvas"
    dataset: str = "cifar10"
    check: str = "*"


@dataclass(frozen=True)
class _Case:
    """One hand-in: what it is, its files, and the checks that give it no point.

    `costs` are patterns of check ids; `refused` tells that nothing of it can be read.
    """

    origin: str
    files: Files
    costs: tuple[str, ...] = ()
    refused: bool = False


@dataclass(frozen=True)
class _Kit:
    """What hand-ins are made of: sources, and what else the checks look at."""

    reference: str
    stub: str
    others: Callable[[str], Files]  # tables and models of a student by this name


def make_class(options: RehearsalOptions) -> Path:
    """Write the class below `options.out`; returns the folder of the export.

    Raises `RubricError`, `UnknownCheck`, `BadCorpus`, `DataNotFound` and `OSError`.
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
        pupils = _pupils(rng, number, options.layout)
        name = own_name(options.layout, pupils)
        case = makers[_kind(rng)](rng, kit, name)
        uploads.append(_uploaded(rng, kit, case, pupils))
        expected[student_id(options.layout, pupils)] = _expected(case, checks, rubric.items)
    folder = options.out / EXPORT
    shutil.rmtree(folder, ignore_errors=True)
    lay_out(options.layout, uploads, folder)
    text = json.dumps({"check": options.check, "students": expected}, indent=1)
    write_text_atomically(options.out / EXPECTED, text + "\n")
    return folder


def _kind(rng: random.Random) -> str:
    return rng.choices(list(_SHARES), weights=list(_SHARES.values()))[0]


def _pupils(rng: random.Random, number: int, layout: str) -> tuple[Pupil, ...]:
    together = 2 if layout == "gradescope" and rng.random() < _GROUPS else 1
    pupils = []
    for member in range(together):
        name = f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"
        pupils.append(Pupil(1000 + 2 * number + member, name, name.translate(_PLAIN)))
    return tuple(pupils)


def _uploaded(rng: random.Random, kit: _Kit, case: _Case, pupils: tuple[Pupil, ...]) -> Upload:
    files = case.files
    # One zip may lie in another, but three deep is no hand-in.
    if not case.refused and rng.random() < _ZIPPED and not any(n.endswith(".zip") for n in files):
        files = {"work.zip": zipped(files)}
    # The first attempt was the file that was handed out, and must not be what is marked.
    earlier = {SOLUTION: kit.stub.encode()} if SOLUTION in files and rng.random() < _AGAIN else None
    return Upload(pupils, files, earlier, rng.random() < _LATE)


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
            tables[ANSWERS] = right_record(student, evaluator).encode()
        return {**tables, **models, "report.md": _REPORT}

    return others


# The hand-ins ------------------------------------------------------------------------------------

_Maker = Callable[[random.Random, _Kit, str], _Case]
_CALLED = ("1a.*", "2a.*", "2b.*", "3.search.*")  # the checks that call functions
_TABLES = ("1b.*", "2c.*", "3.bit_widths.*")
_TRAINED = ("2d.model.*",)


def _makers() -> Mapping[str, _Maker]:
    alternatives = load_alternatives()
    mutants = [m for m in load_mutants() if m.in_solution and not m.sometimes and m.caught_by]
    exploits = [
        one for one in load_attacks() if not one.build() and not _TOO_LONG & set(one.verdicts)
    ]

    def with_solution(kit: _Kit, name: str, source: str) -> Files:
        return {SOLUTION: source.encode("utf-8", "surrogatepass"), **kit.others(name)}

    def right(rng: random.Random, kit: _Kit, name: str) -> _Case:
        return _Case("reference", with_solution(kit, name, kit.reference))

    def alternative(rng: random.Random, kit: _Kit, name: str) -> _Case:
        one = rng.choice(alternatives)
        files = with_solution(kit, name, one.source(kit.reference))
        return _Case(f"alternatives/{one.name}", files)

    def mutant(rng: random.Random, kit: _Kit, name: str) -> _Case:
        one = rng.choice(mutants)
        files = with_solution(kit, name, one.source(kit.reference))
        return _Case(f"mutants/{one.name}", files, one.caught_by)

    def exploit(rng: random.Random, kit: _Kit, name: str) -> _Case:
        one = rng.choice(exploits)
        costs = {"cheat": _CALLED, "fault": one.checks, "legal": ()}[one.kind]
        files = with_solution(kit, name, one.source(kit.reference, kit.stub))
        return _Case(f"exploits/{one.name}", files, costs)

    def fault(rng: random.Random, kit: _Kit, name: str) -> _Case:
        happens = rng.choice(_FAULTS)
        return happens(kit, with_solution(kit, name, kit.reference))

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
    return _Case("faults/zip in a zip", {"hw3.zip": zipped({"hw3/hw3.zip": zipped(files)})})


def _with_leftovers(kit: _Kit, files: Files) -> _Case:
    packed = {f"hw3/{name}": content for name, content in files.items()}
    leftovers = {"__MACOSX/hw3/._solution.py": b"\0", "hw3/.DS_Store": b"\0"}
    return _Case("faults/leftovers of macOS", {"hw3.zip": zipped({**packed, **leftovers})})


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
    both = {**files, "old/solution.py": kit.stub.encode()}
    return _Case("faults/two solutions", {"hw3.zip": zipped(both)}, _CALLED)


def _utf16(kit: _Kit, files: Files) -> _Case:
    return _Case("faults/UTF-16", {**files, SOLUTION: kit.reference.encode("utf-16")}, _CALLED)


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


def zipped(files: Files) -> bytes:
    """A zip of these files, the same bytes each time."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()
