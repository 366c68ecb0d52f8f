"""`python -m quantlab.training` writes weights that load and a record of how they were made."""

import json
import os
import signal
from functools import partial

import pytest
import torch
from torch.nn import functional as F

from quantlab.data.images import ImageSet
from quantlab.data.split import held_out_split
from quantlab.errors import DataNotFound
from quantlab.network.resnet import resnet20
from quantlab.training import __main__ as training
from quantlab.training.trainer import fit


@pytest.fixture
def few_images(monkeypatch, tmp_path):
    """Both splits are 40 noisy images, and the working folder is an empty one."""

    def load(name, split):
        generator = torch.Generator().manual_seed(len(split))
        pixels = torch.randint(0, 256, (40, 3, 32, 32), dtype=torch.uint8, generator=generator)
        return ImageSet("Noise", split, pixels, torch.arange(40) % 10)

    monkeypatch.setattr(training, "load_dataset", load)
    monkeypatch.chdir(tmp_path)


def run(*extra):
    arguments = "--data shapes10 --out out/model.pt --epochs 1 --small-epochs 1 --batch-size 20"
    return training.main([*arguments.split(), "--warmup-epochs", "0", *extra])


def test_training_command_writes_weights_and_their_record(few_images, tmp_path, capsys):
    assert run() == 0
    record = json.loads((tmp_path / "out/model.json").read_text())
    assert record["dataset"] == "Noise"
    assert record["test_images"] == 40
    assert record["recipe"]["warmup_epochs"] == 0
    assert record["command"].startswith("python -m quantlab.training --data shapes10 --out out/")
    assert len(record["history"]) == 1
    assert f"{record['test_accuracy']:.2f} % on the 40 test images" in capsys.readouterr().out

    state = torch.load(tmp_path / "out/model.pt", weights_only=True)
    resnet20().load_state_dict(state)
    assert str(tmp_path) not in json.dumps(record)


def test_training_command_refuses_a_changed_recipe_with_status_2(few_images, capsys):
    run()
    capsys.readouterr()
    assert run("--seed", "1") == 2
    assert "seed was 0 and is now 1" in capsys.readouterr().err


def test_training_command_refuses_an_impossible_recipe_with_status_2(few_images, capsys):
    assert run("--batch-size", "41") == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_training_command_reports_missing_data_with_status_2(monkeypatch, capsys):
    def nothing(name, split):
        raise DataNotFound("There are no data.")

    monkeypatch.setattr(training, "load_dataset", nothing)
    assert run() == 2
    assert capsys.readouterr().err == "There are no data.\n"


def test_training_command_starts_from_other_weights(few_images, tmp_path):
    run()
    before = torch.load(tmp_path / "out/model.pt", weights_only=True)
    assert run("--start", "out/model.pt", "--out", "out/again.pt", "--epochs", "0") == 0
    after = torch.load(tmp_path / "out/again.pt", weights_only=True)
    names = [name for name in before if not name.endswith("num_batches_tracked")]
    assert all(torch.equal(before[name], after[name]) for name in names)
    first, second = (
        json.loads((tmp_path / f"out/{name}.json").read_text()) for name in ("model", "again")
    )
    assert (first["start"], second["start"]) == (None, first)


def test_training_command_refuses_a_missing_start_with_status_2(few_images, capsys):
    assert run("--start", "missing.pt") == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_training_command_with_held_out_images_reads_no_test_image(
    few_images, tmp_path, capsys, monkeypatch
):
    load = training.load_dataset

    def only_train(name, split):
        assert split == "train"
        return load(name, split)

    monkeypatch.setattr(training, "load_dataset", only_train)
    monkeypatch.setattr(training, "held_out_split", partial(held_out_split, share=0.25))
    options = "--held-out --average-decay 0.9 --mixup 0.2 --unmixed-epochs 1 --label-smoothing 0.1"
    assert run(*options.split(), "--epochs", "2", "--state", "state/kept.pt") == 0
    shown = capsys.readouterr().out
    assert "epoch 2/2: loss" in shown
    assert "h left" in shown
    assert "on the 10 held-out images" in shown
    record = json.loads((tmp_path / "out/model.json").read_text())
    assert (record["held_out_images"], record["training_images"]) == (10, 30)
    assert "test_accuracy" not in record
    scores = [epoch["validation_accuracy"] for epoch in record["history"]]
    assert record["held_out_accuracy"] == max(scores)
    assert record["recipe"]["mixup"] == 0.2
    assert (tmp_path / "state/kept.pt").stat().st_size < 5_000_000
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_training_command_stops_on_a_signal_and_continues(
    few_images, tmp_path, monkeypatch, capsys, number
):
    """A real signal in the first of two epochs of two steps."""
    handler = signal.getsignal(number)
    assert run("--epochs", "2") == 0
    whole = torch.load(tmp_path / "out/model.pt", weights_only=True)
    options = ["--epochs", "2", "--out", "out/again.pt", "--state", "state.pt"]

    def interrupted(images, logits, labels):
        os.kill(os.getpid(), number)
        return F.cross_entropy(logits, labels)

    with monkeypatch.context() as patch:
        patch.setattr(training, "fit", partial(fit, loss=interrupted))
        assert run(*options) == 130
    message = (
        "Interrupted in epoch 1 of 2 at step 1 of 2. Run the same command again to continue.\n"
    )
    assert capsys.readouterr().err == message
    assert not (tmp_path / "out/again.pt").exists()
    assert signal.getsignal(number) == handler

    assert run(*options) == 0
    again = torch.load(tmp_path / "out/again.pt", weights_only=True)
    assert all(torch.equal(whole[name], again[name]) for name in whole)
