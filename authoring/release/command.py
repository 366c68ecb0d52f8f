"""The command `release`: what an instructor hands out, put in place only when every proof holds.

    DIR/student/, DIR/student.zip   for students
    DIR/colab.zip                   the same without the notebook, which fetches it in Colab
    DIR/gradescope.zip              the autograder to upload there
    DIR/nbgrader/                   a course tree for nbgrader
    DIR/solved/main.ipynb           the reference's notebook with its outputs, for staff

Equal kits and options give equal bytes, outputs apart. Everything is made beside DIR's content and
renamed. Exit status 0 done, 1 a proof failed and nothing was changed, 2 it could not start.
"""

import hashlib
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from authoring.build.notebook import BadNotebook, solved_notebook
from authoring.release import contents, notebooks, proofs, standalone_check
from authoring.release.bundle import BadBundle, Bundle, Packing, replace_folder
from authoring.release.course_folder import course_bundle
from authoring.release.footprint import Footprint
from authoring.release.gradescope import gradescope_bundle
from authoring.release.overlap import BadAllowList, Reference, load_allowed
from authoring.release.student import (
    COLAB_ZIP,
    NOTEBOOK,
    SOLUTION,
    colab_files,
    student_bundle,
    where_to_fetch,
)
from autograder.engine.rubric import RubricError, load_rubric
from autograder.engine.secret import SecretError, course_secret
from autograder.exit_status import DONE, USAGE
from autograder.paths import REFERENCE
from autograder.platforms.gradescope_harness import Settings
from quantlab.atomic_files import write_atomically
from quantlab.data.cifar10 import DataNotFound, load_dataset
from quantlab.paths import KIT

NOT_PROVEN = 1
_COURSE_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_ADDRESS = re.compile(r"(https?://|file://)[^\s\"'\\{}]+")


@dataclass(frozen=True)
class ReleaseOptions:
    """What `release` was asked for.

    `address` is where students' notebooks will find colab.zip; empty where nobody uses Colab.
    `dataset` is what the handed-out graders measure models on. `cell_seconds` is the time limit for
    a cell of a notebook.
    """

    out: Path
    course_id: str = "quantization"
    address: str = ""
    dataset: str = "cifar10"
    cell_seconds: int = notebooks.CELL_SECONDS


@dataclass(frozen=True)
class Release:
    """All bundles of one release; `colab` is the student's without its notebook."""

    student: Bundle
    colab: Bundle
    gradescope: Bundle
    course: Bundle
    solved: Bundle

    @property
    def all(self) -> tuple[Bundle, ...]:
        return (self.student, self.colab, self.gradescope, self.course, self.solved)


def build(options: ReleaseOptions, kit: Path = KIT) -> Release:
    """Put all bundles together. Raises `BadBundle`, `BadNotebook`, `RubricError`."""
    files = colab_files(kit)
    solved = Packing("the solved notebook")
    solved.add(NOTEBOOK, solved_notebook(where_to_fetch(files, options.address)))
    return Release(
        student=student_bundle(files, options.address),
        colab=files,
        gradescope=gradescope_bundle(Settings(data=options.dataset), kit),
        course=course_bundle(files, options.address, options.course_id, options.dataset),
        solved=solved.pack(),
    )


def release(options: ReleaseOptions, kit: Path = KIT) -> int:
    """Build, prove, put in place; returns the exit status. What goes wrong is a sentence."""
    console = Console()
    try:
        _refuse_bad(options)
        made = build(options, kit)
        run = SolvedRun(made, options.cell_seconds)
        marking = MarkingRun(made, options.dataset)
        for title, proof in _proofs(made, options, kit, run, marking):
            with console.status(title):
                found = list(proof())
            console.print(f"{'FAILED' if found else 'proven'}  {title}", soft_wrap=True)
            for complaint in found:
                print(complaint, file=sys.stderr)
            if found:
                print(f"Nothing in {options.out} was changed.", file=sys.stderr)
                return NOT_PROVEN
        _put_in_place(made, run.notebook, options.out)
    except (
        BadBundle,
        BadNotebook,
        BadAllowList,
        DataNotFound,
        RubricError,
        SecretError,
        proofs.CannotProve,
        OSError,
    ) as problem:
        print(problem, file=sys.stderr)
        return USAGE
    _show(made, options.out, console)
    if marking.footprint:
        console.print(marking.footprint.sentence(), highlight=False, soft_wrap=True)
    return DONE


def content_complaints(made: Release, secret: bytes, kit: Path = KIT) -> Iterator[str]:
    """What the bundles hold and should not."""
    reference = Reference(
        REFERENCE.read_text(encoding="utf-8"), (kit / "solution.py").read_text(encoding="utf-8")
    )
    for_all: tuple[contents.Proof, ...] = (
        contents.no_outputs,
        contents.no_junk,
        contents.no_machine_path((kit, Path.home(), Path(sys.prefix))),
        contents.no_secret(secret),
    )
    for_students: tuple[contents.Proof, ...] = (
        contents.no_solution_marker,
        contents.nothing_of_staff,
        contents.no_answer(reference, load_allowed()),
    )
    for bundle in made.all:
        for proof in for_all:
            yield from proof(bundle)
    for bundle in (made.student, made.colab):
        for proof in for_students:
            yield from proof(bundle)


