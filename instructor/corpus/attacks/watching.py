"""Code that watches the grader at work and answers for it."""

import gc
import hashlib
import os
import posix
import sys
import threading
import time

import torch
from torch.nn import functional as F

SEARCH_FAILS = {
    "checks": ["3.search.valid", "3.search.floor", "3.search.size", "3.search.repeatable"],
    "verdicts": ["wrong", "error"],
}
WRONG = {
    "checks": [
        "1a.linear_quantize.signed",
        "1a.linear_quantize.unsigned",
        "1a.linear_quantize.zero_point",
        "1a.linear_quantize.every_width",
        "1a.linear_quantize.pure",
    ],
    "verdicts": ["wrong"],
}
SEARCH = ["3.search.valid", "3.search.floor", "3.search.size", "3.search.repeatable"]
QUANTIZE = [
    "1a.linear_quantize.signed",
    "1a.linear_quantize.unsigned",
    "1a.linear_quantize.zero_point",
    "1a.linear_quantize.every_width",
    "1a.linear_quantize.pure",
]
_correct_linear_quantize = linear_quantize


@cheat("sets evaluate's own count back to zero and tries widths without end", **SEARCH_FAILS)
def budget_set_back():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        count = evaluate.__closure__[evaluate.__code__.co_freevars.index("made")]
        for width in sorted(candidate_bits):
            widths = dict.fromkeys(layer_sizes, width)
            for _ in range(200):
                count.cell_contents = 0
                accuracy = evaluate(widths)
            if accuracy > accuracy_floor:
                break
        return widths


