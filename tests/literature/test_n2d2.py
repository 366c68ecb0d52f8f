"""N2D2's network of integers: one cell by hand, and against the float network."""

import pytest
import torch
from torch import nn

from baselines.methods.fixed_point_rescaling import choose_rescaling
from baselines.methods.grid_network import pixel_grid
from baselines.methods.n2d2 import IntegerBlock, IntegerCell, N2D2Options, n2d2
from quantlab.data.images import normalize


def test_integer_cell_matches_a_manual_calculation() -> None:
    # 3 * 2 + 1 * -4 + 5 = 7; a quarter of it is 1.75.
    rescale = choose_rescaling(torch.tensor([0.25]), "single-shift")
    codes = torch.tensor([[2.0, -4.0]])
    cell = IntegerCell(nn.Linear(2, 1), codes, torch.tensor([5]), rescale)
    assert cell(torch.tensor([[3, 1]])).tolist() == [[2]]


@pytest.mark.parametrize("scaling", ["fixed-point", "single-shift", "double-shift"])
@pytest.mark.parametrize("weights", ["layer", "channel"])
def test_n2d2_logits_are_close_to_those_of_the_float_network(
    model: nn.Module, images: torch.Tensor, scaling: str, weights: str
) -> None:
    network = n2d2(model, (8, 8), images, N2D2Options("quantile", weights, scaling))
    x = normalize(images)
    expected, logits = model(x).detach(), network(x)
    error = float((logits - expected).square().mean() / expected.var())
    assert error < 0.05
    coarse = n2d2(model, (3, 3), images, N2D2Options("quantile", weights, scaling))(x)
    assert float((coarse - expected).square().mean() / expected.var()) > error


def test_n2d2_computes_only_integers_between_image_and_logits(
    model: nn.Module, images: torch.Tensor
) -> None:
    network = n2d2(model, (8, 8), images, N2D2Options("quantile"))
    dtypes: list[torch.dtype] = []
    for module in network.modules():
        if isinstance(module, (IntegerCell, IntegerBlock)):
            module.register_forward_hook(
                lambda _, args, out: dtypes.extend([args[0].dtype, out.dtype])
            )
    network(normalize(images[:2]))
    assert len(dtypes) == 2 * (20 + 9)
    assert set(dtypes) == {torch.int64}


def test_n2d2_shifts_shortcuts_exactly(model: nn.Module, images: torch.Tensor) -> None:
    for scaling in ("single-shift", "double-shift"):
        network = n2d2(model, (8, 8), images, N2D2Options("quantile", scaling=scaling))
        for block in network.blocks:
            exponent = block.shortcut.factor.log2()
            assert torch.equal(exponent, exponent.round()) or scaling == "double-shift"
            assert float(block.shortcut.rest) >= 0.98


def test_n2d2_keeps_codes_within_their_width(model: nn.Module, images: torch.Tensor) -> None:
    network = n2d2(model, (4, 8), images, N2D2Options("quantile", "channel"))
    cells = [module for module in network.modules() if isinstance(module, IntegerCell)]
    assert max(float(cell.codes.abs().max()) for cell in cells) == 7
    assert all(torch.equal(cell.codes, cell.codes.round()) for cell in cells)


def test_pixel_grid_has_a_code_for_every_pixel_value() -> None:
    ends = torch.tensor([0, 255], dtype=torch.uint8).reshape(2, 1, 1, 1).expand(2, 3, 1, 1)
    codes = pixel_grid().codes(normalize(ends))
    assert -127 <= int(codes.min()) < 0 < int(codes.max()) == 127


def test_n2d2_options_refuse_unknown_choices() -> None:
    for options in ({"thresholds": "mean"}, {"weights": "row"}, {"scaling": "triple-shift"}):
        with pytest.raises(ValueError, match="choose one of"):
            N2D2Options(**options)
