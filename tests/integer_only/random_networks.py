"""Small random integer networks with extreme numbers."""

from dataclasses import replace

import torch
from torch import Tensor

from baselines.integer_only.convert import input_code_table
from baselines.integer_only.graph import LARGEST_INPUT, Block, IntegerNetwork, Layer
from baselines.integer_only.requantize import (
    Multiplier,
    Requantizer,
    multiplier_at_least,
    nearest_multiplier,
)

CLASSES, LARGEST_STREAM = 10, 2**16 - 1


TYPICAL_WEIGHT = 85  # root of the mean square of codes of which a third are extreme


def random_network(seed: int, scheme: str, act_bits: int) -> IntegerNetwork:
    """Two blocks, of which the second halves the resolution, for images of 6 x 6 pixels.

    A third of the weights' codes are extreme ones; biases have both signs and are as large as the
    sums; multipliers span a factor of 16, so that outputs fall short of their range and beyond it.
    """
    generator = torch.Generator().manual_seed(seed)
    largest_code = 2**act_bits - 1

    def integers(low: int, high: int, *shape: int) -> Tensor:
        return torch.randint(low, high + 1, shape, generator=generator)

    def requantizer(count: int, typical: float) -> Requantizer:
        reals = (typical * 4 ** (2 * torch.rand(count, generator=generator).double() - 1)).tolist()
        if scheme == "fixed-point":
            return Requantizer.of(*(nearest_multiplier(real) for real in reals))
        return Requantizer.of(*(multiplier_at_least(real, scheme) for real in reals))

    def layer(name: str, shape: tuple[int, ...], code: int, outputs: int, stride: int = 1) -> Layer:
        """Whose outputs are typically `outputs` for inputs of at most `code`."""
        extreme = torch.tensor([-128, 127])[integers(0, 1, *shape)]
        weight = torch.where(integers(0, 2, *shape) == 0, extreme, integers(-128, 127, *shape))
        typical = int(TYPICAL_WEIGHT * code * weight[0].numel() ** 0.5)
        bias = integers(-typical, typical, shape[0]).to(torch.int32)
        multipliers = requantizer(shape[0], outputs / typical)
        return Layer(name, weight.to(torch.int8), bias, multipliers, code, stride)

    def block(name: str, channels: int, out: int, stride: int) -> Block:
        first, second = (out, channels, 3, 3), (out, out, 3, 3)
        return Block(
            name,
            requantizer(1, largest_code / LARGEST_STREAM),
            layer(f"{name}.conv1", first, largest_code, largest_code, stride),
            layer(f"{name}.conv2", second, largest_code, LARGEST_STREAM),
        )

    fc = layer("fc", (CLASSES, 4), largest_code, 1)
    return IntegerNetwork(
        dataset="none",
        weight_bits=8,
        act_bits=act_bits,
        scheme=scheme,
        input_codes=input_code_table(2.2 / LARGEST_INPUT),
        conv1=layer("conv1", (2, 3, 3, 3), LARGEST_INPUT, LARGEST_STREAM),
        blocks=(block("layer1.0", 2, 2, 1), block("layer2.0", 2, 4, 2)),
        pool=requantizer(1, largest_code / LARGEST_STREAM / 9),
        fc=replace(fc, requantizer=Requantizer.of(*[Multiplier(1, 0)] * CLASSES)),
        largest_stream=LARGEST_STREAM,
        scales={"input": 2.2 / LARGEST_INPUT, "stream": 1e-3, "logits": 1e-2},
    )
