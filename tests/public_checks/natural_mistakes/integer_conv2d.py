"""Ten natural mistakes in integer_conv2d."""

from tests.public_checks.natural_mistakes.mistake import NaturalMistake

_HEAD = (
    "def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):\n"
    "    x, w = input.double(), weight.double()\n"
)

MISTAKES = (
    NaturalMistake(
        name="integer_conv2d: dilation ignored",
        question="2b",
        function="integer_conv2d",
        code=_HEAD
        + "    y = F.conv2d(x, w, stride=stride, padding=padding, groups=groups)\n"
        + "    return y.to(torch.int32)\n",
        fix="Pass dilation on: the result is too large, because the kernel is not spread.",
        keywords=(("with a dilation", "not spread"),),
    ),
    NaturalMistake(
        name="integer_conv2d: groups ignored",
        question="2b",
        function="integer_conv2d",
        code=_HEAD
        + "    y = F.conv2d(x, w, stride=stride, padding=padding, dilation=dilation)\n"
        + "    return y.to(torch.int32)\n",
        fix="Pass groups on.",
        keywords=(("groups=1", "pass groups"),),
    ),
    NaturalMistake(
        name="integer_conv2d: the stride in the place of the bias",
        question="2b",
        function="integer_conv2d",
        code=_HEAD + "    return F.conv2d(x, w, stride, padding, dilation, groups).int()\n",
        fix="The third argument of conv2d is the bias.",
        keywords=(("bias",), ("typeerror", "third")),
    ),
    NaturalMistake(
        name="integer_conv2d: sums in float32",
        question="2b",
        function="integer_conv2d",
        code="""
            def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
                conv = F.conv2d(
                    input.float(), weight.float(), None, stride, padding, dilation, groups
                )
                return conv.round().int()
        """,
        fix="float32 holds every integer only up to 2^24; float64 up to 2^53.",
        keywords=(("2^24", "float32"), ("exact", "holds", "rounded", "digits")),
    ),
    NaturalMistake(
        name="integer_conv2d: int8 operands",
        question="2b",
        function="integer_conv2d",
        code="""
            def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
                x = input.type(torch.int8).double()
                w = weight.type(torch.int8).double()
                y = F.conv2d(x, w, None, stride, padding, dilation, groups)
                return y.type(torch.int32)
        """,
        fix="int8 ends at 127; codes of 8 unsigned bits reach 255 and wrap around.",
        keywords=(("int8",), ("127", "wrap", "overflow", "255")),
    ),
    NaturalMistake(
        name="integer_conv2d: unfold without padding",
        question="2b",
        function="integer_conv2d",
        code="""
            def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
                out, _, kh, kw = weight.shape
                cols = F.unfold(input.double(), (kh, kw), dilation=dilation, stride=stride)
                sums = weight.double().view(out, -1) @ cols
                rows = input.shape[2] - kh + 1
                return sums.view(input.shape[0], out, rows, -1).to(torch.int32)
        """,
        fix="The result is smaller than expected: padding is ignored.",
        keywords=(("2 padding",), ("rows", "height")),
    ),
    NaturalMistake(
        name="integer_conv2d: reshapes the kernel where it should be transposed",
        question="2b",
        function="integer_conv2d",
        code="""
            def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
                w = weight.double().reshape(weight.shape[0], -1)
                w = w.reshape(-1, weight.shape[0])  # (in, out)
                w = w.T.reshape(weight.shape)
                y = F.conv2d(input.double(), w, None, stride, padding, dilation, groups)
                return y.to(torch.int32)
        """,
        fix="The weights are in another order: reshape is not transpose.",
        keywords=(("order", "transpose", "reshape"), ("weight", "kernel")),
    ),
    NaturalMistake(
        name="integer_conv2d: stays in floating point",
        question="2b",
        function="integer_conv2d",
        code=_HEAD + "    return F.conv2d(x, w, None, stride, padding, dilation, groups)\n",
        fix="The sums are right, but the dtype must be int32.",
        keywords=(("dtype",), ("int32",), ("float64",)),
    ),
    NaturalMistake(
        name="integer_conv2d: pads by hand, for a number only",
        question="2b",
        function="integer_conv2d",
        code="""
            def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
                x = F.pad(input, (padding, padding, padding, padding)).double()
                y = F.conv2d(x, weight.double(), None, stride, 0, dilation, groups)
                return y.to(torch.int32)
        """,
        fix="padding may be a pair or a word, as in conv2d.",
        keywords=(("padding", "pad("), ("pair", "tuple", "word")),
    ),
    NaturalMistake(
        name="integer_conv2d: slides a flipped kernel",
        question="2b",
        function="integer_conv2d",
        code="""
            def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
                kernel = torch.rot90(weight, 2, dims=(2, 3)).double()
                y = F.conv2d(input.double(), kernel, None, stride, padding, dilation, groups)
                return y.to(torch.int32)
        """,
        fix="conv2d of torch does not flip the kernel.",
        keywords=(("flip", "180 degrees", "turned"),),
    ),
)
