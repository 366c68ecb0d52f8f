"""Mistakes in integer_conv2d, one each."""

ALL = ["2b.integer_conv2d.values", "2b.integer_conv2d.geometry", "2b.integer_conv2d.beyond_float32"]


@mutant(
    "ignores the dilation",
    sentence=(
        "Your kernel always covers neighbouring pixels. With a dilation its elements lie that"
        " many pixels apart."
    ),
    caught_by=["2b.integer_conv2d.geometry"],
)
def dilation_ignored():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        return F.conv2d(input.double(), weight.double(), None, stride, padding, 1, groups).to(
            torch.int32
        )


@mutant(
    "adds up in float32",
    sentence=(
        "float32 holds every integer up to 2^24 only, and a convolution over many channels "
        "adds up to more: the last digits are lost. float64 holds every integer up to "
        "2^53."
    ),
    caught_by=["2b.integer_conv2d.beyond_float32"],
)
def float32_accumulation():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        sums = F.conv2d(input.float(), weight.float(), None, stride, padding, dilation, groups)
        return sums.round().to(torch.int32)


@mutant(
    "returns float64 instead of int32",
    sentence=(
        "The values are right, but their dtype is a floating-point one. The result of an "
        "integer convolution is int32."
    ),
    caught_by=ALL,
)
def float_result():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        return F.conv2d(input.double(), weight.double(), None, stride, padding, dilation, groups)


