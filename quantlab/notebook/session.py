"""One run of the notebook: its machine, student, images and folders.

`begin` collects these, prints a few lines about them, and returns a `Session`. Three settings come
from the notebook's parameters or from the environment:

* STUDENT: the student's id, asked for once and stored in `student.txt`. The vectors A and B and
  the inputs of the grader's checks are drawn from it. The notebook also runs without one.
* FAST (or `FAST=1`): few steps and few images, a few minutes on a processor. It uses Shapes-10 if
  CIFAR-10 is not available, and prints that.
* DATASET: "cifar10" or "shapes10"; "" chooses by what is available.

Results (answers.json, saved models, checkpoints) are stored by data set and by FAST, in
`results/cifar10`, `results/shapes10-fast` and so on. A rehearsal never replaces the real results.

`begin` raises `CannotBegin` if torch is too old (nothing is installed from here), the id is not
valid, or there are neither data nor a network.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from quantlab.atomic_files import write_text_atomically
from quantlab.data.cifar10 import load_cifar10, load_dataset
from quantlab.data.images import ImageSet
from quantlab.data.split import held_out_split
from quantlab.errors import CannotBegin, DataNotFound, NoGradient, NotImported, is_stub
from quantlab.evaluation.float_network import evaluate
from quantlab.formats.answers import LONGEST_NAME
from quantlab.formats.answers_file import AnswersFile
from quantlab.formats.saved_model import load_float
from quantlab.formats.submission_files import ANSWERS
from quantlab.network.calibration import CALIBRATION_COUNT, calibration_images
from quantlab.network.resnet import resnet20
from quantlab.notebook.executed_cells import record_executed_cells
from quantlab.notebook.tested_versions import (
    OLDEST_TORCH,
    installed_versions,
    kernel_records,
    versions_sentence,
)
from quantlab.paths import DATASETS, float_model
from quantlab.student_ids import plain_student

STUDENT_FILE = "student.txt"
NO_STUDENT = "anonymous"  # also the name of the folder of these results
CPU_BATCH, GPU_BATCH = 64, 500  # codes of 64 images fit a processor's cache: half the time of 500
FAST_TEST_IMAGES = 2_000  # all of Shapes-10, a fifth of CIFAR-10
FAST_HELD_OUT_IMAGES = 1_000  # all of Shapes-10, a fifth of CIFAR-10


@dataclass(frozen=True)
class Session:
    """One run of the notebook.

    Attributes:
        place: "Colab", "VS Code", "Jupyter" or "Python".
        device: The device of `float_model`.
        folder: The folder of the student's files.
        results: The folder that this run writes to.
        student: The student's id, `NO_STUDENT` if none is set.
        fast: Whether everything is small.
        train: The training images without `held_out`.
        held_out: A tenth of the training set (`quantlab.data.split`), for every choice, such as
            which of two models to keep.
        test: The test images, for the final numbers.
        calibration: The grader's calibration images, from the whole training set, uint8
            (512, 3, 32, 32).
        float_model: The pre-trained ResNet-20 in evaluation mode.
        measured: Seconds per image by kind of work (`quantlab.notebook.time_estimates`).
        float_accuracy: Its recorded accuracy in percent on images that it was not trained on.
    """

    place: str
    device: torch.device
    folder: Path
    results: Path
    student: str
    fast: bool
    train: ImageSet
    held_out: ImageSet
    test: ImageSet
    calibration: Tensor
    float_model: nn.Module
    float_accuracy: float
    measured: dict[str, float] = field(default_factory=dict, compare=False)

    @property
    def answers(self) -> AnswersFile:
        """Return the file that records the tables."""
        return AnswersFile(self.results / ANSWERS, self.student, self.train.name, self.fast)

    def accuracy(self, network: nn.Module, data: ImageSet | None = None) -> float:
        """Return the accuracy of `network` in percent on `data` (default: the test images)."""
        batch = GPU_BATCH if self.device.type == "cuda" else CPU_BATCH
        return evaluate(network, data or self.test, batch, self.device)

    @property
    def checkpoints(self) -> Path:
        """Return the folder that interrupted trainings resume from."""
        return self.results / "checkpoints"


def begin(student: str | int = "", dataset: str = "", fast: bool = False) -> Session:
    """Return the session for these parameters in the current folder.

    Raises:
        CannotBegin: The notebook cannot run with these settings.
    """
    _probe_torch()
    record_executed_cells()
    fast = fast or os.environ.get("FAST", "") not in ("", "0")
    folder, place = Path.cwd(), notebook_host()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    name = student_id(folder, student or os.environ.get("STUDENT", ""))
    dataset = dataset or os.environ.get("DATASET", "") or _available_dataset(fast)
    whole, test = _images(dataset)
    calibration = calibration_images(whole, min(CALIBRATION_COUNT, len(whole)))
    train, held_out = held_out_split(whole)
    if fast:
        test = test.subset(torch.arange(min(FAST_TEST_IMAGES, len(test))))
        held_out = held_out.subset(torch.arange(min(FAST_HELD_OUT_IMAGES, len(held_out))))
    results = folder / "results" / (f"{dataset}-fast" if fast else dataset)
    if name == NO_STUDENT:
        results = results / NO_STUDENT
    results.mkdir(parents=True, exist_ok=True)
    record = _float_record(dataset)
    held_out_unseen = "held_out_accuracy" in record
    session = Session(
        place=place,
        device=device,
        folder=folder,
        results=results,
        student=name,
        fast=fast,
        train=train,
        held_out=held_out,
        test=test,
        calibration=calibration,
        float_model=_load_float_model(dataset, device),
        float_accuracy=record["held_out_accuracy" if held_out_unseen else "test_accuracy"],
    )
    _print_summary(session)
    if not held_out_unseen:
        print(
            "The float network was trained on all training images, also on those held out: numbers "
            "on held-out images compare networks, but are higher than on new images."
        )
    return session


def notebook_host() -> str:
    """Return the program that runs this notebook: "Colab", "VS Code", "Jupyter" or "Python"."""
    if "COLAB_RELEASE_TAG" in os.environ:
        return "Colab"
    if "VSCODE_PID" in os.environ or "VSCODE_CWD" in os.environ:
        return "VS Code"
    return "Jupyter" if "JPY_PARENT_PID" in os.environ else "Python"


def student_id(folder: Path, entered: object = "") -> str:
    """Return the id that was `entered`, else the one stored in `folder`, else ask for one.

    It may be a number, a name or an address (`plain_student`), and is stored in `folder`. Without
    an answer the result is `NO_STUDENT`.

    Raises:
        CannotBegin: The id is not one, is too long, or contains control characters.
    """
    file = folder / STUDENT_FILE
    name = plain_student(entered)
    if not name and not isinstance(entered, str) and entered is not None:
        raise CannotBegin(
            f"STUDENT is {entered!r:.60}, but an id is a text or a whole number: enter it in "
            'quotes, such as STUDENT = "ada".'
        )
    if not name and file.is_file():
        name = plain_student(file.read_text(encoding="utf-8"))
    if not name:
        try:
            name = plain_student(input("Your student id in this course: "))
        except (EOFError, NotImplementedError, OSError):  # an unattended run
            name = ""
    if not name:
        return NO_STUDENT
    if not name.isprintable() or len(name) > LONGEST_NAME:
        raise CannotBegin(
            f"{name!r:.60} cannot be a student id: enter at most {LONGEST_NAME} visible characters "
            f"in STUDENT, or correct {STUDENT_FILE}."
        )
    if not file.is_file() or file.read_text(encoding="utf-8").strip() != name:
        write_text_atomically(file, name + "\n")
    return name


@contextmanager
def waiting() -> Iterator[None]:
    """Print one line if the block needs a function that is not written yet.

    This handles the stubs of solution.py ("Question 1a: linear_quantize"), a solution.py that was
    not imported yet, and an estimator without a gradient. Every other error passes through, also
    torch's own NotImplementedError.
    """
    try:
        yield
    except (NotImported, NoGradient) as problem:
        print(problem)
    except NotImplementedError as stub:
        if not is_stub(stub):
            raise
        print(
            f"Waiting for {str(stub).replace('Question', 'question', 1)} in solution.py. Write it, "
            "then run this cell again."
        )


def _probe_torch() -> None:
    version = tuple(int(part) for part in re.findall(r"\d+", torch.__version__)[:2])
    if version < OLDEST_TORCH:
        oldest = ".".join(map(str, OLDEST_TORCH))
        raise CannotBegin(
            f"PyTorch {torch.__version__} is installed, but {oldest} or later is needed: in Colab "
            "choose Runtime > Change runtime type > Runtime version, elsewhere upgrade PyTorch."
        )


def _available_dataset(fast: bool) -> str:
    if not fast:
        return "cifar10"
    try:
        load_cifar10("test")
        return "cifar10"
    except DataNotFound:
        print("FAST without CIFAR-10: the images are those of Shapes-10, drawn here.")
        return "shapes10"


def _images(dataset: str) -> tuple[ImageSet, ImageSet]:
    if dataset not in DATASETS:
        raise CannotBegin(
            f"There is no data set {dataset!r}: set DATASET to {' or '.join(map(repr, DATASETS))}, "
            "or leave it empty."
        )
    try:
        if dataset == "cifar10":
            return load_cifar10("train", download=True), load_cifar10("test", download=True)
        return load_dataset(dataset, "train"), load_dataset(dataset, "test")
    except DataNotFound as problem:
        raise CannotBegin(
            f'{problem} DATASET = "shapes10" runs everything on drawn images meanwhile.'
        ) from None


def _load_float_model(dataset: str, device: torch.device) -> nn.Module:
    network = resnet20()
    state = load_float(float_model(dataset))
    network.load_state_dict(state, strict=False)  # load_float has checked the names
    return network.to(device).to(memory_format=torch.channels_last).eval()


def _float_record(dataset: str) -> dict[str, Any]:
    """Return the record of the float network of a data set: its training and accuracy."""
    path = float_model(dataset).with_suffix(".json")
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def _print_summary(session: Session) -> None:
    if session.device.type == "cuda":
        machine = f"a GPU ({torch.cuda.get_device_name()})"
    else:
        threads = torch.get_num_threads()
        machine = f"a CPU ({threads} thread{'' if threads == 1 else 's'}, no GPU)"
    print(f"{session.place} on {machine}, PyTorch {torch.__version__}")
    print(versions_sentence(kernel_records(), installed_versions()))
    if session.device.type != "cuda" and session.place == "Colab":
        print("For a GPU choose Runtime > Change runtime type > T4 GPU, and run this cell again.")
    images = (
        f"{len(session.train):,} images to train on, {len(session.held_out):,} held out to choose "
        f"by, {len(session.test):,} to test"
    )
    print(f"{session.train.name}: {images}" + (" (FAST: everything small)" if session.fast else ""))
    if session.student == NO_STUDENT:
        print(
            "No student id is set. Enter yours in STUDENT above and run this cell again. Until "
            "then the numbers belong to no student, and you cannot submit."
        )
    else:
        print(
            f"Your id is used as {session.student!r}. It is stored in {STUDENT_FILE}. Your vectors "
            "A and B (question 1b) and the inputs of the grader's checks are drawn from it."
        )
    results = os.path.relpath(session.results, session.folder)
    print(f"Your files: {session.folder.name}/solution.py; results of this notebook: {results}/")
