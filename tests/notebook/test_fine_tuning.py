"""The recipe trains through the student's functions, and resumes its own work only."""

import os
import signal
import types
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from authoring.build.stub import STUB
from instructor import solution
from quantlab.arithmetic import integer_kernels
from quantlab.data.images import ImageSet, normalize
from quantlab.errors import Stopped
from quantlab.network.fast_integers import fast_integers_if_exact
from quantlab.network.layers import QuantConv2d, QuantLinear
from quantlab.network.synthetic_images import gaussian_images, matched_images
from quantlab.notebook.needs import needs
from quantlab.notebook.session import waiting
from quantlab.paths import CELLS, cell_bits
from quantlab.protocol.execute import load_module
from quantlab.training import fine_tuning
from quantlab.training.fine_tuning import CellPlan, fine_tune

PLAN = CellPlan(epochs=1, learning_rate=0.01, batch=12)


@pytest.fixture
def train(pixels: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> ImageSet:
    monkeypatch.setattr(fine_tuning, "calibration_images", lambda images: images.images)
    monkeypatch.setattr(fine_tuning, "STATISTICS_IMAGES", 24)
    return ImageSet("Blocks", "train", pixels, torch.arange(24) % 10)


def copy_of(module: types.ModuleType) -> types.ModuleType:
    """The reference as a module of its own, to be changed."""
    copy = types.ModuleType("a copy of the reference")
    exec(Path(module.__file__).read_text(), vars(copy))
    return copy


def weights(model: nn.Module) -> torch.Tensor:
    return model.get_submodule("layer2.0.conv1").weight.detach().clone()


# ---------------------------------------------------------------- the kit's kernels


def test_fast_integers_if_exact_replaces_correct_integer_layers() -> None:
    ops = copy_of(solution)
    own = ops.integer_conv2d
    with fast_integers_if_exact(ops):
        assert ops.integer_conv2d is integer_kernels.integer_conv2d
    assert ops.integer_conv2d is own


def test_fast_integers_if_exact_lets_the_cell_name_the_first_unwritten_function(capsys) -> None:
    stub = load_module(STUB.read_text(encoding="utf-8"))
    with waiting(), fast_integers_if_exact(stub):
        needs(stub, "1a", "2b")
        raise AssertionError("the cell continued")
    assert capsys.readouterr().out.startswith("Waiting for question 1a: linear_quantize in")


def test_fast_integers_if_exact_keeps_and_reports_wrong_integer_layers(capsys) -> None:
    ops = copy_of(solution)
    ops.integer_linear = lambda input, weight: solution.integer_linear(input, weight) + 1
    own = ops.integer_conv2d
    with fast_integers_if_exact(ops):
        assert ops.integer_conv2d is own
    assert "question 2b" in capsys.readouterr().out


# ---------------------------------------------------------------- training


def test_fine_tune_trains_through_the_estimator_of_the_student(
    float_model, train, tmp_path
) -> None:
    ops = copy_of(solution)

    class Blocked(ops._quantize_func_STE):
        @staticmethod
        def backward(ctx, grad_output):
            return torch.zeros_like(grad_output), None, None, None, None

    trained = fine_tune(float_model, ops, "W4A4", "sym", train, PLAN, tmp_path)
    ops.linear_quantize_STE = Blocked.apply
    blocked = fine_tune(float_model, ops, "W4A4", "sym", train, PLAN, tmp_path)
    start = float_model.layer2[0].conv1.weight.detach()
    moved, decayed = (float((weights(m) - start).abs().max()) for m in (trained, blocked))
    assert moved > 10 * decayed  # without a gradient there is only weight decay


def test_fine_tune_leaves_the_float_network_unchanged(float_model, train, tmp_path) -> None:
    before = {name: tensor.clone() for name, tensor in float_model.state_dict().items()}
    fine_tune(float_model, solution, "W4A4", "sym", train, PLAN, tmp_path)
    after = float_model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not float_model.training


def test_fine_tune_learns_positive_activation_steps(float_model, train, tmp_path) -> None:
    network = fine_tune(float_model, solution, "W8A2", "SAWB", train, PLAN, tmp_path)
    start = fine_tune(float_model, solution, "W8A2", "SAWB", train, CellPlan(0, 0.01, 12), tmp_path)
    scales = [
        (float(a.input_scale.detach()), float(b.input_scale.detach()))
        for a, b in zip(network.modules(), start.modules(), strict=True)
        if isinstance(a, (QuantConv2d, QuantLinear))
    ]
    assert all(trained > 0 for trained, _ in scales)
    assert any(trained != untrained for trained, untrained in scales)


def test_fine_tune_does_not_repeat_a_finished_training(
    float_model, train, tmp_path, monkeypatch
) -> None:
    first = fine_tune(float_model, solution, "W4A4", "sym", train, PLAN, tmp_path)

    def refuse(*_: object) -> torch.Tensor:
        raise AssertionError("trained again")

    monkeypatch.setattr(fine_tuning, "distillation_loss", lambda teacher: refuse)
    again = fine_tune(float_model, solution, "W4A4", "sym", train, PLAN, tmp_path)
    assert torch.equal(weights(first), weights(again))


def test_fine_tune_restarts_for_another_plan_or_estimator(float_model, train, tmp_path) -> None:
    ops = copy_of(solution)
    fine_tune(float_model, ops, "W4A4", "sym", train, PLAN, tmp_path)
    fine_tune(float_model, ops, "W4A4", "sym", train, CellPlan(1, 0.02, 12), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    quantize = ops.linear_quantize_STE
    ops.linear_quantize_STE = lambda x, *rest: quantize(2 * x, *rest) / 2
    fine_tune(float_model, ops, "W4A4", "sym", train, PLAN, tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


def test_fine_tune_interrupted_in_an_epoch_says_where_and_continues_there(
    float_model, train, tmp_path
) -> None:
    """The stop button of a notebook sends SIGINT; the second step of two has not begun then."""
    whole = fine_tune(float_model, solution, "W4A4", "sym", train, PLAN, tmp_path / "whole")
    sent: list[int] = []

    def interrupting(network, teacher, images, labels):
        if not sent:
            sent.append(1)
            os.kill(os.getpid(), signal.SIGINT)
        logits = network(images)
        target = teacher(images).detach().softmax(1)
        divergence = nn.functional.kl_div(logits.log_softmax(1), target, reduction="batchmean")
        return divergence + nn.functional.cross_entropy(logits, labels)

    def train_on() -> nn.Module:
        own = fine_tuning.OwnStep(interrupting)
        return fine_tune(float_model, solution, "W4A4", "sym", train, PLAN, tmp_path, own=own)

    handler = signal.getsignal(signal.SIGINT)
    sent.append(0)  # not in the probe of the checkpoint's name
    own_digest = fine_tuning.OwnStep(interrupting).digest()
    sent.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fine_tuning.OwnStep, "digest", lambda self: own_digest)
        with pytest.raises(Stopped) as stopped:
            train_on()
        sentence = (
            "W4A4, sym: Interrupted in epoch 1 of 1 at step 1 of 2. "
            "Run the cell again to continue there."
        )
        assert str(stopped.value) == sentence
        assert stopped.value._render_traceback_() == [sentence]
        assert signal.getsignal(signal.SIGINT) == handler
        resumed = train_on()
    for name, tensor in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], tensor), name