@mutant(
    "takes the first group of input channels for every group",
    sentence=(
        "All your output channels are computed from the first group of input channels. Group "
        "g of the outputs belongs to group g of the inputs."
    ),
    caught_by=["2b.integer_conv2d.geometry"],
)
def groups_first_only():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        first = input[:, : input.shape[1] // groups]
        return F.conv2d(first.double(), weight.double(), None, stride, padding, dilation).to(
            torch.int32
        )


@mutant(
    "returns the channels of the groups in turn",
    sentence=(
        "The output channels of your groups alternate. They must follow one group after the "
        "other, as the rows of the weight do."
    ),
    caught_by=["2b.integer_conv2d.geometry"],
)
def groups_interleaved():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        sums = [
            F.conv2d(codes.double(), weights.double(), None, stride, padding, dilation)
            for codes, weights in zip(input.chunk(groups, 1), weight.chunk(groups, 0), strict=True)
        ]
        return torch.stack(sums, 2).flatten(1, 2).to(torch.int32)


@mutant(
    "lets every output channel see all groups of input channels",
    sentence=(
        "In your grouped convolution every output channel adds up all input channels. It may "
        "see the channels of its own group only."
    ),
    caught_by=["2b.integer_conv2d.geometry"],
)
def groups_repeat_the_weight():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        weight = weight.repeat(1, groups, 1, 1)
        return F.conv2d(input.double(), weight.double(), None, stride, padding, dilation).to(
            torch.int32
        )


@mutant(
    "adds up in int16, where sums wrap around",
    sentence=(
        "Your sums wrap around where they leave 16 bits. The sums of products of a "
        "convolution need the 32 bits of int32."
    ),
    caught_by=ALL,
)
def int16_accumulation():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        sums = F.conv2d(input.double(), weight.double(), None, stride, padding, dilation, groups)
        return sums.long().to(torch.int16).to(torch.int32)


@mutant(
    "casts the operands to int8, where they wrap around",
    sentence=(
        "Your codes are converted to int8, which ends at 127: larger unsigned codes become "
        "negative. Keep the values of the int32 codes that you are given."
    ),
    caught_by=ALL,
)
def int8_operands():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        codes, weights = input.to(torch.int8).double(), weight.to(torch.int8).double()
        return F.conv2d(codes, weights, None, stride, padding, dilation, groups).to(torch.int32)


@mutant(
    "flips the kernel, as in mathematics",
    sentence=(
        "Your kernel is turned by 180 degrees, as mathematics defines a convolution. The "
        "layers of neural networks, and torch's, take the kernel as it is."
    ),
    caught_by=ALL,
)
def kernel_flipped():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        kernel = weight.double().flip(2, 3)
        return F.conv2d(input.double(), kernel, None, stride, padding, dilation, groups).to(
            torch.int32
        )


@mutant(
    "exchanges height and width of the kernel",
    sentence=(
        "Rows and columns of your kernel are exchanged. A weight has the shape (out, C / "
        "groups, kH, kW), the height before the width."
    ),
    caught_by=ALL,
)
def kernel_transposed():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        kernel = weight.double().transpose(2, 3)
        return F.conv2d(input.double(), kernel, None, stride, padding, dilation, groups).to(
            torch.int32
        )


@mutant(
    "convolves the first image of the batch only",
    sentence="Only the first image of the batch comes out. Every image of the input has a result.",
    caught_by=["2b.integer_conv2d.values", "2b.integer_conv2d.geometry"],
)
def one_image_only():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        return F.conv2d(
            input[:1].double(), weight.double(), None, stride, padding, dilation, groups
        ).to(torch.int32)


@mutant(
    "pads above and at the left only",
    sentence=(
        "Your padding is added above and at the left only. It belongs on both sides of each "
        "dimension."
    ),
    caught_by=["2b.integer_conv2d.geometry"],
)
def padding_at_one_side():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        rows, columns = (padding, padding) if isinstance(padding, int) else padding
        padded = F.pad(input.double(), (columns, 0, rows, 0))
        return F.conv2d(padded, weight.double(), None, stride, 0, dilation, groups).to(torch.int32)


@mutant(
    "ignores the padding",
    sentence="Your convolution does not pad its input. Pass the padding on, whose code is 0.",
    caught_by=["2b.integer_conv2d.geometry"],
)
def padding_ignored():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        return F.conv2d(input.double(), weight.double(), None, stride, 0, dilation, groups).to(
            torch.int32
        )


@mutant(
    "pads by repeating the edge",
    sentence=(
        "Your padding repeats the pixels at the edge of the image. It is to be the code 0 "
        "everywhere."
    ),
    caught_by=["2b.integer_conv2d.geometry"],
)
def padding_repeats_the_edge():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        rows, columns = (padding, padding) if isinstance(padding, int) else padding
        padded = F.pad(input.double(), (columns, columns, rows, rows), mode="replicate")
        return F.conv2d(padded, weight.double(), None, stride, 0, dilation, groups).to(torch.int32)


@mutant(
    "takes a pair of paddings as (width, height)",
    sentence=(
        "You pad a pair in the order (width, height). As in torch, the first number is what "
        "is added above and below."
    ),
    caught_by=["2b.integer_conv2d.geometry"],
)
def padding_reversed():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        rows, columns = (padding, padding) if isinstance(padding, int) else padding
        padded = F.pad(input.double(), (rows, rows, columns, columns))
        return F.conv2d(padded, weight.double(), None, stride, 0, dilation, groups).to(torch.int32)


@mutant(
    "pads twice",
    sentence=(
        "The input is padded twice, once by hand and once more by the convolution. Do it in "
        "one of the two places."
    ),
    caught_by=["2b.integer_conv2d.geometry"],
)
def padding_twice():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        rows, columns = (padding, padding) if isinstance(padding, int) else padding
        padded = F.pad(input.double(), (columns, columns, rows, rows))
        return F.conv2d(padded, weight.double(), None, stride, padding, dilation, groups).to(
            torch.int32
        )


@mutant(
    "pads with the code 1",
    sentence="You pad with the code 1. Padding stands for the real number 0, whose code is 0.",
    caught_by=["2b.integer_conv2d.geometry"],
)
def padding_with_ones():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        rows, columns = (padding, padding) if isinstance(padding, int) else padding
        padded = F.pad(input.double(), (columns, columns, rows, rows), value=1)
        return F.conv2d(padded, weight.double(), None, stride, 0, dilation, groups).to(torch.int32)


@mutant(
    "takes the first number of every pair for both dimensions",
    sentence=(
        "Of each pair (height, width) you use the first number for both. Stride, padding and "
        "dilation may differ between height and width."
    ),
    caught_by=["2b.integer_conv2d.geometry"],
)
def pairs_collapsed():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        stride, padding, dilation = (
            one if isinstance(one, int) else one[0] for one in (stride, padding, dilation)
        )
        return F.conv2d(
            input.double(), weight.double(), None, stride, padding, dilation, groups
        ).to(torch.int32)


@mutant(
    "exchanges stride and dilation",
    sentence=(
        "Stride and dilation have changed places. The stride moves the kernel over the image,"
        " the dilation spreads the kernel itself."
    ),
    caught_by=["2b.integer_conv2d.geometry"],
)
def stride_and_dilation_swapped():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        return F.conv2d(
            input.double(), weight.double(), None, dilation, padding, stride, groups
        ).to(torch.int32)


@mutant(
    "ignores the stride",
    sentence="Your convolution moves by one pixel whatever the stride is. Pass the stride on.",
    caught_by=["2b.integer_conv2d.geometry"],
)
def stride_ignored():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        return F.conv2d(input.double(), weight.double(), None, 1, padding, dilation, groups).to(
            torch.int32
        )


@mutant(
    "takes a pair of strides as (width, height)",
    sentence=(
        "You read a pair of strides as (width, height). As in torch, the first number belongs"
        " to the height."
    ),
    caught_by=["2b.integer_conv2d.geometry"],
)
def stride_reversed():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        if not isinstance(stride, int):
            stride = (stride[1], stride[0])
        return F.conv2d(
            input.double(), weight.double(), None, stride, padding, dilation, groups
        ).to(torch.int32)
