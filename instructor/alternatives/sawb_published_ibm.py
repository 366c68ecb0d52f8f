"""
differs = "SAWB with IBM's published constants, where there are any"
"""

# from IBM's FMS model optimizer
IBM_CONSTANTS = {
    2: (3.12, -2.064),
    3: (7.509, -6.892),
    4: (12.68, -12.80),
    5: (17.74, -18.64),
    7: (28.24, -30.81),
    8: (31.76, -35.04),
}


def get_scale(input, N_bits=8):
    if N_bits in IBM_CONSTANTS:
        b1, b2 = IBM_CONSTANTS[N_bits]
    elif N_bits in SAWB_COEFFICIENTS:
        b1, b2 = SAWB_COEFFICIENTS[N_bits]
        b2 = -b2
    else:
        raise ValueError(f"SAWB for {N_bits} bits?")
    mu = input.abs().mean()
    std = input.pow(2).mean().sqrt()
    alpha = b1 * std + b2 * mu
    if alpha.item() <= 0:
        alpha = input.abs().max()
    return alpha / 2 ** (N_bits - 1)
