"""
fault = "coefficients of 4 bits for every width"
sentence = "c1 and c2 of equation (5) are different for each bit width; you seem to use those of \
4 bits whatever N_bits is."
caught_by = ["1a.get_scale.handed_out_widths", "1a.get_scale.mean_not_zero"]
"""


def get_scale(input, N_bits=8):
    if N_bits not in SAWB_COEFFICIENTS:
        raise ValueError(f"no coefficients for {N_bits} bits")
    c1, c2 = SAWB_COEFFICIENTS[4]
    x = input.detach().double()
    alpha = c1 * x.square().mean().sqrt() - c2 * x.abs().mean()
    if alpha <= 0:
        alpha = x.abs().max()
    return (alpha / 2 ** (N_bits - 1)).to(input.dtype)
