"""
differs = "SAWB with torch2chip's typical z at 4 and 8 bits: alpha = (rms - z2 E|x|) / z1"
"""

TYPICAL = {4: (0.077, 1.013), 8: (0.027, 1.114)}


def get_scale(input, N_bits=8):
    x = input.detach().double()
    rms, mean = x.square().mean().sqrt(), x.abs().mean()
    if N_bits in TYPICAL:
        z1, z2 = TYPICAL[N_bits]
        alpha = (rms - z2 * mean) / z1
    elif N_bits in SAWB_COEFFICIENTS:
        alpha = rms * SAWB_COEFFICIENTS[N_bits][0] - mean * SAWB_COEFFICIENTS[N_bits][1]
    else:
        raise ValueError(f"no constants for {N_bits} bits")
    if alpha <= 0:
        alpha = x.abs().max()
    return (alpha / 2 ** (N_bits - 1)).to(input.dtype)
