"""The notebook knows where it runs and for whom, asks once, and keeps results apart."""

from pathlib import Path

import pytest
import torch

from quantlab.data.images import ImageSet
from quantlab.errors import CannotBegin, DataNotFound
from quantlab.notebook import session as sessions
from quantlab.notebook.session import NO_STUDENT, begin, notebook_host, student_id, waiting


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder of one's own, and nothing in the environment that a session looks at."""
    monkeypatch.chdir(tmp_path)
    for name in ("STUDENT", "FAST", "DATASET", "COLAB_RELEASE_TAG", "CIFAR10_ROOT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def small_images(monkeypatch: pytest.MonkeyPatch) -> None:
    def images(name: str, count: int) -> ImageSet:
        pixels = torch.zeros(count, 3, 32, 32, dtype=torch.uint8)
        return ImageSet(name, "some", pixels, torch.zeros(count, dtype=torch.int64))

    def load(name: str, split: str) -> ImageSet:
        return images("Shapes-10", 40)

    def load_cifar10(split: str, download: bool = False) -> ImageSet:
        return images("CIFAR-10", 3_000)

    monkeypatch.setattr(sessions, "load_dataset", load)
    monkeypatch.setattr(sessions, "load_cifar10", load_cifar10)


def close_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", refuse)


def test_student_id_asks_once_and_keeps_the_id(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr("builtins.input", lambda prompt: " ada ")
    assert student_id(tmp_path) == "ada"
    close_input(monkeypatch)
    assert student_id(tmp_path) == "ada"


def test_student_id_replaces_the_kept_id_by_its_argument(tmp_path: Path) -> None:
    student_id(tmp_path, "ada")
    assert student_id(tmp_path, "grace") == "grace"
    assert student_id(tmp_path) == "grace"


def test_begin_takes_a_number_as_the_id(small_images) -> None:
    assert begin(2023001, "shapes10").student == "2023001"


def test_student_id_without_input_is_no_student_and_keeps_nothing(monkeypatch, tmp_path) -> None:
    close_input(monkeypatch)
    assert student_id(tmp_path) == NO_STUDENT
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a\x00b", "x" * 101])
def test_student_id_refuses_an_invalid_id(tmp_path: Path, name: str) -> None:
    with pytest.raises(CannotBegin, match="cannot be a student id"):
        student_id(tmp_path, name)


@pytest.mark.parametrize(
    ("variable", "place"), [("COLAB_RELEASE_TAG", "Colab"), ("VSCODE_PID", "VS Code")]
)
def test_notebook_host_returns_the_current_host(monkeypatch, variable: str, place: str) -> None:
    monkeypatch.setenv(variable, "1")
    assert notebook_host() == place


@pytest.mark.usefixtures("small_images")
def test_begin_keeps_fast_results_apart(capsys) -> None:
    slow, fast = begin("ada", "cifar10"), begin("ada", "cifar10", fast=True)
    assert slow.results.name == "cifar10"
    assert fast.results.name == "cifar10-fast"
    assert (len(slow.test), len(fast.test)) == (3_000, 2_000)
    fast.answers.record_accuracy("ptq", "W8A8", "sym", 90)
    assert slow.answers.read().table1["ptq"]["W8A8"]["sym"] is None
    assert "FAST" in capsys.readouterr().out


@pytest.mark.usefixtures("small_images")
def test_begin_holds_out_a_tenth_of_the_training_images(capsys) -> None:
    slow, fast = begin("ada", "cifar10"), begin("ada", "cifar10", fast=True)
    assert (len(slow.train), len(slow.held_out)) == (2_700, 300)
    assert (len(fast.train), len(fast.held_out)) == (2_700, 300)
    assert len(slow.calibration) == 512
    assert slow.float_accuracy == pytest.approx(92.9, abs=0.1)
    output = capsys.readouterr().out
    assert "2,700 images to train on, 300 held out" in output
    assert "trained on all training images, also on those held out" in output


@pytest.mark.usefixtures("small_images")
def test_begin_keeps_anonymous_answers_apart(monkeypatch) -> None:
    close_input(monkeypatch)
    begin(dataset="shapes10").answers.record_accuracy("ptq", "W8A8", "sym", 90)
    begin("ada", "shapes10").answers.record_accuracy("ptq", "W8A8", "sym", 91)  # no BadAnswers


@pytest.mark.usefixtures("small_images")
def test_begin_takes_drawn_images_in_fast_mode_without_cifar10(monkeypatch, capsys) -> None:
    def missing(split: str, download: bool = False) -> ImageSet:
        raise DataNotFound("not here")

    monkeypatch.setattr(sessions, "load_cifar10", missing)
    monkeypatch.setenv("FAST", "1")
    session = begin("ada")
    assert session.train.name == "Shapes-10"
    assert "Shapes-10" in capsys.readouterr().out
    with pytest.raises(CannotBegin, match=r"not here.*shapes10"):
        begin("ada", "cifar10")


@pytest.mark.usefixtures("small_images")
def test_begin_prints_what_depends_on_the_id(capsys) -> None:
    begin("ada", "shapes10")
    text = capsys.readouterr().out
    assert "vectors A and B" in text
    assert "inputs" in text


def test_begin_refuses_an_old_torch_and_installs_nothing(monkeypatch) -> None:
    monkeypatch.setattr(torch, "__version__", "2.9.1+cu126")
    with pytest.raises(CannotBegin, match=r"2\.9\.1\+cu126.*2\.10"):
        begin("ada", "shapes10")


def test_begin_refuses_an_unknown_data_set() -> None:
    with pytest.raises(CannotBegin, match="imagenet"):
        begin("ada", "imagenet")


def test_waiting_prints_a_stub_in_a_single_line(capsys) -> None:
    with waiting():
        raise NotImplementedError("Question 2a: _quantize_func_STE")
    line = capsys.readouterr().out
    assert "question 2a: _quantize_func_STE" in line
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    "error", [NotImplementedError("aten::_fused on 'mps'"), ValueError("Question 2a: no")]
)
def test_waiting_passes_other_errors_on(error: Exception) -> None:
    with pytest.raises(type(error)), waiting():
        raise error


@pytest.mark.usefixtures("small_images")
def test_session_accuracy_uses_test_images_or_its_argument() -> None:
    session = begin("ada", "shapes10")
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 10))
    torch.nn.init.zeros_(network[1].weight)
    network[1].bias.data = torch.eye(10)[0]  # always class 0, which every image here is
    assert session.accuracy(network) == 100
    half = torch.arange(40) % 2
    assert session.accuracy(network, ImageSet("some", "test", session.test.images, half)) == 50


@pytest.mark.usefixtures("small_images")
@pytest.mark.parametrize("entered", [2023001, 2023001.0, " 2023001 ", "2023001\u200b"])
def test_begin_takes_a_number_as_student(capsys, entered: object) -> None:
    session = begin(entered, "shapes10")
    assert session.student == "2023001"
    assert "Your id is used as '2023001'. It is stored in student.txt." in capsys.readouterr().out
    session.answers.record_accuracy("ptq", "W8A8", "sym", 91)
    assert begin("2023001", "shapes10").answers.read().student == "2023001"


@pytest.mark.parametrize("entered", [True, 3.5, ["ada"]])
def test_student_id_refuses_what_is_no_id(tmp_path: Path, entered: object) -> None:
    with pytest.raises(CannotBegin, match="an id is a text or a whole number"):
        student_id(tmp_path, entered)


@pytest.mark.usefixtures("small_images")
@pytest.mark.parametrize(
    ("count", "words"), [(1, "(1 thread, no GPU)"), (2, "(2 threads, no GPU)")]
)
def test_begin_names_the_threads(capsys, monkeypatch, count: int, words: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: count)
    begin("ada", "shapes10")
    assert words in capsys.readouterr().out
