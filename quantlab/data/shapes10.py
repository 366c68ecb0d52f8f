"""Shapes-10: ten classes of drawn 32x32 color images, computed from fixed seeds, without files.

It replaces CIFAR-10 where no data set can be downloaded: the same sizes, types, number of classes
and normalization, so every step of the assignment runs on it. Each image shows one figure (disc,
ring, crescent, square, frame, triangle, star, cross, bars, corner) at a random place, size, angle
and proportion. Colors and textures of figure and ground, clutter behind the figure, a line across
it, light and noise are drawn independently of the class. It is *not* CIFAR-10: no threshold or
published number of CIFAR-10 applies, and results on it carry the name "Shapes-10".

The images are the same on every platform, byte for byte: the bits come from PCG64's raw stream, and
the float64 arithmetic is limited to + - * / and sqrt, which IEEE 754 rounds in one way only (matrix
products are of small integers, hence exact in any order).
"""

from collections.abc import Callable

import numpy as np
import torch

from quantlab.data.images import ImageSet

SHAPES10_CLASSES = (
    "disc",
    "ring",
    "crescent",
    "square",
    "frame",
    "triangle",
    "star",
    "cross",
    "bars",
    "corner",
)
IMAGES_IN_SPLIT = {"train": 10_000, "test": 2_000}
SEEDS = {"train": 20_101, "test": 20_102}

SIZE = 32  # pixels
CHUNK = 250  # images drawn together: 25 of each class, in arrays that fit the processor's cache
PIECES = 4  # of clutter behind the figure

Draw = Callable[..., np.ndarray]  # draw(low, high, *shape): float64 (CHUNK, *shape), uniform


