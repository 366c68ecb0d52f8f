"""
fault = "saves the module itself"
sentence = "This file is a pickled module, which is not opened because that would run code. Save \
its tensors with the kit's save."
caught_by = ["2d.model.W8A8"]
"""

import io

import torch

from quantlab.resnet import resnet20


def damage(models):
    changed = io.BytesIO()
    torch.save(resnet20(), changed)
    models["ResNet20_W8A8.pt"] = changed.getvalue()
