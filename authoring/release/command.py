"""The command `release`: build what an instructor releases, and write it if every proof holds.

    DIR/student/, DIR/student.zip   for students
    DIR/colab.zip                   the same without the notebook, which downloads it in Colab
    DIR/gradescope.zip              the autograder to upload there
    DIR/nbgrader/                   a course tree for nbgrader
    DIR/solved/main.ipynb           the reference's notebook with its outputs, for staff

Equal kits and options give equal bytes, except for the outputs. Everything is written beside DIR's
content and renamed. Exit status 0 done, 1 a proof failed and nothing was changed, 2 it could not
start.
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
from authoring.release import content_checks, grading_check, notebook_check, standalone_check
from authoring.release.bundle import BadBundle, Bundle, Packing, replace_folder
from authoring.release.gradescope import gradescope_bundle
from authoring.release.nbgrader import course_bundle
from authoring.release.overlap import BadAllowList, Reference, load_allowed
from authoring.release.process_usage import Footprint
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
    """Options of `release`.

    `address` is that of colab.zip for students' notebooks; empty without Colab. The released
    graders measure models on `dataset`. `cell_seconds` is the time limit for a notebook cell.
    """

    out: Path
    course_id: str = "quantization"
    address: str = ""
    dataset: str = "cifar10"
    cell_seconds: int = notebook_check.CELL_SECONDS


@dataclass(frozen=True)
class Release:
    """All bundles of a release; `colab` is the student's without its notebook."""

    student: Bundle
    colab: Bundle
    gradescope: Bundle
    course: Bundle
    solved: Bundle

    @property
    def all(self) -> tuple[Bundle, ...]:
        """Return every bundle."""
        return (self.student, self.colab, self.gradescope, self.course, self.solved)


def build_release(options: ReleaseOptions, kit: Path = KIT) -> Release:
    """Return all bundles. Raises `BadBundle`, `BadNotebook`, `RubricError`."""
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
    """Build, prove and write the bundles; return the exit status."""
    console = Console()
    try:
        _check_options(options)
        bundles = build_release(options, kit)
        notebook = SolvedNotebookProof(bundles, options.cell_seconds)
        grading = GradingProof(bundles, options.dataset)
        for title, proof in _proofs(bundles, options, kit, notebook, grading):
            with console.status(title):
                problems = list(proof())
            console.print(f"{'FAILED' if problems else 'proven'}  {title}", soft_wrap=True)
            for problem in problems:
                print(problem, file=sys.stderr)
            if problems:
                print(f"Nothing in {options.out} was changed.", file=sys.stderr)
                return NOT_PROVEN
        _write_release(bundles, notebook.executed, options.out)
    except (
        BadBundle,
        BadNotebook,
        BadAllowList,
        DataNotFound,
        RubricError,
        SecretError,
        grading_check.CannotProve,
        OSError,
    ) as error:
        print(error, file=sys.stderr)
        return USAGE
    _print_files(bundles, options.out, console)
    if grading.footprint:
        console.print(grading.footprint.sentence(), highlight=False, soft_wrap=True)
    return DONE


def content_problems(bundles: Release, secret: bytes, kit: Path = KIT) -> Iterator[str]:
    """Yield what the bundles contain and should not."""
    reference = Reference(
        REFERENCE.read_text(encoding="utf-8"), (kit / "solution.py").read_text(encoding="utf-8")
    )
    for_all: tuple[content_checks.Proof, ...] = (
        content_checks.no_outputs,
        content_checks.no_junk,
        content_checks.no_machine_path((kit, Path.home(), Path(sys.prefix))),
        content_checks.no_secret(secret),
    )
    for_students: tuple[content_checks.Proof, ...] = (
        content_checks.no_solution_marker,
        content_checks.nothing_of_staff,
        content_checks.no_answer(reference, load_allowed()),
    )
    for bundle in bundles.all:
        for proof in for_all:
            yield from proof(bundle)
    for bundle in (bundles.student, bundles.colab):
        for proof in for_students:
            yield from proof(bundle)


class SolvedNotebookProof:
    """Run the solved notebook; `executed` has its outputs once `problems` were read."""

    def __init__(self, bundles: Release, cell_seconds: int = notebook_check.CELL_SECONDS) -> None:
        """Keep the bundles and the time limit for a cell."""
        self._bundles = bundles
        self._cell_seconds = cell_seconds
        self.executed = ""

    def problems(self) -> Iterator[str]:
        """Yield why it does not run in full."""
        title = self._bundles.solved.title
        solved = self._bundles.solved.files[NOTEBOOK]
        replaced = {NOTEBOOK: solved, SOLUTION: REFERENCE.read_bytes()}
        try:
            self.executed = notebook_check.run(self._bundles.student, replaced, self._cell_seconds)
        except notebook_check.DoesNotRun as error:
            yield f"{title}: {error}"
            return
        for cell in notebook_check.cells_that_wait(self.executed):
            yield f"{title}: the cell {cell!r} waits for a question."
        executed = Packing(title)
        executed.add(NOTEBOOK, self.executed)
        yield from content_checks.no_machine_path((KIT, Path.home(), Path(sys.prefix)))(
            executed.pack()
        )