def load_shapes10(split: str) -> ImageSet:
    """Return the 10,000 "train" or 2,000 "test" images of Shapes-10, every class equally often.

    Every call draws the same images.

    Raises:
        ValueError: The split is neither "train" nor "test".
    """
    if split not in IMAGES_IN_SPLIT:
        raise ValueError(f'split: expected "train" or "test", got {split!r}.')
    stream = np.random.PCG64(SEEDS[split])
    chunks = [_draw_chunk(stream) for _ in range(IMAGES_IN_SPLIT[split] // CHUNK)]
    images = torch.from_numpy(np.concatenate([images for images, _ in chunks]))
    labels = torch.from_numpy(np.concatenate([labels for _, labels in chunks]))
    return ImageSet("Shapes-10", split, images.permute(0, 3, 1, 2), labels)


def _draw_chunk(stream: np.random.PCG64) -> tuple[np.ndarray, np.ndarray]:
    """Return images uint8 (CHUNK, 32, 32, 3) and labels int64 (CHUNK,) in random order."""

    def draw(low: float, high: float, *shape: int) -> np.ndarray:
        count = CHUNK * int(np.prod(shape, dtype=np.int64))
        raw = stream.random_raw(count).reshape(CHUNK, *shape) >> np.uint64(11)
        return low + (high - low) * (raw.astype(np.float64) * 2.0**-53)

    labels = np.argsort(draw(0, 1), kind="stable") % len(SHAPES10_CLASSES)
    x, y = np.meshgrid(np.arange(SIZE) - 15.5, np.arange(SIZE) - 15.5)

    ground, figure = _two_colors(draw)
    picture = _textured(ground, draw, x, y)
    for _ in range(PIECES):
        picture = _paint(picture, draw(0, 255, 1, 1, 3), _piece_of_clutter(draw, x, y))
    picture = _paint(picture, _textured(figure, draw, x, y), _figure(labels, draw, x, y))
    picture = _paint(picture, draw(0, 255, 1, 1, 3), _line(draw, x, y))

    light_x, light_y = draw(-0.015, 0.015, 1, 1), draw(-0.015, 0.015, 1, 1)
    picture = picture * (1 + light_x * x + light_y * y)[..., None]
    raw = stream.random_raw(2 * picture.size // 8).astype("<u8").view(np.uint8)
    grain = raw.reshape(2, *picture.shape).astype(np.float64)
    picture += (grain[0] - grain[1]) * (0.02 + 0.25 * draw(0, 1, 1, 1, 1) ** 2)
    return np.floor(np.clip(picture, 0, 255) + 0.5).astype(np.uint8), labels.astype(np.int64)


def _two_colors(draw: Draw) -> tuple[np.ndarray, np.ndarray]:
    """Return colors (CHUNK, 1, 1, 3) of ground and figure, 30 to 115 levels apart per channel."""
    ground = draw(15, 240, 1, 1, 3)
    contrast = draw(30, 115, 1, 1, 3)
    brighter = draw(0, 1, 1, 1, 3) < 0.5
    brighter = (brighter | (ground < contrast)) & (ground + contrast <= 255)
    return ground, ground + np.where(brighter, contrast, -contrast)


def _textured(color: np.ndarray, draw: Draw, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return `color` under a random mix of clouds, speckle and stripes, (CHUNK, 32, 32, 3)."""
    cos, sin = _direction(draw)
    phase = (x * cos + y * sin) / draw(4, 9, 1, 1) + draw(0, 1, 1, 1)
    stripes = 4 * np.abs(phase - np.floor(phase) - 0.5) - 1
    pattern = (
        np.maximum(draw(-20, 40, 1, 1), 0) * _clouds(draw, 4)
        + np.maximum(draw(-20, 30, 1, 1), 0) * _clouds(draw, 16)
        + np.maximum(draw(-30, 30, 1, 1), 0) * stripes
    )
    return color + pattern[..., None] * draw(0.4, 1, 1, 1, 3)


def _clouds(draw: Draw, cells: int) -> np.ndarray:
    """Return smooth noise in [-1, 1], (CHUNK, 32, 32), from a grid of `cells` per side."""
    step = SIZE // cells
    weights = np.zeros((SIZE, cells + 1))
    for pixel in range(SIZE):
        cell, part = divmod(pixel, step)
        weights[pixel, cell], weights[pixel, cell + 1] = step - part, part
    levels = np.floor(draw(-128, 128, cells + 1, cells + 1))  # integers, so the products are exact
    return weights @ levels @ weights.T / (128.0 * step * step)


def _direction(draw: Draw) -> tuple[np.ndarray, np.ndarray]:
    """Return cosine and sine (CHUNK, 1, 1) of a random angle, from a point of a square ring."""
    a, b = draw(-1, 1, 1, 1), draw(0.2, 1, 1, 1)
    swap, negative = draw(0, 1, 1, 1) < 0.5, draw(0, 1, 1, 1) < 0.5
    b = np.where(negative, -b, b)
    length = np.sqrt(a * a + b * b)
    return np.where(swap, a, b) / length, np.where(swap, b, a) / length


def _paint(picture: np.ndarray, color: np.ndarray, distance: np.ndarray) -> np.ndarray:
    """Return `picture` with `color` where the signed `distance` in pixels is negative."""
    coverage = np.clip(0.5 - distance, 0, 1)[..., None]
    return picture + coverage * (color - picture)


def _piece_of_clutter(draw: Draw, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the distance to a small box, far smaller than any figure."""
    cos, sin = _direction(draw)
    dx, dy = x - draw(-15, 15, 1, 1), y - draw(-15, 15, 1, 1)
    along, across = np.abs(dx * cos + dy * sin), np.abs(dy * cos - dx * sin)
    return np.maximum(along - draw(0.5, 4.5, 1, 1), across - draw(0.3, 2, 1, 1))


def _line(draw: Draw, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the distance to a thin line through the image; every other image has none."""
    cos, sin = _direction(draw)
    width = np.where(draw(0, 1, 1, 1) < 0.5, draw(0.3, 0.9, 1, 1), -1)
    return np.abs(x * cos + y * sin - draw(-10, 10, 1, 1)) - width


def _figure(labels: np.ndarray, draw: Draw, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the approximate distance in pixels to each image's figure, (CHUNK, 32, 32)."""
    cos, sin = _direction(draw)
    size = draw(6, 12, 1, 1)
    room = 15 - size  # the centre stays where most of the figure is inside the image
    dx, dy = x - room * draw(-1, 1, 1, 1), y - room * draw(-1, 1, 1, 1)
    stretch, shear = draw(0.75, 1.3, 1, 1), draw(-0.25, 0.25, 1, 1)
    u = (dx * cos + dy * sin) / (size * stretch)
    v = (dy * cos - dx * sin) * stretch / size + shear * u
    thickness = draw(0.8, 1.2, 1, 1)
    distance = np.empty(u.shape)
    for label, outline in enumerate(OUTLINES):
        chosen = labels == label
        distance[chosen] = outline(u[chosen], v[chosen], thickness[chosen])
    return distance * size


# The outlines: approximate signed distance to a figure of radius 1 in its own coordinates (u, v).


def _box(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(u), np.abs(v))


def _disc(u: np.ndarray, v: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    return np.sqrt(u * u + v * v) - 0.9


def _ring(u: np.ndarray, v: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    return np.abs(np.sqrt(u * u + v * v) - 0.75) - 0.2 * thickness


def _crescent(u: np.ndarray, v: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    bite = np.sqrt((u - 0.55 * thickness) ** 2 + v * v)
    return np.maximum(np.sqrt(u * u + v * v) - 1, 0.8 - bite)


def _square(u: np.ndarray, v: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    return _box(u, v) - 0.8


def _frame(u: np.ndarray, v: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    return np.abs(_box(u, v) - 0.65) - 0.18 * thickness


def _triangle(u: np.ndarray, v: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    return np.maximum(v, 0.8660254 * np.abs(u) - 0.5 * v) - 0.52


def _star(u: np.ndarray, v: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    """Return the distance to a pentagram: inside at least four of the lines through its edges."""
    u = np.abs(u)
    edges = [v, 0.9510565 * u + 0.3090170 * v, 0.5877853 * u - 0.8090170 * v]
    edges += [-0.9510565 * u + 0.3090170 * v, -0.5877853 * u - 0.8090170 * v]
    return np.sort(np.stack(edges), axis=0)[-2] - 0.38


def _cross(u: np.ndarray, v: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    arm = 0.28 * thickness
    u, v = np.abs(u), np.abs(v)
    return np.minimum(np.maximum(u - arm, v - 1), np.maximum(u - 1, v - arm))


def _bars(u: np.ndarray, v: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    nearest = np.minimum(np.abs(v), np.abs(np.abs(v) - 0.7))
    return np.maximum(np.abs(u) - 0.9, nearest - 0.19 * thickness)


def _corner(u: np.ndarray, v: np.ndarray, thickness: np.ndarray) -> np.ndarray:
    arm = 0.5 * thickness
    return np.maximum(_box(u, v) - 0.85, np.minimum(u, v) + 0.85 - arm)


OUTLINES = (
    _disc,
    _ring,
    _crescent,
    _square,
    _frame,
    _triangle,
    _star,
    _cross,
    _bars,
    _corner,
)
