"""Layers that quantize their weights and inputs with the student's functions.

`quantize_model(model, ops, ...)` gives a copy of a float network in which every convolution but
`conv1`, and every linear layer, is a `QuantConv2d` or a `QuantLinear`: one scale per tensor, signed
symmetric weights, unsigned inputs, z = 0. `ops` is the module (or namespace) that holds the
student's functions; nothing here quantizes or convolves codes by itself.

* In training mode the layers fake-quantize, so that gradients flow: codes by
  `ops.linear_quantize_STE`, back to real numbers by `ops.linear_dequantize`, then an ordinary
  convolution. The scale of the weights is computed afresh from the weights in every forward pass
  and stored; the scale of the inputs stays what calibration made it, unless the trainer changes it.
* In evaluation mode they compute equation (6) with integers, by `ops.quantized_conv2d_function` and
  `ops.quantized_linear_function`, at the *stored* scales. Leaving training mode stores the scale
  that belongs to the last weights, so both modes are the same network: the accumulator of the one
  is `round(output / (s_x s_w))` of the other. Inputs of more than 8 bits would overflow int32 and
  stay fake-quantized, in float32.

It can fail with a `QuantizationError`, one sentence: a student's scale that is not a positive
number, a zero point that is not 0, bit widths that do not exist, layers that do not exist. What the
student's functions raise comes through unchanged; so do the `CalibrationError`s.
"""

import copy
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from quantlab.arithmetic import integer_kernels
from quantlab.network.calibration import METHODS, input_scales
from quantlab.protocol.forms import InAnyForm

FIRST_LAYER = "conv1"  # sees signed images, and stays in floating point unless bit_widths says else
WEIGHT_BITS = range(1, 9)  # codes are stored as int8
ACT_BITS = range(1, 17)
INTEGER_ACT_BITS = 8  # up to here the accumulators of every layer of ResNet-20 fit int32
REPLACED_BY_FAST = ("integer_linear", "integer_conv2d")
INT32_LARGEST = 2**31 - 128  # the largest float32 number below 2^31


class QuantizationError(Exception):
    """A network that cannot be quantized as asked; the message says where, why and what to do."""


@dataclass(frozen=True)
class LayerQuantizer:
    """How one layer is quantized, by whose functions; `act_bits` None leaves its inputs alone."""

    ops: Any
    weight_bits: int
    act_bits: int | None
    method: str

    def __deepcopy__(self, memo: dict[int, Any]) -> "LayerQuantizer":
        return self  # immutable, and a module of functions cannot be copied

    @property
    def largest_input(self) -> int:
        """The largest code of an input."""
        return 2 ** (self.act_bits or 0) - 1

    @property
    def in_integers(self) -> bool:
        return self.act_bits is not None and self.act_bits <= INTEGER_ACT_BITS

    @torch.no_grad()
    def weight_scale(self, weight: Tensor) -> Tensor:
        """float32 scalar from the student's `reset_scale_and_zero_point`, without gradient."""
        scale, _ = self._reset(weight)
        return torch.as_tensor(scale, dtype=torch.float32, device=weight.device).reshape(())

    def checked_weight_scale(self, name: str, weight: Tensor) -> Tensor:
        """`weight_scale` of the layer `name`, after a look at what the student returned."""
        answer = self._reset(weight)
        call = f"reset_scale_and_zero_point(weight of {name}, {self.weight_bits}, {self.method!r})"
        try:
            scale, zero_point = (float(part) for part in answer)
        except (TypeError, ValueError, RuntimeError):
            raise QuantizationError(
                f"{call} returned {answer!r:.80}, but a pair of numbers (scale, zero_point) is "
                "needed: one scale per tensor."
            ) from None
        if not 0 < scale < math.inf or zero_point != 0:
            raise QuantizationError(
                f"{call} returned the scale {scale:g} and the zero point {zero_point:g}, but the "
                "scale of weights is positive and their zero point 0: check that function first."
            )
        return torch.tensor(scale, dtype=torch.float32, device=weight.device)

    def _reset(self, weight: Tensor) -> Any:
        return self.ops.reset_scale_and_zero_point(weight.detach(), self.weight_bits, self.method)