class GradingProof:
    """Grade the stub and the reference by each bundle as it is released.

    `footprint` is what Gradescope needs to grade the reference, once `problems` were read.
    """

    def __init__(self, bundles: Release, dataset: str) -> None:
        """Keep the bundles and the data set to grade on."""
        self._bundles = bundles
        self._dataset = dataset
        self.footprint: Footprint | None = None

    def problems(self) -> Iterator[str]:
        """Yield where one of the two gets wrong points."""
        bundles, dataset = self._bundles, self._dataset
        solved = bundles.solved.files[NOTEBOOK].decode()
        gradescope = grading_check.GradescopeProof(bundles.gradescope.to_zip())
        with tempfile.TemporaryDirectory() as temporary:
            place = Path(temporary)
            place.chmod(0o755)  # the sandbox's user must be able to enter
            grading_check.write_submissions(place / "submissions", dataset, bundles.student, solved)
            points = grading_check.automatic_points(load_rubric())
            submissions = grading_check.ProofSubmissions(place / "submissions", dataset, points)
            yield from grading_check.prove_engine(submissions)
            yield from gradescope.problems(submissions, place / "autograder")
            self.footprint = gradescope.footprint
            yield from grading_check.prove_nbgrader(submissions, bundles.course, place / "course")


_Proof = tuple[str, Callable[[], Iterable[str]]]


def _proofs(
    bundles: Release,
    options: ReleaseOptions,
    kit: Path,
    notebook: SolvedNotebookProof,
    grading: GradingProof,
) -> Iterator[_Proof]:
    def twice() -> Iterator[str]:
        for first, second in zip(bundles.all, build_release(options, kit).all, strict=True):
            yield from content_checks.same_twice(first, second)

    yield "Two builds give the same bundles, byte for byte.", twice
    yield (
        "No bundle contains an answer, output, secret, machine path or temporary file.",
        lambda: content_problems(bundles, course_secret(), kit),
    )
    yield (
        "The student bundle works alone in a folder.",
        lambda: standalone_check.find_problems(bundles.student),
    )
    yield (
        "The stub earns 0, the reference every automatic point: engine, gradescope.zip, nbgrader.",
        grading.problems,
    )
    yield (
        "The notebook runs from top to bottom with the stub, and writes submission.zip.",
        lambda: notebook_check.run_student(bundles.student, options.cell_seconds),
    )
    yield "The solved notebook runs in full (minutes).", notebook.problems


def _check_options(options: ReleaseOptions) -> None:
    """Raise `BadBundle` for unusable options, `DataNotFound` without test images."""
    if not _COURSE_ID.fullmatch(options.course_id):
        raise BadBundle(
            f"{options.course_id!r} cannot be a course id: use letters, digits, '.', '_' and '-'."
        )
    if options.address and not _ADDRESS.fullmatch(options.address):
        raise BadBundle(
            f"{options.address!r} is not an address: give that of {COLAB_ZIP}, with https://."
        )
    load_dataset(options.dataset, "test")  # the proofs grade on what is released


def _write_release(bundles: Release, solved: str, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    folders = (
        ("student", bundles.student),
        ("nbgrader", bundles.course),
        ("solved", bundles.solved),
    )
    with tempfile.TemporaryDirectory(prefix=".making-", dir=out) as temporary:
        for name, bundle in folders:
            bundle.write_folder(Path(temporary) / name)
        (Path(temporary) / "solved" / NOTEBOOK).write_text(solved, encoding="utf-8")
        for name, _ in folders:
            replace_folder(Path(temporary) / name, out / name)
    for name, content in _zips(bundles):
        _write(out / name, content)


def _zips(bundles: Release) -> tuple[tuple[str, bytes], ...]:
    return (
        ("student.zip", bundles.student.to_zip()),
        (COLAB_ZIP, bundles.colab.to_zip()),
        ("gradescope.zip", bundles.gradescope.to_zip()),
    )


def _write(path: Path, content: bytes) -> None:
    write_atomically(path, lambda stream: stream.write(content))


def _print_files(bundles: Release, out: Path, console: Console) -> None:
    """Print every path and digest on one line, so that they can be copied."""
    folders = (
        ("student/", bundles.student),
        ("nbgrader/", bundles.course),
        ("solved/", bundles.solved),
    )
    lines = [(name, bundle.size, f"{len(bundle.files)} files") for name, bundle in folders]
    lines += [
        (name, len(content), f"sha256 {hashlib.sha256(content).hexdigest()}")
        for name, content in _zips(bundles)
    ]
    for name, size, remark in lines:
        line = f"{size / 1000:>8,.0f} kB  {out / name}  {remark}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