class SolvedRun:
    """The solved notebook, run; `notebook` is it with its outputs, once `complaints` were read."""

    def __init__(self, made: Release, cell_seconds: int = notebooks.CELL_SECONDS) -> None:
        self._made = made
        self._cell_seconds = cell_seconds
        self.notebook = ""

    def complaints(self) -> Iterator[str]:
        """Why it does not run in full."""
        made = self._made
        replaced = {NOTEBOOK: made.solved.files[NOTEBOOK], SOLUTION: REFERENCE.read_bytes()}
        try:
            self.notebook = notebooks.run(made.student, replaced, self._cell_seconds)
        except notebooks.DoesNotRun as problem:
            yield f"{made.solved.title}: {problem}"
            return
        for cell in notebooks.cells_that_wait(self.notebook):
            yield f"{made.solved.title}: the cell {cell!r} waits for a question."
        executed = Packing(made.solved.title)
        executed.add(NOTEBOOK, self.notebook)
        yield from contents.no_machine_path((KIT, Path.home(), Path(sys.prefix)))(executed.pack())


class MarkingRun:
    """The stub and the reference, graded by each bundle as it is released.

    `footprint` is what Gradescope needs to grade the reference, once `complaints` were read.
    """

    def __init__(self, made: Release, dataset: str) -> None:
        self._made = made
        self._dataset = dataset
        self.footprint: Footprint | None = None

    def complaints(self) -> Iterator[str]:
        """Yield where one of the two gets other points than it must."""
        made, dataset = self._made, self._dataset
        solved = made.solved.files[NOTEBOOK].decode()
        gradescope = proofs.GradescopeProof(made.gradescope.to_zip())
        with tempfile.TemporaryDirectory() as temporary:
            place = Path(temporary)
            place.chmod(0o755)  # the user who runs students' code has to enter
            proofs.write_submissions(place / "submissions", dataset, made.student, solved)
            points = proofs.automatic_points(load_rubric())
            proven = proofs.Proven(place / "submissions", dataset, points)
            yield from proofs.prove_engine(proven)
            yield from gradescope.complaints(proven, place / "autograder")
            self.footprint = gradescope.footprint
            yield from proofs.prove_nbgrader(proven, made.course, place / "course")


_Proof = tuple[str, Callable[[], Iterable[str]]]


def _proofs(
    made: Release, options: ReleaseOptions, kit: Path, run: SolvedRun, marking: MarkingRun
) -> Iterator[_Proof]:
    def twice() -> Iterator[str]:
        for first, second in zip(made.all, build(options, kit).all, strict=True):
            yield from contents.same_twice(first, second)

    yield "Built twice, every bundle is the same, byte for byte.", twice
    yield (
        "No bundle holds an answer, output, secret, machine path or left-over file.",
        lambda: content_complaints(made, course_secret(), kit),
    )
    yield (
        "The student bundle works alone in a folder.",
        lambda: standalone_check.works_alone(made.student),
    )
    yield (
        "The stub earns 0, the reference every automatic point: engine, gradescope.zip, nbgrader.",
        marking.complaints,
    )
    yield (
        "The notebook runs from top to bottom with the stub, and hands in what is there.",
        lambda: notebooks.run_student(made.student, options.cell_seconds),
    )
    yield "The solved notebook runs in full; some minutes.", run.complaints


def _refuse_bad(options: ReleaseOptions) -> None:
    """Raise `BadBundle` for options that cannot be used, `DataNotFound` without test images."""
    if not _COURSE_ID.fullmatch(options.course_id):
        raise BadBundle(
            f"{options.course_id!r} can't be a course id: use letters, digits, '.', '_' and '-'."
        )
    if options.address and not _ADDRESS.fullmatch(options.address):
        raise BadBundle(
            f"{options.address!r} is no address: give the one of {COLAB_ZIP}, from https:// on."
        )
    load_dataset(options.dataset, "test")  # the proofs grade on what is released


def _put_in_place(made: Release, solved: str, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    folders = (("student", made.student), ("nbgrader", made.course), ("solved", made.solved))
    with tempfile.TemporaryDirectory(prefix=".making-", dir=out) as temporary:
        for name, bundle in folders:
            bundle.write_folder(Path(temporary) / name)
        (Path(temporary) / "solved" / NOTEBOOK).write_text(solved, encoding="utf-8")
        for name, _ in folders:
            replace_folder(Path(temporary) / name, out / name)
    for name, content in _zips(made):
        _write(out / name, content)


def _zips(made: Release) -> tuple[tuple[str, bytes], ...]:
    return (
        ("student.zip", made.student.to_zip()),
        (COLAB_ZIP, made.colab.to_zip()),
        ("gradescope.zip", made.gradescope.to_zip()),
    )


def _write(path: Path, content: bytes) -> None:
    write_atomically(path, lambda stream: stream.write(content))


def _show(made: Release, out: Path, console: Console) -> None:
    """What lies where; paths and digests are never cut or wrapped, so that they can be copied."""
    folders = (("student/", made.student), ("nbgrader/", made.course), ("solved/", made.solved))
    lines = [(name, bundle.size, f"{len(bundle.files)} files") for name, bundle in folders]
    lines += [
        (name, len(content), f"sha256 {hashlib.sha256(content).hexdigest()}")
        for name, content in _zips(made)
    ]
    for name, size, remark in lines:
        line = f"{size / 1000:>8,.0f} kB  {out / name}  {remark}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
