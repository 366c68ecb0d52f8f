"""A crop is a window of the zero-padded image, mirrored or not."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from quantlab.augmentation import CROP_PADDING, crop_and_flip


def windows(image):
    """All 2 * 81 images that `crop_and_flip` may make of one."""
    _, height, width = image.shape
    padded = F.pad(image, (CROP_PADDING,) * 4)
    shifts = range(2 * CROP_PADDING + 1)
    for top in shifts:
        for left in shifts:
            window = padded[:, top : top + height, left : left + width]
            yield window
            yield window.flip(2)


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**31),
    count=st.integers(1, 4),
    height=st.integers(5, 9),
    width=st.integers(5, 9),
)
def test_every_output_is_a_window_of_its_own_image(seed, count, height, width):
    generator = torch.Generator().manual_seed(seed)
    shape = (count, 3, height, width)
    images = torch.randint(1, 256, shape, dtype=torch.uint8, generator=generator)
    cropped = crop_and_flip(images, generator)
    assert cropped.shape == images.shape
    assert cropped.dtype == torch.uint8
    for before, after in zip(images, cropped, strict=True):
        assert any(torch.equal(after, window) for window in windows(before))


def test_all_shifts_and_both_mirrors_occur_about_equally_often():
    # An image whose pixel (y, x) is 16 y + x + 1 tells by two neighbours where its window begins.
    image = (16 * torch.arange(12)[:, None] + torch.arange(12) + 1).to(torch.uint8)
    count = 16_200  # 100 of each kind expected
    cropped = crop_and_flip(
        image.expand(count, 3, 12, 12), torch.Generator().manual_seed(0)
    ).long()[:, 0]
    centre, neighbour = cropped[:, 5, 5], cropped[:, 5, 6]
    assert set((neighbour - centre).tolist()) == {1, -1}
    _, occurrences = torch.stack([centre, neighbour]).unique(dim=1, return_counts=True)
    assert len(occurrences) == 2 * 81
    assert occurrences.min() > 50
    assert occurrences.max() < 150
