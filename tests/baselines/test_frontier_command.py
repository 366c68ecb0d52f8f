"""`python -m baselines frontier` makes points with packed models, once, and verifies winners."""

import json
from dataclasses import replace

import pytest
import torch

from baselines.__main__ import main
from baselines.bit_widths import interaction, search_methods
from baselines.bit_widths.widths_file import read_widths
from baselines.experiments import acceptance_targets, frontier, verify
from baselines.experiments.frontier import choose_smallest
from baselines.experiments.results import FrontierPoint, FrontierResults
from quantlab.data.images import ImageSet
from quantlab.evaluation.mixed_precision import evaluate_packed
from quantlab.formats import packed_model
from quantlab.formats.packed_model import LAYERS


@pytest.fixture
def kit(monkeypatch, tmp_path, images, model):
    """Few noisy images in place of the data sets, a float network of theirs, one small budget."""

    def noise(name: str, part: str) -> ImageSet:
        count = {"train": 8, "test": 1}[part]
        labels = torch.arange(24 * count) % 10
        return ImageSet("Noise", part, images.repeat(count, 1, 1, 1), labels)

    for module in (frontier, verify):
        monkeypatch.setattr(module, "load_dataset", noise)
    monkeypatch.setattr(frontier, "MOST_IMAGES", 24)
    monkeypatch.setattr(interaction, "IMAGES", 4)
    monkeypatch.setattr(search_methods, "STATISTICS_PASSES", 1)
    small = replace(search_methods.SEARCH_METHODS["uniform"], budgets=(70,))
    monkeypatch.setitem(search_methods.SEARCH_METHODS, "uniform", small)
    monkeypatch.chdir(tmp_path)
    torch.save(model.state_dict(), tmp_path / "float.pt")
    widths = dict.fromkeys(LAYERS, 2) | {"layer3.2.conv2": 0, "layer3.1.conv1": 1}
    (tmp_path / "widths.json").write_text(json.dumps({"bit_widths": widths}))
    return tmp_path


def run(*extra: str) -> int:
    arguments = "frontier --data shapes10 --start float.pt --no-compile"
    return main([*arguments.split(), *extra])


def rows(kit):
    path = kit / "runs/frontier/shapes10/frontier.json"
    return [FrontierPoint(**row) for row in json.loads(path.read_text())["points"]]


def test_frontier_packs_a_model_with_the_recorded_accuracy_per_point(kit, capsys):
    assert run("--method", "uniform", "--student", "61.5,86.2") == 0
    shown = capsys.readouterr().out
    test = frontier.load_dataset("shapes10", "test")
    for point in rows(kit):
        path = kit / "runs/frontier/shapes10/uniform" / f"{point.name}.packed"
        model = packed_model.load(path)
        assert model.bit_widths == point.bit_widths
        assert point.accuracy == round(evaluate_packed(model, test), 2)
        assert (point.split, point.images) == ("test", 24)
    assert [point.bit_widths["fc"] for point in rows(kit)] == [2, 1]
    assert "additivity" in shown
    assert "61.50 KiB, 86.20 %" in shown
    assert (kit / "runs/frontier/shapes10/frontier.svg").read_text().count("</svg>") == 1


def test_frontier_skips_points_that_exist(kit, monkeypatch, capsys):
    run("--method", "uniform")
    first = (kit / "runs/frontier/shapes10/frontier.json").read_bytes()
    monkeypatch.setattr(frontier.search_methods, "finish_network", None)
    monkeypatch.setattr(frontier.interaction, "measure", None)
    assert run("--method", "uniform") == 0
    assert (kit / "runs/frontier/shapes10/frontier.json").read_bytes() == first
    next((kit / "runs/frontier/shapes10/uniform").iterdir()).unlink()
    with pytest.raises(TypeError):
        run("--method", "uniform")


