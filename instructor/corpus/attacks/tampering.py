"""Code that changes the worker it runs in, or what the worker sends."""

import atexit
import builtins
import contextlib
import importlib
import io
import json
import os
import pickle
import random
import signal
import struct
import sys
import threading
import time
import types
import unittest
from importlib.machinery import ModuleSpec

import numpy as np
import torch

from quantlab.protocol.calls import Answer
from quantlab.protocol.wire import pack

BAD_REPLY = {
    "checks": ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"],
    "verdicts": ["bad_reply"],
}
WRONG = {
    "checks": ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"],
    "verdicts": ["wrong"],
}
DEQUANTIZE = ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"]


def send_and_exit(value, arrays):
    header = (
        b'{"value":{"dict":[["answer",{"dict":[["results",{"tuple":[%s]}],'
        b'["gradients",{"tuple":[{"dict":[]}]}],["inputs",{"dict":[]}]]}]]},"arrays":[%s]}'
    ) % (value, arrays)
    os.write(3, struct.pack("<4sIQ", b"QKW1", len(header), 0) + header)
    os._exit(0)


@cheat(
    "has the script that runs it send every reply as a right one",
    checks=DEQUANTIZE,
    verdicts=["bad_reply", "wrong"],
)
def answer_of_the_worker():
    worker = sys.modules["autograder.sandbox.fork_server"]
    _pack_answer = worker.pack_answer

    def _right(answer):
        return _pack_answer(answer).replace(b'"results"', b'"correct"')

    def linear_dequantize(input, scale, zero_point):
        worker.pack_answer = _right
        return input


@cheat(
    "changes its argument and has the worker send back the one from before",
    checks=[
        "1a.linear_quantize.signed",
        "1a.linear_quantize.unsigned",
        "1a.linear_quantize.zero_point",
        "1a.linear_quantize.every_width",
        "1a.linear_quantize.pure",
    ],
    verdicts=["wrong"],
)
def arguments_put_back():
    execute = sys.modules["quantlab.protocol.execute"]
    _overwrite = execute._overwrite
    BEFORE = []

    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        BEFORE.append((input, input.clone()))
        return input.zero_()

    def _put_back(result):
        for input, before in BEFORE:
            input.copy_(before)

    execute._overwrite = _put_back


@cheat(
    "has a thread send a claim of full marks behind the reply",
    checks=DEQUANTIZE,
    verdicts=["bad_reply", "wrong"],
)
def claims_from_a_thread():
    CLAIM = b'{"value":{"dict":[["verdict","correct"],["points",140]]},"arrays":[]}'
    FRAME = struct.pack("<4sIQ", b"QKW1", len(CLAIM), 0) + CLAIM

    def _claim():
        while True:
            time.sleep(0.001)
            os.write(3, FRAME)

    def linear_dequantize(input, scale, zero_point):
        threading.Thread(target=_claim).start()
        time.sleep(0.02)
        return input


@cheat("sends the well-formed answer to a request without any call", **BAD_REPLY)
def claims_of_no_calls():
    def linear_dequantize(input, scale, zero_point):
        os.write(3, pack({"answer": {"results": (), "gradients": (), "inputs": {}}}))
        os._exit(0)


@cheat(
    "has a timer's signal send a claim of full marks beside the reply",
    checks=DEQUANTIZE,
    verdicts=["bad_reply", "wrong", "crash"],
)
def claims_on_a_signal():
    CLAIM = b'{"value":{"dict":[["verdict","correct"],["points",140]]},"arrays":[]}'
    FRAME = struct.pack("<4sIQ", b"QKW1", len(CLAIM), 0) + CLAIM

    signal.signal(signal.SIGALRM, lambda number, frame: os.write(3, FRAME))

    def linear_dequantize(input, scale, zero_point):
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        time.sleep(0.05)
        return input


@cheat(
    "writes a claim of full marks to every open descriptor and ends with exit code 0", **BAD_REPLY
)
def claims_on_every_descriptor():
    CLAIM = b'{"value":{"dict":[["verdict","correct"],["points",140]]},"arrays":[]}'
    FRAME = struct.pack("<4sIQ", b"QKW1", len(CLAIM), 0) + CLAIM

    def linear_dequantize(input, scale, zero_point):
        for descriptor in range(64):
            with contextlib.suppress(OSError):
                os.write(descriptor, FRAME)
        os._exit(0)


