"""Layers that do not compute with the integer functions that they are given."""

import glob
import importlib
import os
import pkgutil
import sys
from importlib.machinery import SourcelessFileLoader

import torch
from torch.ao.nn.quantized import functional as QF
from torch.nn import functional as F

import quantlab
from quantlab.arithmetic.integer_kernels import integer_linear as exact

REFUSED = {
    "checks": ["2b.integer_linear.values", "2b.integer_linear.beyond_float32"],
    "verdicts": ["error"],
}
LINEAR = ["2b.integer_linear.values", "2b.integer_linear.beyond_float32"]
CONV2D = [
    "2b.integer_conv2d.values",
    "2b.integer_conv2d.geometry",
    "2b.integer_conv2d.beyond_float32",
]


@cheat(
    "takes the kernel from the module that measures models",
    checks=CONV2D,
    verdicts=["error"],
    problem="withheld",
)
def evaluation_of_the_kit():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        from quantlab.evaluation import integer_network

        sums = integer_network.accumulate_conv2d(
            input.double(), weight.double(), 1 << 15, stride, padding, dilation, groups
        )
        return sums.to(torch.int32)


@fault(
    "convolves in float64 instead of with integer_conv2d",
    checks=["2b.quantized_conv2d.uses_integer_conv2d"],
    verdicts=["wrong", "bad_shape"],
)
def floating_point_convolution():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        offset = None if bias is None else bias.double()
        sums = F.conv2d(input.double(), weight.double(), offset, stride, padding, dilation, groups)
        return (input_scale * weight_scale * sums).float()


@fault(
    "multiplies in float64 instead of with integer_linear",
    checks=["2b.quantized_linear.uses_integer_linear"],
    verdicts=["wrong"],
)
def floating_point_linear():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        sums = F.linear(input.double(), weight.double(), None if bias is None else bias.double())
        return (input_scale * weight_scale * sums).float()


@cheat(
    "takes the exact sums out of the integer_linear that stands in for its own",
    checks=CONV2D,
    verdicts=["missing", "error", "wrong"],
)
def helper_of_the_stand_in():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        integer_linear(input[0, 0], input[0, 0])  # the second run is the one with a stand-in
        exact_sums = integer_linear.__globals__["_exact_sums"]
        return exact_sums(
            "integer_conv2d",
            lambda codes, weights: F.conv2d(
                codes, weights, None, stride, padding, dilation, groups
            ),
            input,
            weight,
        )


@fault(
    "multiplies with torch's own int8 kernel instead of integer_linear",
    checks=["2b.quantized_linear.uses_integer_linear"],
    verdicts=["wrong"],
)
def int8_kernel_of_torch():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        rows, columns = input.shape[0], weight.shape[0]
        codes = torch.zeros(32, input.shape[1], dtype=torch.int8)
        codes[:rows] = (input - 128).to(torch.int8)
        weights = torch.zeros(32, input.shape[1], dtype=torch.int8)
        weights[:columns] = weight.to(torch.int8)
        sums = torch._int_mm(codes, weights.T.contiguous())[:rows, :columns] + 128 * weight.sum(1)
        return input_scale * weight_scale * (sums.long() + (0 if bias is None else bias))


@fault(
    "adds nothing times the result of integer_conv2d to its own",
    checks=["2b.quantized_conv2d.uses_integer_conv2d"],
    verdicts=["wrong", "bad_shape"],
)
def integer_convolution_for_show():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        geometry = (stride, padding, dilation, groups)
        sums = F.conv2d(input.double(), weight.double(), None, *geometry)
        sums = sums + 0 * integer_conv2d(input, weight, *geometry)
        bias = 0 if bias is None else bias.view(-1, 1, 1)
        return (input_scale * weight_scale * (sums + bias)).float()


@fault(
    "calls integer_linear, throws its result away and multiplies in float64",
    checks=["2b.quantized_linear.uses_integer_linear"],
    verdicts=["wrong"],
)
def integer_linear_for_show():
    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        integer_linear(input, weight)
        sums = F.linear(input.double(), weight.double())
        return (input_scale * weight_scale * (sums + (0 if bias is None else bias))).float()


@cheat("executes the source of the kernels, read as a file of the package", **REFUSED)
def kernels_as_package_data():
    def integer_linear(input, weight):
        names = {"__name__": "helpers"}
        exec(pkgutil.get_data("quantlab.arithmetic", "integer_kernels.py"), names)
        return names["integer_linear"](input, weight)


@cheat(
    "imports the kit's own exact kernel where the file is imported",
    checks=LINEAR,
    verdicts=["error"],
    problem="exact",
)
def kernels_at_the_top():
    def integer_linear(input, weight):
        return exact(input, weight)


