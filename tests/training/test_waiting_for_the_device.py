"""No step of a training reads a number from the device: on a GPU the host would wait for it."""

import pytest
import torch
from step_of_student import OWN
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from instructor import solution
from quantlab.data.images import ImageSet, normalize
from quantlab.network.quantization import quantize_model
from quantlab.training import epoch_clock, fine_tuning, steps
from quantlab.training.own_step import clip_inputs_with, objective_of_step
from quantlab.training.recipe import Recipe
from quantlab.training.steps import Step, objective_of
from quantlab.training.trainer import fit

READS = ("_local_scalar_dense", "nonzero", "is_nonzero", "equal", "_unique2", "item")


class Reads(TorchDispatchMode):
    """Count the operations whose result the host needs before it continues."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        name = function.overloadpacket.__name__
        masks = [x for x in args[1] if x is not None] if name.startswith("index") else []
        self.count += name in READS or any(mask.dtype == torch.bool for mask in masks)
        return function(*args, **kwargs or {})


def images_of(count):
    generator = torch.Generator().manual_seed(5)
    pixels = torch.randint(0, 256, (count, 3, 16, 16), dtype=torch.uint8, generator=generator)
    return ImageSet("Noise", "train", pixels, torch.arange(count) % 10)


def linear_network():
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 16 * 16, 10))


def test_reads_counts_what_waits():
    with Reads() as reads:
        x = torch.ones(3)
        float(x[0]), bool(x[1] > 0), x[x > 0]
    assert reads.count == 3


def test_fit_reads_the_losses_in_groups(monkeypatch):
    """Forty steps; `tolist` of a group is one read for each number, after one wait."""
    monkeypatch.setattr(epoch_clock, "READ_SECONDS", 1e9)
    seen = []
    recipe = Recipe(epochs=2, batch_size=4)
    with Reads() as reads:
        fit(
            linear_network(),
            images_of(80),
            recipe,
            device="cpu",
            progress=False,
            watch=lambda step, losses: seen.append((step, len(losses))),
        )
    assert seen == [(0, 20), (20, 20)]  # one group for each epoch
    assert reads.count == 0


def test_step_in_float16_reads_every_twentieth_time(monkeypatch):
    network = linear_network()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, fused=True)
    objective = objective_of(lambda _, logits, labels: F.cross_entropy(logits, labels))
    step = Step(network, network, objective, optimizer, "float16", {})
    looks = []
    monkeypatch.setattr(step, "_look_for_overflows", lambda: looks.append(step._steps))
    step._device = torch.device("meta")  # not "cpu", where every step looks
    monkeypatch.setattr(steps, "autocast", lambda device, precision: torch.autocast("cpu"))
    images = images_of(8)
    batch = normalize(images.images), images.labels
    with Reads() as reads:
        for _ in range(40):
            step(*batch)
    assert looks == [20, 40]
    assert reads.count == 0


@pytest.mark.parametrize("method", ["sym", "heuristic"])
def test_kit_reads_nothing_around_the_functions_of_the_student(float_model, method):
    """SAWB of the reference asks whether alpha is positive; that is its own read."""
    images = images_of(8)
    pixels = F.pad(images.images, (8, 8, 8, 8))
    ops = WithoutReads(solution)
    network = quantize_model(float_model, ops, 4, 4, "sym", pixels)
    fine_tuning._let_input_scales_learn(network)
    clip_inputs_with(network, OWN.clip_gradient)
    network.train()
    with objective_of_step(OWN.training_step, network, float_model) as objective, Reads() as reads:
        loss, _ = objective(network, normalize(pixels), images.labels)
        loss.backward()
    assert reads.count == 0


class WithoutReads:
    """The reference with a scale that needs no comparison."""

    def __init__(self, module):
        self._module = module

    def __getattr__(self, name):
        return getattr(self._module, name)

    def reset_scale_and_zero_point(self, input, N_bits=4, method="sym"):
        return input.detach().abs().max() / 2 ** (N_bits - 1), 0