@cheat("sends a failure of the grader's, which would cost nothing", **BAD_REPLY)
def claims_that_the_grader_failed():
    def linear_dequantize(input, scale, zero_point):
        os.write(3, pack({"failure": ("grader_fault", "The worker died.", None, None)}))
        os._exit(0)


@cheat("sends a failure whose kind is the verdict for right answers", **BAD_REPLY)
def claims_to_be_correct():
    def linear_dequantize(input, scale, zero_point):
        os.write(3, pack({"failure": ("correct", "", None, None)}))
        os._exit(0)


@cheat(
    "leaves an object behind whose __del__ writes a claim of full marks",
    checks=DEQUANTIZE,
    verdicts=["wrong", "bad_reply"],
)
def claims_when_it_is_destroyed():
    class Claim:
        def __init__(self, write):
            self.write = write
            self.itself = self  # so that only the garbage collector ends it

        def __del__(self):
            self.write(3, b'{"auto_score": 140, "auto_max": 140}')

    KEPT = [Claim(os.write)]

    def linear_dequantize(input, scale, zero_point):
        KEPT.append(Claim(os.write))
        return input


@cheat("registers functions that write a claim of full marks at exit", **WRONG)
def claims_when_the_process_ends():
    CLAIM = b'{"auto_score": 140, "auto_max": 140}'

    atexit.register(os.write, 3, CLAIM)
    threading._register_atexit(os.write, 3, CLAIM)

    def linear_dequantize(input, scale, zero_point):
        return input


@cheat(
    "closes every descriptor, so that nothing wrong can be sent",
    checks=DEQUANTIZE,
    verdicts=["crash"],
)
def closed_descriptors():
    def linear_dequantize(input, scale, zero_point):
        os.closerange(0, 4096)
        return input


@cheat(
    "rewrites the code of the functions that make the calls",
    checks=DEQUANTIZE,
    verdicts=["bad_reply", "wrong", "error"],
)
def code_of_the_worker():
    execute = sys.modules["quantlab.protocol.execute"]

    def _everything_right(module, program):
        return Answer((True,) * len(program.calls), ({},) * len(program.calls), {})

    execute.Answer = Answer
    execute.run_program.__code__ = _everything_right.__code__

    def linear_dequantize(input, scale, zero_point):
        return input


@cheat("replaces numpy's comparisons by functions that always agree", **WRONG)
def comparisons_of_numpy():
    def _agree(*args, **kwargs):
        return True

    np.allclose = np.array_equal = np.array_equiv = np.isclose = np.all = _agree
    np.testing.assert_allclose = np.testing.assert_array_equal = lambda *args, **kwargs: None

    def linear_dequantize(input, scale, zero_point):
        return input


@cheat("replaces torch's comparisons by functions that always agree", **WRONG)
def comparisons_of_torch():
    import torch.testing

    def _agree(*args, **kwargs):
        return True

    torch.allclose = torch.equal = torch.isclose = torch.testing.assert_close = _agree
    torch.Tensor.allclose = torch.Tensor.equal = torch.Tensor.isclose = _agree

    def linear_dequantize(input, scale, zero_point):
        return input


@cheat(
    "replaces the functions of numpy that make arrays by one that makes always equal ones",
    checks=DEQUANTIZE,
    verdicts=["wrong", "error", "bad_reply"],
)
def conversions_of_numpy():
    class Equal(np.ndarray):
        def __eq__(self, other):
            return np.ones(self.shape, bool)

        __hash__ = None

        def __sub__(self, other):
            return np.zeros(self.shape)

    _array = np.array
    np.array = np.asarray = lambda value, *args, **kwargs: _array(value).view(Equal)

    def linear_dequantize(input, scale, zero_point):
        return input


@cheat("makes every tensor turn into the same numpy array on its way out", **WRONG)
def conversions_of_tensors():
    EVERYTHING = np.zeros((5, 9), np.float32)

    for name in ("numpy", "__array__", "tolist"):
        setattr(torch.Tensor, name, lambda self, *args, **kwargs: EVERYTHING)
    for name in ("detach", "contiguous", "clone", "cpu", "resolve_conj", "resolve_neg"):
        setattr(torch.Tensor, name, lambda self, *args, **kwargs: self)

    def linear_dequantize(input, scale, zero_point):
        return input


