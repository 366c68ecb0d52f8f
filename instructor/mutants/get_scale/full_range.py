"""
fault = "largest minus smallest number over 2^b - 1"
sentence = "Your scale spreads the codes over the whole range of the data, from its smallest to \
its largest number; SAWB computes alpha by equation (5) and clips."
caught_by = ["1a.get_scale.handed_out_widths", "1a.get_scale.mean_not_zero"]
"""


def get_scale(input, N_bits=8):
    if N_bits not in SAWB_COEFFICIENTS:
        raise ValueError(f"no coefficients for {N_bits} bits")
    width = input.detach().max() - input.detach().min()
    return (width / (2**N_bits - 1)).to(input.dtype)
