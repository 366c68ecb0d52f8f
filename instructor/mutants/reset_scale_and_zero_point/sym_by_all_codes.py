"""
fault = "sym: divides by 2^b"
sentence = "You divide max |x| by 2^b, the number of all codes. Only half of them lie on each \
side of zero, so sym divides by 2^(b-1)."
caught_by = ["1a.reset.sym"]
"""

import torch

other_methods = reset_scale_and_zero_point


def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
    if method != "sym":
        return other_methods(input, N_bits, method)
    data = input.detach()
    scale = data.abs().max() / 2**N_bits
    return (scale if scale > 0 else torch.ones_like(scale)), 0
