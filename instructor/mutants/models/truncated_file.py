"""
fault = "hands in a file that was cut short"
sentence = "This file was cut short. Copy it again, after training has finished writing it."
caught_by = ["2d.model.W8A2"]
"""


def damage(models):
    content = models["ResNet20_W8A2.pt"]
    models["ResNet20_W8A2.pt"] = content[: len(content) // 2]
