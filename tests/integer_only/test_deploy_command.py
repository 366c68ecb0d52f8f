"""`python -m baselines deploy` writes three files and says what they predict, or one sentence."""

import shutil
from pathlib import Path

import pytest
import torch

from baselines.__main__ import main
from baselines.cli import SCHEMES
from baselines.commands import deploy
from baselines.errors import MissingPackage
from baselines.integer_only import npz_file, requantize
from baselines.integer_only.run import run
from quantlab.data.cifar10 import load_dataset
from quantlab.data.images import ImageSet

KIT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def few(monkeypatch, tmp_path):
    """A folder with a model, and data sets of few images."""

    def load(name: str, split: str) -> ImageSet:
        images = load_dataset("shapes10", split).subset(torch.arange(40))
        title = {"shapes10": "Shapes-10", "cifar10": "CIFAR-10"}[name]
        return ImageSet(title, split, images.images, images.labels)

    monkeypatch.setattr(deploy, "load_dataset", load)
    monkeypatch.setattr(deploy, "calibration_images", lambda train: train.images)
    monkeypatch.chdir(tmp_path)
    shutil.copy(KIT / "instructor/checkpoints/shapes10/ResNet20_W4A4.pt", tmp_path)
    return tmp_path


def test_deploy_has_the_scheme_names_of_requantize():
    assert requantize.SCHEMES == SCHEMES


def test_deploy_measures_each_way_to_run_the_model(few, capsys):
    assert main(["deploy", "ResNet20_W4A4.pt", "--data", "shapes10", "--out", "made"]) == 0
    shown = capsys.readouterr().out
    network = npz_file.load(few / "made/ResNet20_W4A4.npz")
    test = load_dataset("shapes10", "test").subset(torch.arange(40))
    correct = (run(network, test.images).argmax(1) == test.labels).double().mean()
    (line,) = (line for line in shown.splitlines() if line.startswith("integer-only network"))
    assert line.split()[2] == f"{100 * float(correct):.2f}"
    assert line.split()[5] == f"{(few / 'made/ResNet20_W4A4.npz').stat().st_size:,}"
    for way in ("saved model", "ONNX Runtime, 16-bit stream", "ONNX Runtime, 8-bit stream"):
        assert shown.count(way) == 1
    assert {path.name for path in (few / "made").iterdir()} == {
        "ResNet20_W4A4.npz",
        "ResNet20_W4A4.onnx",
        "ResNet20_W4A4_stream8.onnx",
    }


def test_deploy_refuses_in_a_sentence_with_status_2(few, capsys, monkeypatch):
    def refused(*arguments: str) -> str:
        assert main(["deploy", *arguments]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        return error

    shapes10 = ("--data", "shapes10")
    assert "ResNet20_W8A8.pt does not exist" in refused("ResNet20_W8A8.pt", *shapes10)
    assert "made for Shapes-10" in refused("ResNet20_W4A4.pt", "--data", "cifar10")
    (few / "blocked").write_text("a file")
    assert "blocked" in refused("ResNet20_W4A4.pt", *shapes10, "--out", "blocked")

    def absent(name):
        raise MissingPackage("The package onnx is missing.")

    monkeypatch.setattr(deploy, "deployment_package", absent)
    assert "onnx is missing" in refused("ResNet20_W4A4.pt", *shapes10)
