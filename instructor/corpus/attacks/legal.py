"""Correct code that looks suspicious."""

import ast
import enum
import functools
import gc
import inspect
import io
import logging
import os
import platform
import random
import shutil
import signal
import sys
import tempfile
import textwrap
import time
import typing
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy import optimize
from torch import fx
from torch.utils.data import DataLoader, TensorDataset
from tqdm.auto import tqdm

from quantlab.data.student_vectors import student_vectors
from quantlab.network.resnet import layer_sizes, resnet20

QUANTIZE = {"checks": ["1a.linear_quantize.*"], "verdicts": ["correct"]}
GET_SCALE = {"checks": ["1a.get_scale.*"], "verdicts": ["correct"]}
RESET_SYM = {"checks": ["1a.reset.sym"], "verdicts": ["correct"]}
SEARCH = {"checks": ["3.search.*"], "verdicts": ["correct"]}
_correct_search = variable_precision_search
_correct_linear_dequantize = linear_dequantize
_correct_reset = reset_scale_and_zero_point
_correct_get_scale = get_scale
_correct_linear_quantize = linear_quantize
_correct_integer_linear = integer_linear


@legal("sets an alarm for itself and takes it back in time", **SEARCH)
def alarm_clock():
    def _too_late(number, frame):
        raise TimeoutError("the search takes too long")

    def variable_precision_search(layer_sizes, evaluate, candidate_bits, accuracy_floor=85.0):
        before = signal.signal(signal.SIGALRM, _too_late)
        signal.alarm(20)
        try:
            return _correct_search(layer_sizes, evaluate, candidate_bits, accuracy_floor)
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)


@legal(
    "begins with a future import, so that annotations are text",
    checks=["1a.*", "2a.*", "2b.*", "3.search.*"],
    verdicts=["correct"],
)
def annotations_of_the_future():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        solution.write_text("from __future__ import annotations\n\n" + solution.read_text())


@legal(
    "has autograd look for numbers that are none, and hooks a gradient",
    checks=["2a.*"],
    verdicts=["correct"],
)
def anomalies_detected():
    torch.autograd.set_detect_anomaly(True)

    _honest_STE = _quantize_func_STE

    def linear_quantize_STE(*arguments):
        codes = _honest_STE.apply(*arguments)
        if codes.requires_grad:
            codes.register_hook(lambda gradient: gradient.clone())
        return codes


@legal("walks through its input by a DataLoader without processes", **GET_SCALE)
def batches_of_a_data_loader():
    def get_scale(input, N_bits=8):
        batches = DataLoader(TensorDataset(input.reshape(-1)), batch_size=512, num_workers=0)
        values = [batch.double() for (batch,) in batches]
        size = input.numel()
        square = sum(batch.square().sum() for batch in values) / size
        magnitude = sum(batch.abs().sum() for batch in values) / size
        c1, c2 = SAWB_COEFFICIENTS[N_bits]
        return ((c1 * square.sqrt() - c2 * magnitude) / 2 ** (N_bits - 1)).float()


@legal(
    "tries torch.compile, and computes without it where there is no compiler",
    checks=["1a.linear_dequantize.*"],
    verdicts=["correct"],
)
def compiled_where_that_is_possible():
    try:
        _compiled = torch.compile(linear_dequantize)
    except Exception:
        _compiled = None

    def linear_dequantize(input, scale, zero_point):
        if _compiled is not None:
            try:
                return _compiled(input, scale, zero_point)
            except Exception as error:
                print("not compiled:", error)
        return _correct_linear_dequantize(input, scale, zero_point)


@legal("computes a table for a second while it is imported", **GET_SCALE)
def constants_computed_at_import():
    _begun = time.process_time()
    TABLE = {}
    while time.process_time() < _begun + 1:
        TABLE[len(TABLE)] = sum(range(1000))


@legal("imports what the kit gives to students", **GET_SCALE)
def data_of_the_kit():
    import quantlab.data.cifar10

    LAYERS = layer_sizes()
    NETWORK = resnet20()
    WHERE = quantlab.data.cifar10.__name__
    VECTORS = student_vectors("anybody")


