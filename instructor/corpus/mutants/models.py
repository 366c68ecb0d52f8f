"""Mistakes in saved models, one each."""

import contextlib
import io
from pathlib import Path

import torch

import quantlab
from quantlab.network.resnet import resnet20


@contextlib.contextmanager
def edited(models, name):
    """Yield the values of one saved model, to be changed in place."""
    values = torch.load(io.BytesIO(models[name]), weights_only=True)
    yield values
    changed = io.BytesIO()
    torch.save(values, changed)
    models[name] = changed.getvalue()


@mutant(
    "damages the statistics of one batch normalization",
    sentence=(
        "One layer of batch normalization has a variance that does not belong to its inputs. "
        "Save the running statistics as training left them."
    ),
    caught_by=["2d.model.W4A4"],
)
def batch_norm_damaged_in_one_layer():
    def damage(models):
        with edited(models, "ResNet20_W4A4.pt") as values:
            name = "layer3.0.bn1.running_var"
            values[name] = values[name] / 100


@mutant(
    "exchanges mean and shift of batch normalization",
    sentence=(
        "The running means and the shifts of batch normalization have changed places in this "
        "file. Save the state_dict under its own names."
    ),
    caught_by=["2d.model.W2A8"],
)
def batch_norm_swapped():
    def damage(models):
        with edited(models, "ResNet20_W2A8.pt") as values:
            for name in [name for name in values if name.endswith("running_mean")]:
                bias = name.replace("running_mean", "bias")
                values[name], values[bias] = values[bias], values[name]


@mutant(
    "permutes the rows of the classifier",
    sentence=(
        "The classes of this model are in another order than the data set's. Keep the labels "
        "as the data set numbers them."
    ),
    caught_by=["2d.model.W8A8"],
)
def classes_permuted():
    def damage(models):
        with edited(models, "ResNet20_W8A8.pt") as values:
            for name in ("fc.weight_int", "fc.bias"):
                values[name] = values[name].roll(1, 0)


@mutant(
    "saves codes that are all zero",
    sentence=(
        "All codes in this file are 0: the weights were divided by a scale far too large, or "
        "rounded before they were divided."
    ),
    caught_by=["2d.model.W8A2"],
)
def codes_all_zero():
    def damage(models):
        with edited(models, "ResNet20_W8A2.pt") as values:
            for name, value in values.items():
                if name.endswith("weight_int"):
                    values[name] = torch.zeros_like(value)


@mutant(
    "saves the codes before they are rounded",
    sentence="The codes in this file are not whole numbers. Round them, and save them as int8.",
    caught_by=["2d.model.W4A4"],
)
def codes_not_rounded():
    def damage(models):
        with edited(models, "ResNet20_W4A4.pt") as values:
            for name, value in values.items():
                if name.endswith("weight_int"):
                    values[name] = value.float() + 0.25


@mutant(
    "submits an empty file",
    sentence="This file is empty. Hand it in again, and look at its size first.",
    caught_by=["2d.model.W2A2"],
)
def empty_file():
    def damage(models):
        models["ResNet20_W2A2.pt"] = b""


@mutant(
    "leaves the bias of the classifier out",
    sentence="The bias of the classifier is missing in this file. It is part of the model.",
    caught_by=["2d.model.W4A4"],
)
def fc_bias_missing():
    def damage(models):
        with edited(models, "ResNet20_W4A4.pt") as values:
            del values["fc.bias"]


@mutant(
    "saves a first convolution of zeros",
    sentence=(
        "The first convolution in this file is zero, so that no image reaches the network. It"
        " stays in floating point and must be saved as well."
    ),
    caught_by=["2d.model.W2A2"],
)
def first_layer_zeroed():
    def damage(models):
        with edited(models, "ResNet20_W2A2.pt") as values:
            values["conv1.weight"] = torch.zeros_like(values["conv1.weight"])