class _Quantized(nn.Module):
    """What the two layers share: their parameters, scales, and both ways to quantize them.

    `input_scale` is a buffer. A trainer may assign an `nn.Parameter` to it: it then gets PACT's
    gradient (Choi et al. 2018), which is that of the clipped range, through the clamp below.
    """

    weight: Tensor
    bias: Any
    weight_scale: Tensor
    input_scale: Tensor
    quantizer: LayerQuantizer
    name: str

    def _set_quantizer(
        self, name: str, layer: nn.Module, quantizer: LayerQuantizer, input_scale: float
    ) -> None:
        self.name, self.quantizer = name, quantizer
        self.weight, self.bias = layer.weight, layer.bias  # type: ignore[assignment]
        scale = quantizer.checked_weight_scale(name, self.weight)
        self.register_buffer("weight_scale", scale)
        self.register_buffer("input_scale", torch.tensor(input_scale, device=scale.device))

    def train(self, mode: bool = True) -> "_Quantized":
        if self.training and not mode:
            scale = self.quantizer.checked_weight_scale(self.name, self.weight)
            self.weight_scale.copy_(scale)
        return super().train(mode)

    def fake_weight(self) -> Tensor:
        """The weights on their grid, float32; in training mode the scale is renewed first."""
        if self.training:
            renewed = self.quantizer.weight_scale(self.weight)
            self.weight_scale.copy_(renewed)
        scale, ops = self.weight_scale.clone(), self.quantizer.ops
        codes = ops.linear_quantize_STE(self.weight, scale, 0, self.quantizer.weight_bits, True)
        return ops.linear_dequantize(codes, scale, 0)

    def fake_input(self, input: Tensor) -> Tensor:
        """The inputs clamped to their range and on their grid, float32.

        The clamp comes *before* the student's straight-through estimator, because that one passes
        every gradient: also those of inputs beyond the largest code, whose output no longer
        depends on them. With 2-bit activations ResNet-20 then trains to 46.5 %, with the gradient
        of the clamp to 88.4 % (Yin et al. 2019).
        """
        if self.quantizer.act_bits is None:
            return input
        ops, bits = self.quantizer.ops, self.quantizer.act_bits
        largest = self.input_scale * self.quantizer.largest_input
        inside = input.float().clamp(min=0)  # at 0 and at `largest` the gradient is still 1
        inside = torch.where(inside > largest, largest, inside)
        scale = self.input_scale.detach()
        codes = ops.linear_quantize_STE(inside, scale, 0, bits, False)
        return ops.linear_dequantize(codes, scale, 0)

    def fake_bias(self) -> Tensor | None:
        """The bias on the grid of the accumulators, with the identity as its gradient."""
        if self.bias is None or self.quantizer.act_bits is None:
            return self.bias
        on_grid = torch.round(self.bias / self.accumulator_scale()) * self.accumulator_scale()
        return self.bias + (on_grid - self.bias).detach()

    def accumulator_scale(self) -> Tensor:
        """s_x s_w, float32 scalar: what one unit of the accumulator is worth."""
        return self.input_scale.detach() * self.weight_scale

    def input_codes(self, input: Tensor) -> Tensor:
        """int32 codes of the inputs."""
        bits = self.quantizer.act_bits
        scale = self.input_scale.detach()
        codes = self.quantizer.ops.linear_quantize(input, scale, 0, bits, False)
        return codes.to(torch.int32)

    def weight_codes(self) -> Tensor:
        """int32 codes of the weights at the stored scale."""
        codes = self.quantizer.ops.linear_quantize(
            self.weight.detach(), self.weight_scale, 0, self.quantizer.weight_bits, True
        )
        return codes.to(torch.int32)

    def bias_codes(self) -> Tensor | None:
        """int32: round(b / (s_x s_w)), the bias at the scale of the accumulators."""
        if self.bias is None:
            return None
        codes = torch.round(self.bias.detach() / self.accumulator_scale())
        return codes.clamp(-INT32_LARGEST, INT32_LARGEST).to(torch.int32)


class QuantConv2d(_Quantized, nn.Conv2d):
    """A convolution with quantized weights and inputs; float32 (N, C, H, W) in and out.

    Inputs are clamped to their range before the student's straight-through estimator; `fake_input`
    says why.
    """

    def __init__(
        self, name: str, layer: nn.Conv2d, quantizer: LayerQuantizer, input_scale: float
    ) -> None:
        if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
            raise QuantizationError(
                f"{name} pads by {layer.padding_mode!r} {layer.padding!r}, but integer "
                "convolutions pad with a number of zeros: give padding as integers."
            )
        super().__init__(
            layer.in_channels,
            layer.out_channels,
            layer.kernel_size,  # type: ignore[arg-type]
            layer.stride,  # type: ignore[arg-type]
            layer.padding,  # type: ignore[arg-type]
            layer.dilation,  # type: ignore[arg-type]
            layer.groups,
            bias=layer.bias is not None,
            device="meta",  # the parameters are those of `layer`
        )
        self._set_quantizer(name, layer, quantizer, input_scale)

    def forward(self, input: Tensor) -> Tensor:
        if self.training or not self.quantizer.in_integers:
            weight, input = self.fake_weight(), self.fake_input(input)
            return self._conv_forward(input, weight, self.fake_bias())
        output = self.quantizer.ops.quantized_conv2d_function(
            self.input_codes(input),
            self.weight_codes(),
            self.bias_codes(),
            self.input_scale.detach(),
            self.weight_scale,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
        )
        return output.float()


