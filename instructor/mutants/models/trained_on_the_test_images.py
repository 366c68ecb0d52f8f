"""
fault = "a model that was trained on the test images"
sentence = "This model is better on the test images than such a network can be without having seen \
them."
flagged = true
named = false
"""

import io
from pathlib import Path

import torch

import quantlab

MODELS = Path(quantlab.__file__).resolve().parent.parent / "instructor" / "mutants" / "models"


def damage(models):
    honest = torch.load(io.BytesIO(models["ResNet20_W8A8.pt"]), weights_only=True)
    name = honest["dataset"].lower().replace("-", "")
    file = MODELS / f"trained_on_the_test_images_{name}.pt"
    models["ResNet20_W8A8.pt"] = file.read_bytes()
