"""Blocks learn to give what they gave in float, from unlabelled images, and end on the grid."""

import pytest
import torch
from torch import nn

from baselines.methods.brecq import BlockSettings, block_reconstruction
from baselines.methods.reconstruction import ReconstructionSchedule, calibration_views, cut_and_mix
from baselines.quantized_network import quantized_layers
from baselines.quantizers.base import Quantizer
from baselines.quantizers.clipped_ste import ClippedStraightThrough
from baselines.quantizers.qdrop import DroppingStep
from quantlab.data.images import normalize

KINDS = [
    BlockSettings(ReconstructionSchedule(0, 1), "rounding"),
    BlockSettings(ReconstructionSchedule(0, 1), "rounding", drop=0.5),
    BlockSettings(ReconstructionSchedule(0, 1), "free"),
]


def with_steps(settings: BlockSettings, steps: int) -> BlockSettings:
    return BlockSettings(
        ReconstructionSchedule(steps, views=2, batch=8), settings.weights, settings.drop
    )


@pytest.mark.parametrize("settings", KINDS, ids=["BRECQ", "QDrop", "AdaQuant"])
def test_block_reconstruction_brings_logits_nearer_to_float(
    settings: BlockSettings, model: nn.Module, images: torch.Tensor
) -> None:
    errors, wanted = [], model(normalize(images)).detach()
    for steps in (0, 40):
        network = block_reconstruction(model, (3, 3), images, with_steps(settings, steps))
        errors.append(float((network(normalize(images)) - wanted).detach().square().mean()))
    assert errors[1] < errors[0] * 0.8


def test_block_reconstruction_ends_on_the_grid_and_keeps_its_argument(
    model: nn.Module, images: torch.Tensor
) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    network = block_reconstruction(model, (2, 2), images[:8], with_steps(KINDS[2], 3))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    layers = quantized_layers(network)
    assert len(layers) == 19
    for layer in layers.values():
        quantizers = (layer.weight_quantizer, layer.input_quantizer)
        assert all(isinstance(quantizer, ClippedStraightThrough) for quantizer in quantizers)
        codes = layer.weight_quantizer.codes(layer.layer.weight)
        assert torch.equal(codes * layer.weight_quantizer.scale, layer.layer.weight)
        assert set(codes.unique().tolist()) <= {-2, -1, 0, 1}
        assert layer.input_quantizer.high == 3


def test_block_reconstruction_trains_batch_norm_with_free_weights_only(
    model: nn.Module, images: torch.Tensor
) -> None:
    """The first convolution and its normalization are in float, and nothing touches them."""
    norms = {n for n, m in model.named_modules() if isinstance(m, nn.BatchNorm2d)}
    for settings, trained in ((KINDS[0], set()), (KINDS[2], norms - {"bn1"})):
        network = block_reconstruction(model, (4, 4), images[:8], with_steps(settings, 3))
        moved = {
            norm
            for norm in norms
            if not torch.equal(network.get_submodule(norm).weight, model.get_submodule(norm).weight)
        }
        assert moved == trained
        for norm in norms:
            for name in ("running_mean", "running_var"):
                kept = getattr(model.get_submodule(norm), name)
                assert torch.equal(getattr(network.get_submodule(norm), name), kept)
    assert torch.equal(network.conv1.weight, model.conv1.weight)


@pytest.mark.parametrize("settings", KINDS[1:], ids=["QDrop", "AdaQuant"])
def test_block_reconstruction_is_repeatable_per_seed(
    settings: BlockSettings, model: nn.Module, images: torch.Tensor
) -> None:
    outputs = []
    images = images[:8]
    for seed in (0, 0, 1):
        network = block_reconstruction(model, (2, 2), images, with_steps(settings, 3), seed)
        outputs.append(network(normalize(images)))
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


def test_calibration_views_are_images_then_crops_and_mixtures(images: torch.Tensor) -> None:
    views = calibration_views(images, 4, torch.Generator().manual_seed(0))
    assert views.shape == (96, 3, 32, 32)
    assert torch.equal(views[:24], normalize(images))
    assert len({view.numpy().tobytes() for view in views}) > 90  # a crop may be none


def test_cut_and_mix_pastes_a_single_rectangle_of_another_image() -> None:
    """Image n is n everywhere, so that every pixel says where it comes from."""
    plain = torch.arange(40, dtype=torch.uint8).view(40, 1, 1, 1).expand(40, 3, 16, 20)
    mixed = cut_and_mix(plain, torch.Generator().manual_seed(0))
    foreign = mixed != plain
    for number in range(40):
        places = foreign[number, 0].nonzero()
        if len(places) == 0:  # the permutation left it where it was
            continue
        assert len(mixed[number][foreign[number]].unique()) == 1
        height, width = (places.max(0).values - places.min(0).values + 1).tolist()
        assert len(places) == height * width
        assert 3 <= height <= 13
        assert 4 <= width <= 16
    assert foreign.flatten(1).any(1).sum() > 30


def test_dropping_step_keeps_that_share_in_float_only_in_training() -> None:
    x = torch.rand(100, 100)
    quantizer = DroppingStep(0.5, 0, 3, drop=0.3)
    torch.manual_seed(0)
    assert (quantizer.train()(x) == x).float().mean().item() == pytest.approx(0.3, abs=0.03)
    assert torch.equal(quantizer.eval()(x), quantizer.codes(x) * quantizer.scale)


def test_dropping_step_has_the_step_gradient_of_lsq() -> None:
    x = torch.tensor([0.2, 0.9, 7.0])
    quantizer: Quantizer = DroppingStep(0.5, 0, 3).train()
    quantizer(x).sum().backward()
    (log_scale,) = quantizer.parameters()
    # code - x/s inside, the outermost code beyond; times s, because log s is the parameter
    wanted = ((0 - 0.4) + (2 - 1.8) + 3) * 0.5
    assert log_scale.grad is not None
    assert log_scale.grad.item() == pytest.approx(wanted, rel=1e-5)
