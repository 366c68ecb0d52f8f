"""Mistakes in straight-through estimator, one each."""

import torch

GRADIENT = ["2a.STE.gradient", "2a.STE.arguments"]


class CorrectEstimator(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, scale, zero_point, N_bits, signed=True):
        ctx.scale = scale
        return linear_quantize(input, scale, zero_point, N_bits, signed)

    @staticmethod
    def backward(ctx, grad_output):
        return grad_output / ctx.scale, None, None, None, None


@mutant(
    "x + (codes - x).detach() instead of a backward",
    sentence=(
        "Your gradient passes through unchanged. Quantization followed by recovery should be "
        "the identity, and linear_dequantize multiplies the gradient by the scale: the other "
        "half has to undo that."
    ),
    caught_by=GRADIENT,
)
def adds_detached_difference():
    def linear_quantize_STE(input, scale, zero_point, N_bits, signed=True):
        codes = linear_quantize(input, scale, zero_point, N_bits, signed)
        return input + (codes - input).detach()


@mutant(
    "forward always uses four bits",
    sentence=(
        "The forward pass uses 4 bits whatever N_bits is: its codes must be exactly those of "
        "linear_quantize with the same arguments."
    ),
    caught_by=["2a.STE.arguments"],
)
def always_four_bits():
    class _quantize_func_STE(CorrectEstimator):
        @staticmethod
        def forward(ctx, input, scale, zero_point, N_bits, signed=True):
            ctx.scale = scale
            return linear_quantize(input, scale, zero_point, 4, signed)

    linear_quantize_STE = _quantize_func_STE.apply


@mutant(
    "no gradient for clipped elements",
    sentence=(
        "Your gradient is zero where a number was clipped. The straight-through estimator of "
        "this assignment counts as the identity for every element, clipped or not."
    ),
    caught_by=GRADIENT,
)
def clipped_gradient():
    class _quantize_func_STE(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input, scale, zero_point, N_bits, signed=True):
            ctx.scale = scale
            raw = torch.round(input / scale) - zero_point
            codes = linear_quantize(input, scale, zero_point, N_bits, signed)
            ctx.inside = codes == raw
            return codes

        @staticmethod
        def backward(ctx, grad_output):
            return grad_output * ctx.inside / ctx.scale, None, None, None, None

    linear_quantize_STE = _quantize_func_STE.apply


@mutant(
    "divides the gradient by the scale twice",
    sentence=(
        "Your gradient is divided by the scale twice; linear_dequantize multiplies by it "
        "once, and the two together should be the identity."
    ),
    caught_by=GRADIENT,
)
def divides_twice():
    class _quantize_func_STE(CorrectEstimator):
        @staticmethod
        def backward(ctx, grad_output):
            return grad_output / ctx.scale / ctx.scale, None, None, None, None

    linear_quantize_STE = _quantize_func_STE.apply


@mutant(
    "gradient in the place of the scale",
    sentence=(
        "No gradient reaches the input: backward returns one value per argument of forward, "
        "in their order, and the gradient of the input comes first."
    ),
    caught_by=GRADIENT,
)
def gradient_for_scale():
    class _quantize_func_STE(CorrectEstimator):
        @staticmethod
        def backward(ctx, grad_output):
            return None, grad_output / ctx.scale, None, None, None

    linear_quantize_STE = _quantize_func_STE.apply


@mutant(
    "multiplies the gradient by the scale",
    sentence=(
        "Your backward multiplies by the scale, and linear_dequantize does so too, so the "
        "gradient shrinks by its square; together they should be the identity."
    ),
    caught_by=GRADIENT,
)
def gradient_times_scale():
    class _quantize_func_STE(CorrectEstimator):
        @staticmethod
        def backward(ctx, grad_output):
            return grad_output * ctx.scale, None, None, None, None

    linear_quantize_STE = _quantize_func_STE.apply


@mutant(
    "linear_quantize itself, with the true gradient of rounding",
    sentence=(
        "Your gradient is zero everywhere, as the true gradient of rounding is; nothing in "
        "front of it could learn. The estimator passes one on as if the rounding were not "
        "there."
    ),
    caught_by=GRADIENT,
)
def no_custom_gradient():
    linear_quantize_STE = linear_quantize


@mutant(
    "ignores the incoming gradient",
    sentence=(
        "Your gradient does not depend on the one that comes in. By the chain rule backward "
        "starts from grad_output, the gradient of the loss with respect to the codes."
    ),
    caught_by=GRADIENT,
)
def ones():
    class _quantize_func_STE(CorrectEstimator):
        @staticmethod
        def backward(ctx, grad_output):
            return torch.ones_like(grad_output) / ctx.scale, None, None, None, None

    linear_quantize_STE = _quantize_func_STE.apply


