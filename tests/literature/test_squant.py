"""SQuant's flips: cases worked by hand, the laws of each level, the released code's two bugs."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.methods.squant import choose_flips, squant, squant_codes
from baselines.quantizers.affine import affine_grid


def codes(rows: list[list[float]], low: int = -8, high: int = 7) -> list[list[int]]:
    """Of one output channel whose kernels are `rows`, laid out as (1, kernels, 1, N)."""
    weight = torch.tensor(rows).reshape(1, len(rows), 1, -1)
    return squant_codes(weight, low, high).reshape(len(rows), -1).int().tolist()


def test_choose_flips_matches_a_manual_calculation_for_a_kernel() -> None:
    # Nearest: 1, 2, 3, with errors -0.4, -0.4, -0.3; e = -1.1, one goes up: the first -0.4.
    flips = choose_flips(torch.tensor([[-0.4, -0.41, -0.3]]), torch.ones(1, 3, dtype=torch.bool))
    assert flips.moved.tolist() == [[False, True, False]]
    assert float(flips.left) == pytest.approx(-0.11)
    assert flips.candidate.tolist() == [0]  # the next in the order may follow
    assert codes([[1.4, 2.41, 3.3]]) == [[1, 3, 3]]


def test_choose_flips_offers_the_last_flip_back_after_passing_zero() -> None:
    # e = 0.7: one goes down, -0.3 is left, and taking it back would give 0.7.
    flips = choose_flips(torch.tensor([[0.4, 0.3, 0.0]]), torch.ones(1, 3, dtype=torch.bool))
    assert flips.moved.tolist() == [[True, False, False]]
    assert float(flips.left) == pytest.approx(-0.3)
    assert flips.candidate.tolist() == [0]


def test_squant_codes_match_a_manual_calculation_for_a_channel() -> None:
    # Kernels leave 0.45, 0.4 and -0.1, together 0.75: the first kernel's largest error goes down.
    kernels = [[0.7, 2.85], [0.75, 4.85], [0.1, 1.0]]
    assert codes(kernels) == [[0, 3], [1, 5], [0, 1]]


def test_choose_flips_flips_and_offers_nothing_for_an_error_of_zero() -> None:
    """The released code takes the element before the first here."""
    flips = choose_flips(torch.tensor([[0.25, -0.25, 0.0]]), torch.ones(1, 3, dtype=torch.bool))
    assert not flips.moved.any()
    assert flips.candidate.tolist() == [-1]
    balanced = [[0.75, 1.25], [0.25, 0.75]]
    assert codes(balanced) == [[1, 1], [0, 1]]


def test_squant_codes_sum_errors_of_clipped_codes() -> None:
    """The released code sums before it clips, which makes -1.7 of this and moves two."""
    # 9.4 is clipped to 7: errors -2.4, -0.45, -0.4, -0.45, and all three that can go up do.
    assert codes([[9.4, 1.45, 2.4, 0.45]]) == [[7, 2, 3, 1]]


def test_squant_codes_move_a_code_at_the_end_only_inwards() -> None:
    # e = -0.8, but 7 cannot go up: the other one does.
    assert codes([[7.49, 1.31]]) == [[7, 2]]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    shape=st.sampled_from([(4, 5, 3, 3), (3, 7, 1, 1), (3, 40), (2, 3, 5, 5), (1, 1, 2, 1)]),
    bits=st.sampled_from([3, 4, 8]),
)
def test_squant_codes_keep_every_sum_of_errors_within_a_half(
    seed: int, shape: tuple[int, ...], bits: int
) -> None:
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(seed)).double()
    grid = affine_grid(weight, bits)
    scaled = grid.to_grid(weight)
    flipped = squant_codes(scaled, grid.low, grid.high)
    error = flipped - scaled
    assert flipped.equal(flipped.round())
    assert flipped.min() >= grid.low
    assert flipped.max() <= grid.high
    assert float(error.abs().max()) < 1.5  # an extreme at a tie may be clipped, and moves inwards
    inside = (scaled.round() == scaled.round().clamp(grid.low, grid.high)).flatten(1).all(1)
    assert bool((error.flatten(1).sum(1).abs()[inside] <= 0.5 + 1e-9).all())
    if len(shape) == 4 and shape[2] > 1:
        kernels = error.flatten(2).sum(2).abs()
        assert bool((kernels[inside] <= 1 + 1e-9).all())


def test_squant_keeps_weights_on_the_grid() -> None:
    weight = torch.randint(-8, 8, (4, 3, 3, 3), generator=torch.Generator().manual_seed(0)).float()
    weight[:, 0, 0, 0], weight[:, 0, 0, 1] = -8.0, 7.0
    assert torch.equal(squant(weight, affine_grid(weight, 4)), weight)


def test_squant_codes_refuse_weights_without_2_or_4_dimensions() -> None:
    with pytest.raises(ValueError, match="2 or 4 dimensions"):
        squant_codes(torch.zeros(3), -8, 7)