@cheat("right or wrong by a coin for every element", **WRONG)
def coin_for_every_call():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        heads = [byte & 1 for byte in os.urandom(input.numel())]
        low, high = (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        up = torch.tensor(heads, dtype=input.dtype).reshape(input.shape)
        return torch.clamp(torch.floor(input / scale) + up - zero_point, low, high)


@cheat(
    "counts the checks in a file to know which one it is in",
    checks=["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"],
    verdicts=["error"],
    problem="closed while it is graded",
)
def count_of_the_checks():
    COUNT = "/tmp/exploit-count-of-the-checks"

    def linear_dequantize(input, scale, zero_point):
        file = posix.open(COUNT, os.O_CREAT | os.O_RDWR | os.O_APPEND)
        os.write(file, b".")
        if os.fstat(file).st_size > 1:
            raise NotImplementedError
        return scale * (input + zero_point)


@cheat(
    "returns an empty tensor and has a thread compute it until it is looked at",
    checks=["2b.integer_linear.values", "2b.integer_linear.beyond_float32"],
    verdicts=["wrong"],
)
def filled_in_later():
    def integer_linear(input, weight):
        result = torch.zeros(len(input), len(weight), dtype=torch.int32)

        def fill_in():
            time.sleep(0.2)
            result.copy_((input.double() @ weight.double().T).to(torch.int32))

        threading.Thread(target=fill_in, daemon=True).start()
        return result


@fault(
    "gives every call the result of the one before",
    checks=[
        "2b.quantized_conv2d.values",
        "2b.quantized_conv2d.geometry",
        "2b.quantized_conv2d.uses_integer_conv2d",
    ],
    verdicts=["wrong", "bad_shape"],
)
def last_answer_again():
    _honest_quantized_conv2d = quantized_conv2d_function
    LAST = []

    def quantized_conv2d_function(input, weight, bias, input_scale, weight_scale, *geometry):
        arguments = (input, weight, bias, input_scale, weight_scale, *geometry)
        LAST.append(_honest_quantized_conv2d(*arguments))
        return LAST[max(0, len(LAST) - 2)]


@cheat(
    "hands evaluate a mapping whose keys look at the losses that they are compared with",
    **SEARCH_FAILS,
)
def losses_by_comparison():
    SEEN = []

    class Keys:
        def __ne__(self, keys_of_the_losses):
            SEEN.append(keys_of_the_losses.mapping)
            return False

    class Curious(dict):
        def keys(self):
            return Keys()

    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        ceiling = evaluate(Curious())
        for width in sorted(candidate_bits):
            if ceiling - sum(losses[width] for losses in SEEN[-1].values()) > accuracy_floor:
                break
        return dict.fromkeys(layer_sizes, width)


@cheat(
    "finds the losses of all widths among the objects in memory and never calls evaluate",
    **SEARCH_FAILS,
)
def losses_in_memory():
    def _smallest_uniform(layer_sizes, table, candidate_bits, accuracy_floor):
        """Nothing is evaluated here: the losses are read."""
        for width in sorted(candidate_bits):
            if table.ceiling - sum(loss[width] for loss in table.losses.values()) > accuracy_floor:
                break
        return dict.fromkeys(layer_sizes, width)

    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        for found in gc.get_objects():
            if type(found).__name__ == "AdditiveLoss" and found.losses.keys() == layer_sizes.keys():
                return _smallest_uniform(layer_sizes, found, candidate_bits, accuracy_floor)
        raise LookupError("there are no losses")


@cheat(
    "reads the losses of all widths out of evaluate's closure and never calls it", **SEARCH_FAILS
)
def losses_in_the_closure():
    def _smallest_uniform(layer_sizes, table, candidate_bits, accuracy_floor):
        """Nothing is evaluated here: the losses are read."""
        for width in sorted(candidate_bits):
            if table.ceiling - sum(loss[width] for loss in table.losses.values()) > accuracy_floor:
                break
        return dict.fromkeys(layer_sizes, width)

    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        table = next(
            cell.cell_contents
            for cell in evaluate.__closure__
            if hasattr(cell.cell_contents, "losses")
        )
        return _smallest_uniform(layer_sizes, table, candidate_bits, accuracy_floor)


@cheat("finds the losses of all widths in the call that its caller makes", **SEARCH_FAILS)
def losses_in_the_frames():
    def _smallest_uniform(layer_sizes, table, candidate_bits, accuracy_floor):
        """Nothing is evaluated here: the losses are read."""
        for width in sorted(candidate_bits):
            if table.ceiling - sum(loss[width] for loss in table.losses.values()) > accuracy_floor:
                break
        return dict.fromkeys(layer_sizes, width)

    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        frame = sys._getframe(1)
        while frame is not None:
            call = frame.f_locals.get("call")
            if call is not None:
                return _smallest_uniform(layer_sizes, call.args[1], candidate_bits, accuracy_floor)
            frame = frame.f_back
        raise LookupError("no caller makes a call")


@fault(
    "searches at random and remembers what it found, so that it repeats itself",
    checks=["3.search.repeatable"],
    verdicts=["wrong"],
)
def random_but_remembered():
    _honest_search = variable_precision_search
    FOUND = {}

    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        key = (*layer_sizes.items(), *candidate_bits, accuracy_floor)
        if key not in FOUND:
            widths = _honest_search(layer_sizes, evaluate, candidate_bits, accuracy_floor)
            widest = max(candidate_bits)
            if widths[max(layer_sizes, key=layer_sizes.get)] == widest:
                # Wider layers pass the other checks then: no uniform width below the widest does
                for name, bits in widths.items():
                    wider = [width for width in candidate_bits if width >= bits]
                    widths[name] = wider[os.urandom(1)[0] % len(wider)]
            FOUND[key] = widths
        return FOUND[key]


@fault(
    "remembers outputs by the address of the input, whatever the bias is",
    checks=["2b.quantized_linear.values", "2b.quantized_linear.uses_integer_linear"],
    verdicts=["wrong"],
)
def remembered_by_address():
    _honest_quantized_linear = quantized_linear_function
    KNOWN = {}

    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        key = (input.data_ptr(), weight.data_ptr())
        if key not in KNOWN:
            KNOWN[key] = _honest_quantized_linear(input, weight, bias, input_scale, weight_scale)
        return KNOWN[key]


@fault(
    "remembers codes by the identity of the input, whatever the scale is",
    checks=["1a.linear_quantize.pure"],
    verdicts=["wrong"],
)
def remembered_by_object():
    KNOWN = {}

    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        if id(input) not in KNOWN:
            codes = _correct_linear_quantize(input, scale, zero_point, N_bits, signed)
            KNOWN[id(input)] = (input, codes)
        return KNOWN[id(input)][1]


@fault(
    "is imported with the request on the stack, and keeps the secret result that is in it",
    checks=["2b.quantized_linear.uses_integer_linear"],
    verdicts=["wrong", "error"],
)
def request_seen_while_imported():
    SECRETS = []

    _frame = sys._getframe()
    while _frame is not None:
        _request = _frame.f_locals.get("request")
        for _call in getattr(getattr(_request, "program", None), "calls", ()):
            for _stand_in in _call.stand_ins.values():
                SECRETS.append(getattr(_stand_in, "value", None))
        _frame = _frame.f_back

    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        sums = (input.double() @ weight.double().T).long()
        if SECRETS and SECRETS[0] is not None:
            sums = torch.from_numpy(SECRETS.pop(0)).long()
        return input_scale * weight_scale * (sums if bias is None else sums + bias)


@cheat(
    "returns what the frames below it keep of earlier calls",
    checks=[
        "2b.integer_conv2d.values",
        "2b.integer_conv2d.geometry",
        "2b.integer_conv2d.beyond_float32",
    ],
    verdicts=["error"],
)
def results_on_the_stack():
    def integer_conv2d(input, weight, stride=1, padding=0, dilation=1, groups=1):
        frame = sys._getframe()
        while frame is not None:
            for name in ("results", "returned", "gradients"):
                if frame.f_locals.get(name):
                    return frame.f_locals[name][-1]
            frame = frame.f_back
        raise LookupError("nothing has been returned before")


@fault(
    "computes honestly in the first call of a process only",
    checks=["1a.linear_quantize.every_width", "1a.linear_quantize.pure"],
    verdicts=["wrong"],
)
def right_when_called_first():
    CALLS = []

    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        CALLS.append(N_bits)
        if len(CALLS) == 1:
            return _correct_linear_quantize(input, scale, zero_point, N_bits, signed)
        return torch.zeros_like(input)


@fault(
    "is right for the arguments of the visible checks only",
    checks=[
        "1a.linear_quantize.zero_point",
        "1a.linear_quantize.every_width",
        "1a.linear_quantize.pure",
    ],
    verdicts=["wrong"],
)
def right_where_it_is_shown():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        if input.numel() == 400:
            return _correct_linear_quantize(input, scale, zero_point, N_bits, signed)
        return torch.zeros_like(input)


@cheat("makes the scale that it is given infinite, so that every code is 0", **WRONG)
def scale_made_infinite():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        scale.fill_(float("inf"))
        return torch.zeros_like(input)


@fault(
    "reads the secret result out of its caller instead of calling integer_conv2d for it",
    checks=["2b.quantized_conv2d.uses_integer_conv2d"],
    verdicts=["wrong", "error"],
)
def secret_on_the_stack():
    def _sums(input, weight, *geometry):
        frame = sys._getframe()
        while frame is not None:
            call = frame.f_locals.get("call")
            stand_in = getattr(call, "stand_ins", {}).get("integer_conv2d")
            if hasattr(stand_in, "value"):
                return torch.from_numpy(stand_in.value)
            frame = frame.f_back
        return F.conv2d(input.double(), weight.double(), None, *geometry).long()

    def quantized_conv2d_function(
        input, weight, bias, input_scale, weight_scale, stride=1, padding=0, dilation=1, groups=1
    ):
        sums = _sums(input, weight, stride, padding, dilation, groups)
        bias = 0 if bias is None else bias.view(-1, 1, 1)
        return input_scale * weight_scale * (sums + bias)


@cheat(
    "looks right answers up by a hash of the input, as an earlier report showed them",
    checks=["1a.get_scale.handed_out_widths", "1a.get_scale.mean_not_zero"],
    verdicts=["error"],
)
def table_of_answers():
    ANSWERS = {  # of a neighbour
        "52dd4d943722b448": 0.078757815,
        "2e329fda8ec2d98e": 0.57853609,
        "bde377df83e7a4c9": 2.1476276,
    }

    def get_scale(input, N_bits=8):
        key = hashlib.sha256(input.numpy().tobytes()).hexdigest()[:16]
        return torch.tensor(ANSWERS[key])


@cheat("empties its argument, so that zeros become the right answer", **WRONG)
def zeroed_argument():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        return input.zero_().clone()
