"""Where a student's model lies: from a point, from answers.json, or from a packed file.

* "61.5,86.2": KiB and percent, as the student or the grader says.
* a `.packed` file: its size and what it gives, measured.
* `answers.json`: its `bit_widths` on the float network, or on a `ResNet20_variable.pt` beside it,
  quantized by the rule "sym" of the assignment; a `ResNet20_variable.packed` beside it comes first.

It can fail with a `ValueError`, a `BadSavedModel` or a `BadPackedModel`. Files are opened in this
process: for one's own; the autograder opens those of others behind its wall.
"""

from pathlib import Path

from torch import Tensor, nn

from baselines.bit_widths.mixed_network import mixed_network, pack_network
from baselines.experiments.frontier_points import read_widths
from baselines.methods.ranges import weight_scale
from baselines.quantizers.base import Quantizer, signed_codes
from baselines.quantizers.clipped_ste import ClippedStraightThrough
from quantlab.data.images import ImageSet
from quantlab.evaluation.mixed_precision import evaluate_packed
from quantlab.formats import packed_model
from quantlab.formats.saved_model import load_float
from quantlab.network.resnet import resnet20

PACKED, FLOAT = "ResNet20_variable.packed", "ResNet20_variable.pt"


def student_point(given: str, model: nn.Module, images: ImageSet) -> tuple[float, float]:
    """(KiB, percent on `images`); `model` is the float network that widths alone belong to."""
    path = Path(given)
    if path.suffix == ".json":
        beside = path.with_name(PACKED)
        return _measured(beside, images) if beside.is_file() else _widths(path, model, images)
    if path.suffix == ".packed":
        return _measured(path, images)
    try:
        size, accuracy = (float(part) for part in given.split(","))
    except ValueError:
        raise ValueError(
            f"--student {given!r:.60} is no point: give KiB and percent as 61.5,86.2, an "
            "answers.json or a packed file."
        ) from None
    if not (0 < size < float("inf") and 0 <= accuracy <= 100):
        raise ValueError(f"{size:g} KiB and {accuracy:g} % are no point of a model: check both.")
    return size, accuracy


def _measured(path: Path, images: ImageSet) -> tuple[float, float]:
    model = packed_model.load(path)
    return packed_model.kibibytes(model.bit_widths), evaluate_packed(model, images)


def _widths(path: Path, model: nn.Module, images: ImageSet) -> tuple[float, float]:
    widths = read_widths(path)
    if (own := path.with_name(FLOAT)).is_file():
        model = resnet20()
        model.load_state_dict(load_float(own), strict=False)  # load_float has checked the names
    network = mixed_network(model.eval(), widths, _symmetric)
    made = pack_network(network, widths, images.name)
    return packed_model.kibibytes(widths), evaluate_packed(made, images)


def _symmetric(weight: Tensor, bits: int) -> Quantizer:
    return ClippedStraightThrough(*signed_codes(bits), weight_scale(weight, bits, "sym"))
