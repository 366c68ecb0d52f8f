"""What one run of the notebook works with: where it runs, for whom, on which images, how long.

`begin` finds all of this out, says it in a few lines, and returns it as a `Session`. A person sets
what a person knows, in the notebook's parameters or in the environment:

* the student's id, asked for once and kept in `student.txt`. The vectors A and B are drawn from
  it, and so are the inputs of the grader's checks; without one the notebook runs, for nobody.
* FAST (or `FAST=1`): few steps, few images, a few minutes on a processor. It uses Shapes-10 where
  no CIFAR-10 is at hand, and says so.
* DATASET: "cifar10" or "shapes10"; "" leaves the choice to what is at hand.

What a run makes (answers.json, saved models, checkpoints to resume from) is kept apart by data set
and by FAST, in `results/cifar10`, `results/shapes10-fast` and so on, so that a rehearsal never
replaces the work of a night.

`begin` can fail with a `CannotBegin`, one sentence: a torch that is too old (nothing is ever
installed from here), an id that cannot be one, no data and no network.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from quantlab.atomic_files import write_text_atomically
from quantlab.data.cifar10 import DataNotFound, load_cifar10, load_dataset
from quantlab.data.images import ImageSet
from quantlab.data.split import held_out_split
from quantlab.evaluation.float_network import evaluate
from quantlab.formats.answers import LONGEST_NAME, AnswersFile
from quantlab.formats.saved_model import load_float
from quantlab.network.calibration import CALIBRATION_COUNT, calibration_images
from quantlab.network.resnet import resnet20
from quantlab.notebook.reloading import NotImported
from quantlab.paths import DATASETS, KIT

OLDEST_TORCH = (2, 10)  # weights_only loading is unsafe before it
STUDENT_FILE = "student.txt"
NOBODY = "nobody"
CPU_BATCH, GPU_BATCH = 64, 500  # codes of 64 images fit a processor's cache: half the time of 500
FAST_TEST_IMAGES = 2_000  # all of Shapes-10, a fifth of CIFAR-10
FAST_HELD_OUT_IMAGES = 1_000  # all of Shapes-10, a fifth of CIFAR-10


class CannotBegin(Exception):
    """The notebook cannot run like this; the message says why and what to do."""


@dataclass(frozen=True)
class Session:
    """One run of the notebook. `folder` holds the student's files, `results` what the run makes.

    `train` and `held_out` are the two parts of the training set (`quantlab.data.split`). Whatever
    is chosen, such as which of two models is kept, is chosen on `held_out`; `test` is for the final
    numbers. `calibration` holds the grader's calibration images, uint8 (512, 3, 32, 32), which are
    from the whole training set. `float_model` is the pre-trained ResNet-20 in evaluation mode, on
    `device`; `float_accuracy` is its accuracy on images that it was not trained on, in percent, as
    measured when it was made.
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

    @property
    def answers(self) -> AnswersFile:
        """The file that the tables go to."""
        return AnswersFile(self.results / "answers.json", self.student, self.train.name)

    def accuracy(self, network: nn.Module, data: ImageSet | None = None) -> float:
        """Percent of `data` (default: the test images) that `network` classifies rightly."""
        batch = GPU_BATCH if self.device.type == "cuda" else CPU_BATCH
        return evaluate(network, data or self.test, batch, self.device)

    @property
    def checkpoints(self) -> Path:
        """Where interrupted trainings are resumed from."""
        return self.results / "checkpoints"


def begin(student: str | int = "", dataset: str = "", fast: bool = False) -> Session:
    """The session for these parameters in the current folder. Raises `CannotBegin`."""
    _probe_torch()
    fast = fast or os.environ.get("FAST", "") not in ("", "0")
    folder, place = Path.cwd(), where()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    name = student_id(folder, str(student) or os.environ.get("STUDENT", ""))
    dataset = dataset or os.environ.get("DATASET", "") or _at_hand(fast)
    whole, test = _images(dataset)
    calibration = calibration_images(whole, min(CALIBRATION_COUNT, len(whole)))
    train, held_out = held_out_split(whole)
    if fast:
        test = test.subset(torch.arange(min(FAST_TEST_IMAGES, len(test))))
        held_out = held_out.subset(torch.arange(min(FAST_HELD_OUT_IMAGES, len(held_out))))
    results = folder / "results" / (f"{dataset}-fast" if fast else dataset)
    if name == NOBODY:
        results = results / NOBODY
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
        float_model=_float_model(dataset, device),
        float_accuracy=record["held_out_accuracy" if held_out_unseen else "test_accuracy"],
    )
    _introduce(session)
    if not held_out_unseen:
        print(
            "The float network was trained on all training images, also on those held out: numbers "
            "on held-out images compare networks, but are higher than on new images."
        )
    return session