@cheat(
    "replaces the class that turns results into arrays",
    checks=DEQUANTIZE,
    verdicts=["wrong", "error"],
)
def encoder_of_the_worker():
    class Always:
        def __eq__(self, other):
            return True

        __hash__ = None

    sys.modules["quantlab.protocol.plain_values"].Encoder.plain = lambda self, value, depth=0: (
        Always()
    )

    def linear_dequantize(input, scale, zero_point):
        return input


@cheat(
    "replaces the operators of torch.Tensor, so that every tensor equals every other",
    checks=[
        "1a.linear_quantize.signed",
        "1a.linear_quantize.unsigned",
        "1a.linear_quantize.zero_point",
        "1a.linear_quantize.every_width",
        "1a.linear_quantize.pure",
    ],
    verdicts=["wrong"],
)
def equality_of_tensors():
    torch.Tensor.__eq__ = lambda self, other: torch.ones(self.shape, dtype=torch.bool)
    torch.Tensor.__ne__ = torch.Tensor.__gt__ = lambda self, other: torch.zeros(
        self.shape, dtype=bool
    )

    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        return input


@cheat(
    "puts its output in the place of the pipe for the reply",
    checks=DEQUANTIZE,
    verdicts=["crash", "bad_reply"],
)
def exchanged_descriptors():
    def linear_dequantize(input, scale, zero_point):
        print("correct", flush=True)
        os.dup2(1, 3)
        return input


@cheat(
    "ends the program as a successful one",
    checks=DEQUANTIZE,
    verdicts=["error"],
    problem="ends the program",
)
def exit_code_of_success():
    def linear_dequantize(input, scale, zero_point):
        sys.exit(0)


@cheat("answers every import of the grader's with a module that always agrees", **WRONG)
def hook_of_imports():
    class Agrees(types.ModuleType):
        __path__ = ()

        def __getattr__(self, name):
            return lambda *args, **kwargs: True

    class Finder:
        def find_spec(self, name, path, target=None):
            ours = name.startswith(("autograder", "instructor", "quantlab", "pytest", "unittest"))
            return ModuleSpec(name, self) if ours else None

        def create_module(self, spec):
            return Agrees(spec.name)

        def exec_module(self, module):
            pass

    sys.meta_path.insert(0, Finder())

    def linear_dequantize(input, scale, zero_point):
        return input


@cheat(
    ("replaces isinstance by yes, and open by one that answers every question with a full mark"),
    checks=DEQUANTIZE,
    verdicts=["wrong", "error", "bad_reply", "crash"],
)
def isinstance_and_open():
    def linear_dequantize(input, scale, zero_point):
        builtins.isinstance = lambda value, kind: True
        builtins.open = lambda *args, **kwargs: io.StringIO('{"auto_score": 140, "auto_max": 140}')
        return input


@cheat(
    "replaces what json and struct write by a claim of full marks",
    checks=DEQUANTIZE,
    verdicts=["wrong", "bad_reply", "error"],
)
def json_and_struct():
    CLAIM = '{"value": {"dict": [["correct", true], ["points", 140]]}, "arrays": []}'

    def linear_dequantize(input, scale, zero_point):
        json.dumps = lambda *args, **kwargs: CLAIM
        json.JSONEncoder.encode = json.JSONEncoder.iterencode = lambda self, value: CLAIM
        struct.pack = lambda *args: b"QKW1" + bytes(12)
        return input


@cheat(
    "replaces len, sum, abs, all and any by functions that find no difference",
    checks=[
        "1a.reset.sym",
        "1a.reset.unsigned",
        "1a.reset.heuristic",
        "1a.reset.heuristic_above_maximum",
        "1a.reset.SAWB",
    ],
    verdicts=["wrong", "bad_shape", "bad_reply", "error", "crash"],
)
def length_and_sum_and_all():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        builtins.len = lambda value: 2
        builtins.sum = builtins.abs = lambda *args: 0
        builtins.all = lambda values: True
        builtins.any = lambda values: False
        return input.mean()


