"""Values that are not what they claim to be."""

import itertools

import numpy as np
import torch

WRONG = {
    "checks": ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"],
    "verdicts": ["wrong"],
}
DEQUANTIZE = ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"]
QUANTIZE = [
    "1a.linear_quantize.signed",
    "1a.linear_quantize.unsigned",
    "1a.linear_quantize.zero_point",
    "1a.linear_quantize.every_width",
    "1a.linear_quantize.pure",
]
RESET = [
    "1a.reset.sym",
    "1a.reset.unsigned",
    "1a.reset.heuristic",
    "1a.reset.heuristic_above_maximum",
    "1a.reset.SAWB",
]
GET_SCALE = ["1a.get_scale.handed_out_widths", "1a.get_scale.mean_not_zero"]


@cheat("a tensor that is equal to every other and answers every function with yes", **WRONG)
def always_equal_tensor():
    class Equal(torch.Tensor):
        def __eq__(self, other):
            return torch.ones(self.shape, dtype=torch.bool)

        __hash__ = None

        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            return True

    def linear_dequantize(input, scale, zero_point):
        return input.as_subclass(Equal)


@cheat(
    "a numpy array of objects that are equal to everything",
    checks=DEQUANTIZE,
    verdicts=["error"],
    problem="dtype object",
)
def array_of_objects():
    class Equal:
        def __eq__(self, other):
            return True

        __hash__ = None

    def linear_dequantize(input, scale, zero_point):
        return np.full(tuple(input.shape), Equal(), object)


@cheat(
    "an object that claims to be a tensor and gives another array whenever it is asked",
    checks=DEQUANTIZE,
    verdicts=["error"],
    problem="an object of type Claims",
)
def array_protocol():
    class Claims:
        shape, dtype, requires_grad = (5, 9), torch.float32, False

        def __init__(self):
            self.asked = 0

        def __array__(self, dtype=None, copy=None):
            self.asked += 1
            return np.full(self.shape, self.asked, np.float32)

    def linear_dequantize(input, scale, zero_point):
        return Claims()


@cheat(
    "answers a repeated search with arrays, whose comparison is neither true nor false",
    checks=["3.search.repeatable"],
    verdicts=["wrong", "bad_shape", "error"],
)
def arrays_for_a_second_answer():
    CALLS = []

    def variable_precision_search(layer_sizes, evaluate, candidate_bits=(8,), accuracy_floor=85.0):
        CALLS.append(len(candidate_bits))
        if CALLS == [7]:
            return dict.fromkeys(layer_sizes, 8)
        return dict.fromkeys(layer_sizes, torch.tensor([8, 8]))


@fault(
    "right values with an imaginary part of nothing",
    checks=DEQUANTIZE,
    verdicts=["wrong", "bad_dtype", "error"],
)
def complex_tensor():
    _real_linear_dequantize = linear_dequantize

    def linear_dequantize(input, scale, zero_point):
        return _real_linear_dequantize(input, scale, zero_point) + 0j


@cheat("a tensor without elements, all of which are right", checks=QUANTIZE, verdicts=["bad_shape"])
def empty_tensor():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        return input.reshape(-1)[:0]


@cheat(
    "an empty tensor with a dimension of a terabyte",
    checks=QUANTIZE,
    verdicts=["bad_shape", "error"],
)
def endless_shape_of_nothing():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        return torch.empty(1 << 40, 0)


@cheat(
    "yields the scale and the zero point instead of returning them",
    checks=RESET,
    verdicts=["error"],
    problem="generator",
)
def generator():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        yield input.abs().max() / 2 ** (N_bits - 1)
        yield 0


@cheat("returns infinity for every scale", checks=RESET, verdicts=["wrong"])
def infinite():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        return torch.tensor(float("inf")), 0


@cheat(
    "a tensor without memory, whose every operation is answered by its own code",
    checks=DEQUANTIZE,
    verdicts=["wrong", "error"],
)
def lazy_tensor():
    class Lazy(torch.Tensor):
        @staticmethod
        def __new__(cls, shape):
            return torch.Tensor._make_wrapper_subclass(cls, shape, dtype=torch.float32)

        @classmethod
        def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
            return cls(args[0].shape)

    def linear_dequantize(input, scale, zero_point):
        return Lazy(input.shape)


