"""ResNet-20 for 32x32 color images (He et al. 2016, section 4.2).

One 3x3 convolution, three stages of three residual blocks with 16, 32 and 64 channels, global
average pooling and one linear layer: 20 weighted layers, 269,722 parameters. Where a stage halves
the resolution its shortcut is option A: subsample, then pad the missing channels with zeros.
Shortcuts have no weights.

The names of the modules (`conv1`, `layer1.0.conv1`, ..., `layer3.2.conv2`, `fc`) are the keys of
every saved model of this kit.
"""

import functools
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BATCH_NORM_EPSILON = 1e-5  # of torch.nn.BatchNorm2d


class BasicBlock(nn.Module):
    """Two 3x3 convolutions, each followed by batch normalization, and an option-A shortcut."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        """Make the layers; only the first convolution has the stride."""
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.stride = stride
        self.missing_channels = out_channels - in_channels

    def shortcut(self, x: Tensor) -> Tensor:
        """Return `x`, subsampled and padded with zero channels where the shape changes."""
        if self.stride == 1 and self.missing_channels == 0:
            return x
        before = self.missing_channels // 2
        after = self.missing_channels - before
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, before, after))

    def forward(self, x: Tensor) -> Tensor:
        """Return float32 (N, out_channels, H / stride, W / stride)."""
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return F.relu(out + self.shortcut(x))


class ResNet20(nn.Module):
    """ResNet-20: from normalized float32 (N, 3, 32, 32) to logits float32 (N, num_classes)."""

    def __init__(self, num_classes: int = 10) -> None:
        """Make the layers and initialize their weights (He et al. 2015)."""
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = _stage(16, 16, stride=1)
        self.layer2 = _stage(16, 32, stride=2)
        self.layer3 = _stage(32, 64, stride=2)
        self.fc = nn.Linear(64, num_classes)
        if self.conv1.weight.is_meta:  # random numbers there import torch's compiler: a second
            return
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


def _stage(in_channels: int, channels: int, stride: int) -> nn.Sequential:
    """Return three blocks; the first changes the resolution and the number of channels."""
    return nn.Sequential(
        BasicBlock(in_channels, channels, stride),
        BasicBlock(channels, channels, 1),
        BasicBlock(channels, channels, 1),
    )


def resnet20(num_classes: int = 10) -> ResNet20:
    """Return a freshly initialized ResNet-20 (He et al. 2015 initialization)."""
    return ResNet20(num_classes)


def state_shapes() -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor of the `state_dict` by name, without step counters.

    Examples:
        >>> state_shapes()["conv1.weight"]
        (16, 3, 3, 3)
    """
    with torch.device("meta"):
        state = ResNet20().state_dict()
    return {
        name: tuple(tensor.shape)
        for name, tensor in state.items()
        if not name.endswith("num_batches_tracked")
    }


def batch_norm_affine(tensors: Mapping[str, Tensor], name: str) -> tuple[Tensor, Tensor]:
    """Return the gain and the offset of the batch norm `name`, each float64 (C,).

    They are gamma / sqrt(var + eps) and beta - mean gamma / sqrt(var + eps), of the stored
    statistics.
    """
    mean, variance, gamma, beta = (
        tensors[f"{name}.{end}"].double()
        for end in ("running_mean", "running_var", "weight", "bias")
    )
    gain = gamma / torch.sqrt(variance + BATCH_NORM_EPSILON)
    return gain, beta - mean * gain


def layer_sizes() -> dict[str, int]:
    """Return the number of weights of each of the 20 layers, from `conv1` to `fc`.

    Examples:
        >>> sizes = layer_sizes()
        >>> sizes["conv1"], sizes["fc"], sum(sizes.values())
        (432, 640, 268336)
    """
    return dict(_layer_sizes())


@functools.cache  # a network takes some time to build, even without memory for its weights
def _layer_sizes() -> tuple[tuple[str, int], ...]:
    with torch.device("meta"):
        network = ResNet20()
    return tuple(
        (name, module.weight.numel())
        for name, module in network.named_modules()
        if isinstance(module, (nn.Conv2d, nn.Linear))
    )
