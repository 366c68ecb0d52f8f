"""
differs = "SAWB in one pass over the data, with running sums of blocks"
"""


def get_scale(input, N_bits=8):
    if N_bits not in SAWB_COEFFICIENTS:
        raise ValueError("no such width in SAWB_COEFFICIENTS")
    n, sum_abs, sum_sq, largest = 0, 0.0, 0.0, 0.0
    for block in input.detach().flatten().split(1000):
        magnitude = block.abs().double()
        n += magnitude.numel()
        sum_abs += magnitude.sum().item()
        sum_sq += (magnitude * magnitude).sum().item()
        largest = max(largest, magnitude.max().item())
    c1, c2 = SAWB_COEFFICIENTS[N_bits]
    alpha = c1 * math.sqrt(sum_sq / n) - c2 * (sum_abs / n)
    if alpha <= 0:
        alpha = largest
    return input.new_tensor(alpha / 2 ** (N_bits - 1))
