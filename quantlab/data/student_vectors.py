"""The two vectors that a student quantizes in question 1b, drawn from the student's id.

A is Gaussian-like, B heavy-tailed (Student's t with 5 degrees of freedom). Each has a scale of its
own and a mean of about 0.3 standard deviations, so its standard deviation is not its root mean
square. Every student's vectors differ and can be recomputed from the id.

They are the same on every platform: raw bits of PCG64, a fixed algorithm, seeded by SHA-256 of the
id, and float64 arithmetic. Math libraries may round only the logarithms, cosines and powers
differently. These results are first rounded to multiples of 2^-16, far coarser than such
differences.
"""

import hashlib

import numpy as np
import torch
from torch import Tensor

from quantlab.student_ids import plain_student

LENGTH = 100_000
DEGREES_OF_FREEDOM = 5
SCALES = (0.05, 2.0)  # the standard deviation is between these
MEANS = (0.25, 0.35)  # and the mean between these, in standard deviations
COARSE = 2.0**16


def student_vectors(student: str | int) -> dict[str, Tensor]:
    """Return the vectors "A" and "B", float32 (100000,), of the id as `plain_student` reads it.

    Raises:
        ValueError: The id is empty.

    Examples:
        >>> vectors = student_vectors("ada")
        >>> sorted(vectors), len(vectors["A"]), vectors["A"].dtype
        (['A', 'B'], 100000, torch.float32)
    """
    name = plain_student(student)
    if not name:
        raise ValueError("The student id is empty: set it to your own before drawing A and B.")
    bits_a, bits_b = _bits("A", name), _bits("B", name)
    return {"A": _place(bits_a, _normal(bits_a)), "B": _place(bits_b, _student_t(bits_b))}


def _bits(vector: str, student: str) -> np.random.PCG64:
    digest = hashlib.sha256(f"vector {vector} of {student}".encode()).digest()
    return np.random.PCG64(int.from_bytes(digest, "big"))


def _uniform(bits: np.random.PCG64, count: int) -> np.ndarray:
    """Return float64 (count,) in (0, 1), both ends excluded."""
    return ((bits.random_raw(count) >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def _place(bits: np.random.PCG64, standard: np.ndarray) -> Tensor:
    """Return numbers of unit variance with a random scale and mean, by exactly rounded steps."""
    for_scale, for_mean = _uniform(bits, 2)
    scale = SCALES[0] + for_scale * (SCALES[1] - SCALES[0])
    mean = MEANS[0] + for_mean * (MEANS[1] - MEANS[0])
    coarse = np.rint(standard * COARSE) / COARSE
    return torch.from_numpy(((coarse + mean) * scale).astype(np.float32))


def _normal(bits: np.random.PCG64) -> np.ndarray:
    """Return standard normal numbers (Box and Muller 1958)."""
    radii = np.sqrt(-2 * np.log(_uniform(bits, LENGTH // 2)))
    angles = 2 * np.pi * _uniform(bits, LENGTH // 2)
    return np.concatenate([radii * np.cos(angles), radii * np.sin(angles)])


def _student_t(bits: np.random.PCG64) -> np.ndarray:
    """Return numbers of unit variance from Student's t (Bailey 1994, polar generation)."""
    n = DEGREES_OF_FREEDOM
    u, v = 2 * _uniform(bits, 4 * LENGTH).reshape(2, 2 * LENGTH) - 1
    w = u * u + v * v
    inside = np.flatnonzero(w < 1)[:LENGTH]  # pi / 4 of 200,000 points, never fewer than half
    u, w = u[inside], w[inside]
    return u * np.sqrt(n * (w ** (-2 / n) - 1) / w) / np.sqrt(n / (n - 2))