@mutant(
    "submits the float model",
    sentence=(
        "This file holds floating-point weights without scales. Save the quantized model: "
        "codes, and two scales for each layer."
    ),
    caught_by=["2d.model.W2A8"],
)
def float_state_dict():
    def damage(models):
        with edited(models, "ResNet20_W2A8.pt") as values:
            for name in [name for name in values if name.endswith("weight_int")]:
                layer = name.removesuffix(".weight_int")
                scale = values.pop(f"{layer}.weight_scale")
                values[f"{layer}.weight"] = scale * values.pop(name).float()
                del values[f"{layer}.input_scale"]


@mutant(
    "saves the statistics of a fresh batch normalization",
    sentence=(
        "Batch normalization has mean 0 and variance 1 everywhere, as in a network that was "
        "never trained. Save the running statistics along with the weights."
    ),
    caught_by=["2d.model.W8A8"],
)
def fresh_batch_norm():
    def damage(models):
        with edited(models, "ResNet20_W8A8.pt") as values:
            for name, tensor in values.items():
                if name.endswith("running_mean"):
                    values[name] = torch.zeros_like(tensor)
                elif name.endswith("running_var"):
                    values[name] = torch.ones_like(tensor)


@mutant(
    "saves an infinite weight",
    sentence="A weight in this file is infinite. Lower the learning rate if training diverged.",
    caught_by=["2d.model.W8A8"],
)
def infinite_weight():
    def damage(models):
        with edited(models, "ResNet20_W8A8.pt") as values:
            values["conv1.weight"][3, 1, 2, 0] = float("inf")


@mutant(
    "saves input scales ten times too large",
    sentence=(
        "The input scales in this file are far too large, so that few codes are used. "
        "Calibrate on inputs that are normalized as in evaluation."
    ),
    caught_by=["2d.model.W4A4"],
)
def input_scales_ten_times_too_large():
    def damage(models):
        with edited(models, "ResNet20_W4A4.pt") as values:
            for name in [name for name in values if name.endswith("input_scale")]:
                values[name] = 10 * values[name]


@mutant(
    "leaves a layer out of the file",
    sentence="The codes of a layer are missing in this file. Save all 19 quantized layers.",
    caught_by=["2d.model.W2A2"],
)
def missing_layer():
    def damage(models):
        with edited(models, "ResNet20_W2A2.pt") as values:
            del values["layer2.0.conv2.weight_int"]


@mutant(
    "saves NaN as an input scale",
    sentence=(
        "A scale in this file is NaN: training diverged, or calibration divided by zero. "
        "Train or calibrate that layer again."
    ),
    caught_by=["2d.model.W2A8"],
)
def nan_in_a_scale():
    def damage(models):
        with edited(models, "ResNet20_W2A8.pt") as values:
            values["layer3.1.conv2.input_scale"] = float("nan")


@mutant(
    "saves a negative scale",
    sentence="A scale in this file is negative. Keep learned scales positive while you train them.",
    caught_by=["2d.model.W4A4"],
)
def negative_scale():
    def damage(models):
        with edited(models, "ResNet20_W4A4.pt") as values:
            values["layer1.2.conv2.weight_scale"] = -values["layer1.2.conv2.weight_scale"]


@mutant(
    "saves a negative variance",
    sentence=(
        "A running variance in this file is negative, which no variance can be. Save the "
        "statistics as training left them."
    ),
    caught_by=["2d.model.W8A2"],
)
def negative_variance():
    def damage(models):
        with edited(models, "ResNet20_W8A2.pt") as values:
            values["layer2.2.bn1.running_var"][5] = -0.25


@mutant(
    "saves the module itself",
    sentence=(
        "This file is a pickled module, which is not opened because that would run code. Save"
        " its tensors with the kit's save."
    ),
    caught_by=["2d.model.W8A8"],
)
def pickled_module():
    def damage(models):
        changed = io.BytesIO()
        torch.save(resnet20(), changed)
        models["ResNet20_W8A8.pt"] = changed.getvalue()


@mutant(
    "saves a scale of zero",
    sentence=(
        "A scale in this file is 0, so that all weights of its layer are 0. A scale is positive."
    ),
    caught_by=["2d.model.W8A2"],
)
def scale_of_zero():
    def damage(models):
        with edited(models, "ResNet20_W8A2.pt") as values:
            values["layer2.1.conv1.weight_scale"] = 0.0


