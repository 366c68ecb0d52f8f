"""Accuracy of a float network on a set of images."""

import torch
from torch import nn
from tqdm import tqdm

from quantlab.arithmetic.float32 import full_float32
from quantlab.arithmetic.malloc import keep_freed_memory
from quantlab.data.images import ImageSet, normalize


def evaluate(
    model: nn.Module,
    data: ImageSet,
    batch_size: int = 500,
    device: str | torch.device | None = None,
    progress: bool = False,
) -> float:
    """Return the top-1 accuracy in percent, in full float32 and evaluation mode.

    Afterwards the model is in its earlier mode, on `device`, and can be trained.
    """
    device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    keep_freed_memory()
    was_training = model.training
    # Before inference mode, whose tensors no training can use
    model.to(device).to(memory_format=torch.channels_last).eval()
    hits = 0
    starts = range(0, len(data), batch_size)
    with full_float32(device), torch.inference_mode():
        for start in tqdm(starts, desc="evaluating", disable=not progress):
            images = data.images[start : start + batch_size].to(device)
            labels = data.labels[start : start + batch_size].to(device)
            hits += int((model(normalize(images)).argmax(1) == labels).sum())
    model.train(was_training)
    return 100 * hits / len(data)
