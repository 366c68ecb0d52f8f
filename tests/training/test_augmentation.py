"""A crop is a window of the zero-padded image, mirrored or not; cutout hides a square."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from quantlab.augmentation import CROP_PADDING, crop_and_flip, cut_out
from quantlab.images import ImageSet
from quantlab.training import Recipe, augmented_batches


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


def test_cutout_blots_out_one_square_of_each_image():
    images = torch.ones(200, 3, 12, 16)
    cut = cut_out(images, 4, torch.Generator().manual_seed(0))
    assert torch.equal(images, torch.ones_like(images))
    sizes = set()
    for image in cut:
        assert torch.equal(image[0], image[1])
        hole = image[0] == 0
        rows, columns = hole.any(1), hole.any(0)
        assert torch.equal(hole, rows[:, None] & columns[None, :])
        for covered in (rows, columns):
            first, last = covered.nonzero()[0], covered.nonzero()[-1]
            assert covered[first : last + 1].all()
        sizes.add((int(rows.sum()), int(columns.sum())))
    assert max(sizes) == (4, 4)
    assert min(sizes) == (2, 2)  # half of it beyond the border, at a corner


def test_a_recipe_says_whether_there_is_cutout():
    pixels = torch.full((8, 3, 16, 16), 200, dtype=torch.uint8)
    data = ImageSet("Bright", "train", pixels, torch.zeros(8, dtype=torch.int64))
    for side in (0, 6):
        recipe = Recipe(1, batch_size=8, cutout=side)
        ((images, _),) = augmented_batches(data, recipe, 0, torch.device("cpu"))
        middle = images[:, :, 4:12, 4:12]  # where no crop brings zeros in
        assert bool((middle == 0).any()) is bool(side)