@legal(
    "wraps its functions in decorators that look at their annotations",
    checks=["1a.linear_quantize.*", "1a.linear_dequantize.*", "2b.*"],
    verdicts=["correct"],
)
def decorators_and_annotations():
    def checked(function):
        wanted = inspect.signature(function)
        kinds = typing.get_type_hints(function)

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            bound = wanted.bind(*args, **kwargs)
            for name, value in bound.arguments.items():
                if kinds.get(name) is torch.Tensor and not isinstance(value, torch.Tensor):
                    raise TypeError(f"{name} must be a tensor")
            return function(*bound.args, **bound.kwargs)

        return wrapper

    linear_quantize = checked(linear_quantize)
    linear_dequantize = checked(linear_dequantize)
    integer_linear = checked(integer_linear)
    integer_conv2d = checked(integer_conv2d)
    quantized_linear_function = checked(quantized_linear_function)
    quantized_conv2d_function = checked(quantized_conv2d_function)


@legal("raises Python's limit of recursion and goes 2,500 calls deep", **RESET_SYM)
def deep_recursion():
    sys.setrecursionlimit(3000)

    def _depth(calls):
        return 0 if calls == 0 else 1 + _depth(calls - 1)

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        assert _depth(2500) == 2500
        return _correct_reset(input, N_bits, method)


@legal("explains itself in four thousand lines", **GET_SCALE)
def docstring_of_a_hundred_pages():
    def build(folder, right):
        shutil.copytree(right, folder, dirs_exist_ok=True)
        solution = folder / "solution.py"
        pages = "    The step of the grid follows from two moments of the numbers.\n" * 4000
        text = solution.read_text().replace(
            "def get_scale(",
            f'def _explained():\n    """A remark.\n\n{pages}    """\n\n\ndef get_scale(',
        )
        solution.write_text(text)


@legal(
    "computes in double precision and returns what it came to",
    checks=["1a.linear_dequantize.*", "1a.get_scale.*", "2b.quantized_linear.*"],
    verdicts=["correct"],
)
def double_precision_inside():
    _honest_quantized_linear = quantized_linear_function

    def linear_dequantize(input, scale, zero_point):
        return (input.double() + zero_point) * torch.as_tensor(scale).double()

    def get_scale(input, N_bits=8):
        return float(_correct_get_scale(input.double(), N_bits))

    def quantized_linear_function(input, weight, bias, input_scale, weight_scale):
        return _honest_quantized_linear(
            input, weight, bias, float(input_scale), float(weight_scale)
        ).double()


@legal(
    "asks for forgiveness instead of permission",
    checks=["1a.linear_quantize.*", "1a.reset.*"],
    verdicts=["correct"],
)
def exceptions_caught_inside():
    class NoSuchMethod(KeyError):
        pass

    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        try:
            scale = scale.item()
        except AttributeError:
            pass
        finally:
            codes = torch.round(input / scale) - zero_point
        return torch.clamp(codes, *_limits(N_bits, signed))

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        try:
            with open("settings.json"):
                raise NoSuchMethod(method)
        except (KeyError, OSError) as error:
            print("as before:", error)
        return _correct_reset(input, N_bits, method)


@legal(
    "draws a histogram with matplotlib, into memory, whenever it quantizes",
    checks=["1a.reset.sym", "1a.reset.unsigned"],
    verdicts=["correct"],
)
def figure_in_memory():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method != "heuristic":
            figure, axes = plt.subplots()
            axes.hist(input.reshape(-1).numpy(), bins=50)
            axes.set_title(f"{method}, {N_bits} bits")
            figure.savefig(io.BytesIO(), format="png")
            plt.close(figure)
        return _correct_reset(input, N_bits, method)


@legal("looks at the widths by generators", **SEARCH)
def generators():
    def _every_model(layer_sizes, candidate_bits):
        yield from (dict.fromkeys(layer_sizes, bits) for bits in sorted(candidate_bits))

    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        models = _every_model(layer_sizes, candidate_bits)
        passing = (model for model in models if evaluate(model) > accuracy_floor)
        return next(passing, dict.fromkeys(layer_sizes, max(candidate_bits)))


@legal("fills a gigabyte of memory while it computes", **RESET_SYM)
def gigabyte_of_memory():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method == "sym":
            room = torch.zeros(2**28)  # of 4 bytes
            room[: input.numel()] = input.reshape(-1)
            input = room[: input.numel()].clone()
        return _correct_reset(input, N_bits, method)


