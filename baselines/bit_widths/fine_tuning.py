"""Fine-tuning at given widths: the quantizers of `baselines.methods.qat`, for weights only.

LSQ in every layer of 2 bits and more, one bit by `CenteredBinary`; removed convolutions are gone.
"""

from torch import Tensor

from baselines.methods.ranges import weight_scale
from baselines.quantizers.base import Quantizer, signed_codes
from baselines.quantizers.centered_binary import CenteredBinary
from baselines.quantizers.lsq import LearnedStep


def learned_step(weight: Tensor, bits: int) -> Quantizer:
    """The quantizer that is trained along, at the step of least squared error."""
    if bits == 1:
        return CenteredBinary(weight)
    scale = weight_scale(weight, bits, "heuristic")
    return LearnedStep(*signed_codes(bits), scale, weight.numel())
