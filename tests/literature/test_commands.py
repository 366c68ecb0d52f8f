"""`python -m baselines run` and `compare`: what they say, save, and keep."""

import json

import pytest
import torch

from baselines.__main__ import main
from baselines.cli import LITERATURE_METHODS
from baselines.errors import DoesNotFit
from baselines.experiments import acceptance_targets, comparison, measurement, verify
from baselines.methods.kit_format import to_kit_format
from baselines.methods.literature import CONDITIONS, SYSTEMS, check_bits
from baselines.quantized_network import quantized_layers
from quantlab.data.images import ImageSet, normalize
from quantlab.evaluation.integer_network import IntegerResNet20
from quantlab.formats.saved_model import load


@pytest.fixture
def kit(monkeypatch, tmp_path, images, model):
    """Few noisy images in place of the data sets, and a float network of theirs."""

    def noise(name: str, part: str) -> ImageSet:
        count = {"train": 16, "test": 1}[part]
        return ImageSet("Noise", part, images.repeat(count, 1, 1, 1), torch.arange(16 * count) % 10)

    monkeypatch.setattr(measurement, "load_dataset", noise)
    monkeypatch.chdir(tmp_path)
    torch.save(model.state_dict(), tmp_path / "float.pt")
    return tmp_path


def test_literature_methods_have_the_names_of_the_command() -> None:
    assert tuple(SYSTEMS) == LITERATURE_METHODS
    assert {claim.method for claim in acceptance_targets.LITERATURE} <= set(SYSTEMS)


def test_run_reports_the_data_used_and_saves_what_fits(kit, capsys) -> None:
    arguments = ["--model", "float.pt", "--data", "shapes10"]
    assert main(["run", "ISQuant", "--bits", "W6A5", *arguments]) == 0
    shown = capsys.readouterr().out
    assert "data seen   nothing" in shown
    assert "in integers" in shown
    saved = load(kit / "runs/literature/shapes10/ISQuant/ResNet20_W6A5.pt")
    assert (saved.weight_bits, saved.act_bits) == (6, 5)
    assert main(["run", "SQuant", "--bits", "W4A32", *arguments]) == 0
    assert "not saved: " in capsys.readouterr().out
    assert not (kit / "runs/literature/shapes10/SQuant").exists()


def test_to_kit_format_computes_what_the_network_does(model, images) -> None:
    """Up to the image, which the format has in floating point."""
    network = SYSTEMS["DFQ"].quantize(model, (8, 8), images)
    expected = network(normalize(images)).detach()
    logits = IntegerResNet20(to_kit_format(network, "DFQ", "noise", (8, 8))).logits(images)
    error = float((logits - expected).square().mean() / expected.var())
    assert error < 0.05
    plain = SYSTEMS["SQuant"].quantize(model, (8, 8), images)
    with pytest.raises(DoesNotFit, match="scale per channel"):
        to_kit_format(plain, "SQuant", "noise", (8, 8))


def test_compare_shows_conditions_and_measures_each_row_once(kit, monkeypatch, capsys) -> None:
    command = [
        "compare",
        "--method",
        "SQuant",
        "--method",
        "DFQ",
        "--bits",
        "W8A8",
        "--bits",
        "W4A32",
    ]
    command += ["--model", "float.pt"]
    assert main([*command, "--data", "shapes10"]) == 0
    table = capsys.readouterr().out
    assert "✓" in table
    assert "✗" in table
    rows = json.loads((kit / "runs/literature/shapes10/compare.json").read_text())["rows"]
    assert [(row["method"], row["cell"]) for row in rows] == [
        ("SQuant", "W8A8"),
        ("SQuant", "W4A32"),
        ("DFQ", "W8A8"),
        ("DFQ", "W4A32"),
    ]
    assert "</svg>" in (kit / "runs/literature/shapes10/compare.svg").read_text()
    monkeypatch.setattr(comparison, "measure", None)
    assert main([*command, "--data", "shapes10"]) == 0


def test_compare_verify_fails_below_a_required_accuracy(kit, monkeypatch) -> None:
    monkeypatch.setattr(verify, "measure_seconds", lambda model: {})
    reachable = acceptance_targets.LiteratureTarget("DFQ", "W8A8", 100.0, 0.0)
    monkeypatch.setattr(verify, "LITERATURE", (reachable,))
    command = ["compare", "--verify", "--model", "float.pt"]
    assert main(command) == 0
    missed = acceptance_targets.LiteratureTarget("DFQ", "W8A8", 101.0, 101.0, drop=False)
    monkeypatch.setattr(verify, "LITERATURE", (reachable, missed))
    assert main(command) == 1
    assert main([*command, "--data", "shapes10"]) == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "Magic"], "There is no 'Magic'"),
        (["run", "ISQuant", "--bits", "W8"], "got 'W8'"),
        (["run", "ISQuant", "--bits", "W4A32"], "ISQuant does not support W4A32"),
        (["compare", "--method", "Magic"], "There is no 'Magic'"),
        (["compare", "--methods", "DFQ"], "--methods is now --method"),
        (["compare", "--bits", "W8A8,W4A4"], "--bits W8A8 --bits W4A4"),
        (["compare", "--verify", "--bits", "W8A8"], "leave --bits out"),
    ],
)
def test_literature_commands_refuse_unknown_arguments(kit, arguments, sentence, capsys) -> None:
    assert main([*arguments, "--model", "float.pt", "--data", "shapes10"]) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_literature_methods_have_the_conditions_of_their_networks(model, images) -> None:
    """What the table claims can be seen in the layers."""
    assert len(CONDITIONS) == 6
    for name in ("DFQ", "SQuant", "ISQuant", "ZeroQ on noise"):
        method = SYSTEMS[name]
        check_bits(name, (8, 8))
        network = method.quantize(model, (8, 8), images)
        layers = quantized_layers(network).values()
        per_layer = all(layer.weight_quantizer.scale.numel() == 1 for layer in layers)
        symmetric = all(not layer.weight_quantizer.zero_point.any() for layer in layers)
        folded = all(layer.layer.bias is not None for layer in layers)
        conditions = method.conditions
        assert (per_layer, symmetric, folded) == (
            conditions.per_layer,
            conditions.symmetric,
            conditions.folded,
        )
        assert (method.images == 0) or not method.synthetic
