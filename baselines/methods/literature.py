"""The systems of the handout's reading as one table.

    system = SYSTEMS["ISQuant"]
    network = system.quantize(model, (8, 8), images)

A system takes a float ResNet-20, the bits of weights and activations, and uint8 training images. It
uses the first `system.images` of them, without labels; most systems use none. The returned network
can be evaluated; `system.in_integers`, if there is one, converts it to a network that computes with
integers. `conditions` are the columns of ISQuant's Table I, as they hold here.
"""

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, fields

from torch import Tensor, nn

from baselines.methods.dfq import dfq
from baselines.methods.distilled_images import distill, noise
from baselines.methods.isquant import integer_network, isquant
from baselines.methods.n2d2 import N2D2Options, n2d2
from baselines.methods.squant import squant_network
from baselines.methods.zeroq import zeroq
from quantlab.network.synthetic_images import to_pixels

NOISE_IMAGES = 64
CALIBRATION_IMAGES = 256
WEIGHT_BITS, ACT_BITS = range(2, 9), (*range(2, 9), 32)

Quantize = Callable[[nn.Module, tuple[int, int], Tensor], nn.Module]


@dataclass(frozen=True)
class Conditions:
    """What a system does without, or does for deployment; the columns of ISQuant's Table I."""

    per_layer: bool
    symmetric: bool
    folded: bool
    integer_convolution: bool
    no_back_propagation: bool
    no_synthetic_data: bool

    def symbols(self) -> tuple[str, ...]:
        """Return "✓" or "✗" for each of `CONDITIONS`."""
        return tuple("✓" if holds else "✗" for holds in astuple(self))


CONDITIONS = tuple(field.name.replace("_", " ") for field in fields(Conditions))


@dataclass(frozen=True)
class System:
    """Holds one way to quantize, its source `paper`, and how many training `images` it uses."""

    paper: str
    conditions: Conditions
    quantize: Quantize
    images: int = 0
    synthetic: str = ""
    in_integers: Callable[[nn.Module], nn.Module] | None = None
    floats: bool = True  # whether activations of 32 bits may stay in floating point

    @property
    def seen(self) -> str:
        """The data that it uses, in words."""
        return f"{self.images} training images" if self.images else self.synthetic or "nothing"


def check_bits(name: str, bits: tuple[int, int]) -> None:
    """Raise `ValueError` if the system `name` does not support these bit widths."""
    weight_bits, act_bits = bits
    allowed = ACT_BITS if SYSTEMS[name].floats else tuple(WEIGHT_BITS)
    if weight_bits not in WEIGHT_BITS or act_bits not in allowed:
        raise ValueError(
            f"{name} does not support W{weight_bits}A{act_bits}: weights have 2 to 8 bits, "
            f"activations {'2 to 8 or 32' if SYSTEMS[name].floats else '2 to 8'}."
        )


def _distilled(model: nn.Module, bits: tuple[int, int], images: Tensor) -> nn.Module:
    return zeroq(model, bits, distill(model, progress=True).images)


def _noise(model: nn.Module, bits: tuple[int, int], images: Tensor) -> nn.Module:
    return zeroq(model, bits, to_pixels(noise(NOISE_IMAGES)))


def _squant(model: nn.Module, bits: tuple[int, int], images: Tensor) -> nn.Module:
    return squant_network(model, bits)


def _isquant(model: nn.Module, bits: tuple[int, int], images: Tensor) -> nn.Module:
    return isquant(model, bits)


def _dfq(model: nn.Module, bits: tuple[int, int], images: Tensor) -> nn.Module:
    return dfq(model, bits)


def _n2d2(options: N2D2Options) -> System:
    def quantize(model: nn.Module, bits: tuple[int, int], images: Tensor) -> nn.Module:
        return n2d2(model, bits, images, options)

    layer = options.weights == "layer"
    return System(
        "N2D2 (CEA LIST), Post-Training Quantization",
        Conditions(layer, True, True, True, True, True),
        quantize,
        images=CALIBRATION_IMAGES,
        floats=False,
    )


_ZEROQ = "Cai et al., CVPR 2020"
SYSTEMS: Mapping[str, System] = {
    "ZeroQ": System(
        _ZEROQ,
        Conditions(False, False, False, False, False, False),
        _distilled,
        synthetic="64 distilled images",
    ),
    "ZeroQ on noise": System(
        _ZEROQ,
        Conditions(False, False, False, False, True, False),
        _noise,
        synthetic="64 images of noise",
    ),
    "ZeroQ on real data": System(
        _ZEROQ, Conditions(False, False, False, False, True, True), zeroq, images=NOISE_IMAGES
    ),
    "DFQ": System("Nagel et al., ICCV 2019", Conditions(True, True, True, False, True, True), _dfq),
    "SQuant": System(
        "Guo et al., ICLR 2022", Conditions(False, False, False, False, True, True), _squant
    ),
    "ISQuant": System(
        "ISQuant: apply SQuant to the real deployment",
        Conditions(True, True, True, True, True, True),
        _isquant,
        in_integers=integer_network,
        floats=False,
    ),
    "N2D2": _n2d2(N2D2Options(scaling="fixed-point")),
    "N2D2 single-shift": _n2d2(N2D2Options(scaling="single-shift")),
    "N2D2 double-shift": _n2d2(N2D2Options(scaling="double-shift")),
    "N2D2 per channel": _n2d2(N2D2Options(scaling="fixed-point", weights="channel")),
    "N2D2 KL": _n2d2(N2D2Options(scaling="fixed-point", thresholds="KL")),
    "N2D2 quantile": _n2d2(N2D2Options(scaling="fixed-point", thresholds="quantile")),
    "N2D2 clipped weights": _n2d2(N2D2Options(scaling="fixed-point", clip_weights="MSE")),
}