@legal(
    "puts the grid into a dataclass, an enumeration and a named tuple",
    checks=["1a.linear_quantize.*", "1a.reset.*"],
    verdicts=["correct"],
)
def grid_as_a_dataclass():
    class Sign(enum.Enum):
        SIGNED = enum.auto()
        UNSIGNED = enum.auto()

    @dataclass(frozen=True, slots=True)
    class Grid:
        bits: int
        sign: Sign = Sign.SIGNED
        lowest: int = field(init=False)
        highest: int = field(init=False)

        def __post_init__(self):
            below = 2 ** (self.bits - 1) if self.sign is Sign.SIGNED else 0
            object.__setattr__(self, "lowest", -below)
            object.__setattr__(self, "highest", 2**self.bits - 1 - below)

    class ScaleAndZero(NamedTuple):
        scale: float
        zero_point: int

    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        grid = Grid(N_bits, Sign.SIGNED if signed else Sign.UNSIGNED)
        return torch.clamp(torch.round(input / scale) - zero_point, grid.lowest, grid.highest)

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        return ScaleAndZero(*_correct_reset(input, N_bits, method))


@legal("remembers the limits of a grid by functools, which no tensor is in", **QUANTIZE)
def limits_remembered():
    @functools.lru_cache(maxsize=32)
    def _remembered_limits(N_bits, signed):
        return (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)

    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        return torch.clamp(
            torch.round(input / scale) - zero_point, *_remembered_limits(N_bits, signed)
        )


@legal("logs what it does, in lines with a time", **QUANTIZE)
def logging_of_everything():
    logging.basicConfig(level=logging.DEBUG, format="%(asctime)s %(name)s %(process)d %(message)s")
    log = logging.getLogger("quantization")

    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        log.debug("quantize %s with the scale %s", tuple(input.shape), scale)
        return _correct_linear_quantize(input, scale, zero_point, N_bits, signed)


@legal("ends with a main block and examples that would fail here", **QUANTIZE)
def main_block_and_examples():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        """
        >>> linear_quantize(torch.tensor([1.0]), 0.5, 0, 4)
        tensor([2000.])
        """
        return _correct_linear_quantize(input, scale, zero_point, N_bits, signed)

    if __name__ == "__main__":
        import doctest

        doctest.testmod()
        images = torch.load("data/images.pt")
        print(linear_quantize(images, 0.1, 0, 8))
        raise SystemExit(1)


@legal("sleeps for a second, as slow machines do", checks=["2a.*"], verdicts=["correct"])
def naps():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        if input.dim() == 2:
            time.sleep(1)
        return _correct_linear_quantize(input, scale, zero_point, N_bits, signed)


@legal("switches the collection of garbage off, and collects by hand", **QUANTIZE)
def no_garbage_collection():
    gc.disable()

    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        circle = []
        circle.append(circle)
        del circle
        gc.collect(0)
        return _correct_linear_quantize(input, scale, zero_point, N_bits, signed)


@legal(
    "computes with numpy and returns tensors made of its arrays",
    checks=["2b.integer_linear.*", "1a.get_scale.*"],
    verdicts=["correct"],
)
def numpy_inside():
    def integer_linear(input, weight):
        if input.dtype != torch.int32 or weight.dtype != torch.int32:
            raise TypeError("codes are int32")
        sums = input.numpy().astype(np.int64) @ weight.numpy().astype(np.int64).T
        if np.abs(sums).max(initial=0) >= 2**31:
            raise OverflowError("a sum does not fit")
        return torch.from_numpy(sums.astype(np.int32))

    def get_scale(input, N_bits=8):
        values = input.numpy().astype(np.float64)
        c1, c2 = SAWB_COEFFICIENTS[N_bits]
        alpha = c1 * np.sqrt(np.mean(values**2)) - c2 * np.mean(np.abs(values))
        return np.float32(alpha / 2 ** (N_bits - 1))


@legal(
    "writes its functions as objects, partial functions and a module of torch",
    checks=["1a.linear_quantize.*", "1a.linear_dequantize.*", "2b.integer_linear.*"],
    verdicts=["correct"],
)
def objects_that_are_called():
    class Quantizer:
        def __call__(self, input, scale, zero_point, N_bits, signed=True):
            lowest, highest = _limits(N_bits, signed)
            return torch.clamp(torch.round(input / scale) - zero_point, lowest, highest)

    class IntegerProduct(torch.nn.Module):
        def forward(self, input, weight):
            return _correct_integer_linear(input, weight)

    def _dequantize(nothing, input, scale, zero_point):
        return _correct_linear_dequantize(input, scale, zero_point)

    linear_quantize = Quantizer()
    linear_dequantize = functools.partial(_dequantize, None)
    integer_linear = IntegerProduct()


