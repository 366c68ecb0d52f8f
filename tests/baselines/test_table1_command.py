"""`python -m baselines table1` makes rows with their models, once, and verifies committed ones."""

import json

import pytest
import torch

from baselines.__main__ import main
from baselines.cli import PTQ_METHODS, QAT_METHODS
from baselines.experiments import acceptance_targets, measurement, table1, verify
from baselines.experiments.acceptance_targets import AccuracyTarget
from baselines.methods.ptq import PTQ_METHODS as PTQ
from baselines.methods.qat import QAT_METHODS as QAT
from quantlab.data.images import ImageSet
from quantlab.evaluation.integer_network import evaluate_saved
from quantlab.formats.saved_model import load


@pytest.fixture
def kit(request, monkeypatch, tmp_path, images, model):
    """Few noisy images in place of the data sets, and a float network of theirs."""
    copies = getattr(request, "param", 44)  # PTQ calibrates on 1,024 images

    def noise(name: str, part: str) -> ImageSet:
        count = {"train": copies, "test": 2}[part]
        labels = torch.arange(24 * count) % 10
        return ImageSet("Noise", part, images.repeat(count, 1, 1, 1), labels)

    monkeypatch.setattr(measurement, "load_dataset", noise)
    monkeypatch.setattr(verify, "load_dataset", noise)
    monkeypatch.chdir(tmp_path)
    torch.save(model.state_dict(), tmp_path / "float.pt")
    return tmp_path


# Training calibrates on 512 images, also without the tenth that is held out.
ONLY_TRAINING = pytest.mark.parametrize("kit", [24], indirect=True)


def run(*extra: str) -> int:
    arguments = "table1 --data shapes10 --start float.pt --cell W4A4 --no-compile --epochs 1"
    return main([*arguments.split(), *extra])


def test_table1_methods_have_the_names_of_the_command():
    assert tuple(PTQ) == PTQ_METHODS
    assert tuple(QAT) == QAT_METHODS


def test_table1_writes_a_model_and_a_matching_record_per_row(kit, capsys):
    assert run("--method", "sym") == 0
    shown = capsys.readouterr().out
    for kind in ("ptq", "qat"):
        path = kit / f"runs/table1/shapes10/{kind}/sym/ResNet20_W4A4.pt"
        record = json.loads(path.with_suffix(".json").read_text())
        test = measurement.load_dataset("shapes10", "test")
        assert record["accuracy"] == round(evaluate_saved(load(path), test), 2)
        assert record["images"] == 48
        assert record["command"].startswith("python -m baselines table1 --data shapes10")
        assert f"{record['accuracy']:.2f}" in shown
    assert record["recipe"]["epochs"] == 1
    assert len(record["history"]) == 1
    assert (kit / "runs/table1/shapes10/curves.svg").read_text().count("</svg>") == 1


def test_table1_skips_finished_rows(kit, monkeypatch, capsys):
    run("--method", "sym")
    first = capsys.readouterr().out.splitlines()[-3:]
    monkeypatch.setattr(table1.ptq, "post_training", None)
    monkeypatch.setattr(table1.qat, "train_quantized", None)
    assert run("--method", "sym") == 0
    assert capsys.readouterr().out.splitlines()[-3:] == first
    with pytest.raises(TypeError):
        run("--method", "sym", "--epochs", "2")


@ONLY_TRAINING
def test_table1_trains_once_per_seed(kit, capsys):
    assert run("--method", "LSQ", "--seeds", "2", "--only", "qat") == 0
    assert "±" in capsys.readouterr().out
    rows = json.loads((kit / "runs/table1/shapes10/table1.json").read_text())["rows"]
    assert [row["seed"] for row in rows] == [0, 1]


@ONLY_TRAINING
def test_table1_validate_holds_out_training_images(kit, monkeypatch, capsys):
    assert run("--method", "LSQ", "--only", "qat", "--validate") == 0
    (row,) = json.loads((kit / "runs/table1/shapes10/table1.json").read_text())["rows"]
    assert (row["split"], row["images"]) == ("validation", 60)
    assert row["recipe"]["training_images"] == 24 * 24 - 60
    assert "validation_accuracy" in row["history"][0]


