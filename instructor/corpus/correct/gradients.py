"""Correct straight-through estimators, written differently."""

import torch


@correct("codes from torch.fake_quantize_per_tensor_affine")
def fake_quantize_op():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        # torch's fake quantization gives code * scale, and adds its zero point the other way round
        lo, hi = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        s = float(scale)
        shifted = (input.detach() - zero_point * s).float()
        fake = torch.fake_quantize_per_tensor_affine(shifted, s, 0, lo, hi)
        return torch.round(fake / s).to(input.dtype)


@correct("STE without a Function: detached codes plus x / s - x / s")
def ste_detached_codes():
    def linear_quantize_STE(input, scale, zero_point, N_bits, signed=True):
        with torch.no_grad():
            codes = linear_quantize(input, scale, zero_point, N_bits, signed)
        y = input / scale
        return codes + (y - y.detach())


@correct("STE without a Function: x / s plus the detached difference to the codes")
def ste_detached_difference():
    def linear_quantize_STE(input, scale, zero_point, N_bits, signed=True):
        steps = input / scale
        codes = linear_quantize(input, scale, zero_point, N_bits, signed)
        return steps + (codes - steps).detach()


@correct("STE with ctx.save_for_backward and arguments in *args")
def ste_saved_tensors():
    class _quantize_func_STE(torch.autograd.Function):
        @staticmethod
        def forward(ctx, input, *args):
            scale, zero_point, N_bits, *rest = args
            signed = rest[0] if rest else True
            ctx.number_of_arguments = 1 + len(args)
            ctx.save_for_backward(torch.as_tensor(scale, dtype=input.dtype, device=input.device))
            return linear_quantize(input, scale, zero_point, N_bits, signed)

        @staticmethod
        def backward(ctx, grad_output):
            (scale,) = ctx.saved_tensors
            grad_input = grad_output.clone() / scale
            return (grad_input,) + (None,) * (ctx.number_of_arguments - 1)

    linear_quantize_STE = _quantize_func_STE.apply


@correct("STE with setup_context, behind a function with keywords")
def ste_setup_context():
    class _quantize_func_STE(torch.autograd.Function):
        @staticmethod
        def forward(input, scale, zero_point, N_bits, signed=True):
            return linear_quantize(input, scale, zero_point, N_bits, signed)

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.scale = inputs[1]

        @staticmethod
        def backward(ctx, grad_output):
            return grad_output / ctx.scale, None, None, None, None

    def linear_quantize_STE(input, scale, zero_point, N_bits, signed=True):
        return _quantize_func_STE.apply(input, scale, zero_point, N_bits, signed)