class QuantLinear(_Quantized, nn.Linear):
    """A linear layer with quantized weights, inputs and bias; float32 (..., in) to (..., out)."""

    def __init__(
        self, name: str, layer: nn.Linear, quantizer: LayerQuantizer, input_scale: float
    ) -> None:
        has_bias = layer.bias is not None
        super().__init__(layer.in_features, layer.out_features, has_bias, device="meta")
        self._set_quantizer(name, layer, quantizer, input_scale)

    def forward(self, input: Tensor) -> Tensor:
        if self.training or not self.quantizer.in_integers:
            weight, input = self.fake_weight(), self.fake_input(input)
            return F.linear(input, weight, self.fake_bias())
        output = self.quantizer.ops.quantized_linear_function(
            self.input_codes(input),
            self.weight_codes(),
            self.bias_codes(),
            self.input_scale.detach(),
            self.weight_scale,
        )
        return output.float()


def quantize_model(
    model: nn.Module,
    ops: Any,
    weight_bits: int,
    act_bits: int,
    method: str,
    calibration_images: Tensor,
    bit_widths: Mapping[str, int] | None = None,
) -> nn.Module:
    """A quantized copy of the float network `model`, in evaluation mode; `model` is untouched.

    `weight_bits` 1 to 8, `act_bits` 1 to 16; `method` is "sym", "SAWB" or "heuristic", for weights
    through `ops.reset_scale_and_zero_point` and for inputs as in `quantlab.network.calibration`;
    `calibration_images` uint8 (N, 3, 32, 32). `bit_widths` {layer: weight bits} overrides the
    width of these layers; `conv1` is quantized if it stands there, and only its weights.
    Raises `QuantizationError` and `CalibrationError`.
    """
    names = quantizable_layers(model)
    inputs = [name for name in names if name != FIRST_LAYER]
    _check_bits(names, weight_bits, act_bits, method, bit_widths or {})
    scales = input_scales(model, inputs, calibration_images, act_bits, method)
    return with_input_scales(model, ops, weight_bits, act_bits, method, scales, bit_widths)


def with_input_scales(
    model: nn.Module,
    ops: Any,
    weight_bits: int,
    act_bits: int,
    method: str,
    scales: Mapping[str, float],
    bit_widths: Mapping[str, int] | None = None,
) -> nn.Module:
    """`quantize_model` at given `scales` {layer: input scale}, one for every layer but conv1."""
    names, bit_widths = quantizable_layers(model), bit_widths or {}
    _check_bits(names, weight_bits, act_bits, method, bit_widths)
    quantized = copy.deepcopy(model)
    for name in names:
        first = name == FIRST_LAYER
        if first and name not in bit_widths:
            continue
        layer = quantized.get_submodule(name)
        quantizer = LayerQuantizer(
            InAnyForm(ops), bit_widths.get(name, weight_bits), None if first else act_bits, method
        )
        kind = QuantConv2d if isinstance(layer, nn.Conv2d) else QuantLinear
        replacement = kind(name, layer, quantizer, 1.0 if first else scales[name])  # type: ignore[arg-type]
        parent, _, child = name.rpartition(".")
        setattr(quantized.get_submodule(parent), child, replacement)
    return quantized.eval()


def quantizable_layers(model: nn.Module) -> list[str]:
    """The names of all convolutions and linear layers, in the order of the modules."""
    kinds = (nn.Conv2d, nn.Linear)
    return [name for name, module in model.named_modules() if isinstance(module, kinds)]


def _check_bits(
    names: list[str],
    weight_bits: int,
    act_bits: int,
    method: str,
    bit_widths: Mapping[str, int],
) -> None:
    if method not in METHODS:
        raise QuantizationError(
            f"There is no method {method!r}; choose one of {', '.join(METHODS)}."
        )
    unknown = sorted(set(bit_widths) - set(names))
    if unknown:
        raise QuantizationError(
            f"bit_widths names {unknown[0]!r}, which is no layer of this network: its layers are "
            f"{', '.join(names)}."
        )
    if act_bits not in ACT_BITS:
        raise QuantizationError(f"Activations have 1 to 16 bits, not {act_bits!r}.")
    for name, bits in {"weight_bits": weight_bits, **bit_widths}.items():
        if bits not in WEIGHT_BITS:
            raise QuantizationError(f"{name} is {bits!r}, but weights have 1 to 8 bits.")


@contextmanager
def fast_integer(ops: Any) -> Iterator[None]:
    """Within the block `ops` convolves with the kit's integer kernels, which give the same.

    For long jobs, once the student's own `integer_linear` and `integer_conv2d` have passed their
    checks: the functions that call them by name find the fast ones. `ops` is as before afterwards,
    also after an exception.
    """
    own = {name: vars(ops)[name] for name in REPLACED_BY_FAST if name in vars(ops)}
    try:
        for name in REPLACED_BY_FAST:
            setattr(ops, name, getattr(integer_kernels, name))
        yield
    finally:
        for name in REPLACED_BY_FAST:
            if name in own:
                setattr(ops, name, own[name])
            else:
                delattr(ops, name)
