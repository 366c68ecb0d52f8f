"""
fault = "c1 and c2 swapped"
sentence = "In equation (5) c1 belongs to the root of E[x^2] and c2 to E|x|; your result is the \
one with the two swapped."
caught_by = ["1a.get_scale.handed_out_widths", "1a.get_scale.mean_not_zero"]
"""


def get_scale(input, N_bits=8):
    if N_bits not in SAWB_COEFFICIENTS:
        raise ValueError(f"no coefficients for {N_bits} bits")
    c2, c1 = SAWB_COEFFICIENTS[N_bits]
    x = input.detach().double()
    alpha = c1 * x.square().mean().sqrt() - c2 * x.abs().mean()
    if alpha <= 0:
        alpha = x.abs().max()
    return (alpha / 2 ** (N_bits - 1)).to(input.dtype)
