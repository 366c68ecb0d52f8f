"""
fault = "returns alpha"
sentence = "You return alpha, the clipping value of equation (5); the scale is the width of one \
step, s = alpha / 2^(b-1)."
caught_by = ["1a.get_scale.handed_out_widths", "1a.get_scale.mean_not_zero"]
"""


def get_scale(input, N_bits=8):
    if N_bits not in SAWB_COEFFICIENTS:
        raise ValueError(f"no coefficients for {N_bits} bits")
    c1, c2 = SAWB_COEFFICIENTS[N_bits]
    x = input.detach().double()
    alpha = c1 * x.square().mean().sqrt() - c2 * x.abs().mean()
    if alpha <= 0:
        alpha = x.abs().max()
    return (alpha).to(input.dtype)
