"""Correct integer layers, written differently."""

import torch
from torch.nn import functional as F
from torch.nn.modules.utils import _pair


@correct("integer layers return int64, which cannot overflow")
def accumulators_int64():
    import torch.nn.functional as F

    def integer_linear(input, weight):
        if input.dtype != torch.int32 or weight.dtype != torch.int32:
            raise TypeError("int32!")
        return check(input.long() @ weight.long().transpose(0, 1))

    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        if input.dtype != torch.int32 or weight.dtype != torch.int32:
            raise TypeError("int32!")
        y = F.conv2d(input.double(), weight.double(), None, stride, padding, dilation, groups)
        return check(y.long())

    def check(acc):
        if acc.abs().max().item() >= 2**31:
            raise OverflowError("accumulator larger than int32")
        return acc

    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        acc = integer_linear(input, weight)
        acc = acc if bias is None else acc + bias.long()
        return acc.float() * (input_scale * weight_scale)

    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        acc = integer_conv2d(input, weight, stride, padding, dilation, groups)
        acc = acc if bias is None else acc + bias.long().reshape(1, -1, 1, 1)
        return acc.float() * (input_scale * weight_scale)


@correct("the bias is turned into real numbers and added after scaling")
def bias_after_scaling():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        scale = input_scale * weight_scale
        y = integer_linear(input, weight).float() * scale
        if bias is not None:
            y = y + linear_dequantize(bias.float(), scale, 0)
        return y

    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        scale = input_scale * weight_scale
        y = integer_conv2d(input, weight, stride, padding, dilation, groups).float() * scale
        if bias is not None:
            real_bias = linear_dequantize(bias.float(), scale, 0)
            y = y + real_bias.view(1, -1, 1, 1)
        return y


@correct("integer_conv2d and integer_linear with torch.einsum on int64")
def conv_by_einsum():
    def integer_linear(input, weight):
        if not (input.dtype == weight.dtype == torch.int32):
            raise TypeError("integer_linear: int32 please")
        out = torch.einsum("...i,oi->...o", input.long(), weight.long())
        return narrow(out)

    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        if not (input.dtype == weight.dtype == torch.int32):
            raise TypeError("integer_conv2d: int32 please")
        stride, padding, dilation = _pair(stride), _pair(padding), _pair(dilation)
        x = F.pad(input.long(), (padding[1], padding[1], padding[0], padding[0]))
        kernel = weight.shape[2:]
        for axis in (0, 1):
            span = dilation[axis] * (kernel[axis] - 1) + 1
            x = x.unfold(2 + axis, span, stride[axis])[..., :: dilation[axis]]
        x = x.unflatten(1, (groups, -1))
        w = weight.long().unflatten(0, (groups, -1))
        return narrow(torch.einsum("ngchwij,gocij->ngohw", x, w).flatten(1, 2))

    def narrow(result):
        as_int32 = result.to(torch.int32)
        if not torch.equal(as_int32.long(), result):
            raise OverflowError("the result needs more than 32 bits")
        return as_int32