@fault(
    "right integers in lists of lists",
    checks=["2b.integer_linear.values", "2b.integer_linear.beyond_float32"],
    verdicts=["wrong", "bad_dtype", "bad_shape"],
)
def lists_for_tensors():
    _tensor_integer_linear = integer_linear

    def integer_linear(input, weight):
        return _tensor_integer_linear(input, weight).tolist()


@cheat("a numpy array that is near to everything", **WRONG)
def lying_array():
    class Near(np.ndarray):
        __array_priority__ = 1e9

        def __array_ufunc__(self, function, method, *inputs, **kwargs):
            return np.zeros(self.shape)

        def __array_function__(self, function, types, args, kwargs):
            return True

    def linear_dequantize(input, scale, zero_point):
        return input.detach().numpy().view(Near)


@cheat("an object whose __class__ is torch.Tensor", checks=DEQUANTIZE, verdicts=["error", "wrong"])
def lying_class():
    class Claims:
        __class__ = torch.Tensor

        def __getattr__(self, name):
            return lambda *args, **kwargs: True

    def linear_dequantize(input, scale, zero_point):
        return Claims()


@cheat(
    "a float that is equal to, and no distance from, everything",
    checks=GET_SCALE,
    verdicts=["error", "wrong"],
)
def lying_float():
    class Near(float):
        def __eq__(self, other):
            return True

        __hash__ = float.__hash__

        def __sub__(self, other):
            return 0.0

        __rsub__ = __sub__

        def __float__(self):
            return 0.0

    def get_scale(input, N_bits=8):
        return Near(1.0)


@cheat(
    "a dict that has every layer, every width and every answer",
    checks=["3.search.valid", "3.search.floor", "3.search.size", "3.search.repeatable"],
    verdicts=["wrong", "bad_shape", "error"],
)
def lying_mapping():
    class Everything(dict):
        def __eq__(self, other):
            return True

        __hash__ = None

        def __contains__(self, key):
            return True

        def __missing__(self, key):
            return 8

        def items(self):
            return [("anything", 8)]

    def variable_precision_search(layer_sizes, evaluate, candidate_bits=(8,), accuracy_floor=85.0):
        return Everything()


@cheat(
    "a numpy number that is equal to, and no distance from, everything",
    checks=GET_SCALE,
    verdicts=["wrong"],
)
def lying_numpy_number():
    class Near(np.float64):
        def __eq__(self, other):
            return True

        __hash__ = np.float64.__hash__

        def __sub__(self, other):
            return 0.0

        __rsub__ = __sub__

    def get_scale(input, N_bits=8):
        return Near(1e6)


@cheat(
    "a pair that is equal to every other, and whose parts are other ones each time",
    checks=RESET,
    verdicts=["wrong", "bad_shape", "error"],
)
def lying_tuple():
    class Pair(tuple):
        turns = itertools.count(1)

        def __eq__(self, other):
            return True

        __hash__ = tuple.__hash__

        def __len__(self):
            return 2

        def __iter__(self):
            return iter((float(next(self.turns)), 0))

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        return Pair()


@cheat("a masked array, in which nothing is left to be compared", **WRONG)
def masked_array():
    def linear_dequantize(input, scale, zero_point):
        return np.ma.masked_all_like(input.detach().numpy())


@cheat(
    "a tensor on the device meta, which has a shape and no values",
    checks=DEQUANTIZE,
    verdicts=["error"],
    problem="device meta",
)
def meta_tensor():
    def linear_dequantize(input, scale, zero_point):
        return input.to("meta")


@fault(
    "right values in a nested tensor",
    checks=DEQUANTIZE,
    verdicts=["error"],
    problem="a nested tensor",
)
def nested_tensor():
    _plain_linear_dequantize = linear_dequantize

    def linear_dequantize(input, scale, zero_point):
        return torch.nested.nested_tensor(list(_plain_linear_dequantize(input, scale, zero_point)))


@cheat(
    "returns NaN everywhere, which is never farther away than anything",
    checks=[
        "1a.linear_dequantize.values",
        "1a.linear_dequantize.zero_point",
        "1a.get_scale.handed_out_widths",
        "1a.get_scale.mean_not_zero",
    ],
    verdicts=["wrong"],
)
def not_a_number():
    def linear_dequantize(input, scale, zero_point):
        return input * float("nan")

    def get_scale(input, N_bits=8):
        return torch.tensor(float("nan"))


@cheat(
    "returns None, as if the check were optional",
    checks=[
        "1a.linear_dequantize.values",
        "1a.linear_dequantize.zero_point",
        "1a.get_scale.handed_out_widths",
        "1a.get_scale.mean_not_zero",
    ],
    verdicts=["wrong"],
)
def nothing():
    def linear_dequantize(input, scale, zero_point):
        return None

    def get_scale(input, N_bits=8):
        return None