@legal("imports packages that may be missing, and goes on without them", **GET_SCALE)
def packages_that_may_be_missing():
    try:
        import pandas as pd
    except ImportError:
        pd = None
    try:
        from google.colab import drive
    except ImportError:
        drive = None
    try:
        import a_package_that_nobody_has
    except ModuleNotFoundError:
        a_package_that_nobody_has = None


@legal("computes in double precision by torch's default, and puts the default back", **GET_SCALE)
def precision_set_and_put_back():
    def get_scale(input, N_bits=8):
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            return _correct_get_scale(input.to(torch.get_default_dtype()), N_bits).to(input.dtype)
        finally:
            torch.set_default_dtype(before)


@legal("prints a hundred kilobytes, and as much to the standard error", **RESET_SYM)
def prints_a_lot():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        for line in range(500):
            print(f"{line:4}: the largest of these numbers is {input.abs().max()}")
            print(f"{line:4}: the smallest of them is {input.abs().min()}", file=sys.stderr)
        return _correct_reset(input, N_bits, method)


@legal(
    "shows a progress bar while it searches",
    checks=["1a.reset.heuristic", "3.search.valid"],
    verdicts=["correct"],
)
def progress_bar():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        for _ in tqdm(range(100), desc=f"{method}, {N_bits} bits", leave=False):
            pass
        return _correct_reset(input, N_bits, method)

    def variable_precision_search(layer_sizes, evaluate, candidate_bits, accuracy_floor=85.0):
        with tqdm(total=100) as bar:
            found = _correct_search(layer_sizes, evaluate, candidate_bits, accuracy_floor)
            bar.update(100)
        return found


@legal("adds up by a recursion of 900 calls", **RESET_SYM)
def recursion_of_900():
    def _largest(values):
        return values[0] if len(values) == 1 else max(values[0], _largest(values[1:]))

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method != "sym":
            return _correct_reset(input, N_bits, method)
        parts = [float(part.abs().max()) for part in input.reshape(-1).chunk(900)]
        return torch.tensor(_largest(parts) / 2 ** (N_bits - 1)), 0


@legal(
    "has scipy find the scale of least error",
    checks=["1a.reset.heuristic", "1a.reset.heuristic_above_maximum"],
    verdicts=["correct"],
)
def scipy_for_the_search():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method != "heuristic":
            return _correct_reset(input, N_bits, method)
        values = input.double().reshape(-1)
        start = float(values.abs().max()) / 2 ** (N_bits - 1)

        def error(scale):
            return float(
                (values - scale * linear_quantize(values, scale, 0, N_bits)).square().mean()
            )

        grid = start * np.linspace(0.05, 1.6, 200)
        near = grid[int(np.argmin([error(scale) for scale in grid]))]
        bounds = (near - start * 0.01, near + start * 0.01)
        found = optimize.minimize_scalar(error, bounds=bounds, method="bounded")
        return torch.tensor(min(near, found.x, key=error), dtype=input.dtype), 0


@legal("has torch.jit.script translate a helper", **QUANTIZE)
def scripted_by_torch():
    @torch.jit.script
    def _to_grid(input: torch.Tensor, lowest: float, highest: float) -> torch.Tensor:
        return torch.clamp(torch.round(input), lowest, highest)

    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        lowest, highest = (
            (-(2 ** (N_bits - 1)), 2 ** (N_bits - 1) - 1) if signed else (0, 2**N_bits - 1)
        )
        shifted = _to_grid(input / scale, lowest + float(zero_point), highest + float(zero_point))
        return shifted - zero_point


@legal("computes for four seconds in one check", checks=["3.search.size"], verdicts=["correct"])
def seconds_of_computing():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        while time.process_time() < 4:
            sum(range(10_000))
        return _correct_search(layer_sizes, evaluate, candidate_bits, accuracy_floor)


@legal(
    "seeds every generator of random numbers, and draws from all of them",
    checks=["1a.reset.*"],
    verdicts=["correct"],
)
def seeds():
    torch.manual_seed(42)
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.deterministic = True

    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        torch.manual_seed(0)
        np.random.seed(0)
        random.seed(0)
        np.random.default_rng().permutation(10)
        torch.randperm(10)
        random.shuffle(list(range(10)))
        return _correct_reset(input, N_bits, method)


