"""
fault = "leaves a layer out of the file"
sentence = "The codes of a layer are missing in this file. Save all 19 quantized layers."
caught_by = ["2d.model.W2A2"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W2A2.pt"]), weights_only=True)
    del values["layer2.0.conv2.weight_int"]
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W2A2.pt"] = changed.getvalue()
