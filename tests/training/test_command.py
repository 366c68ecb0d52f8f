"""`python -m quantlab.training` writes weights that load and a record of how they were made."""

import json

import pytest
import torch

from quantlab import training
from quantlab.data import DataNotFound
from quantlab.images import ImageSet
from quantlab.resnet import resnet20


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


def test_weights_and_record_belong_together(few_images, tmp_path, capsys):
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


def test_a_changed_recipe_is_one_sentence_and_status_2(few_images, capsys):
    run()
    capsys.readouterr()
    assert run("--seed", "1") == 2
    assert "seed was 0 and is now 1" in capsys.readouterr().err


def test_a_recipe_nobody_can_follow_is_one_sentence_and_status_2(few_images, capsys):
    assert run("--batch-size", "41") == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_missing_data_are_one_sentence_and_status_2(monkeypatch, capsys):
    def nothing(name, split):
        raise DataNotFound("There are no data.")

    monkeypatch.setattr(training, "load_dataset", nothing)
    assert run() == 2
    assert capsys.readouterr().err == "There are no data.\n"


def test_a_warm_restart_goes_on_from_given_weights(few_images, tmp_path):
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


def test_a_start_that_is_no_network_is_one_sentence_and_status_2(few_images, capsys):
    assert run("--start", "missing.pt") == 2
    assert capsys.readouterr().err.count("\n") == 1
