"""Code that uses up time, memory, threads, files or output."""

import contextlib
import ctypes
import itertools
import mmap
import multiprocessing
import os
import posix
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np
import torch
from torch.utils.data import DataLoader

from quantlab.protocol.wire import WireError

EXITS = {"checks": ["1a.reset.unsigned"], "verdicts": ["error"], "problem": "ends the program"}
CLOSED = {
    "checks": ["1a.reset.unsigned"],
    "verdicts": ["error"],
    "problem": "closed while it is graded",
}
FAILS = {"checks": ["1a.linear_dequantize.zero_point"], "verdicts": ["error"]}
TIMES_OUT = {"checks": ["1a.linear_dequantize.zero_point"], "verdicts": ["timeout"]}
OUT_OF_MEMORY = {"checks": ["1a.linear_dequantize.zero_point"], "verdicts": ["memory"]}
FAILS_OR_CRASHES = {"checks": ["1a.linear_dequantize.zero_point"], "verdicts": ["error", "crash"]}
EVERY_FUNCTION = ["1a.linear_*", "1a.get_scale.*", "1a.reset.*", "2a.*", "2b.*", "3.search.*"]
QUANTIZE = [
    "1a.linear_quantize.signed",
    "1a.linear_quantize.unsigned",
    "1a.linear_quantize.zero_point",
    "1a.linear_quantize.every_width",
    "1a.linear_quantize.pure",
]
_correct_reset = reset_scale_and_zero_point


@fault("calls abort", checks=["1a.reset.unsigned"], verdicts=["crash"], problem="SIGABRT")
def aborts():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            os.abort()
        return _correct_reset(input, N_bits, method)


@legal("allocates ten gigabytes while it is imported", checks=EVERY_FUNCTION, verdicts=["correct"])
def allocates_while_imported():
    EVERYTHING = torch.empty(10 << 30, dtype=torch.uint8)


@fault("gives the processor back whenever it has it, as if others kept it waiting", **TIMES_OUT)
def always_giving_way():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            while True:
                os.sched_yield()
        return scale * (input + zero_point)


@fault("starts another program", **FAILS)
def another_program():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            subprocess.run(["/bin/true"], check=True)
        return scale * (input + zero_point)


@fault("waits for somebody to type something", **FAILS)
def asks_for_input():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            input("Which zero point? ")
        return scale * (input + zero_point)


@legal(
    "waits for somebody to type something while it is imported",
    checks=EVERY_FUNCTION,
    verdicts=["correct"],
)
def asks_while_imported():
    NAME = input("Who are you? ")


@fault(
    "returns codes so large that a picture of them holds infinity, which JSON has not",
    checks=QUANTIZE,
    verdicts=["wrong"],
)
def codes_beyond_json():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        return torch.full(input.shape, 1e307, dtype=torch.float64)


@fault(
    "writes fifty megabytes to standard error",
    checks=["1a.reset.unsigned"],
    verdicts=["error"],
    problem="prints or writes more than is allowed",
)
def complains_without_end():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            for _ in range(50):
                sys.stderr.write("A" * 1_000_000)
        return _correct_reset(input, N_bits, method)


@fault(
    "reads the memory at address 0 while it is imported",
    checks=EVERY_FUNCTION,
    verdicts=["blocked"],
    problem="SIGSEGV",
)
def crashes_while_imported():
    ctypes.string_at(0)


