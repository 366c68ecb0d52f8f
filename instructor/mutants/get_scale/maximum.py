"""
fault = "max |x| instead of alpha"
sentence = "Your scale is max |x| / 2^(b-1), which is the method sym. SAWB computes alpha by \
equation (5) from E[x^2] and E|x|."
caught_by = ["1a.get_scale.handed_out_widths", "1a.get_scale.mean_not_zero"]
"""


def get_scale(input, N_bits=8):
    if N_bits not in SAWB_COEFFICIENTS:
        raise ValueError(f"no coefficients for {N_bits} bits")
    alpha = input.detach().abs().max()
    return (alpha / 2 ** (N_bits - 1)).to(input.dtype)