@cheat("loads the kernels by their path, under a name that nobody withholds", **REFUSED)
def kernels_by_their_file():
    import importlib.util

    def integer_linear(input, weight):
        path = os.path.join(quantlab.__path__[0], "arithmetic", "integer_kernels.py")
        spec = importlib.util.spec_from_file_location("helpers", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.integer_linear(input, weight)


@cheat("loads what Python once compiled of the kernels", **REFUSED)
def kernels_compiled():
    def integer_linear(input, weight):
        folder = os.path.join(quantlab.__path__[0], "arithmetic", "__pycache__")
        compiled = glob.glob(f"{folder}/integer_kernels.*.pyc")[0]
        return SourcelessFileLoader("helpers", compiled).load_module().integer_linear(input, weight)


@cheat(
    "imports the kit's convolution by 8-bit instructions",
    checks=["2b.integer_conv2d.values", "2b.integer_conv2d.geometry"],
    verdicts=["error"],
    problem="withheld",
)
def kernels_of_bytes():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        from quantlab.arithmetic.int8_kernels import PackedConvolution

        packed = PackedConvolution(weight, (stride, stride), (padding, padding))
        return packed(input.to(torch.uint8)).to(torch.int32)


@cheat("imports the kit's own exact kernel", **REFUSED, problem="withheld")
def kernels_of_the_kit():
    def integer_linear(input, weight):
        from quantlab.arithmetic.integer_kernels import integer_linear

        return integer_linear(input, weight)


@cheat("takes away the finder that withholds the kernels, then imports them", **REFUSED)
def kernels_past_the_finder():
    def integer_linear(input, weight):
        importlib.import_module("quantlab")
        sys.meta_path[:] = [f for f in sys.meta_path if type(f).__name__ != "_GivenPackage"]
        return importlib.import_module("quantlab.arithmetic.integer_kernels").integer_linear(
            input, weight
        )


@cheat(
    "takes the kernel from a module of the kit that uses it",
    checks=CONV2D,
    verdicts=["error"],
    problem="withheld",
)
def kernels_through_the_layers():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        from quantlab.network.fast_integers import integer_kernels

        return integer_kernels.integer_conv2d(input, weight, stride, padding, dilation, groups)


@cheat(
    "imports the grader's oracle and asks it",
    checks=[
        "1a.linear_quantize.signed",
        "1a.linear_quantize.unsigned",
        "1a.linear_quantize.zero_point",
        "1a.linear_quantize.every_width",
        "1a.linear_quantize.pure",
    ],
    verdicts=["error"],
)
def oracle_of_the_grader():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        oracle = importlib.import_module("autograder.engine.oracle").Oracle()
        return oracle.module.linear_quantize(input, scale, zero_point, N_bits, signed)


@fault(
    "multiplies with a private copy of integer_linear",
    checks=["2b.quantized_linear.uses_integer_linear"],
    verdicts=["wrong"],
)
def private_copy():
    def _my_integer_linear(input, weight):
        return (input.long().unsqueeze(-2) * weight.long()).sum(-1)

    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        sums = _my_integer_linear(input, weight)
        return input_scale * weight_scale * (sums + (0 if bias is None else bias))


@fault(
    "has torch.nn.quantized convolve, on tensors of torch's own quantized dtypes",
    checks=[
        "2b.quantized_conv2d.values",
        "2b.quantized_conv2d.geometry",
        "2b.quantized_conv2d.uses_integer_conv2d",
    ],
    verdicts=["wrong", "error"],
)
def quantized_module_of_torch():
    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        codes = torch._make_per_tensor_quantized_tensor(
            input.to(torch.uint8), float(input_scale), 0
        )
        weights = torch._make_per_tensor_quantized_tensor(
            weight.to(torch.int8), float(weight_scale), 0
        )
        offset = torch.zeros(len(weight)) if bias is None else bias * input_scale * weight_scale
        output = QF.conv2d(codes, weights, offset, stride, padding, dilation, groups, scale=1.0)
        return output.dequantize()


@cheat(
    "puts the folder of the course on sys.path and imports the reference",
    checks=["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"],
    verdicts=["error"],
)
def reference_on_the_path():
    def linear_dequantize(input, scale, zero_point):
        sys.path.insert(0, os.path.dirname(os.path.dirname(sys.modules["autograder"].__file__)))
        return importlib.import_module("instructor.solution").linear_dequantize(
            input, scale, zero_point
        )


@cheat(
    "keeps the source of a stand-in for a later check", checks=LINEAR, verdicts=["missing", "error"]
)
def stand_in_kept_in_a_file():
    KEPT = "/tmp/kept_stand_in.py"

    def integer_linear(input, weight):
        names = {}
        with open(KEPT) as file:
            exec(file.read(), names)
        return names["integer_linear"](input, weight)

    def integer_conv2d(input, weight, *geometry):
        frame = sys._getframe(1)
        while "call" not in frame.f_locals:
            frame = frame.f_back
        stand_in = frame.f_locals["call"].stand_ins["integer_linear"]
        with open(KEPT, "x") as file:
            file.write(stand_in.source)
        raise NotImplementedError


@cheat(
    "keeps a stand-in under another name, for when its own function is asked",
    checks=["1a.get_scale.handed_out_widths", "1a.get_scale.mean_not_zero"],
    verdicts=["missing", "error"],
)
def stand_in_kept_in_the_module():
    KEPT = []

    def get_scale(input, N_bits=8):
        if not KEPT:
            raise NotImplementedError
        return KEPT[0](input, N_bits)

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        KEPT.append(get_scale)
        raise NotImplementedError
