"""The fastest precision is used, whatever it is; float16 does not overflow; codes see float32."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from quantlab.arithmetic.float32 import full_float32
from quantlab.data.images import ImageSet, normalize
from quantlab.evaluation.float_network import evaluate
from quantlab.network.calibration import input_histograms
from quantlab.network.resnet import resnet20
from quantlab.training.precision import (
    VARIABLE,
    autocast,
    candidates,
    fastest,
    requested,
    sentence,
    time_steps,
)
from quantlab.training.recipe import Recipe
from quantlab.training.steps import Step, fastest_precision, objective_of
from quantlab.training.trainer import fit

CPU = torch.device("cpu")
KIT = Path(__file__).resolve().parents[2]


# ---------------------------------------------------------------- the choice


def clock_of(seconds):
    """Return step and clock; each step takes the next of the seconds given for its name."""
    now, remaining = [0.0], {name: iter(times) for name, times in seconds.items()}

    def step(name):
        now[0] += next(remaining[name])

    return step, lambda: now[0]


def test_time_steps_leaves_out_the_first_and_takes_the_least():
    step, clock = clock_of({"float32": [5.0, 0.3, 0.2], "bfloat16": [4.0, 0.1, 0.4]})
    seconds = time_steps(step, ("float32", "bfloat16"), clock)
    assert seconds == pytest.approx({"float32": 0.2, "bfloat16": 0.1})
    assert fastest(seconds) == "bfloat16"


def test_time_steps_runs_a_hopeless_format_once():
    step, clock = clock_of({"float32": [0.2, 0.2, 0.2], "bfloat16": [1.6]})
    assert time_steps(step, ("float32", "bfloat16"), clock)["bfloat16"] == pytest.approx(1.6)


def test_time_steps_leaves_out_what_the_machine_cannot_run():
    def step(name):
        if name != "float32":
            raise RuntimeError("could not create a primitive")

    ticks = itertools.count()
    assert list(time_steps(step, ("float32", "float16"), lambda: next(ticks))) == ["float32"]


def test_time_steps_raises_the_errors_of_the_network():
    def step(name):
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        time_steps(step, ("float32", "bfloat16"))


def test_fastest_prefers_float32_among_equals():
    assert fastest({"float32": 0.2, "bfloat16": 0.2}) == "float32"


def test_sentence_names_the_choice_and_the_others():
    line = sentence({"float32": 0.21, "bfloat16": 0.834})
    assert line == "Training in float32: a step takes 0.21 s (bfloat16 0.834 s)"


@pytest.mark.parametrize(
    ("native", "expected"),
    [(True, ("float32", "bfloat16", "float16")), (False, ("float32", "float16"))],
)
def test_candidates_leaves_out_emulated_bfloat16_on_cuda(monkeypatch, native, expected):
    """A T4 computes bfloat16, but not natively."""
    monkeypatch.setattr(
        torch.cuda,
        "is_bf16_supported",
        lambda including_emulation=True: including_emulation or native,
    )
    assert candidates(torch.device("cuda")) == expected


def test_candidates_never_trains_in_float16_on_a_cpu():
    assert candidates(CPU) == ("float32", "bfloat16")


def test_requested_prefers_the_argument_to_the_environment(monkeypatch):
    monkeypatch.setenv(VARIABLE, "bfloat16")
    assert requested() == "bfloat16"
    assert requested("float32") == "float32"
    monkeypatch.setenv(VARIABLE, "")
    assert requested() is None


def test_requested_refuses_an_unknown_format(monkeypatch):
    monkeypatch.setenv(VARIABLE, "bf16")
    with pytest.raises(ValueError, match=r"no precision 'bf16'. Set QUANTLAB_PRECISION"):
        requested()


# ---------------------------------------------------------------- a training


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(5)
    pixels = torch.randint(0, 256, (40, 3, 16, 16), dtype=torch.uint8, generator=generator)
    return ImageSet("Noise", "train", pixels, torch.arange(40) % 10)


@pytest.fixture
def network():
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 10),
    )


RECIPE = Recipe(epochs=2, batch_size=8, learning_rate=0.1, warmup_epochs=0)


def cross_entropy(images, logits, labels):
    return F.cross_entropy(logits, labels)


def dtypes_of_convolution(network):
    dtypes = []
    network[0].register_forward_hook(lambda module, args, output: dtypes.append(output.dtype))
    return dtypes


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_fit_trains_in_the_requested_precision(network, images, precision):
    dtypes = dtypes_of_convolution(network)
    history = fit(network, images, RECIPE, device="cpu", progress=False, precision=precision)
    assert set(dtypes) == {getattr(torch, precision)}
    assert [epoch.precision for epoch in history] == [precision] * 2
    assert [epoch.record()["precision"] for epoch in history] == [precision] * 2


def test_fit_obeys_the_environment(network, images, monkeypatch, capsys):
    monkeypatch.setenv(VARIABLE, "bfloat16")
    (epoch, _) = fit(network, images, RECIPE, device="cpu", progress=False)
    assert epoch.precision == "bfloat16"
    assert capsys.readouterr().out == ""  # nothing was timed


@pytest.mark.parametrize(("slow", "chosen"), [("bfloat16", "float32"), ("float32", "bfloat16")])
def test_fit_uses_the_fastest_and_says_so(network, images, monkeypatch, capsys, slow, chosen):
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(
        "quantlab.training.steps.time_steps",
        lambda step, names: {name: 0.83 if name == slow else 0.21 for name in names},
    )
    (epoch, _) = fit(network, images, RECIPE, device="cpu", progress=False)
    assert epoch.precision == chosen
    line = f"Training in {chosen}: a step takes 0.21 s ({slow} 0.83 s)\n"
    assert capsys.readouterr().out == line


def test_fit_gives_the_same_bits_for_a_timed_and_a_requested_precision(
    network, images, monkeypatch
):
    """Timing leaves weights, statistics and random numbers as they were."""
    network.insert(5, nn.Dropout(0.5))
    start = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    results = []
    for is_requested in (True, False):
        network.load_state_dict(start)
        torch.manual_seed(3)
        if not is_requested:
            monkeypatch.delenv(VARIABLE)
            monkeypatch.setattr("quantlab.training.steps.fastest", lambda seconds: "float32")
        fit(network, images, RECIPE, device="cpu", progress=False)
        results.append({name: tensor.clone() for name, tensor in network.state_dict().items()})
    assert all(torch.equal(results[0][name], results[1][name]) for name in start)


def test_fit_leaves_a_float16_checkpoint_on_a_cpu(network, images, tmp_path, monkeypatch):
    """A training that began on a GPU continues in a format that the CPU is fast in."""
    checkpoint = tmp_path / "resume.pt"
    stops = iter([False, True])
    with pytest.raises(Exception, match="Interrupted in epoch 1"):
        fit(
            network,
            images,
            RECIPE,
            checkpoint=checkpoint,
            device="cpu",
            progress=False,
            precision="float16",
            stop=lambda: next(stops),
        )
    assert torch.load(checkpoint)["scaler"]["scale"] > 1
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr("quantlab.training.steps.fastest", lambda seconds: "bfloat16")
    history = fit(network, images, RECIPE, checkpoint=checkpoint, device="cpu", progress=False)
    assert history[0].precision == "bfloat16"


def test_fastest_precision_times_real_steps_and_names_a_candidate(network, images, capsys):
    batch = normalize(images.images[:8]), images.labels[:8]
    assert fastest_precision(network, objective_of(cross_entropy), batch) in candidates(CPU)
    assert capsys.readouterr().out.startswith("Training in ")


def test_fit_runs_a_teacher_in_its_precision(network, images):
    teacher = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.LazyLinear(10))
    dtypes = dtypes_of_convolution(teacher)

    def distillation(images, logits, labels):
        with torch.no_grad():
            target = teacher(images).float().softmax(1)
        return F.kl_div(logits.log_softmax(1), target, reduction="batchmean")

    options = {"loss": distillation, "device": "cpu", "progress": False}
    fit(network, images, RECIPE, precision="bfloat16", **options)
    assert set(dtypes) == {torch.bfloat16}


# ---------------------------------------------------------------- float16


def step_of(network, loss, scaler=None):
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    return Step(network, network, objective_of(loss), optimizer, "float16", scaler or {})


def test_step_in_float16_skips_gradients_that_overflow(network, images):
    """The first scales are too large for a loss of 1000; they are halved until they fit."""
    step = step_of(network, lambda x, logits, labels: 1000 * F.cross_entropy(logits, labels))
    before = network[5].weight.detach().clone()
    batch = normalize(images.images[:8]), images.labels[:8]
    step(*batch)
    assert torch.equal(network[5].weight, before)
    scales = [step.scaler_state()["scale"]]
    while torch.equal(network[5].weight, before):
        step(*batch)
        scales.append(step.scaler_state()["scale"])
    assert step.precision == "float16"
    assert scales == sorted(scales, reverse=True)
    assert all(bool(tensor.isfinite().all()) for tensor in network.state_dict().values())


def test_step_continues_in_float32_after_a_float16_overflow(network, images, capsys):
    """Activations above 65504 give a loss that is no number."""
    with torch.no_grad():
        network[5].weight.mul_(1e6)
    step = step_of(network, cross_entropy)
    batch = normalize(images.images[:8]), images.labels[:8]
    weight = network[5].weight.detach().clone()
    value, _ = step(*batch)
    assert float(value) == 0  # no loss before it
    assert step.precision == "float32"
    assert torch.equal(network[5].weight, weight)  # the failed step left no trace
    assert network[1].num_batches_tracked == 0
    assert all(bool(tensor.isfinite().all()) for tensor in network.state_dict().values())
    value, logits = step(*batch)
    assert value.isfinite()
    assert logits.isfinite().all()
    assert not torch.equal(network[5].weight, weight)
    assert "continues in float32" in capsys.readouterr().out


def test_step_continues_with_the_scale_of_its_state(network, images):
    first = step_of(network, cross_entropy)
    first(normalize(images.images[:8]), images.labels[:8])
    state = {**first.scaler_state(), "scale": 128.0}
    assert step_of(network, cross_entropy, state).scaler_state()["scale"] == 128.0


# ---------------------------------------------------------------- float32 for codes


def settings():
    backends = torch.backends
    return [
        backends.cuda.matmul.allow_tf32,
        backends.cudnn.allow_tf32,
        backends.cuda.matmul.fp32_precision,
        backends.cudnn.conv.fp32_precision,
        backends.mkldnn.conv.fp32_precision,
        backends.mkldnn.matmul.fp32_precision,
        torch.get_float32_matmul_precision(),
    ]


@pytest.mark.usefixtures("float32_shortened")
def test_full_float32_turns_tf32_off_and_restores_it():
    before = settings()
    with full_float32(CPU):
        assert torch.backends.cuda.matmul.fp32_precision == "ieee"
        assert torch.backends.cudnn.conv.fp32_precision == "ieee"
        assert not torch.is_autocast_enabled("cpu")
    assert settings() == before
    assert torch.is_autocast_enabled("cpu")


def test_full_float32_leaves_the_older_flags_readable():
    """Parts of torch read them, and torch refuses that while they disagree with the newer ones."""
    code = (
        "import torch; from quantlab.arithmetic.float32 import full_float32\n"
        "with full_float32(torch.device('cpu')):\n"
        "    print(torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32)\n"
        "print(torch.backends.cudnn.allow_tf32)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=KIT
    )
    assert shown.stdout == "False False\nTrue\n"


@pytest.fixture
def logits_of_evaluate(images):
    """Return what the network says while `evaluate` runs."""
    model = resnet20().eval()
    outputs = []
    model.register_forward_hook(lambda module, args, output: outputs.append(output.clone()))

    def logits():
        outputs.clear()
        evaluate(model, images, device="cpu")
        return torch.cat(outputs)

    return logits


def test_evaluate_is_full_float32_whatever_the_process_allows(logits_of_evaluate, request):
    expected = logits_of_evaluate()
    request.getfixturevalue("float32_shortened")
    assert torch.equal(logits_of_evaluate(), expected)


def test_input_histograms_is_full_float32_whatever_the_process_allows(images, request):
    model = resnet20().eval()
    expected = input_histograms(model, ["layer2.0.conv1", "fc"], images.images)
    request.getfixturevalue("float32_shortened")
    histograms = input_histograms(model, ["layer2.0.conv1", "fc"], images.images)
    for name, histogram in expected.items():
        assert torch.equal(histograms[name].counts, histogram.counts)
        assert histograms[name].maximum == histogram.maximum


@pytest.mark.parametrize(
    "work",
    [
        lambda model, images: evaluate(model, images, device="cpu"),
        lambda model, images: input_histograms(model, ["fc"], images.images),
    ],
)
def test_evaluate_and_input_histograms_turn_tf32_off(images, work):
    model, precisions = resnet20().eval(), []
    model.register_forward_hook(
        lambda module, args, output: precisions.append(
            (torch.backends.cudnn.conv.fp32_precision, torch.backends.cuda.matmul.fp32_precision)
        )
    )
    work(model, images)
    assert set(precisions) == {("ieee", "ieee")}


def test_autocast_of_float32_changes_nothing():
    with autocast(CPU, "float32"):
        assert F.linear(torch.ones(2, 2), torch.ones(2, 2)).dtype == torch.float32
    with autocast(CPU, "bfloat16"):
        assert F.linear(torch.ones(2, 2), torch.ones(2, 2)).dtype == torch.bfloat16