@ONLY_TRAINING
def test_table1_replaces_a_row_when_its_model_is_replaced(kit, monkeypatch, capsys):
    """Another recipe takes the place of the model, a validation has a place of its own."""
    table = kit / "runs/table1/shapes10/table1.json"
    for extra in (("--epochs", "1"), ("--epochs", "0"), ("--validate",)):
        assert run("--method", "LSQ", "--only", "qat", *extra) == 0
    rows = json.loads(table.read_text())["rows"]
    assert [(row["split"], row["recipe"]["epochs"]) for row in rows] == [
        ("test", 0),
        ("validation", 1),
    ]
    records = sorted(table.parent.glob("qat/*/ResNet20_W4A4.json"))
    assert [json.loads(path.read_text())["split"] for path in records] == ["test", "validation"]


def test_table1_reports_a_missing_file_in_a_sentence_with_status_2(kit, capsys):
    assert run("--start", "missing.pt") == 2
    error = capsys.readouterr().err
    assert "missing.pt" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--cell", "W5A5"), "There is no 'W5A5': choose from W8A8; W4A4"),
        (("--method", "magic"), "There is no 'magic'"),
        (("--cell", "W4A4,W2A2"), "Repeat the option for a list: --cell W4A4 --cell W2A2"),
        (("--method", "sym,LSQ"), "Repeat the option for a list: --method sym --method LSQ"),
        (("--cells", "W4A4"), "--cells is now --cell"),
        (("--verify", "--keep"), "--verify measures the committed models: leave"),
        (("--keep", "--validate"), "leave --validate out"),
        (("--only", "ptq"), "--only ptq trains nothing: leave --epochs out"),
    ],
)
def test_table1_refuses_options_with_status_2(kit, capsys, arguments, sentence):
    assert run(*arguments) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_table1_refuses_to_overwrite_results_of_another_kind(kit, capsys):
    table = kit / "runs/table1/shapes10/table1.json"
    table.parent.mkdir(parents=True)
    table.write_text('{"something": "else"}')
    assert run("--method", "sym") == 2
    assert "move it away" in capsys.readouterr().err
    assert table.read_text() == '{"something": "else"}'


@pytest.fixture
def committed(kit, capsys):
    """A folder like the kit's, with two models that were made here."""
    run("--method", "sym")
    capsys.readouterr()
    results = kit / "runs/table1/shapes10"
    places = {
        "ptq": kit / "baselines/models/cifar10/sym",
        "qat": kit / "instructor/checkpoints/cifar10",
    }
    for kind, place in places.items():
        place.mkdir(parents=True)
        for path in (results / kind / "sym").iterdir():
            path.rename(place / path.name)
    (kit / "checkpoints").mkdir()
    (kit / "float.pt").rename(kit / "checkpoints/resnet20_cifar10.pt")
    accuracy = json.loads((places["ptq"] / "ResNet20_W4A4.json").read_text())["float_accuracy"]
    record = kit / "checkpoints/resnet20_cifar10.json"
    record.write_text(json.dumps({"test_accuracy": accuracy}))
    return kit


@pytest.fixture
def easy(monkeypatch):
    """Targets that noise reaches."""
    monkeypatch.setattr(acceptance_targets, "FLOAT_MUST", 0.0)
    for table in ("QAT", "HANDOUT_PTQ"):
        monkeypatch.setattr(acceptance_targets, table, {"W4A4": AccuracyTarget(0.0, None, None)})


def test_verify_table1_measures_committed_models_again(committed, easy):
    models = list(verify.verify_table1("cifar10", committed))
    assert [model.path.name for model in models][1:] == ["ResNet20_W4A4.pt"] * 2
    assert all(model.holds for model in models)


def test_verify_table1_rejects_a_model_below_its_target(committed, easy, monkeypatch):
    monkeypatch.setattr(acceptance_targets, "QAT", {"W4A4": AccuracyTarget(99.0, None, None)})
    holds = [model.holds for model in verify.verify_table1("cifar10", committed)]
    assert holds == [True, False, True]


def test_verify_table1_rejects_a_model_that_differs_from_its_record(committed, easy):
    record = committed / "baselines/models/cifar10/sym/ResNet20_W4A4.json"
    content = json.loads(record.read_text())
    record.write_text(json.dumps({**content, "test_accuracy": content["test_accuracy"] + 0.11}))
    holds = [model.holds for model in verify.verify_table1("cifar10", committed)]
    assert holds == [True, True, False]
