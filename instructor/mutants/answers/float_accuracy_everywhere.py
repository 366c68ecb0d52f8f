"""
fault = "reports the accuracy of the float model everywhere"
sentence = "All your rows hold the accuracy of the float model. Measure the quantized model of \
each row."
caught_by = ["2c.ptq.SAWB", "2c.ptq.sym"]
"""

import json
from pathlib import Path

import quantlab

CHECKPOINTS = Path(quantlab.__file__).resolve().parent.parent / "checkpoints"


def falsify(record):
    dataset = {"CIFAR-10": "cifar10", "Shapes-10": "shapes10"}[record["dataset"]]
    text = (CHECKPOINTS / f"resnet20_{dataset}.json").read_text(encoding="utf-8")
    for accuracies in record["table1"]["ptq"].values():
        for method in accuracies:
            accuracies[method] = json.loads(text)["test_accuracy"]
