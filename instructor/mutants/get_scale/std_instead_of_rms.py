"""
fault = "standard deviation instead of the RMS"
sentence = "Equation (5) takes the root of E[x^2]. A standard deviation subtracts the mean \
first, and is the same only where the mean is zero."
caught_by = ["1a.get_scale.handed_out_widths", "1a.get_scale.mean_not_zero"]
"""


def get_scale(input, N_bits=8):
    if N_bits not in SAWB_COEFFICIENTS:
        raise ValueError(f"no coefficients for {N_bits} bits")
    c1, c2 = SAWB_COEFFICIENTS[N_bits]
    x = input.detach().double()
    alpha = c1 * x.std() - c2 * x.abs().mean()
    if alpha <= 0:
        alpha = x.abs().max()
    return (alpha / 2 ** (N_bits - 1)).to(input.dtype)
