"""A crop is a window of the zero-padded image, mirrored or not; mixup blends two images."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from quantlab.data.images import ImageSet
from quantlab.training.augmentation import (
    CROP_PADDING,
    augmented_batches,
    crop_and_flip,
    mix,
)
from quantlab.training.recipe import Recipe


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
def test_crop_and_flip_returns_a_window_of_each_image(seed, count, height, width):
    generator = torch.Generator().manual_seed(seed)
    shape = (count, 3, height, width)
    images = torch.randint(1, 256, shape, dtype=torch.uint8, generator=generator)
    cropped = crop_and_flip(images, generator)
    assert cropped.shape == images.shape
    assert cropped.dtype == torch.uint8
    for before, after in zip(images, cropped, strict=True):
        assert any(torch.equal(after, window) for window in windows(before))


def test_crop_and_flip_draws_all_shifts_and_mirrors_equally_often():
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


# ---------------------------------------------------------------- mixup


def test_mix_blends_images_and_labels_alike():
    images = torch.rand(4, 3, 5, 5)
    mixed, labels = mix(images, torch.tensor([0, 1, 2, 3]), 0.7)
    torch.testing.assert_close(mixed[0], 0.7 * images[0] + 0.3 * images[3])
    torch.testing.assert_close(mixed[2], 0.7 * images[2] + 0.3 * images[1])
    assert labels.shape == (4, 10)
    torch.testing.assert_close(labels[0], torch.tensor([0.7, 0, 0, 0.3, 0, 0, 0, 0, 0, 0]))
    torch.testing.assert_close(labels.sum(1), torch.ones(4))


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (64, 3, 8, 8), dtype=torch.uint8, generator=generator)
    return ImageSet("Noise", "train", pixels, torch.arange(64) % 10)


def labels_of(images, recipe, epoch):
    batches = augmented_batches(images, recipe, epoch, torch.device("cpu"))
    return [labels for _, labels in batches]


def test_augmented_batches_mixes_all_but_the_last_epochs(images):
    recipe = Recipe(3, batch_size=16, mixup=1.0, unmixed_epochs=1)
    assert all(
        labels.shape == (16, 10) for epoch in (0, 1) for labels in labels_of(images, recipe, epoch)
    )
    assert all(labels.shape == (16,) for labels in labels_of(images, recipe, 2))


def test_augmented_batches_pairs_images_differently_each_epoch(images):
    """A batch in the order of the set always mixes its first images with its last."""
    recipe = Recipe(40, batch_size=64, mixup=1.0)
    labels = torch.stack([labels_of(images, recipe, epoch)[0] for epoch in range(40)])
    pairs = {tuple((row > 0).nonzero().flatten().tolist()) for row in labels.flatten(0, 1)}
    assert len({pair for pair in pairs if len(pair) == 2}) == 45  # all pairs of ten classes


def test_augmented_batches_draws_the_share_from_a_beta_distribution(images):
    recipe = Recipe(100, batch_size=16, mixup=0.2)
    tops = torch.stack(
        [
            labels.max(1).values
            for epoch in range(100)
            for labels in labels_of(images, recipe, epoch)
        ]
    )[:, 0]
    share = tops[tops < 1]  # pairs of one class have 1
    # For Beta(0.2, 0.2) the larger of the two shares is above 0.9 in 0.69 of all draws.
    assert 0.6 < (share > 0.9).float().mean() < 0.78


def test_augmented_batches_without_mixup_are_as_before(images):
    plain, other = Recipe(2, batch_size=16), Recipe(2, batch_size=16, mixup=1.0, unmixed_epochs=1)
    device = torch.device("cpu")
    for (first, _), (second, _) in zip(
        augmented_batches(images, plain, 1, device),
        augmented_batches(images, other, 1, device),
        strict=True,
    ):
        assert torch.equal(first, second)
