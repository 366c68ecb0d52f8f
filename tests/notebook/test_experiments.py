"""The experiments before 2d, and the estimates of how long cells take."""

import copy
from types import SimpleNamespace

import pytest
import torch

from instructor import solution
from quantlab.data.images import ImageSet, normalize
from quantlab.network.dynamic_ranges import dynamic_ranges
from quantlab.network.fast_integers import fast_integers
from quantlab.network.quantization import quantize_model
from quantlab.notebook import experiments, time_estimates
from quantlab.training.fine_tuning import FAST_PLANS, distillation_loss
from quantlab.training.steps import objective_of
from quantlab.training.stored_codes import changed_codes


@pytest.fixture
def session(float_model, pixels, tmp_path):
    images = ImageSet("Blocks", "train", pixels.repeat(6, 1, 1, 1), torch.arange(144) % 10)
    few = images.subset(torch.arange(24))
    return SimpleNamespace(
        float_model=float_model,
        calibration=pixels,
        train=images,
        held_out=few,
        test=few,
        device=torch.device("cpu"),
        accuracy=lambda network, data: (
            100 * float((network(normalize(data.images)).argmax(1) == data.labels).float().mean())
        ),
        measured={},
        checkpoints=tmp_path,
    )


def test_dynamic_ranges_cover_the_batch_and_restore_the_scales(float_model, pixels) -> None:
    network = quantize_model(float_model, solution, 4, 4, "sym", pixels)
    layer = network.get_submodule("layer1.0.conv1")
    before = layer.input_scale.clone()
    largest = []
    layer.register_forward_hook(
        lambda module, args, out: largest.append((args[0].max(), module.input_scale.clone()))
    )
    with torch.inference_mode(), dynamic_ranges(network):
        network(normalize(pixels[:2]))
        network(normalize(pixels[:2]) * 3)
    for maximum, scale in largest:
        torch.testing.assert_close(15 * scale, maximum)
    assert largest[0][1] != largest[1][1]
    assert torch.equal(layer.input_scale, before)
    assert len(layer._forward_pre_hooks) == 0


def test_static_and_dynamic_returns_three_ranges(session) -> None:
    table = experiments.static_and_dynamic(session, solution, 8)
    assert [row[0] for row in table.rows] == ["static", "dynamic", "static"]
    assert "8 held-out images" in table.title


def test_changed_codes_move_only_with_float_weights_behind_them(float_model, pixels) -> None:
    network = quantize_model(float_model, solution, 4, 4, "sym", pixels[:6])
    state = copy.deepcopy(network.state_dict())
    objective = objective_of(distillation_loss(float_model))
    batches = [(normalize(pixels[:6]), torch.arange(6))] * 3

    def shares(rate: float, stored: bool) -> list[float]:
        return changed_codes(network, objective, batches, rate, stored)

    floats, codes = shares(1e-3, False), shares(1e-3, True)
    assert 0 < floats[0] < floats[2]
    assert codes == [0, 0, 0]
    assert shares(100.0, True)[0] > 0  # updates of more than half a step
    assert all(torch.equal(state[name], value) for name, value in network.state_dict().items())


def test_with_and_without_float_weights_counts_steps_by_powers_of_two(session, monkeypatch) -> None:
    monkeypatch.setattr(experiments, "BATCH", 4)
    table = experiments.with_and_without_float_weights(session, solution, 4)
    assert [row[0] for row in table.rows] == ["1", "2", "4"]
    assert all(row[2] == "0.00 %" for row in table.rows)


def test_estimates_measure_once_and_announce(session, capsys, monkeypatch) -> None:
    monkeypatch.setattr(time_estimates, "STEP_BATCH", 4)
    with fast_integers(solution):
        time_estimates.announce_ptq(session, solution, 10)
        time_estimates.announce_training(session, solution, FAST_PLANS.values(), 1)
        measured = dict(session.measured)
        time_estimates.announce_ptq(session, solution, 20)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("PTQ of 10 networks: about ")
    assert lines[1].startswith("5 trainings: about ")
    assert lines[2].endswith(" on this machine.")
    assert len(lines) == 3
    assert set(measured) == {"quantized image", "float image", "trained image"}
    assert session.measured == measured
    (session.checkpoints / "W4A4.pt").touch()
    with fast_integers(solution):
        time_estimates.announce_training(session, solution, FAST_PLANS.values(), 1)
    assert "not trained again" in capsys.readouterr().out
    assert all(0 < seconds < 1 for seconds in measured.values())


def test_announce_rounds_short_times_to_words(capsys) -> None:
    time_estimates.announce("A search", 4.0)
    assert capsys.readouterr().out == "A search: a few seconds on this machine.\n"


def test_announced_multiplies_the_time_of_its_block(capsys, monkeypatch) -> None:
    times = iter([10.0, 12.5])
    monkeypatch.setattr(time_estimates.time, "perf_counter", lambda: next(times))
    with time_estimates.announced("A search", 100):
        pass
    assert capsys.readouterr().out == "A search: about 4 min on this machine.\n"
