"""Saved models as people save them."""

import argparse
import datetime
from collections import OrderedDict

import numpy as np
import torch

from quantlab.network.resnet import resnet20
from quantlab.paths import KIT

W8A8 = {"checks": ["2d.model.W8A8"]}
VARIABLE = {"checks": ["3.bit_widths.accuracy"]}


def load(folder):
    """Return the values of the W8A8 model."""
    return torch.load(folder / "ResNet20_W8A8.pt", weights_only=True)


def save(folder, values, **options):
    """Write the W8A8 model again."""
    torch.save(values, folder / "ResNet20_W8A8.pt", **options)


@final("the codes are whole numbers in floating point", **W8A8)
def codes_as_floats():
    def build(folder):
        values = load(folder)
        for name, value in values.items():
            if name.endswith("weight_int"):
                values[name] = value.float()
        save(folder, values)


@noted("an accuracy of numpy is beside the tensors", says="were ignored: 'accuracy'", **W8A8)
def accuracy_of_numpy():
    def build(folder):
        save(folder, {**load(folder), "accuracy": np.float64(95.9)})


@noted(
    "an epoch is beside the tensors", says="ResNet20_W8A8.pt: entries outside the network", **W8A8
)
def epoch():
    def build(folder):
        save(folder, {**load(folder), "epoch": 120})


@noted("settings, a date and a curve are beside the tensors", says="were ignored: 'losses'", **W8A8)
def settings_and_date():
    def build(folder):
        save(
            folder,
            {
                "args": argparse.Namespace(lr=0.1, epochs=120),
                "saved_at": datetime.datetime(2026, 11, 30, 10, 0),
                "history": [{"loss": 0.3}, {"loss": 0.2}],
                "losses": np.linspace(1, 0, 120),
                **load(folder),
            },
        )


@final("the file has the format of torch before version 1.6", **W8A8)
def old_format():
    def build(folder):
        save(folder, load(folder), _use_new_zipfile_serialization=False)


@final("the file was saved with pickle's protocol 3", **W8A8)
def third_protocol():
    def build(folder):
        save(folder, load(folder), pickle_protocol=3)


@review("the file was saved with pickle's protocol 4", says="without pickle_protocol", **W8A8)
def fourth_protocol():
    def build(folder):
        save(folder, load(folder), pickle_protocol=4)


@final("the method is a long description", **W8A8)
def long_method():
    def build(folder):
        save(folder, {**load(folder), "method": "LSQ with distillation\n" * 10})


@noted("the model is averaged and counts its updates", says="'module.' was removed", **W8A8)
def averaged_model():
    def build(folder):
        values = {f"module.{name}": value for name, value in load(folder).items()}
        save(folder, {"n_averaged": torch.tensor(7), **values})


@noted("the model was compiled", says="'_orig_mod.' was removed", **W8A8)
def compiled_model():
    def build(folder):
        save(folder, OrderedDict((f"_orig_mod.{name}", v) for name, v in load(folder).items()))


@noted("a compiled model in parallel, within a module", says="read from 'model'", **W8A8)
def compiled_in_parallel():
    def build(folder):
        values = load(folder)
        save(folder, {f"module._orig_mod.model.{name}": v for name, v in values.items()})


@noted("the tensors are in a checkpoint of a training", says="read from 'net'", **W8A8)
def checkpoint_of_a_training():
    def build(folder):
        optimizer = {"state": {0: {"momentum_buffer": torch.ones(9)}}, "param_groups": [{"lr": 1}]}
        save(folder, {"net": load(folder), "acc": 95.9, "epoch": 119, "optimizer": optimizer})


@noted("the checkpoint has the best and the last model, which are equal", says="'best'", **W8A8)
def equal_models():
    def build(folder):
        values = load(folder)
        save(folder, {"best": values, "last": dict(values)})


@review("the file holds a model and its average", says="under 'model' and under 'ema'", **W8A8)
def model_and_average():
    def build(folder):
        values = load(folder)
        average = {**values, "fc.bias": values["fc.bias"] * 0.9}
        save(folder, {"model": values, "ema": average})


@final("tensors and numbers are numpy's", **W8A8)
def numpy_arrays():
    def build(folder):
        values = load(folder)
        for name, value in values.items():
            if isinstance(value, torch.Tensor):
                values[name] = value.numpy()
            elif isinstance(value, float):
                values[name] = np.float32(value)
        save(folder, values)


@final("scales are tensors in half and double precision", **W8A8)
def scales_of_other_precision():
    def build(folder):
        values = load(folder)
        for name, value in values.items():
            if name.endswith("weight_scale"):
                values[name] = torch.tensor([value], dtype=torch.float64)
        save(folder, values)


@review("the whole module was saved", says="save model.state_dict()", **W8A8)
def whole_module():
    def build(folder):
        save(folder, resnet20())


@review("a layer is there that the network does not have", says="'layer4.0.conv1.weight'", **W8A8)
def another_network():
    def build(folder):
        save(folder, {**load(folder), "layer4.0.conv1.weight": torch.zeros(64, 64, 3, 3)})


@noted("the float network of question 3 is in a checkpoint", says="'state_dict'", **VARIABLE)
def variable_in_a_checkpoint():
    def build(folder):
        state = torch.load(KIT / "checkpoints" / "resnet20_shapes10.pt", weights_only=True)
        state = {f"module.{name}": value for name, value in state.items()}
        torch.save({"state_dict": state, "epoch": 3}, folder / "ResNet20_variable.pt")


@final("the network of question 3 has the scales of its quantized layers", **VARIABLE)
def variable_with_scales():
    def build(folder):
        state = torch.load(KIT / "checkpoints" / "resnet20_shapes10.pt", weights_only=True)
        for layer in ("conv1", "layer1.0.conv1", "fc"):
            state[f"{layer}.weight_scale"] = torch.tensor(0.1)
            state[f"{layer}.input_scale"] = torch.tensor(0.1)
        torch.save(state, folder / "ResNet20_variable.pt")
