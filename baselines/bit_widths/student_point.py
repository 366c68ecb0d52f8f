"""Size and accuracy of a student's model: typed in, from answers.json, or from a packed file.

* "61.5,86.2": KiB and percent.
* a `.packed` file: its size and its measured accuracy.
* `answers.json`: its `bit_widths` on the float network, or on a `ResNet20_variable.pt` beside it,
  quantized by the rule "sym" of the assignment; a `ResNet20_variable.packed` beside it comes first.

Files are opened in this process, without a sandbox: use it for your own files. The autograder opens
those of others in its sandbox.
"""

from pathlib import Path

from torch import Tensor, nn

from baselines.bit_widths.mixed_network import mixed_network, pack_network
from baselines.bit_widths.widths_file import read_widths
from baselines.methods.scales import weight_scale
from baselines.quantizers.base import Quantizer, signed_codes
from baselines.quantizers.clipped_ste import ClippedStraightThrough
from quantlab.data.images import ImageSet
from quantlab.evaluation.mixed_precision import evaluate_packed
from quantlab.formats import packed_model
from quantlab.formats.saved_model import load_float
from quantlab.network.resnet import resnet20

PACKED, FLOAT = "ResNet20_variable.packed", "ResNet20_variable.pt"


def student_point(text: str, model: nn.Module, images: ImageSet) -> tuple[float, float]:
    """Return (KiB, percent on `images`); bit widths apply to the float network `model`.

    Raise `ValueError`, `BadSavedModel` or `BadPackedModel`.
    """
    path = Path(text)
    if path.suffix == ".json":
        beside = path.with_name(PACKED)
        return (
            _measure_packed(beside, images)
            if beside.is_file()
            else _measure_widths(path, model, images)
        )
    if path.suffix == ".packed":
        return _measure_packed(path, images)
    try:
        size, accuracy = (float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            "Expected KiB and percent as 61.5,86.2, an answers.json or a packed file for "
            f"--student, got {text!r:.60}."
        ) from None
    if not (0 < size < float("inf") and 0 <= accuracy <= 100):
        raise ValueError(
            f"Expected a size above 0 KiB and 0 to 100 %, got {size:g} KiB and {accuracy:g} %."
        )
    return size, accuracy


def _measure_packed(path: Path, images: ImageSet) -> tuple[float, float]:
    model = packed_model.load(path)
    return packed_model.kibibytes(model.bit_widths), evaluate_packed(model, images)


def _measure_widths(path: Path, model: nn.Module, images: ImageSet) -> tuple[float, float]:
    widths = read_widths(path)
    if (own := path.with_name(FLOAT)).is_file():
        model = resnet20()
        model.load_state_dict(load_float(own), strict=False)  # load_float has checked the names
    network = mixed_network(model.eval(), widths, _symmetric)
    packed = pack_network(network, widths, images.name)
    return packed_model.kibibytes(widths), evaluate_packed(packed, images)


def _symmetric(weight: Tensor, bits: int) -> Quantizer:
    return ClippedStraightThrough(*signed_codes(bits), weight_scale(weight, bits, "sym"))
