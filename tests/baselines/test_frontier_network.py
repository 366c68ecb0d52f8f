"""Layers of any width, removed ones and one bit: what they compute, and what is packed of them."""

import pytest
import torch
from torch.nn import functional as F

from baselines.bit_widths.mixed_network import Removed, mixed_network, pack_network
from baselines.bit_widths.mixed_reconstruction import reconstruct
from baselines.bit_widths.weight_quantizers import fixed_scale, learned_log_step, learned_step
from baselines.methods.reconstruction import ReconstructionSchedule
from baselines.quantizers.centered_binary import CenteredBinary
from quantlab.data.images import normalize
from quantlab.evaluation.mixed_precision import _input_scales, packed_network
from quantlab.formats import packed_model


@pytest.fixture
def widths():
    """Every width from 0 to 8, conv1 and fc at 8."""
    return {name: i % 9 for i, name in enumerate(packed_model.LAYERS)} | {"conv1": 8, "fc": 8}


@pytest.mark.parametrize("quantizer", [fixed_scale, learned_log_step, learned_step])
def test_packed_network_computes_what_the_mixed_network_does(model, images, widths, quantizer):
    network = mixed_network(model, widths, quantizer).eval()
    packed = packed_model.unpack(packed_model.pack(pack_network(network, widths, "Noise")))
    assert packed.bit_widths == widths
    with torch.no_grad():
        expected = network(normalize(images))
        logits = packed_network(packed)(normalize(images))
    assert torch.allclose(logits, expected, rtol=1e-2, atol=1e-2 * float(expected.abs().max()))


def test_packed_network_has_16_bit_inputs(model, images, widths):
    packed = pack_network(mixed_network(model, widths, fixed_scale), widths, "Noise")
    network, inputs = packed_network(packed), []
    for convolution in (network.blocks[3].conv1, network.blocks[3].conv2):
        convolution.register_forward_pre_hook(lambda _, args: inputs.append(args[0].clone()))
    with torch.no_grad():
        network(normalize(images))
    for codes in inputs:
        assert torch.equal(codes, codes.round())
        assert float(codes.min()) >= 0
        assert 255 < float(codes.max()) < 2**16
    assert len(inputs) == 2


def test_mixed_network_replaces_removed_layers_by_constants(model, images, widths):
    removed = {**widths, "layer2.0.conv1": 0, "layer2.0.conv2": 0}
    network = mixed_network(model, removed, fixed_scale).eval()
    x = torch.rand(2, 16, 8, 8)
    with torch.no_grad():
        output = network.layer2[0](x)
        expected = F.relu(network.layer2[0].shortcut(x) + model.layer2[0].bn2.bias[:, None, None])
    assert torch.allclose(output, expected, atol=1e-6)


def test_removed_keeps_the_output_shape_of_its_convolution(model):
    x = torch.rand(2, 16, 9, 9)
    convolution = model.layer2[0].conv1
    assert Removed(convolution)(x).shape == convolution(x).shape


def test_centered_binary_codes_are_minus_1_below_zero_and_0_above():
    weight = torch.tensor([-3.0, -0.5, -0.1, 0.0, 0.1, 0.5, 3.0])
    quantizer = CenteredBinary(weight)
    assert quantizer.codes(weight).tolist() == [-1, -1, -1, 0, 0, 0, 0]
    quantized = quantizer(weight).detach()
    assert torch.equal(quantized, quantizer.codes(weight) * quantizer.scale.detach())
    assert float(quantizer.scale.detach()) == pytest.approx(2 * float(weight.abs().mean()))


def test_centered_binary_passes_gradients_within_a_step():
    weight = torch.tensor([-3.0, -0.5, 0.5, 3.0], requires_grad=True)
    quantizer = CenteredBinary(torch.tensor([0.5, 0.5]))  # a step of 1
    quantizer(weight).sum().backward()
    assert weight.grad.tolist() == [0.0, 1.0, 1.0, 0.0]


def test_reconstruct_brings_logits_nearer_to_the_float_network(model, images):
    narrow = dict.fromkeys(packed_model.LAYERS, 3)
    plain = mixed_network(model, narrow, fixed_scale).eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    learned = reconstruct(model, narrow, images, ReconstructionSchedule(steps=25, views=2, batch=8))
    with torch.no_grad():
        wanted = model(normalize(images))
        errors = [
            F.mse_loss(candidate(normalize(images)), wanted) for candidate in (learned, plain)
        ]
    assert errors[0] < 0.5 * errors[1]
    assert all(
        torch.equal(before[name], candidate) for name, candidate in model.state_dict().items()
    )
    assert packed_model.pack(pack_network(learned, narrow, "Noise"))


def test_packed_network_equals_its_description_layer_by_layer(model, images, widths):
    """Normalization apart from the convolutions, and inputs on their grids in plain arithmetic."""
    packed = pack_network(mixed_network(model, widths, fixed_scale), widths, "Noise")
    scales, plain = _input_scales(packed.tensors), model.eval()
    weights = {f"{name}.weight": packed.weight(name) for name in packed_model.LAYERS}
    plain.load_state_dict({**weights, **packed.tensors}, strict=False)

    def on_grid(scale):
        return lambda _, args: torch.round(args[0] / scale).clamp(0, 2**16 - 1) * scale

    for name, scale in scales.items():
        plain.get_submodule(name).register_forward_pre_hook(on_grid(scale))
    assert set(scales) == set(packed_model.LAYERS) - {"conv1"}
    with torch.no_grad():
        expected, logits = plain(normalize(images)), packed_network(packed)(normalize(images))
    assert torch.allclose(logits, expected, rtol=0, atol=5e-3 * float(expected.std()))