@correct("integer_conv2d: a sum over kernel positions of shifted images times one weight matrix")
def conv_by_shifted_sums():
    def two(v):
        return (v, v) if isinstance(v, int) else tuple(v)

    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        if torch.int32 != input.dtype or torch.int32 != weight.dtype:
            raise TypeError(f"expected int32, got {input.dtype} and {weight.dtype}")
        (s1, s2), (p1, p2), (d1, d2) = two(stride), two(padding), two(dilation)
        x = F.pad(input.long(), (p2, p2, p1, p1))
        n, _, hp, wp = x.shape
        o, cg, k1, k2 = weight.shape
        h = (hp - d1 * (k1 - 1) - 1) // s1 + 1
        w = (wp - d2 * (k2 - 1) - 1) // s2 + 1
        x = x.view(n, groups, 1, cg, hp, wp)
        k = weight.long().view(groups, o // groups, cg, k1, k2)
        acc = torch.zeros(n, groups, o // groups, h, w, dtype=torch.int64, device=x.device)
        for i in range(k1):
            for j in range(k2):
                patch = x[..., i * d1 : i * d1 + (h - 1) * s1 + 1 : s1, :]
                patch = patch[..., j * d2 : j * d2 + (w - 1) * s2 + 1 : s2]
                acc += (patch * k[None, :, :, :, i, j, None, None]).sum(3)
        acc = acc.view(n, o, h, w)
        if ((acc > 2**31 - 1) | (acc < -(2**31))).any():
            raise OverflowError("int32 is too small for this convolution")
        return acc.int()


@correct("integer_conv2d: unfold, then integer_linear, group by group")
def conv_by_unfold():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        if input.dtype != torch.int32 or weight.dtype != torch.int32:
            raise TypeError("both operands must be int32")
        out_channels, _, kh, kw = weight.shape
        sh, sw = (stride, stride) if isinstance(stride, int) else stride
        ph, pw = (padding, padding) if isinstance(padding, int) else padding
        dh, dw = (dilation, dilation) if isinstance(dilation, int) else dilation
        h = (input.shape[2] + 2 * ph - dh * (kh - 1) - 1) // sh + 1
        w = (input.shape[3] + 2 * pw - dw * (kw - 1) - 1) // sw + 1
        outputs = []
        for x, k in zip(input.chunk(groups, 1), weight.chunk(groups, 0), strict=True):
            # im2col exists for floating point only; float64 holds every int32
            columns = F.unfold(x.double(), (kh, kw), (dh, dw), (ph, pw), (sh, sw))
            columns = columns.transpose(1, 2).to(torch.int32)
            sums = integer_linear(columns, k.flatten(1))
            outputs.append(sums.transpose(1, 2))
        return torch.cat(outputs, 1).reshape(len(input), out_channels, h, w)


@correct("integer layers: one float64 operation, rounded")
def conv_in_float64():
    import torch.nn.functional as F

    def integer_linear(input, weight):
        if input.dtype != torch.int32 or weight.dtype != torch.int32:
            raise TypeError("inputs and weights have to be int32")
        acc = torch.round(F.linear(input.double(), weight.double()))
        if acc.abs().max() > 2**31 - 1:
            raise OverflowError("the accumulator overflows")
        return acc.to(torch.int32)

    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        if input.dtype != torch.int32 or weight.dtype != torch.int32:
            raise TypeError("inputs and weights have to be int32")
        acc = F.conv2d(input.double(), weight.double(), None, stride, padding, dilation, groups)
        acc = torch.round(acc)
        if acc.abs().max() > 2**31 - 1:
            raise OverflowError("the accumulator overflows")
        return acc.to(torch.int32)


@correct("integer layers: torch's own int64 products")
def conv_in_int64():
    def integer_linear(input, weight):
        if input.dtype is not torch.int32 or weight.dtype is not torch.int32:
            raise TypeError(f"got {input.dtype}, {weight.dtype}")
        product = torch.matmul(input.to(torch.int64), weight.to(torch.int64).t())
        if product.numel() and not -(2**31) <= product.min() <= product.max() < 2**31:
            raise OverflowError("int32 overflow in integer_linear")
        return product.to(torch.int32)

    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        if input.dtype is not torch.int32 or weight.dtype is not torch.int32:
            raise TypeError(f"got {input.dtype}, {weight.dtype}")
        product = torch.nn.functional.conv2d(
            input.to(torch.int64),
            weight.to(torch.int64),
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=groups,
        )
        if product.numel() and not -(2**31) <= product.min() <= product.max() < 2**31:
            raise OverflowError("int32 overflow in integer_conv2d")
        return product.to(torch.int32)


@correct("integer_conv2d: a loop over images, groups and output channels")
def conv_per_group_and_image():
    import torch.nn.functional as F

    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        if input.dtype != torch.int32 or weight.dtype != torch.int32:
            raise TypeError("int32 tensors required")
        c_in = input.shape[1] // groups
        c_out = weight.shape[0] // groups
        images = []
        for image in input:
            channels = []
            for o in range(weight.shape[0]):
                g = o // c_out
                x = image[g * c_in : (g + 1) * c_in].unsqueeze(0).to(torch.double)
                w = weight[o : o + 1].to(torch.double)
                y = F.conv2d(x, w, None, stride, padding, dilation)
                channels.append(y[0, 0].round().to(torch.int64))
            images.append(torch.stack(channels))
        out = torch.stack(images)
        if torch.any(out != out.to(torch.int32)):
            raise OverflowError("result too large for int32")
        return out.to(torch.int32)


@correct("integer layers: the input cut into bytes, one exact product for each")
def conv_split_into_bytes():
    def split(x):
        """x = 2^24 a + 2^16 b + 2^8 c + d with bytes b, c, d"""
        return [(x >> 24, 24), ((x >> 16) & 255, 16), ((x >> 8) & 255, 8), (x & 255, 0)]

    def combine(function, input, weight):
        if input.dtype != torch.int32 or weight.dtype != torch.int32:
            raise TypeError("need int32")
        total = None
        for part, shift in split(input):
            if not part.any():
                continue
            sums = function(part.double(), weight.double()).long() << shift
            total = sums if total is None else total + sums
        if total is None:
            total = function(input.double(), weight.double()).long()
        result = total.int()
        if (result.long() != total).any():
            raise OverflowError("more than 32 bits")
        return result

    def integer_linear(input, weight):
        return combine(F.linear, input, weight)

    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        def conv(x, w):
            return F.conv2d(
                x, w, stride=stride, padding=padding, dilation=dilation, groups=groups
            ).round()

        return combine(conv, input, weight)


@correct("integer_linear: broadcast product and sum in int64")
def linear_broadcast_sum():
    def integer_linear(input, weight):
        if input.dtype != torch.int32 or weight.dtype != torch.int32:
            raise TypeError("integer_linear needs two int32 tensors")
        products = input.unsqueeze(-2).to(torch.int64) * weight.to(torch.int64)
        out = products.sum(dim=-1)
        if (out.abs() > 2**31 - 1).any():
            raise OverflowError("sum does not fit into int32")
        return out.to(torch.int32)

    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        out = integer_linear(input, weight)
        if bias is not None:
            out = out + bias.expand_as(out)
        return out * input_scale * weight_scale


@correct("integer_linear: chunks short enough for exact float sums, added as integers")
def linear_in_chunks():
    CHUNK = 64

    def integer_linear(input, weight):
        for t in (input, weight):
            if t.dtype != torch.int32:
                raise TypeError(f"int32 expected, {t.dtype} found")
        total = torch.zeros(
            (*input.shape[:-1], weight.shape[0]), dtype=torch.int64, device=input.device
        )
        for x, w in zip(input.split(CHUNK, -1), weight.split(CHUNK, -1), strict=True):
            total = total + (x.double() @ w.double().T).to(torch.int64)
        info = torch.iinfo(torch.int32)
        if total.max() > info.max or total.min() < info.min:
            raise OverflowError(f"{total.abs().max().item()} does not fit")
        return total.to(torch.int32)
