"""Ten natural mistakes in integer_linear."""

from tests.public_checks.natural_mistakes.mistake import NaturalMistake

MISTAKES = (
    NaturalMistake(
        name="integer_linear: sums in float32",
        question="2b",
        function="integer_linear",
        code="""
            def integer_linear(input, weight):
                # float kernels exist on every device
                return torch.round(F.linear(input.float(), weight.float())).to(torch.int32)
        """,
        fix="float32 holds every integer only up to 2^24; float64 up to 2^53.",
        keywords=(("2^24", "float32"), ("exact", "holds", "rounded", "digits")),
    ),
    NaturalMistake(
        name="integer_linear: forgets to transpose",
        question="2b",
        function="integer_linear",
        code="""
            def integer_linear(input, weight):
                return torch.matmul(input.double(), weight.double()).to(torch.int32)
        """,
        fix="weight is (out, in): transpose it before the product.",
        keywords=(("transpose", "weight.t", "(out, in)", "cannot be multiplied"),),
    ),
    NaturalMistake(
        name="integer_linear: int8 operands",
        question="2b",
        function="integer_linear",
        code="""
            def integer_linear(input, weight):
                x, w = input.to(torch.int8), weight.to(torch.int8)
                return x.int() @ w.int().t()
        """,
        fix="int8 ends at 127; codes of 8 unsigned bits reach 255 and wrap around.",
        keywords=(("int8",), ("127", "wrap", "overflow", "255")),
    ),
    NaturalMistake(
        name="integer_linear: stays in float64",
        question="2b",
        function="integer_linear",
        code="""
            def integer_linear(input, weight):
                acc = input.to(torch.float64) @ weight.to(torch.float64).transpose(0, 1)
                return acc.round()
        """,
        fix="The sums are right, but the dtype must be int32.",
        keywords=(("dtype",), ("int32",), ("float64",)),
    ),
    NaturalMistake(
        name="integer_linear: half precision",
        question="2b",
        function="integer_linear",
        code="""
            def integer_linear(input, weight):
                return (input.half() @ weight.half().T).to(torch.int32)
        """,
        fix="16-bit floating point holds integers only up to 2^11: the sums are rounded.",
        keywords=(
            ("float16", "16-bit", "half", "bfloat16", "floating"),
            ("exact", "rounded", "2^"),
        ),
    ),
    NaturalMistake(
        name="integer_linear: element by element",
        question="2b",
        function="integer_linear",
        code="""
            def integer_linear(input, weight):
                products = input.unsqueeze(-2) * weight
                return products.sum(dim=-2).int()
        """,
        fix="Sum over the last axis, the inputs; you summed over the outputs.",
        keywords=(("shape",), ("(..., out)", "expected shape", "sum over")),
    ),
    NaturalMistake(
        name="integer_linear: clips to 16 bits",
        question="2b",
        function="integer_linear",
        code="""
            def integer_linear(input, weight):
                acc = input.long() @ weight.long().T
                return acc.clamp(-(2**15), 2**15 - 1).to(torch.int32)
        """,
        fix="Sums end at 32767, the limit of int16; the result is int32 and has room for them.",
        keywords=(("32767", "32768", "16 bits", "int16"), ("clip", "limit", "end at", "largest")),
    ),
    NaturalMistake(
        name="integer_linear: einsum with outputs first",
        question="2b",
        function="integer_linear",
        code="""
            def integer_linear(input, weight):
                return torch.einsum("oi,...i->o...", weight.double(), input.double()).int()
        """,
        fix="The result is transposed: outputs come last.",
        keywords=(("transpos", "expected shape", "outputs come last"), ("got",)),
    ),
    NaturalMistake(
        name="integer_linear: nn.Linear with its own bias",
        question="2b",
        function="integer_linear",
        code="""
            def integer_linear(input, weight):
                layer = torch.nn.Linear(weight.shape[1], weight.shape[0]).double()
                layer.weight.data = weight.double()
                layer.bias.data.fill_(1)
                return layer(input.double()).detach().to(torch.int32)
        """,
        fix="Every sum is 1 too large: this layer has a bias.",
        keywords=(("bias", "too large by 1", "larger by 1", "1 too large", "differ by 1"),),
    ),
    NaturalMistake(
        name="integer_linear: the sums of magnitudes",
        question="2b",
        function="integer_linear",
        code="""
            def integer_linear(input, weight):
                x = input.to(torch.uint8).double()  # activations are unsigned
                w = weight.to(torch.uint8).double()
                return (x @ w.T).to(torch.int32)
        """,
        fix="Negative weights become large positive numbers in uint8.",
        keywords=(("negative", "unsigned", "uint8"), ("weight", "wrap", "sign")),
    ),
)
