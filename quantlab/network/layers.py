"""Layers that quantize their weights and inputs with the student's functions.

One scale per tensor, signed symmetric weights, unsigned inputs, zero point 0. A `LayerQuantizer`
holds the student's functions; nothing here quantizes or convolves codes by itself.

* In training mode the layers fake-quantize, so that gradients flow: codes by
  `ops.linear_quantize_STE`, back to real numbers by `ops.linear_dequantize`, then an ordinary
  convolution. Every forward pass computes the scale of the weights from the weights and stores it.
  The scale of the inputs stays as calibrated, unless the trainer changes it.
* In evaluation mode they compute equation (6) with integers, by `ops.quantized_conv2d_function` and
  `ops.quantized_linear_function`, at the *stored* scales. Leaving training mode stores the scale
  of the last weights, so both modes are the same network: the accumulator of one is
  `round(output / (s_x s_w))` of the other. Inputs of more than 8 bits would overflow int32 and
  stay fake-quantized, in float32.

Raises `QuantizationError` if a student's scale is not a positive number, a zero point is not 0, or
a convolution pads with anything but zeros. Exceptions of the student's functions pass through.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from quantlab.arithmetic.straight_through import straight_through
from quantlab.errors import QuantizationError

INTEGER_ACT_BITS = 8  # up to here the accumulators of every layer of ResNet-20 fit int32
INT32_LARGEST = 2**31 - 128  # the largest float32 number below 2^31


@dataclass(frozen=True)
class LayerQuantizer:
    """How one layer is quantized: the student's functions, the bit widths, the method.

    `act_bits` None leaves the inputs unchanged. `method` is a name from
    `quantlab.network.calibration.METHODS`.
    """

    ops: Any
    weight_bits: int
    act_bits: int | None
    method: str

    def __deepcopy__(self, memo: dict[int, Any]) -> "LayerQuantizer":
        """Return this object: it is immutable, and a module of functions cannot be copied."""
        return self

    @property
    def largest_input(self) -> int:
        """Return the largest code of an input."""
        return 2 ** (self.act_bits or 0) - 1

    @property
    def in_integers(self) -> bool:
        """Return whether evaluation mode computes with integers."""
        return self.act_bits is not None and self.act_bits <= INTEGER_ACT_BITS

    @torch.no_grad()
    def weight_scale(self, weight: Tensor) -> Tensor:
        """Return the student's scale of `weight`, a float32 scalar without gradient."""
        scale, _ = self._reset(weight)
        return torch.as_tensor(scale, dtype=torch.float32, device=weight.device).reshape(())

    def checked_weight_scale(self, name: str, weight: Tensor) -> Tensor:
        """Return `weight_scale` for the layer `name`.

        Raises:
            QuantizationError: The student's function did not return a positive scale and a zero
                point of 0.
        """
        answer = self._reset(weight)
        call = f"reset_scale_and_zero_point(weight of {name}, {self.weight_bits}, {self.method!r})"
        try:
            scale, zero_point = (float(part) for part in answer)
        except (TypeError, ValueError, RuntimeError):
            raise QuantizationError(
                f"{call}: expected a pair of numbers (scale, zero_point), one scale per tensor, "
                f"got {answer!r:.80}."
            ) from None
        if not 0 < scale < math.inf or zero_point != 0:
            raise QuantizationError(
                f"{call}: expected a positive scale and the zero point 0, got {scale:g} and "
                f"{zero_point:g}. Check that function first."
            )
        return torch.tensor(scale, dtype=torch.float32, device=weight.device)

    def _reset(self, weight: Tensor) -> Any:
        return self.ops.reset_scale_and_zero_point(weight.detach(), self.weight_bits, self.method)


