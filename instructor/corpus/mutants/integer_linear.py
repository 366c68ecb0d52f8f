"""Mistakes in integer_linear, one each."""

ALL = ["2b.integer_linear.values", "2b.integer_linear.beyond_float32"]


@mutant(
    "drops the sign of the weights",
    sentence=(
        "Your sums take the magnitude of each weight. Negative weights must lower a sum, so "
        "keep their sign."
    ),
    caught_by=ALL,
)
def absolute_weights():
    def integer_linear(input, weight):
        return F.linear(input.double(), weight.double().abs()).to(torch.int32)


@mutant(
    "computes in bfloat16",
    sentence=(
        "bfloat16 has 8 significant bits, so that your sums are rounded to few of their "
        "digits. Exact integers are asked for."
    ),
    caught_by=ALL,
)
def bfloat16_products():
    def integer_linear(input, weight):
        return F.linear(input.bfloat16(), weight.bfloat16()).to(torch.int32)


@mutant(
    "adds up in float32",
    sentence=(
        "float32 holds every integer up to 2^24 only; beyond it your sums lose their last "
        "digits. float64 holds every integer up to 2^53."
    ),
    caught_by=["2b.integer_linear.beyond_float32"],
)
def float32_accumulation():
    def integer_linear(input, weight):
        return F.linear(input.float(), weight.float()).round().to(torch.int32)


@mutant(
    "returns float64 instead of int32",
    sentence=(
        "The values are right, but you return them as floating-point numbers. The sums of "
        "equation (6) are integers and are to be returned as int32."
    ),
    caught_by=ALL,
)
def float_result():
    def integer_linear(input, weight):
        return F.linear(input.double(), weight.double())


@mutant(
    "adds up in int16, where sums wrap around",
    sentence=(
        "The products are added up in 16 bits, which hold sums up to 32767 only and then wrap"
        " around. The accumulator of equation (6) needs 32 bits."
    ),
    caught_by=ALL,
)
def int16_accumulation():
    def integer_linear(input, weight):
        return (input.to(torch.int16) @ weight.to(torch.int16).T).to(torch.int32)


@mutant(
    "casts the operands to int8, where they wrap around",
    sentence=(
        "You convert the codes to int8, in which unsigned codes above 127 wrap around to "
        "negative numbers. The codes come as int32 and must keep their values."
    ),
    caught_by=ALL,
)
def int8_operands():
    def integer_linear(input, weight):
        return F.linear(input.to(torch.int8).double(), weight.to(torch.int8).double()).to(
            torch.int32
        )


@mutant(
    "leaves out the last input feature",
    sentence="The last input feature is missing in your sums. They run over all input features.",
    caught_by=ALL,
)
def last_feature_forgotten():
    def integer_linear(input, weight):
        sums = torch.zeros(input.shape[0], weight.shape[0], dtype=torch.int64)
        for k in range(weight.shape[1] - 1):
            sums += input[:, k : k + 1].long() * weight[:, k].long()
        return sums.to(torch.int32)


@mutant(
    "averages over the batch",
    sentence=(
        "Your result is the mean over the examples of a batch. Every example has outputs of "
        "its own."
    ),
    caught_by=ALL,
)
def mean_over_batch():
    def integer_linear(input, weight):
        return F.linear(input.double(), weight.double()).mean(0).round().to(torch.int32)


@mutant(
    "divides the sums by the number of features",
    sentence=(
        "You average over the input features where equation (6) adds up: the sums are not "
        "divided by the number of products."
    ),
    caught_by=ALL,
)
def mean_over_features():
    def integer_linear(input, weight):
        return (F.linear(input.double(), weight.double()) / weight.shape[1]).round().to(torch.int32)


@mutant(
    "clips the sums to the range of int8",
    sentence=(
        "Your sums are clipped to -128 .. 127. Only codes have 8 bits; sums of their products"
        " keep all of their 32 bits."
    ),
    caught_by=ALL,
)
def result_clamped_to_8_bits():
    def integer_linear(input, weight):
        return F.linear(input.double(), weight.double()).clamp(-128, 127).to(torch.int32)


@mutant(
    "returns the transposed result",
    sentence="Your result has one row per output; one row per example is asked for, (..., out).",
    caught_by=ALL,
)
def result_transposed():
    def integer_linear(input, weight):
        return (weight.double() @ input.double().T).to(torch.int32)


@mutant(
    "reads signed weights as unsigned bytes",
    sentence=(
        "Your weights are read as unsigned bytes, so that -1 counts as 255. Weight codes are "
        "signed."
    ),
    caught_by=ALL,
)
def unsigned_weights():
    def integer_linear(input, weight):
        codes = (weight & 0xFF).double()
        return F.linear(input.double(), codes).to(torch.int32)


@mutant(
    "reshapes the weight where it should be transposed",
    sentence=(
        "Your weight has the shape of its transpose, but not its order: reshaping keeps the "
        "elements in a row, transposing exchanges rows and columns. Output o needs row o of "
        "the weight."
    ),
    caught_by=ALL,
)
def weight_reshaped():
    def integer_linear(input, weight):
        columns = weight.double().reshape(weight.shape[1], weight.shape[0])
        return (input.double() @ columns).to(torch.int32)
