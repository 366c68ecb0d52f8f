"""
fault = "damages the statistics of one batch normalization"
sentence = "One layer of batch normalization has a variance that does not belong to its inputs. \
Save the running statistics as training left them."
caught_by = ["2d.model.W4A4"]
"""

import io

import torch


def damage(models):
    values = torch.load(io.BytesIO(models["ResNet20_W4A4.pt"]), weights_only=True)
    name = "layer3.0.bn1.running_var"
    values[name] = values[name] / 100
    changed = io.BytesIO()
    torch.save(values, changed)
    models["ResNet20_W4A4.pt"] = changed.getvalue()