class _QuantizedLayer(nn.Module):
    """The parameters and scales of a quantized layer, and both ways to quantize them.

    `input_scale` is a buffer. A trainer may assign an `nn.Parameter` to it: it then gets PACT's
    gradient (Choi et al. 2018), that of the clipped range, through the clamp below.
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

    def train(self, mode: bool = True) -> "_QuantizedLayer":
        """Set the mode; on leaving training mode store the scale of the last weights."""
        if self.training and not mode:
            scale = self.quantizer.checked_weight_scale(self.name, self.weight)
            self.weight_scale.copy_(scale)
        return super().train(mode)

    def fake_weight(self) -> Tensor:
        """Return the weights on their grid, float32; in training mode renew the scale first."""
        if self.training:
            self.weight_scale.copy_(self.quantizer.weight_scale(self.weight))
        scale, ops = self.weight_scale.clone(), self.quantizer.ops
        codes = ops.linear_quantize_STE(self.weight, scale, 0, self.quantizer.weight_bits, True)
        return ops.linear_dequantize(codes, scale, 0)

    def fake_input(self, input: Tensor) -> Tensor:
        """Return the inputs clamped to their range and on their grid, float32.

        The clamp comes *before* the student's straight-through estimator. The estimator passes
        every gradient, also of inputs beyond the largest code, whose output is constant. With
        2-bit activations ResNet-20 trains to 46.5 % without the clamp's gradient and to 88.4 %
        with it (Yin et al. 2019).
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
        """Return the bias on the grid of the accumulators, with the identity as its gradient."""
        if self.bias is None or self.quantizer.act_bits is None:
            return self.bias
        on_grid = torch.round(self.bias / self.accumulator_scale()) * self.accumulator_scale()
        return straight_through(self.bias, on_grid)

    def accumulator_scale(self) -> Tensor:
        """Return s_x s_w, the value of one unit of the accumulator, as a float32 scalar."""
        return self.input_scale.detach() * self.weight_scale

    def input_codes(self, input: Tensor) -> Tensor:
        """Return the int32 codes of the inputs."""
        bits = self.quantizer.act_bits
        scale = self.input_scale.detach()
        codes = self.quantizer.ops.linear_quantize(input, scale, 0, bits, False)
        return codes.to(torch.int32)

    def weight_codes(self) -> Tensor:
        """Return the int32 codes of the weights at the stored scale."""
        codes = self.quantizer.ops.linear_quantize(
            self.weight.detach(), self.weight_scale, 0, self.quantizer.weight_bits, True
        )
        return codes.to(torch.int32)

    def bias_codes(self) -> Tensor | None:
        """Return round(b / (s_x s_w)), the bias at the scale of the accumulators, as int32."""
        if self.bias is None:
            return None
        codes = torch.round(self.bias.detach() / self.accumulator_scale())
        return codes.clamp(-INT32_LARGEST, INT32_LARGEST).to(torch.int32)


class QuantConv2d(_QuantizedLayer, nn.Conv2d):
    """A convolution with quantized weights and inputs; float32 (N, C, H, W) in and out."""

    def __init__(
        self, name: str, layer: nn.Conv2d, quantizer: LayerQuantizer, input_scale: float
    ) -> None:
        """Take over the parameters of the float `layer`. Raises `QuantizationError`."""
        if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
            raise QuantizationError(
                f"{name}: expected zero padding given as integers, got "
                f"{layer.padding_mode!r} {layer.padding!r}. Integer convolutions pad with zeros."
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
        """Return the convolution: with fake quantization in training, else in integers."""
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


class QuantLinear(_QuantizedLayer, nn.Linear):
    """A linear layer with quantized weights, inputs and bias; float32 (..., in) to (..., out)."""

    def __init__(
        self, name: str, layer: nn.Linear, quantizer: LayerQuantizer, input_scale: float
    ) -> None:
        """Take over the parameters of the float `layer`. Raises `QuantizationError`."""
        has_bias = layer.bias is not None
        super().__init__(layer.in_features, layer.out_features, has_bias, device="meta")
        self._set_quantizer(name, layer, quantizer, input_scale)

    def forward(self, input: Tensor) -> Tensor:
        """Return the product: with fake quantization in training, else in integers."""
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