def where() -> str:
    """ "Colab", "VS Code", "Jupyter" or "Python": whose notebook this is."""
    if "COLAB_RELEASE_TAG" in os.environ:
        return "Colab"
    if "VSCODE_PID" in os.environ or "VSCODE_CWD" in os.environ:
        return "VS Code"
    return "Jupyter" if "JPY_PARENT_PID" in os.environ else "Python"


def student_id(folder: Path, given: str = "") -> str:
    """The id that is `given`, or kept in `folder`, or typed in now; kept there from then on.

    `NOBODY` when there is none and nobody answers. Raises `CannotBegin` for what is no id.
    """
    kept = folder / STUDENT_FILE
    name = given.strip()
    if not name and kept.is_file():
        name = kept.read_text(encoding="utf-8").strip()
    if not name:
        try:
            name = input("Your student id, as your course knows it: ").strip()
        except (EOFError, NotImplementedError, OSError):  # a run without anybody in front of it
            name = ""
    if not name:
        return NOBODY
    if not name.isprintable() or len(name) > LONGEST_NAME:
        raise CannotBegin(
            f"{name!r:.60} cannot be a student id: write at most {LONGEST_NAME} visible characters "
            f"into STUDENT, or correct {STUDENT_FILE}."
        )
    if not kept.is_file() or kept.read_text(encoding="utf-8").strip() != name:
        write_text_atomically(kept, name + "\n")
    return name


@contextmanager
def waiting() -> Iterator[None]:
    """Print one line where the block needs a function that is still to be written.

    Only the stubs of solution.py are waited for ("Question 1a: linear_quantize"), and a solution.py
    that could not be imported yet; every other error, torch's own NotImplementedError too, is an
    error.
    """
    try:
        yield
    except NotImported as problem:
        print(problem)
    except NotImplementedError as stub:
        if not str(stub).startswith("Question "):
            raise
        print(
            f"Waiting for {str(stub).replace('Question', 'question', 1)} in solution.py. Write it, "
            "then run this cell again."
        )


def _probe_torch() -> None:
    found = tuple(int(part) for part in re.findall(r"\d+", torch.__version__)[:2])
    if found < OLDEST_TORCH:
        oldest = ".".join(map(str, OLDEST_TORCH))
        raise CannotBegin(
            f"PyTorch {torch.__version__} is here, but {oldest} or later is needed: in Colab "
            "choose Runtime > Change runtime type > Runtime version, elsewhere upgrade PyTorch."
        )


def _at_hand(fast: bool) -> str:
    if not fast:
        return "cifar10"
    try:
        load_cifar10("test")
        return "cifar10"
    except DataNotFound:
        print("FAST, and no CIFAR-10 at hand: the images are those of Shapes-10, drawn here.")
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


def _float_model(dataset: str, device: torch.device) -> nn.Module:
    network = resnet20()
    state = load_float(KIT / "checkpoints" / f"resnet20_{dataset}.pt")
    network.load_state_dict(state, strict=False)  # load_float has checked the names
    return network.to(device).to(memory_format=torch.channels_last).eval()


def _float_record(dataset: str) -> dict[str, Any]:
    """Return how the float network of a data set was made, and what it reached."""
    record: dict[str, Any] = json.loads(
        (KIT / "checkpoints" / f"resnet20_{dataset}.json").read_text(encoding="utf-8")
    )
    return record


def _introduce(session: Session) -> None:
    if session.device.type == "cuda":
        machine = f"a GPU ({torch.cuda.get_device_name()})"
    else:
        machine = f"a CPU ({torch.get_num_threads()} threads, no GPU)"
    print(f"{session.place} on {machine}, PyTorch {torch.__version__}")
    if session.device.type != "cuda" and session.place == "Colab":
        print("For a GPU choose Runtime > Change runtime type > T4 GPU, and run this cell again.")
    images = (
        f"{len(session.train):,} images to train on, {len(session.held_out):,} held out to choose "
        f"by, {len(session.test):,} to test"
    )
    print(f"{session.train.name}: {images}" + (" (FAST: everything small)" if session.fast else ""))
    if session.student == NOBODY:
        print(
            "No student id: write yours into STUDENT above and run this cell again. Until then "
            "all numbers are nobody's, and nothing can be handed in."
        )
    else:
        print(
            f"Student {session.student}: your vectors A and B (question 1b) are drawn from this "
            "id, and so are the inputs with which the grader tries your functions."
        )
    kept = os.path.relpath(session.results, session.folder)
    print(f"Your files: {session.folder.name}/solution.py; what this notebook makes: {kept}/")