@mutant(
    "forward returns recovered real numbers",
    sentence=(
        "The forward pass returns recovered real numbers; it stops at the codes of "
        "linear_quantize, and linear_dequantize is applied to them afterwards."
    ),
    caught_by=["2a.STE.forward", "2a.STE.arguments"],
)
def recovers():
    class _quantize_func_STE(CorrectEstimator):
        @staticmethod
        def forward(ctx, input, scale, zero_point, N_bits, signed=True):
            ctx.scale = scale
            codes = linear_quantize(input, scale, zero_point, N_bits, signed)
            return linear_dequantize(codes, scale, zero_point)

    linear_quantize_STE = _quantize_func_STE.apply


@mutant(
    "forward returns the input",
    sentence=(
        "The forward pass returns the real numbers as they were. Only the gradient treats "
        "quantization as the identity; forward gives the codes of linear_quantize."
    ),
    caught_by=["2a.STE.forward", "2a.STE.arguments"],
)
def returns_input():
    class _quantize_func_STE(CorrectEstimator):
        @staticmethod
        def forward(ctx, input, scale, zero_point, N_bits, signed=True):
            ctx.scale = scale
            return input.clone()

    linear_quantize_STE = _quantize_func_STE.apply


@mutant(
    "rounds the gradient",
    sentence=(
        "Your gradient has been rounded to integers. Only the forward pass rounds; gradients "
        "stay real numbers, and small ones would be lost."
    ),
    caught_by=GRADIENT,
)
def rounds_gradient():
    class _quantize_func_STE(CorrectEstimator):
        @staticmethod
        def backward(ctx, grad_output):
            return torch.round(grad_output / ctx.scale), None, None, None, None

    linear_quantize_STE = _quantize_func_STE.apply


@mutant(
    "keeps only the sign of the gradient",
    sentence=(
        "Your gradient keeps only the sign of the one that comes in; the identity passes its "
        "size on too."
    ),
    caught_by=GRADIENT,
)
def sign_of_gradient():
    class _quantize_func_STE(CorrectEstimator):
        @staticmethod
        def backward(ctx, grad_output):
            return torch.sign(grad_output) / ctx.scale, None, None, None, None

    linear_quantize_STE = _quantize_func_STE.apply


@mutant(
    "forward is always signed",
    sentence=(
        "The forward pass ignores signed=False: its codes must be exactly those of "
        "linear_quantize with the same arguments."
    ),
    caught_by=["2a.STE.arguments"],
)
def signed_not_passed_on():
    class _quantize_func_STE(CorrectEstimator):
        @staticmethod
        def forward(ctx, input, scale, zero_point, N_bits, signed=True):
            ctx.scale = scale
            return linear_quantize(input, scale, zero_point, N_bits)

    linear_quantize_STE = _quantize_func_STE.apply


@mutant(
    "passes the gradient on unscaled",
    sentence=(
        "Your gradient passes through unchanged. Quantization followed by recovery should be "
        "the identity, and linear_dequantize multiplies the gradient by the scale: the other "
        "half has to undo that."
    ),
    caught_by=GRADIENT,
)
def unscaled_gradient():
    class _quantize_func_STE(CorrectEstimator):
        @staticmethod
        def backward(ctx, grad_output):
            return grad_output, None, None, None, None

    linear_quantize_STE = _quantize_func_STE.apply


@mutant(
    "gradient always zero",
    sentence=(
        "Your gradient is zero everywhere, as the true gradient of rounding is; nothing in "
        "front of it could learn. The estimator passes one on as if the rounding were not "
        "there."
    ),
    caught_by=GRADIENT,
)
def zero_gradient():
    class _quantize_func_STE(CorrectEstimator):
        @staticmethod
        def backward(ctx, grad_output):
            return torch.zeros_like(grad_output), None, None, None, None

    linear_quantize_STE = _quantize_func_STE.apply


@mutant(
    "forward ignores the zero point",
    sentence=(
        "The forward pass ignores the zero point: its codes must be exactly those of "
        "linear_quantize with the same arguments."
    ),
    caught_by=["2a.STE.arguments"],
)
def zero_point_not_passed_on():
    class _quantize_func_STE(CorrectEstimator):
        @staticmethod
        def forward(ctx, input, scale, zero_point, N_bits, signed=True):
            ctx.scale = scale
            return linear_quantize(input, scale, 0, N_bits, signed)

    linear_quantize_STE = _quantize_func_STE.apply
