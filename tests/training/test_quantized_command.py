"""`python -m instructor.train_quantized` makes saved models with records that agree with them."""

import json

import pytest
import torch

from instructor import train_quantized
from quantlab.checkpoint import load
from quantlab.images import ImageSet
from quantlab.inference import evaluate_saved
from quantlab.resnet import resnet20


def noise(split, count):
    generator = torch.Generator().manual_seed(count)
    pixels = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8, generator=generator)
    return ImageSet("Noise", split, pixels, torch.arange(count) % 10)


@pytest.fixture
def kit(monkeypatch, tmp_path):
    """A kit with little data and no models in it yet."""
    sizes = {"train": 512, "test": 50}  # training images: no fewer than calibration takes
    monkeypatch.setattr(train_quantized, "KIT", tmp_path)
    monkeypatch.setattr(
        train_quantized, "load_dataset", lambda name, split: noise(split, sizes[split])
    )
    return tmp_path


@pytest.fixture
def float_model(kit):
    torch.manual_seed(0)
    (kit / "checkpoints").mkdir()
    torch.save(resnet20().state_dict(), kit / "checkpoints" / "resnet20_shapes10.pt")


def run(kit, *extra):
    arguments = ["--data", "shapes10", "--cells", "W4A4", "--epochs", "1"]
    return train_quantized.main([*arguments, "--out", str(kit / "models"), *extra])


def test_the_model_and_its_record_belong_together(kit, float_model, capsys):
    assert run(kit) == 0
    record = json.loads((kit / "models/shapes10/ResNet20_W4A4.json").read_text())
    saved = load(kit / "models/shapes10/ResNet20_W4A4.pt")
    assert (saved.dataset, saved.method) == (record["dataset"], "LSQ") == ("Noise", "LSQ")
    assert (saved.weight_bits, saved.act_bits) == (4, 4)
    assert record["test_accuracy"] == evaluate_saved(saved, noise("test", 50))
    assert record["test_images"] == 50
    assert record["recipe"]["epochs"] == len(record["history"]) == 1
    assert "on the 50 test images of Noise" in capsys.readouterr().out

    # The training is kept: the same command measures again, another recipe is refused.
    history = record["history"]
    assert run(kit) == 0
    again = json.loads((kit / "models/shapes10/ResNet20_W4A4.json").read_text())
    assert again["history"] == history
    assert run(kit, "--seed", "1") == 2
    assert "seed was 0 and is now 1" in capsys.readouterr().err


def test_without_a_float_model_there_is_one_sentence(kit, capsys):
    assert run(kit) == 2
    sentence = capsys.readouterr().err
    assert "resnet20_shapes10.pt" in sentence
    assert sentence.count("\n") == 1


def test_a_width_that_is_not_asked_for_is_refused(kit, capsys):
    with pytest.raises(SystemExit):
        run(kit, "--cells", "W3A3")
    assert "W3A3" in capsys.readouterr().err
