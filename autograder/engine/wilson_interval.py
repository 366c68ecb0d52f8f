"""Compute the confidence interval of an accuracy measured on some of the test images."""

import math

NORMAL_95 = 1.959964  # of the standard normal distribution, 95 % lie this near to its mean


def wilson_interval(percent: float, images: int) -> tuple[float, float]:
    """Return the 95 % interval, in percent, of an accuracy in percent on `images` images.

    Wilson's score interval (Wilson 1927), which is also right near 0 and 100 %.
    """
    share, z2 = percent / 100, NORMAL_95**2
    middle = (share + z2 / (2 * images)) / (1 + z2 / images)
    spread = share * (1 - share) / images + z2 / (4 * images**2)
    half = NORMAL_95 * math.sqrt(spread) / (1 + z2 / images)
    return 100 * max(0.0, middle - half), 100 * min(1.0, middle + half)
