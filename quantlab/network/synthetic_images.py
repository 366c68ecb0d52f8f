"""Images for calibration where no training image is available."""

import torch
from torch import Tensor, nn

from quantlab.data.images import IMAGE_MEAN, IMAGE_STD, normalize
from quantlab.progress_bar import progress_bar


def gaussian_images(count: int, seed: int = 0) -> Tensor:
    """Return independent Gaussian pixels, uint8 (count, 3, 32, 32), spread like those of photos."""
    generator = torch.Generator().manual_seed(seed)
    pixels = 120 + 64 * torch.randn(count, 3, 32, 32, generator=generator)
    return pixels.round().clamp(0, 255).to(torch.uint8)


def matched_images(model: nn.Module, count: int, steps: int, seed: int = 0) -> Tensor:
    """Return noise that matches the batch norm statistics of the float `model`.

    Each batch norm stores the mean and variance of its inputs on the training images. `steps` of
    Adam change the images until their statistics are the same (Cai et al. 2020, "ZeroQ").

    Returns:
        uint8 (count, 3, 32, 32), on the CPU.
    """
    device = next(model.parameters()).device
    images = normalize(gaussian_images(count, seed).to(device)).requires_grad_()
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    inputs: list[Tensor] = []
    hooks = [
        norm.register_forward_pre_hook(lambda _, args: inputs.append(args[0])) for norm in norms
    ]
    optimizer = torch.optim.Adam([images], lr=0.1)
    for _ in progress_bar(range(steps), desc="images from statistics"):
        inputs.clear()
        model(images)
        distance = torch.zeros((), device=device)
        for norm, x in zip(norms, inputs, strict=True):
            assert norm.running_mean is not None
            assert norm.running_var is not None
            variance, mean = torch.var_mean(x, (0, 2, 3))
            distance = distance + (mean - norm.running_mean).square().mean()
            distance = distance + (variance.sqrt() - norm.running_var.sqrt()).square().mean()
        optimizer.zero_grad()
        distance.backward(inputs=[images])
        optimizer.step()
    for hook in hooks:
        hook.remove()
    return to_pixels(images.detach()).cpu()


def to_pixels(images: Tensor) -> Tensor:
    """Return normalized images as uint8 pixels, of the same shape (N, 3, H, W)."""
    mean = torch.tensor(IMAGE_MEAN, device=images.device).view(1, 3, 1, 1)
    std = torch.tensor(IMAGE_STD, device=images.device).view(1, 3, 1, 1)
    return (images * std + mean).mul(255).round().clamp(0, 255).to(torch.uint8)
