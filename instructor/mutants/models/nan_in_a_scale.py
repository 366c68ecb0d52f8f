"""
fault = "saves NaN as an input scale"
sentence = "A scale in this file is NaN: training diverged, or calibration divided by zero. Train \
or calibrate that layer again."
caught_by = ["2d.model.W2A8"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W2A8.pt"]), weights_only=True)
    values["layer3.1.conv2.input_scale"] = float("nan")
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W2A8.pt"] = changed.getvalue()