@fault("ignores and blocks every signal, and loops", **TIMES_OUT)
def deaf_to_signals():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
                with contextlib.suppress(OSError, ValueError):
                    signal.signal(number, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            while True:
                pass
        return scale * (input + zero_point)


@fault(
    "returns what takes megabytes to describe in a sentence",
    checks=["1a.linear_dequantize.zero_point", "1a.linear_dequantize.values"],
    verdicts=["wrong"],
)
def description_without_end():
    def _tree(depth):
        return [_tree(depth - 1)] * 8 if depth else -1234.5678

    def linear_dequantize(input, scale, zero_point):
        return _tree(5)


@fault("loops for ever", **TIMES_OUT)
def endless_loop():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            while True:
                pass
        return scale * (input + zero_point)


@fault("stays in C, where Python looks for no signals", **TIMES_OUT)
def endless_loop_in_c():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            re.match(r"(a+)+$", "a" * 60 + "b")
        return scale * (input + zero_point)


@fault("loops for ever and catches whatever would end it", **TIMES_OUT)
def endless_loop_that_swallows():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            while True:
                try:
                    while True:
                        pass
                except BaseException:
                    continue
        return scale * (input + zero_point)


@fault(
    "computes an integer that takes longer than any check",
    checks=["1a.linear_dequantize.zero_point"],
    verdicts=["timeout", "memory"],
)
def endless_power():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            int(str(9)) ** int("9") ** int("9")
        return scale * (input + zero_point)


@fault(
    "calls itself for ever",
    checks=["1a.reset.unsigned"],
    verdicts=["error"],
    problem="calls itself",
)
def endless_recursion():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            return reset_scale_and_zero_point(input, N_bits, method)
        return _correct_reset(input, N_bits, method)


@fault("sleeps for days", **TIMES_OUT)
def endless_sleep():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            time.sleep(1e6)
        return scale * (input + zero_point)


@fault(
    "ends the process while it is imported",
    checks=EVERY_FUNCTION,
    verdicts=["blocked"],
    problem="ends the program before it answers",
)
def ends_while_imported():
    os._exit(0)


@fault("raises an exception that except Exception does not catch", **FAILS)
def exception_below_every_other():
    class Odd(BaseException):
        pass

    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            raise Odd()
        return scale * (input + zero_point)


@fault("raises an exception whose text is no plain string", **FAILS)
def exception_of_no_string():
    class Text(str):
        def __getitem__(self, key):
            return self

        def __len__(self):
            return 1 << 60

    class Odd(Exception):
        def __str__(self):
            return Text("\x1b[2J<script>alert(1)</script>" * 100_000)

    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            raise Odd()
        return scale * (input + zero_point)


@fault("raises an exception whose text raises another one", **FAILS)
def exception_that_cannot_be_shown():
    class Odd(Exception):
        def __str__(self):
            raise SystemExit(0)

        __repr__ = __str__

    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            raise Odd()
        return scale * (input + zero_point)


@fault(
    "raises an exception whose text ends the process",
    checks=["1a.linear_dequantize.zero_point"],
    verdicts=["crash"],
)
def exception_that_exits():
    def _end(error):
        os._exit(0)

    class Odd(Exception):
        __str__ = _end

    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            raise Odd()
        return scale * (input + zero_point)


@fault("raises an exception whose class claims to be another one", **FAILS_OR_CRASHES)
def exception_that_is_another_class():
    class Odd(Exception):
        @property
        def __class__(self):
            return SystemExit

    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            raise Odd()
        return scale * (input + zero_point)


@fault("raises an exception whose text takes for ever", **TIMES_OUT)
def exception_that_loops():
    def _loop(error):
        while True:
            pass

    class Odd(Exception):
        __str__ = _loop

    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            raise Odd()
        return scale * (input + zero_point)


@fault("calls sys.exit", **EXITS)
def exits():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            sys.exit(0)
        return _correct_reset(input, N_bits, method)


@fault(
    "calls os._exit",
    checks=["1a.reset.unsigned"],
    verdicts=["crash"],
    problem="ends the program before it answers",
)
def exits_at_once():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            os._exit(0)
        return _correct_reset(input, N_bits, method)


@legal("calls sys.exit while it is imported", checks=EVERY_FUNCTION, verdicts=["correct"])
def exits_while_imported():
    sys.exit(0)


@fault(
    "writes more than there is room for in memory",
    checks=["1a.reset.unsigned"],
    verdicts=["error"],
    problem="No space left on device",
)
def fills_its_files_in_memory():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            with open("/dev/shm/exploit-fills-memory", "xb", buffering=0) as file:
                while True:
                    file.write(bytes(1 << 20))
        return _correct_reset(input, N_bits, method)


@fault(
    "creates files without end, in memory",
    checks=["1a.reset.unsigned"],
    verdicts=["error"],
    problem="No space left on device",
)
def creates_files_in_memory():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            for number in itertools.count():
                open(f"exploit-{number}", "w").close()
        return _correct_reset(input, N_bits, method)


@fault("writes a file to /dev/shm", **CLOSED)
def fills_shared_memory():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            file = posix.open("/dev/shm/exploit-fills-memory", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            os.write(file, bytes(1 << 20))
        return _correct_reset(input, N_bits, method)


@fault("writes a file to the current folder", **CLOSED)
def fills_the_current_folder():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            file = posix.open("exploit-fills-this-folder", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
            os.write(file, bytes(1 << 20))
        return _correct_reset(input, N_bits, method)


@fault("writes a file to the folder for temporary files", **FAILS)
def fills_the_temporary_folder():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            name = os.path.join(tempfile.gettempdir(), "exploit-fills-this-folder")
            os.write(posix.open(name, os.O_CREAT | os.O_WRONLY), bytes(1 << 20))
        return scale * (input + zero_point)


@fault(
    "writes to the pipe of its reply for ever",
    checks=["1a.reset.unsigned"],
    verdicts=["bad_reply"],
    problem="far more than any answer can be",
)
def flood_of_a_reply():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            while True:
                os.write(3, bytes(65536))
        return _correct_reset(input, N_bits, method)


@fault(
    "writes to the pipe of its reply for ever while it is imported",
    checks=EVERY_FUNCTION,
    verdicts=["blocked"],
    problem="far more than any answer can be",
)
def floods_while_imported():
    while True:
        os.write(3, bytes(65536))


@fault(
    "returns many tensors that are a gigabyte together",
    checks=["1a.reset.unsigned"],
    verdicts=["error"],
    problem="far more than the answer can have",
)
def gigabyte_in_parts():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            return [torch.zeros(250_000)] * 1000
        return _correct_reset(input, N_bits, method)


@fault(
    "returns a gigabyte",
    checks=["1a.reset.unsigned"],
    verdicts=["error"],
    problem="far more than the answer can have",
)
def gigabyte_of_an_answer():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            return torch.zeros(250_000_000)
        return _correct_reset(input, N_bits, method)


@fault("raises a group of thousands of exceptions with a long chain of causes", **FAILS)
def group_of_exceptions():
    def _chain():
        error = ValueError("first")
        for number in range(5000):
            later = ValueError(number)
            later.__cause__ = later.__context__ = error
            error = later
        return error

    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            raise ExceptionGroup("many", [_chain(), *map(ValueError, range(10_000))])
        return scale * (input + zero_point)


@fault("computes an integer of ten gigabytes", **OUT_OF_MEMORY)
def integer_of_gigabytes():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            1 << 8 * int(10e9)
        return scale * (input + zero_point)


@fault("raises KeyboardInterrupt", **EXITS)
def interrupts_itself():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            raise KeyboardInterrupt
        return _correct_reset(input, N_bits, method)


@fault("sends itself what Ctrl-C sends", **EXITS)
def interrupts_itself_by_signal():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(
                1
            )  # another thread may get the signal first, and the main one hear of it later
        return _correct_reset(input, N_bits, method)


@fault("sends a signal to every process of its account", **FAILS)
def kills_everybody():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            os.kill(-1, signal.SIGCONT)
        return scale * (input + zero_point)


@fault("sends a signal to all of its process group", **FAILS)
def kills_its_group():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            os.killpg(0, signal.SIGCONT)
        return scale * (input + zero_point)


@fault(
    "kills itself by SIGKILL", checks=["1a.reset.unsigned"], verdicts=["crash"], problem="SIGKILL"
)
def kills_itself():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            os.kill(os.getpid(), signal.SIGKILL)
        return _correct_reset(input, N_bits, method)


@fault("sends a signal to the process that started it", **CLOSED)
def kills_the_worker():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            os.kill(os.getppid(), signal.SIGCONT)
        return _correct_reset(input, N_bits, method)


@fault("moves to a session of its own, where nobody kills it with its group", **FAILS)
def leaves_its_group():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            os.setsid()
        return scale * (input + zero_point)


@fault(
    "returns a list that holds itself",
    checks=["1a.reset.unsigned"],
    verdicts=["error"],
    problem="nested more than",
)
def list_that_holds_itself():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            nest = []
            nest.append(nest)
            return nest
        return _correct_reset(input, N_bits, method)


@fault("returns a list whose iteration never ends", **FAILS)
def list_without_end():
    class Endless(list):
        def __iter__(self):
            return itertools.count()

    def linear_dequantize(input, scale, zero_point):
        return Endless() if zero_point else scale * input


@fault(
    "loops for ever while it is imported",
    checks=EVERY_FUNCTION,
    verdicts=["blocked"],
    problem="computing time",
)
def loops_while_imported():
    while True:
        pass


@fault("opens a thousand files", **FAILS)
def many_descriptors():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            kept = [open("/dev/null") for _ in range(1000)]  # noqa: SIM115
            assert kept
        return scale * (input + zero_point)


@fault(
    "fills the memory with small objects",
    checks=["1a.linear_dequantize.zero_point"],
    verdicts=["memory", "timeout"],
)
def many_objects():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            kept = [[number] for number in range(40_000_000)]
            assert kept
        return scale * (input + zero_point)


@fault("forks itself", **CLOSED)
def many_processes():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            for _ in range(40):
                if os.fork() == 0:
                    time.sleep(5)
                    os._exit(0)
        return _correct_reset(input, N_bits, method)


@fault(
    "allocates three gigabytes, a little at a time",
    checks=["1a.linear_dequantize.zero_point"],
    verdicts=["memory", "timeout"],
)
def many_small_allocations():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            kept = [bytearray(1 << 16) for _ in range(3 << 14)]
            assert kept
        return scale * (input + zero_point)


@fault(
    "starts a thousand threads",
    checks=["1a.linear_dequantize.zero_point"],
    verdicts=["error", "memory", "crash"],
)
def many_threads():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            for _ in range(1000):
                threading.Thread(target=time.sleep, args=(15,), daemon=True).start()
        return scale * (input + zero_point)


@fault("returns a mapping whose items never end", **FAILS)
def mapping_without_end():
    class Endless(dict):
        def items(self):
            return ((0, number) for number in itertools.count())

    def linear_dequantize(input, scale, zero_point):
        return Endless() if zero_point else scale * input


@fault("raises a ModuleNotFoundError whose name is no string", **FAILS_OR_CRASHES)
def missing_module_without_name():
    class Odd(ModuleNotFoundError):
        name = 5

    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            raise Odd()
        return scale * (input + zero_point)


@fault(
    "returns a dict with a name of ten thousand characters that colour a terminal",
    checks=["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"],
    verdicts=["wrong"],
)
def name_without_end():
    def linear_dequantize(input, scale, zero_point):
        return {"\x1b[31m\u202e<b>" * 1000: 1}


@fault(
    "returns lists nested a hundred thousand deep",
    checks=["1a.reset.unsigned"],
    verdicts=["error"],
    problem="nested more than",
)
def nested_without_end():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            nest = []
            for _ in range(100_000):
                nest = [nest]
            return nest
        return _correct_reset(input, N_bits, method)


@fault(
    "returns integers at the very end of 64 bits and one beyond",
    checks=["1a.reset.sym", "1a.reset.unsigned", "1a.reset.SAWB"],
    verdicts=["wrong"],
)
def numbers_beyond_integers():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        scale, zero_point = _correct_reset(input, N_bits, method)
        if method == "heuristic":
            return scale, zero_point
        return scale, 2**63 if N_bits == 8 else -(2**63)


@fault(
    "returns a hundred thousand different codes, each of which would stand in a picture",
    checks=QUANTIZE,
    verdicts=["bad_shape"],
)
def picture_of_many_levels():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        return torch.arange(100_000, dtype=torch.float64)


@fault(
    "returns as many codes as a reply may hold, for the grader to sort",
    checks=QUANTIZE,
    verdicts=["bad_shape", "error"],
)
def picture_of_many_values():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        return torch.ones(60_000_000, dtype=torch.int8)


@fault("divides its work among processes of multiprocessing", **FAILS)
def pool_of_processes():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            with multiprocessing.get_context("fork").Pool(2) as pool:
                pool.map(abs, [1, 2])
        return scale * (input + zero_point)


@fault("goes on printing for ever where nothing more can be printed", **TIMES_OUT)
def prints_though_it_is_full():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            while True:
                with contextlib.suppress(OSError):
                    print("A" * 1000)
        return scale * (input + zero_point)


@fault(
    "prints fifty megabytes",
    checks=["1a.reset.unsigned"],
    verdicts=["error"],
    problem="prints or writes more than is allowed",
)
def prints_without_end():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            for _ in range(50):
                print("A" * 1_000_000)
        return _correct_reset(input, N_bits, method)


@legal("prints fifty megabytes while it is imported", checks=EVERY_FUNCTION, verdicts=["correct"])
def prints_without_end_while_imported():
    for _ in range(50):
        print("A" * 1_000_000)


@fault("calls quit as in a console", **FAILS)
def quits():
    leave = quit

    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            leave()
        return scale * (input + zero_point)


@fault(
    "reads the memory at address 0",
    checks=["1a.reset.unsigned"],
    verdicts=["crash"],
    problem="SIGSEGV",
)
def reads_address_zero():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            ctypes.string_at(0)
        return _correct_reset(input, N_bits, method)


@fault(
    "calls itself until the stack of C overflows",
    checks=["1a.linear_dequantize.zero_point"],
    verdicts=["crash", "memory", "error", "timeout"],
)
def recursion_beyond_the_stack():
    _honest_linear_dequantize = linear_dequantize

    def _descend(value):
        [value].sort(key=_descend)

    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            sys.setrecursionlimit(10**8)
            thread = threading.Thread(target=_descend, args=(0,))
            thread.start()
            thread.join()
            raise RecursionError("it came to an end")
        return _honest_linear_dequantize(input, scale, zero_point)


@fault("sends itself the signal that says its time is up", **TIMES_OUT)
def says_that_its_time_is_up():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            os.kill(os.getpid(), signal.SIGXCPU)
        return scale * (input + zero_point)


@fault("has a shell run a command", **FAILS)
def shell():
    def linear_dequantize(input, scale, zero_point):
        if zero_point and os.system("true") != 0:
            raise RuntimeError("there is no shell")
        return scale * (input + zero_point)


@fault(
    "sleeps for days while it is imported",
    checks=EVERY_FUNCTION,
    verdicts=["blocked"],
    problem="does not finish within",
)
def sleeps_while_imported():
    time.sleep(1e6)


@fault("stops itself by SIGSTOP", **TIMES_OUT)
def stops_itself():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            os.kill(os.getpid(), signal.SIGSTOP)
        return scale * (input + zero_point)


@fault(
    "raises a SyntaxError whose parts are of other types than they should be", **FAILS_OR_CRASHES
)
def syntax_error_without_text():
    class Odd(SyntaxError):
        filename, text, msg, lineno = "solution.py", 5, object(), -1

    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            raise Odd()
        return scale * (input + zero_point)


@fault("raises the exceptions that the worker itself raises", **FAILS)
def system_error_of_the_grader():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            raise WireError("the worker failed")
        return scale * (input + zero_point)


@fault("allocates ten gigabytes at once", **OUT_OF_MEMORY)
def ten_gigabytes():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            torch.empty(10 << 30, dtype=torch.uint8)
        return scale * (input + zero_point)


@fault(
    "maps ten gigabytes of shared anonymous memory",
    checks=["1a.linear_dequantize.zero_point"],
    verdicts=["memory", "error"],
)
def ten_gigabytes_mapped():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            mmap.mmap(-1, 10 << 30)
        return scale * (input + zero_point)


@fault("allocates ten gigabytes by numpy", **OUT_OF_MEMORY)
def ten_gigabytes_of_numpy():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            np.empty(10 << 30, np.uint8)
        return scale * (input + zero_point)


@fault(
    "returns a list of ten million numbers",
    checks=["1a.reset.unsigned"],
    verdicts=["error"],
    problem="values in containers",
)
def ten_million_numbers():
    def reset_scale_and_zero_point(input, N_bits=4, method="sym"):
        if method in ("unsigned", "asym"):
            return list(range(10_000_000))
        return _correct_reset(input, N_bits, method)


@fault("raises from a depth of frames that goes on for ever in its traceback", **FAILS)
def traceback_without_end():
    def _descend(depth):
        if depth == 0:
            raise ValueError("far down")
        _descend(depth - 1)

    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            _descend(900)
        return scale * (input + zero_point)


@fault("loads its data by the worker processes of torch", **FAILS)
def workers_of_a_data_loader():
    def linear_dequantize(input, scale, zero_point):
        if zero_point:
            next(iter(DataLoader(list(input), num_workers=2)))
        return scale * (input + zero_point)