@legal("reads and sets environment variables, and asks where it runs", **GET_SCALE)
def settings_of_the_environment():
    os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")
    os.environ["KMP_DUPLICATE_LIB_OK"] = "TRUE"
    VERBOSE = os.environ.get("VERBOSE", "") == "1"
    ON_COLAB = "google.colab" in sys.modules
    DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    WHERE = (platform.system(), os.cpu_count(), os.getcwd(), sys.version_info, sys.argv[:1])

    def get_scale(input, N_bits=8):
        return _correct_get_scale(input.to(DEVICE), N_bits).cpu()


@legal("asks inspect for its own source, as notebooks with a report do", **GET_SCALE)
def source_of_its_own():
    def get_scale(input, N_bits=8):
        text = textwrap.dedent(inspect.getsource(sys._getframe().f_code))
        assert ast.parse(text).body[0].name == "get_scale"
        return _correct_get_scale(input, N_bits)


@legal(
    "keeps a note in a temporary file, and in memory where that is closed",
    checks=["1a.reset.*"],
    verdicts=["correct"],
)
def temporary_file_where_it_may():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        try:
            with tempfile.TemporaryFile("w+") as note:
                note.write(method)
        except OSError:
            io.StringIO().write(method)
        return _correct_reset(input, N_bits, method)


@legal("computes with four threads and waits for them", **GET_SCALE)
def threads_that_are_joined():
    def get_scale(input, N_bits=8):
        with ThreadPoolExecutor(max_workers=4) as pool:
            found = list(pool.map(lambda _: _correct_get_scale(input, N_bits), range(4)))
        return found[-1]


@legal(
    "asks torch for four threads when the file is imported",
    checks=["2b.integer_conv2d.values", "1a.get_scale.handed_out_widths"],
    verdicts=["correct"],
)
def torch_threads():
    torch.set_num_threads(4)


@legal(
    "has torch.jit.trace and torch.fx record a helper",
    checks=["1a.linear_dequantize.*"],
    verdicts=["correct"],
)
def traced_by_torch():
    def _scaled(codes, scale):
        return codes * scale

    _traced = torch.jit.trace(_scaled, (torch.ones(2, 3), torch.tensor(0.5)), check_trace=False)
    _recorded = fx.symbolic_trace(_scaled)

    def linear_dequantize(input, scale, zero_point):
        shifted = input + zero_point
        return (_traced(shifted, torch.as_tensor(scale)) + _recorded(shifted, scale)) / 2


@legal(
    "lets torch use two threads in one function and one thread afterwards",
    checks=["2b.integer_linear.*"],
    verdicts=["correct"],
)
def two_threads_of_torch():
    def integer_linear(input, weight):
        before = torch.get_num_threads()
        torch.set_num_threads(2)
        try:
            return _correct_integer_linear(input, weight)
        finally:
            torch.set_num_threads(before)


@legal("warns of everything, while it is imported as well", **QUANTIZE)
def warnings_of_many_kinds():
    warnings.simplefilter("always")
    warnings.warn("this file is being imported", ImportWarning, stacklevel=1)

    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        for kind in (UserWarning, DeprecationWarning, RuntimeWarning, FutureWarning):
            warnings.warn("codes do not know what they stand for", kind, stacklevel=2)
        return _correct_linear_quantize(input, scale, zero_point, N_bits, signed)


@legal("returns bit widths as tensors of 8 bits, which hold them", **SEARCH)
def widths_in_eight_bits():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        found = _correct_search(layer_sizes, evaluate, candidate_bits, accuracy_floor)
        return {layer: torch.tensor(bits, dtype=torch.int8) for layer, bits in found.items()}


@legal(
    "switches gradients off wherever there are none",
    checks=["1a.linear_quantize.*", "1a.get_scale.*", "2a.*", "2b.integer_linear.*"],
    verdicts=["correct"],
)
def without_gradients():
    _correct_get_scale = torch.inference_mode()(get_scale)
    _correct_integer_linear = torch.inference_mode()(integer_linear)

    @torch.no_grad()
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        return torch.clamp(torch.round(input / scale) - zero_point, *_limits(N_bits, signed))

    def get_scale(input, N_bits=8):
        return _correct_get_scale(input, N_bits)

    def integer_linear(input, weight):
        return _correct_integer_linear(input, weight)