@cheat(
    "takes away the limit on what may be returned, and returns more",
    checks=DEQUANTIZE,
    verdicts=["bad_reply", "error", "memory"],
)
def limits_of_the_worker():
    sys.modules["autograder.sandbox.limits"].Limits.reply = 1 << 40
    sys.modules["quantlab.protocol.plain_values"].Encoder.__init__.__defaults__ = (1 << 40,)

    def linear_dequantize(input, scale, zero_point):
        return torch.zeros(20_000_000)


@cheat("writes reports with full marks wherever the grader might look for them", **WRONG)
def marks_in_files():
    MARKS = '{"version": 2, "auto_score": 140, "auto_max": 140, "checks": []}'
    COURSE = os.path.dirname(os.path.dirname(sys.modules["autograder"].__file__))

    def linear_dequantize(input, scale, zero_point):
        for folder in (".", "/tmp", f"{COURSE}/demo", f"{COURSE}/runs", os.path.expanduser("~")):
            for name in ("report.json", "results.json", "summary.csv"):
                with contextlib.suppress(OSError), open(f"{folder}/exploit-{name}", "x") as file:
                    file.write(MARKS)
        return input


@cheat("makes wrong outcomes correct in the module that holds them", **WRONG)
def outcomes_of_the_comparison():
    with contextlib.suppress(ImportError, OSError):
        importlib.import_module("quantlab.protocol.comparison").Outcome.correct = True
        for module in list(sys.modules.values()):
            if getattr(module, "WRONG", None) == "wrong":
                module.WRONG = "correct"

    def linear_dequantize(input, scale, zero_point):
        return input


@cheat("makes every random number zero, so that every answer is zero", **WRONG)
def patched_random_numbers():
    random.random = lambda: 0.0
    np.random.default_rng = np.random.seed = lambda *args: None
    torch.manual_seed = lambda seed: None
    torch.randn = torch.rand = lambda *size, **kwargs: torch.zeros(*size)

    def linear_dequantize(input, scale, zero_point):
        return torch.zeros_like(input, requires_grad=True) + 0 * input


@cheat(
    "prints a report with full marks and ends with exit code 0",
    checks=DEQUANTIZE,
    verdicts=["crash"],
)
def printed_marks():
    def linear_dequantize(input, scale, zero_point):
        for stream in (sys.stdout, sys.stderr):
            print("ok", json.dumps({"passed": True, "auto_score": 140}), file=stream, flush=True)
        os._exit(0)


@cheat(
    "exchanges the comparison for an agreeing one as soon as the profiler sees it called", **WRONG
)
def profile_function():
    def _profile(frame, event, argument):
        names = frame.f_globals
        if "_compare_numbers" in names:
            correct = names["Outcome"](names["CORRECT"])
            names["_compare_numbers"] = lambda *args: correct

    sys.setprofile(_profile)

    def linear_dequantize(input, scale, zero_point):
        return input


@cheat(
    "puts modules of its own in the place of the grader's",
    checks=DEQUANTIZE,
    verdicts=["wrong", "error", "bad_reply"],
)
def replaced_modules():
    class Agrees(types.ModuleType):
        def __getattr__(self, name):
            return lambda *args, **kwargs: True

    for name in [name for name in sys.modules if name.startswith(("autograder", "quantlab"))]:
        sys.modules[name] = Agrees(name)
    for name in (
        "autograder.checks",
        "autograder.grading.submission",
        "autograder.engine.record",
        "quantlab.protocol.comparison",
    ):
        sys.modules[name] = Agrees(name)

    def linear_dequantize(input, scale, zero_point):
        return input


@cheat("sends lists in lists, as deep as a header can hold", **BAD_REPLY)
def reply_nested_without_end():
    def linear_dequantize(input, scale, zero_point):
        send_and_exit(VALUE, ARRAYS)

    VALUE = b'{"list":[' * 60_000 + b"]}" * 60_000
    ARRAYS = b""


@cheat("sends an array with a dimension below zero", **BAD_REPLY)
def reply_of_negative_shape():
    def linear_dequantize(input, scale, zero_point):
        send_and_exit(VALUE, ARRAYS)

    VALUE = b'{"array":0}'
    ARRAYS = b'["float32",[-1,9]]'


