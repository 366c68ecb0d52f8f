"""The systems of the handout's reading behind one interface.

    method = METHODS["ISQuant"]
    network = method.quantize(model, (8, 8), images)

A method takes a float ResNet-20, the bits of weights and activations, and uint8 training images, of
which it looks at the first `method.images`, without labels; most look at none. What it returns can
be evaluated; `method.in_integers`, where there is one, turns it into a network that computes with
integers. `conditions` are the columns of the seed's Table I, as they hold here.
"""

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, fields

from torch import Tensor, nn

from baselines.methods.dfq import dfq
from baselines.methods.distilled_images import distill, noise, to_pixels
from baselines.methods.isquant import integer_network, isquant
from baselines.methods.n2d2 import Options, n2d2
from baselines.methods.squant import squant_network
from baselines.methods.zeroq import zeroq

NOISE_IMAGES = 64
CALIBRATION_IMAGES = 256
WEIGHT_BITS, ACT_BITS = range(2, 9), (*range(2, 9), 32)

Quantize = Callable[[nn.Module, tuple[int, int], Tensor], nn.Module]


@dataclass(frozen=True)
class Conditions:
    """What a method does without, or does for deployment; the columns of ISQuant's Table I."""

    per_layer: bool
    symmetric: bool
    folded: bool
    integer_convolution: bool
    no_back_propagation: bool
    no_synthetic_data: bool

    def marks(self) -> tuple[str, ...]:
        """ "✓" or "✗" for each of `CONDITIONS`."""
        return tuple("✓" if holds else "✗" for holds in astuple(self))


CONDITIONS = tuple(field.name.replace("_", " ") for field in fields(Conditions))


@dataclass(frozen=True)
class Method:
    """One way to quantize; `images` is how many training images it looks at, `paper` its source."""

    paper: str
    conditions: Conditions
    quantize: Quantize
    images: int = 0
    synthetic: str = ""
    in_integers: Callable[[nn.Module], nn.Module] | None = None
    floats: bool = True  # whether activations of 32 bits may stay in floating point

    @property
    def seen(self) -> str:
        """The data that it looks at, in words."""
        return f"{self.images} training images" if self.images else self.synthetic or "nothing"


def check_bits(name: str, bits: tuple[int, int]) -> None:
    """Raises `ValueError` where the method `name` has no such widths."""
    weight_bits, act_bits = bits
    allowed = ACT_BITS if METHODS[name].floats else tuple(WEIGHT_BITS)
    if weight_bits not in WEIGHT_BITS or act_bits not in allowed:
        raise ValueError(
            f"{name} has no W{weight_bits}A{act_bits}: weights have 2 to 8 bits, activations "
            f"{'2 to 8, or 32 to stay in floating point' if METHODS[name].floats else '2 to 8'}."
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


def _n2d2(options: Options) -> Method:
    def quantize(model: nn.Module, bits: tuple[int, int], images: Tensor) -> nn.Module:
        return n2d2(model, bits, images, options)

    layer = options.weights == "layer"
    return Method(
        "N2D2 (CEA LIST), Post-Training Quantization",
        Conditions(layer, True, True, True, True, True),
        quantize,
        images=CALIBRATION_IMAGES,
        floats=False,
    )


_ZEROQ = "Cai et al., CVPR 2020"
METHODS: Mapping[str, Method] = {
    "ZeroQ": Method(
        _ZEROQ,
        Conditions(False, False, False, False, False, False),
        _distilled,
        synthetic="64 distilled images",
    ),
    "ZeroQ on noise": Method(
        _ZEROQ,
        Conditions(False, False, False, False, True, False),
        _noise,
        synthetic="64 images of noise",
    ),
    "ZeroQ on real data": Method(
        _ZEROQ, Conditions(False, False, False, False, True, True), zeroq, images=NOISE_IMAGES
    ),
    "DFQ": Method("Nagel et al., ICCV 2019", Conditions(True, True, True, False, True, True), _dfq),
    "SQuant": Method(
        "Guo et al., ICLR 2022", Conditions(False, False, False, False, True, True), _squant
    ),
    "ISQuant": Method(
        "ISQuant: apply SQuant to the real deployment",
        Conditions(True, True, True, True, True, True),
        _isquant,
        in_integers=integer_network,
        floats=False,
    ),
    "N2D2": _n2d2(Options(scaling="fixed-point")),
    "N2D2 single-shift": _n2d2(Options(scaling="single-shift")),
    "N2D2 double-shift": _n2d2(Options(scaling="double-shift")),
    "N2D2 per channel": _n2d2(Options(scaling="fixed-point", weights="channel")),
    "N2D2 KL": _n2d2(Options(scaling="fixed-point", thresholds="KL")),
    "N2D2 quantile": _n2d2(Options(scaling="fixed-point", thresholds="quantile")),
    "N2D2 clipped weights": _n2d2(Options(scaling="fixed-point", clip_weights="MSE")),
}