@fault(
    "right codes in a tensor of torch's own quantized dtype",
    checks=QUANTIZE,
    verdicts=["error"],
    problem="quantized dtypes",
)
def quantized_tensor():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        return torch.quantize_per_tensor(input, float(scale), 0, torch.qint32)


@fault("the right scale, spelled out", checks=RESET, verdicts=["wrong"])
def scale_as_text():
    _number_reset = reset_scale_and_zero_point

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        scale, zero_point = _number_reset(input, N_bits, method)
        return str(float(scale)), zero_point


@cheat(
    "a scale so large that its squared error is NaN, which is not larger than any bound",
    checks=["1a.reset.heuristic", "1a.reset.heuristic_above_maximum"],
    verdicts=["wrong"],
)
def scale_beyond_every_number():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        return 1e300, 0


@cheat(
    "one number where a tensor is asked for, which broadcasting would spread",
    checks=DEQUANTIZE,
    verdicts=["bad_shape"],
)
def single_value():
    def linear_dequantize(input, scale, zero_point):
        return 0 * input.sum() + scale * zero_point


@fault(
    "right values in bfloat16, which numpy does not know",
    checks=GET_SCALE,
    verdicts=["error"],
    problem="bfloat16",
)
def sixteen_bits():
    _float_get_scale = get_scale

    def get_scale(input, N_bits=8):
        return _float_get_scale(input, N_bits).bfloat16()


@cheat(
    "a scale so small that codes times it vanish",
    checks=["1a.reset.heuristic", "1a.reset.heuristic_above_maximum"],
    verdicts=["wrong"],
)
def smallest_scale_there_is():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        return torch.tensor(5e-324, dtype=torch.float64), 0


@fault(
    "right values in a sparse tensor",
    checks=["2b.integer_linear.values", "2b.integer_linear.beyond_float32"],
    verdicts=["error"],
    problem="a sparse tensor",
)
def sparse_tensor():
    _dense_integer_linear = integer_linear

    def integer_linear(input, weight):
        return _dense_integer_linear(input, weight).to_sparse()


@cheat("the text that a tensor would be printed as", **WRONG)
def string_that_looks_like_a_tensor():
    def linear_dequantize(input, scale, zero_point):
        return str(input)


@cheat(
    "a numpy array of strings that spell numbers",
    checks=DEQUANTIZE,
    verdicts=["error"],
    problem="dtype str",
)
def strings_of_numbers():
    def linear_dequantize(input, scale, zero_point):
        return input.detach().numpy().astype(str)


@cheat(
    "a view of a single element that is a terabyte long",
    checks=DEQUANTIZE,
    verdicts=["error"],
    problem="far more than the answer can have",
)
def terabyte_in_one_element():
    def linear_dequantize(input, scale, zero_point):
        return torch.zeros(1).expand(1 << 38)


@cheat(
    "returns True, which is what a passed test is",
    checks=[
        "1a.get_scale.handed_out_widths",
        "1a.get_scale.mean_not_zero",
        "2b.integer_linear.values",
        "2b.integer_linear.beyond_float32",
    ],
    verdicts=["wrong"],
)
def true():
    def get_scale(input, N_bits=8):
        return True

    def integer_linear(input, weight):
        return True


@cheat("returns a report of its own with full marks", checks=GET_SCALE, verdicts=["wrong", "error"])
def verdict_for_an_answer():
    def get_scale(input, N_bits=8):
        return {
            "verdict": "correct",
            "points": 140,
            "outcome": {"kind": "correct", "correct": True},
        }


@fault(
    "returns the widest model in 16 bits, so that its size wraps around",
    checks=["3.search.size"],
    verdicts=["wrong", "error"],
)
def widths_that_wrap_around():
    _honest_search = variable_precision_search

    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        if (
            len(candidate_bits) < 7
            or max(map(evaluate, _uniform(layer_sizes, (7,)))) <= accuracy_floor
        ):
            return _honest_search(layer_sizes, evaluate, candidate_bits, accuracy_floor)
        return {
            layer: torch.tensor(8, dtype=torch.int16 if size < 2**15 else torch.int64)
            for layer, size in layer_sizes.items()
        }

    def _uniform(layer_sizes, widths):
        return [dict.fromkeys(layer_sizes, width) for width in widths]