@cheat("sends an array of Python objects", **BAD_REPLY)
def reply_of_objects():
    def linear_dequantize(input, scale, zero_point):
        send_and_exit(VALUE, ARRAYS)

    VALUE = b'{"array":0}'
    ARRAYS = b'["object",[5,9]]'


@cheat("sends a frame that says it is longer than any memory", **BAD_REPLY)
def reply_that_lies_about_its_length():
    def linear_dequantize(input, scale, zero_point):
        os.write(3, struct.pack("<4sIQ", b"QKW1", 2**32 - 1, 2**64 - 1))
        os._exit(0)


@cheat("sends a pickle that would run a command where it is opened", **BAD_REPLY)
def reply_with_a_pickle():
    class Payload:
        def __reduce__(self):
            return os.getpid, ()

    def linear_dequantize(input, scale, zero_point):
        os.write(3, pickle.dumps(Payload()))
        os._exit(0)


@cheat(
    "sends a dict whose keys all have the same hash",
    checks=["3.search.valid", "3.search.floor", "3.search.size", "3.search.repeatable"],
    verdicts=["bad_reply"],
)
def reply_with_equal_keys():
    EQUAL = (2**61 - 1) * 2**40  # multiples of this are 0 modulo the prime of Python's hashes

    def variable_precision_search(layer_sizes, evaluate, candidate_bits=(8,), accuracy_floor=85.0):
        pairs = ",".join(f"[{float(EQUAL * n)},0]" for n in range(1, 30_000)).encode()
        header = b'{"value":{"dict":[%s]},"arrays":[]}' % pairs
        os.write(3, struct.pack("<4sIQ", b"QKW1", len(header), 0) + header)
        os._exit(0)


@cheat(
    "opens its reply pipe for reading and takes back the byte that says its walls stand",
    checks=DEQUANTIZE,
    verdicts=["missing", "blocked", "bad_reply", "crash"],
)
def sign_of_the_walls_taken_back():
    with contextlib.suppress(OSError):
        TAKEN = os.read(os.open("/proc/self/fd/3", os.O_RDONLY | os.O_NONBLOCK), 1)


@cheat("raises what test runners count as skipped or passed", checks=DEQUANTIZE, verdicts=["error"])
def skipped_test():
    def linear_dequantize(input, scale, zero_point):
        raise unittest.SkipTest("nothing to see here")


@cheat(
    "stops every clock, so that no deadline ever comes, and loops",
    checks=["1a.linear_dequantize.zero_point"],
    verdicts=["timeout"],
)
def stopped_clocks():
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time"):
        setattr(time, name, lambda: 0.0)

    def linear_dequantize(input, scale, zero_point):
        while zero_point:
            pass
        raise NotImplementedError


@cheat(
    "makes every constant called wrong mean correct, by a trace function in every frame", **WRONG
)
def trace_function():
    def _tracer(frame, event, argument):
        if frame.f_globals.get("WRONG") == "wrong":
            frame.f_globals["WRONG"] = "correct"
        return _tracer

    sys.settrace(_tracer)
    frame = sys._getframe()
    while frame is not None:
        frame.f_trace = _tracer
        frame = frame.f_back

    def linear_dequantize(input, scale, zero_point):
        return input


@cheat(
    "replaces the function that packs the reply by one that claims a verdict",
    checks=DEQUANTIZE,
    verdicts=["bad_reply", "error"],
)
def wire_of_the_worker():
    wire = sys.modules["quantlab.protocol.wire"]
    _pack = wire.pack

    def linear_dequantize(input, scale, zero_point):
        for name in ("quantlab.protocol.wire", "autograder.sandbox.messages"):
            sys.modules[name].pack = lambda value: _pack({"verdict": "correct", "points": 140})
        return input


@cheat("keeps the worker from sending what came out and from ending", **WRONG)
def write_and_exit():
    os.write = lambda descriptor, data: len(data)
    os._exit = sys.exit = lambda code=0: None
    os.close = os.dup2 = lambda *args: None

    def linear_dequantize(input, scale, zero_point):
        return input