def test_frontier_trains_and_packs_widths_of_a_file(kit, capsys):
    monkey = ("--method", "none", "--finetune", "widths.json", "--epochs", "1", "--validate")
    assert run(*monkey) == 0
    (point,) = rows(kit)
    assert (point.method, point.split) == ("fine-tuned", "validation")
    assert point.accuracy == point.validation_accuracy
    assert point.recipe["training_images"] == 8 * 24 - 20
    assert len(point.history) == 1
    assert (point.bit_widths["layer3.2.conv2"], point.bit_widths["layer3.1.conv1"]) == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--method", "none", "--finetune", "missing.json"), "missing.json"),
        (("--method", "none", "--student", "much"), "got 'much'"),
        (("--method", "none", "--student", "bad.packed"), "bad.packed: This does not begin"),
        (("--method", "none", "--student", "bad.json"), "Expected the bits of all 20 layers"),
    ],
)
def test_frontier_refuses_unusable_files_in_a_sentence_with_status_2(
    kit, capsys, arguments, sentence
):
    (kit / "bad.packed").write_bytes(b"nothing")
    (kit / "bad.json").write_text("[]")
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--method", "magic"), "There is no 'magic'"),
        (("--method", "greedy,blocks"), "--method greedy --method blocks"),
        (("--methods", "greedy"), "--methods is now --method"),
        (("--methods",), "--methods is now --method"),
        (("--method", "none", "--method", "greedy"), "leave the other methods out"),
        (("--epochs", "1"), "--epochs belongs to --finetune"),
        (("--verify",), "leave --start out"),
    ],
)
def test_frontier_refuses_options_with_status_2(kit, capsys, arguments, sentence):
    assert run(*arguments) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_read_widths_refuses_widths_that_a_layer_may_not_have(kit):
    for name, bits in (("fc", 0), ("conv1", 9), ("fc", 2.5), ("fc", True)):
        path = kit / "wrong.json"
        path.write_text(json.dumps({**dict.fromkeys(LAYERS, 2), name: bits}))
        with pytest.raises(ValueError, match=f"for {name} in .*, got {bits}"):
            read_widths(path)


def test_frontier_measures_widths_of_a_student(kit, capsys):
    assert run("--method", "none", "--student", "widths.json") == 0
    assert "the student's model: 52.09 KiB" in capsys.readouterr().out


def point_of(bits: int, validated: float) -> FrontierPoint:
    widths = dict.fromkeys(LAYERS, bits)
    return FrontierPoint(
        *("m", widths, 0, "d", "test", 1, 0.0, validated, 0.0, "f", {}, 0.0, "t", "c"),
    )


def test_choose_smallest_ignores_test_accuracy():
    few, enough, more = point_of(1, 88.5), point_of(2, 88.6), point_of(3, 95.0)
    assert choose_smallest([more, replace(few, accuracy=99.0), enough]) == enough
    assert choose_smallest([few]) is None


@pytest.fixture
def kept(kit, monkeypatch):
    """A folder like the kit's, with a winner."""
    monkeypatch.setattr(frontier, "FLOOR", -10.0)
    monkeypatch.setattr(verify, "FLOOR", -10.0)
    monkeypatch.setitem(
        acceptance_targets.FRONTIER, "after_training", acceptance_targets.SizeTarget(40, 20)
    )
    run("--method", "uniform")
    results = FrontierResults(kit / "runs/frontier", "shapes10")
    list(verify.keep_frontier(results.contents.points, results, kit))
    (kit / "baselines/models/shapes10").rename(kit / "baselines/models/cifar10")
    return kit


def test_verify_frontier_measures_winners_again(kept):
    (winner,) = verify.verify_frontier("cifar10", kept)
    assert winner.holds
    assert winner.path.name == "after_training.packed"
    assert round(winner.kibibytes, 2) == 32.83
    committed = json.loads((winner.path.parent / "frontier.json").read_text())
    assert [len(point["bit_widths"]) for point in committed["points"]] == [20, 20]


def test_verify_frontier_rejects_large_or_wrongly_recorded_winners(kept, monkeypatch):
    (winner,) = verify.verify_frontier("cifar10", kept)
    assert not replace(winner, must=30.0).holds
    assert not replace(winner, recorded=winner.recorded + 0.2).holds
    assert not replace(winner, recorded_kibibytes=30.0).holds
    monkeypatch.setattr(verify, "FLOOR", 100.0)
    assert not winner.holds
