"""The table has a word on each file that students submit in good faith and graders stumble on."""

import shutil

import pytest
import torch

from autograder.paths import REFERENCE, reference_models
from quantlab.network.resnet import resnet20
from quantlab.rehearsal.assess import FileLine, Rehearsal
from quantlab.rehearsal.rehearse import rehearse


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """Rehearse a submission in which every file is odd."""
    folder = tmp_path_factory.mktemp("odd")
    source = REFERENCE.read_text(encoding="utf-8")
    source += "\n# 量化\nfrom google.colab import files\n"
    (folder / "solution.py").write_bytes(source.encode("gbk"))
    models = reference_models("shapes10")
    values = torch.load(models / "ResNet20_W4A4.pt", weights_only=True)
    values = {f"_orig_mod.{name}": value for name, value in values.items()}
    torch.save(values, folder / "ResNet20_W4A4.pt")
    torch.save(resnet20(), folder / "ResNet20_W8A8.pt")
    content = (models / "ResNet20_W8A2.pt").read_bytes()
    (folder / "ResNet20_W8A2.pt").write_bytes(content[: len(content) // 2])
    shutil.copy(models / "ResNet20_W2A8.pt", folder / "ResNet20_W2A8.pth")
    shutil.copy(models / "ResNet20_W2A2.pt", folder)
    (folder / "report.md").write_text("My answers")
    return rehearse(folder)


def line(rehearsal: Rehearsal, file: str) -> FileLine:
    return next(line for line in rehearsal.files if line.file == file)


@pytest.mark.parametrize(
    ("file", "is_right", "sentence"),
    [
        ("solution.py", False, "26 of 26 public checks pass, without the lines"),
        ("ResNet20_W8A8.pt", False, "pickled"),
        ("ResNet20_W4A4.pt", True, ""),
        ("ResNet20_W8A2.pt", False, "cut short"),
        ("ResNet20_W2A8.pth", True, ""),
        ("ResNet20_W2A2.pt", True, ""),
        ("report.md", True, ""),
    ],
)
def test_rehearse_has_a_line_for_each_file(rehearsal, file, is_right, sentence) -> None:
    shown = line(rehearsal, file)
    assert shown.is_right is is_right, shown
    assert sentence in shown.sentence
    assert shown.used_for or "was not used" in shown.sentence


@pytest.mark.parametrize(
    "words",
    [
        "solution.py was read as ",
        "solution.py was graded without line",
        "'ResNet20_W2A8.pth' was used as ResNet20_W2A8.pt.",
        "_orig_mod.",
    ],
)
def test_rehearse_notes_how_files_were_understood(rehearsal: Rehearsal, words: str) -> None:
    assert any(words.casefold() in note.casefold() for note in rehearsal.notes), rehearsal.notes


def test_rehearse_says_what_needs_review_and_what_is_missing(rehearsal: Rehearsal) -> None:
    assert rehearsal.missing == ("answers.json",)
    assert any("`from google.colab import files`" in reason for reason in rehearsal.review)
    assert any("cut short" in reason for reason in rehearsal.review)
    assert not rehearsal.is_complete
    sentences = [line.sentence for line in rehearsal.files if line.sentence]
    assert len(sentences) == len(set(sentences))