@mutant(
    "saves a weight scale for each channel",
    sentence=(
        "This file has a scale for each output channel. Quantize per tensor, with one scale "
        "per layer."
    ),
    caught_by=["2d.model.W2A2"],
)
def scale_per_channel():
    def damage(models):
        with edited(models, "ResNet20_W2A2.pt") as values:
            name = "layer3.0.conv1.weight_scale"
            values[name] = torch.full((64,), float(values[name]))


@mutant(
    "exchanges the scales of inputs and weights",
    sentence=(
        "The scales of weights and inputs have changed places in this file. s_w belongs to "
        "the codes of the weights, s_x to those of the inputs."
    ),
    caught_by=["2d.model.W2A8"],
)
def scales_exchanged():
    def damage(models):
        with edited(models, "ResNet20_W2A8.pt") as values:
            for name in [name for name in values if name.endswith("input_scale")]:
                other = name.replace("input_scale", "weight_scale")
                values[name], values[other] = values[other], values[name]


@mutant(
    "a model that was trained on the test images",
    sentence=(
        "This model is better on the test images than such a network can be without having "
        "seen them."
    ),
    flagged=True,
    named=False,
)
def trained_on_the_test_images():
    MODELS = (
        Path(quantlab.__file__).resolve().parent.parent
        / "instructor"
        / "corpus"
        / "mutants"
        / "models"
    )

    def damage(models):
        honest = torch.load(io.BytesIO(models["ResNet20_W8A8.pt"]), weights_only=True)
        name = honest["dataset"].lower().replace("-", "")
        file = MODELS / f"trained_on_the_test_images_{name}.pt"
        models["ResNet20_W8A8.pt"] = file.read_bytes()


@mutant(
    "submits a file that was cut short",
    sentence="This file was cut short. Copy it again, after training has finished writing it.",
    caught_by=["2d.model.W8A2"],
)
def truncated_file():
    def damage(models):
        content = models["ResNet20_W8A2.pt"]
        models["ResNet20_W8A2.pt"] = content[: len(content) // 2]


@mutant(
    "adds an entry that belongs to no layer",
    sentence=(
        "This file has an entry that no layer of the network has. Submit the kit's ResNet-20"
        " and nothing else."
    ),
    caught_by=["2d.model.W8A2"],
)
def unknown_entry():
    def damage(models):
        with edited(models, "ResNet20_W8A2.pt") as values:
            values["layer4.0.conv1.weight_int"] = torch.zeros(64, 64, 3, 3, dtype=torch.int8)


@mutant(
    "submits the W4A4 model as W2A8",
    sentence=(
        "The codes in this file have 4 bits, but its name says 2. Each of the five models has"
        " a file of its own."
    ),
    caught_by=["2d.model.W2A8"],
)
def w4a4_as_w2a8():
    def damage(models):
        models["ResNet20_W2A8.pt"] = models["ResNet20_W4A4.pt"]


@mutant(
    "submits the W8A8 model as W2A2",
    sentence=(
        "The codes in this file have 8 bits, but its name says 2. Submit the model that was "
        "trained at the widths of its name."
    ),
    caught_by=["2d.model.W2A2"],
)
def w8a8_as_w2a2():
    def damage(models):
        models["ResNet20_W2A2.pt"] = models["ResNet20_W8A8.pt"]


@mutant(
    "submits the W8A8 model as W8A2",
    sentence=(
        "The input scales in this file belong to 8 bits: with 2 bits they reach a small part "
        "of the range, and all else is clipped. Calibrate and train at 2 bits."
    ),
    caught_by=["2d.model.W8A2"],
)
def w8a8_as_w8a2():
    def damage(models):
        models["ResNet20_W8A2.pt"] = models["ResNet20_W8A8.pt"]


@mutant(
    "saves a classifier for 100 classes",
    sentence="The classifier in this file has 100 outputs. The data sets here have 10 classes.",
    caught_by=["2d.model.W8A8"],
)
def wrong_shape():
    def damage(models):
        with edited(models, "ResNet20_W8A8.pt") as values:
            values["fc.weight_int"] = values["fc.weight_int"].repeat(10, 1)
