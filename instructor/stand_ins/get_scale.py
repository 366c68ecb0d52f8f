"""Equation (5) with the constants of the assignment, for functions that depend on it."""


def get_scale(input, N_bits=8):
    """Return the SAWB scale."""
    c1, c2 = {
        2: (4.765, 3.342),
        3: (8.411, 7.537),
        4: (12.907, 12.803),
        5: (17.786, 18.498),
        6: (22.920, 24.484),
        7: (28.164, 30.620),
        8: (33.426, 36.818),
    }[N_bits]
    magnitudes = input.detach().double().abs()
    alpha = c1 * magnitudes.square().mean().sqrt() - c2 * magnitudes.mean()
    if alpha <= 0:
        alpha = magnitudes.max()
    return (alpha / 2 ** (N_bits - 1)).to(input.dtype)