def test_fine_tune_ignores_an_edit_elsewhere_in_solution(float_model, train, tmp_path) -> None:
    ops = copy_of(solution)
    fine_tune(float_model, ops, "W4A4", "sym", train, PLAN, tmp_path)
    ops.variable_precision_search = None
    fine_tune(float_model, ops, "W4A4", "sym", train, PLAN, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_fine_tune_starts_a_coarser_network_from_trained_weights(
    float_model, train, tmp_path
) -> None:
    finer = fine_tune(float_model, solution, "W2A8", "SAWB", train, PLAN, tmp_path)
    nothing = CellPlan(0, 0.01, 12, after="W2A8")
    coarser = fine_tune(float_model, solution, "W2A2", "SAWB", train, nothing, tmp_path, finer)
    assert torch.equal(weights(coarser), weights(finer))
    assert coarser.get_submodule("fc").quantizer.act_bits == 2


def test_plans_start_from_an_earlier_plan() -> None:
    for plans in (fine_tuning.PLANS, fine_tuning.FAST_PLANS):
        earlier: list[str] = []
        for cell, plan in plans.items():
            assert plan.after is None or plan.after in earlier
            earlier.append(cell)
        assert sorted(earlier) == sorted(CELLS)


def test_fast_plans_limit_every_training() -> None:
    """60,000 images take two cores without bfloat16 some four minutes (8 ms of one core each)."""
    image_counts = [
        plan.epochs * (plan.images or 10**9) for plan in fine_tuning.FAST_PLANS.values()
    ]
    assert sum(image_counts) <= 60_000


def test_cell_bits_refuses_another_cell() -> None:
    assert cell_bits("W2A8") == (2, 8)
    with pytest.raises(ValueError, match="W3A3"):
        cell_bits("W3A3")


# ---------------------------------------------------------------- images, sizes


def test_matched_images_are_closer_to_the_statistics_than_noise(float_model) -> None:
    def distance(images: torch.Tensor) -> float:
        inputs = []
        norm = float_model.layer3[2].bn2
        hook = norm.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
        with torch.no_grad():
            float_model(normalize(images))
        hook.remove()
        return float((inputs[0].mean((0, 2, 3)) - norm.running_mean).square().mean())

    noise = gaussian_images(8)
    matched = matched_images(float_model, 8, steps=10)
    assert matched.dtype == torch.uint8
    assert matched.shape == (8, 3, 32, 32)
    assert distance(matched) < 0.5 * distance(noise)
    assert float_model.conv1.weight.grad is None


@pytest.mark.parametrize("wrap", [nn.DataParallel, AveragedModel])
def test_fine_tune_starts_from_the_network_inside_a_wrapper(
    wrap, float_model, train, tmp_path
) -> None:
    start = fine_tune(float_model, solution, "W8A8", "sym", train, PLAN, tmp_path / "start")
    none = CellPlan(0, 0.01, 12)
    network = fine_tune(
        float_model, solution, "W8A8", "sym", train, none, tmp_path / "wrapped", wrap(start)
    )
    assert not torch.equal(weights(start), weights(float_model))
    assert torch.equal(weights(network), weights(start))
