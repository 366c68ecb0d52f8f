"""Code that looks for expected answers, other people's files, or the secret."""

import contextlib
import gc
import glob
import inspect
import linecache
import marshal
import os
import sys
from multiprocessing import shared_memory
from pathlib import Path
from types import FunctionType

import numpy as np
from numpy.lib.stride_tricks import as_strided

FAILS = {
    "checks": ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"],
    "verdicts": ["error"],
}
CLOSED = {
    "checks": ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"],
    "verdicts": ["error"],
    "problem": "closed while it is graded",
}
DEQUANTIZE = ["1a.linear_dequantize.values", "1a.linear_dequantize.zero_point"]
LINEAR = ["2b.integer_linear.values", "2b.integer_linear.beyond_float32"]


@cheat(
    "returns the memory behind its argument, where the next tensor may lie",
    checks=DEQUANTIZE,
    verdicts=["wrong", "crash", "error"],
)
def beyond_the_input():
    def linear_dequantize(input, scale, zero_point):
        values = input.detach().numpy().reshape(-1)
        beyond = as_strided(values, (3 * values.size,), values.strides)[2 * values.size :]
        return torch.from_numpy(np.array(beyond)).reshape(input.shape) + 0 * input


@cheat("finds the grader by its command line and the course by its working folder", **FAILS)
def command_line_of_the_grader():
    def linear_dequantize(input, scale, zero_point):
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            with open(path) as file:
                if "autograder" not in file.read():
                    continue
            names = {}
            with open(path.replace("cmdline", "cwd/instructor/solution.py")) as file:
                exec(file.read(), names)
            return names["linear_dequantize"](input, scale, zero_point)
        raise LookupError("no grader is running")


@cheat("opens its own pipes once more, for reading, through /proc/self/fd", **FAILS)
def descriptors_opened_again():
    def linear_dequantize(input, scale, zero_point):
        for name in os.listdir("/proc/self/fd"):
            try:
                file = os.open(f"/proc/self/fd/{name}", os.O_RDONLY | os.O_NONBLOCK)
                content = os.read(file, 1 << 20)
            except OSError:
                continue
            if b"def linear_dequantize" in content:
                names = {}
                exec(content, names)
                return names["linear_dequantize"](input, scale, zero_point)
        raise LookupError("nothing is left to be read")


@cheat(
    "finds the folder of the course in the environment of the processes above it",
    **FAILS,
    problem="closed while it is graded",
)
def environment_of_the_grader():
    def linear_dequantize(input, scale, zero_point):
        with open(f"/proc/{os.getppid()}/stat") as file:
            grader = file.read().rsplit(")", 1)[1].split()[1]
        for process in (os.getppid(), grader):
            with open(f"/proc/{process}/environ") as file:
                course = next(v[4:] for v in file.read().split("\0") if v.startswith("PWD="))
            names = {}
            with open(f"{course}/instructor/solution.py") as file:
                exec(file.read(), names)
            return names["linear_dequantize"](input, scale, zero_point)
        raise LookupError("no environment names the course")


@cheat("takes every folder that its own environment names for the one of the course", **FAILS)
def environment_variables():
    def linear_dequantize(input, scale, zero_point):
        with open("/proc/self/environ") as file:
            first = dict(pair.split("=", 1) for pair in file.read().split("\0") if "=" in pair)
        for value in {**first, **os.environ}.values():
            for folder in Path(value), *Path(value).parents:
                source = folder / "instructor" / "solution.py"
                try:
                    text = source.read_text()
                except FileNotFoundError:
                    continue
                names = {}
                exec(text, names)
                return names["linear_dequantize"](input, scale, zero_point)
        raise LookupError("no variable leads to the course")


@cheat(
    "lists /tmp for another submission and takes its function",
    **FAILS,
    problem="closed while it is graded",
)
def folder_for_temporary_files():
    def linear_dequantize(input, scale, zero_point):
        for folder, _, files in os.walk("/tmp", onerror=_complain):
            if "solution.py" in files:
                names = {}
                with open(os.path.join(folder, "solution.py")) as file:
                    exec(file.read(), names)
                return names["linear_dequantize"](input, scale, zero_point)
        raise LookupError("nobody left a solution there")

    def _complain(error):
        raise error


@cheat(
    "raises and catches an exception, and looks through inspect at the stack below it",
    checks=["1a.get_scale.handed_out_widths", "1a.get_scale.mean_not_zero"],
    verdicts=["error"],
)
def frames_of_a_traceback():
    def get_scale(input, N_bits=8):
        try:
            raise LookupError("nobody below knows the answer")
        except LookupError as error:
            for found in inspect.getouterframes(error.__traceback__.tb_frame):
                evidence = found.frame.f_locals.get("evidence")
                if evidence is not None:
                    return evidence.oracle.module.get_scale(input, N_bits)
            raise


@cheat(
    "climbs the frames of its callers to the reference or the expected answer",
    checks=[
        "1a.linear_quantize.signed",
        "1a.linear_quantize.unsigned",
        "1a.linear_quantize.zero_point",
        "1a.linear_quantize.every_width",
        "1a.linear_quantize.pure",
    ],
    verdicts=["error"],
)
def frames_of_callers():
    def linear_quantize(input, scale, zero_point, N_bits, signed=True):
        frame = sys._getframe()
        while frame is not None:
            for name, value in frame.f_locals.items():
                if name == "expected":
                    return value
                if name == "evidence":
                    reference = value.oracle.module
                    return reference.linear_quantize(input, scale, zero_point, N_bits, signed)
            frame = frame.f_back
        raise LookupError("no caller knows the answer")


@cheat("walks gc.get_objects() for another function of the same name", **FAILS)
def garbage_collector():
    def linear_dequantize(input, scale, zero_point):
        for found in gc.get_objects():
            written_elsewhere = isinstance(found, FunctionType) and found.__module__ != __name__
            if written_elsewhere and found.__name__ == "linear_dequantize":
                return found(input, scale, zero_point)
        raise LookupError("nobody else has it")


@cheat("reads every file descriptor up to 64, the request among them", **FAILS)
def inherited_descriptors():
    def linear_dequantize(input, scale, zero_point):
        for descriptor in range(64):
            with contextlib.suppress(OSError):
                os.set_blocking(descriptor, False)
                content = os.read(descriptor, 1 << 20)
                if b"def linear_dequantize" in content:
                    names = {}
                    exec(content, names)
                    return names["linear_dequantize"](input, scale, zero_point)
        raise LookupError("nothing is left to be read")


@cheat("looks for source that linecache keeps of other modules", **FAILS)
def linecache_of_the_grader():
    def linear_dequantize(input, scale, zero_point):
        for file, entry in linecache.cache.items():
            if file != "solution.py" and len(entry) > 2:
                text = "".join(entry[2])
                if "def linear_dequantize" in text:
                    names = {}
                    exec(text, names)
                    return names["linear_dequantize"](input, scale, zero_point)
        raise LookupError("linecache keeps no other source")


@cheat(
    "scans the folder of the course for whatever defines the function",
    **FAILS,
    problem="closed while it is graded",
)
def listing_of_the_course():
    def linear_dequantize(input, scale, zero_point):
        course = os.path.dirname(os.path.dirname(sys.modules["autograder"].__file__))
        for folder in os.scandir(course):
            if not folder.is_dir() or folder.name.startswith("."):
                continue
            for entry in os.scandir(folder):
                if entry.name == "solution.py":
                    names = {}
                    with open(entry) as file:
                        exec(file.read(), names)
                    return names["linear_dequantize"](input, scale, zero_point)
        raise LookupError("the course has no solution")


@cheat(
    "searches sys.modules for a module that has the function written",
    checks=LINEAR,
    verdicts=["error"],
)
def loaded_modules():
    def integer_linear(input, weight):
        for name, module in list(sys.modules.items()):
            found = vars(module).get("integer_linear")
            if found is not None and name != __name__:
                return found(input, weight)
        raise LookupError("no loaded module has integer_linear")


@cheat(
    "has the loader of the grader's own package read the reference",
    **FAILS,
    problem="closed while it is graded",
)
def loader_of_a_loaded_module():
    def linear_dequantize(input, scale, zero_point):
        package = sys.modules["autograder"]
        course = os.path.dirname(os.path.dirname(package.__file__))
        names = {}
        exec(package.__loader__.get_data(f"{course}/instructor/solution.py"), names)
        return names["linear_dequantize"](input, scale, zero_point)


@cheat(
    "reads the memory of the process that started it", **FAILS, problem="closed while it is graded"
)
def memory_of_the_worker():
    def linear_dequantize(input, scale, zero_point):
        with open(f"/proc/{os.getppid()}/mem", "rb", 0) as memory:
            memory.seek(id(linear_dequantize))  # a fork has its objects at the same places
            memory.read(8)
        return scale * (input + zero_point)


@cheat(
    "scans its own memory by /proc/self/mem for the text of the reference",
    checks=LINEAR,
    verdicts=["error"],
)
def own_memory():
    MARK = b"smus_tcaxe_ fed"[::-1]  # so that this file is not what is found

    def integer_linear(input, weight):
        with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
            for line in maps:
                area, rights = line.split()[:2]
                start, end = (int(part, 16) for part in area.split("-"))
                if not rights.startswith("rw") or end - start > 1 << 28:
                    continue
                try:
                    memory.seek(start)
                    content = memory.read(end - start)
                except (OSError, OverflowError):
                    continue
                place = content.find(MARK)
                while place >= 0:
                    begin = content.rfind(b'"""Assignment:', 0, place)
                    text = content[begin : content.find(b"\0", place)]
                    names = {}
                    try:
                        exec(text, names)
                        return names["integer_linear"](input, weight)
                    except (SyntaxError, KeyError, ValueError):
                        place = content.find(MARK, place + 1)
        raise LookupError("the reference is not in this memory")


@cheat("attaches shared memory under the name that the expected answer might have", **FAILS)
def shared_memory_by_name():
    def linear_dequantize(input, scale, zero_point):
        block = shared_memory.SharedMemory("expected")
        values = np.ndarray(tuple(input.shape), np.float32, block.buf)
        return torch.from_numpy(values.copy())


@cheat("looks in /dev/shm for arrays that the grader may have left there", **FAILS)
def shared_memory_folder():
    def linear_dequantize(input, scale, zero_point):
        for entry in os.scandir("/dev/shm"):
            if entry.name.startswith(("psm_", "expected")):
                values = np.fromfile(entry.path, np.float32, input.numel())
                return torch.from_numpy(values).reshape(input.shape)
        raise LookupError("there is no shared memory")


@cheat(
    "opens the folder as a mere place (O_PATH) and the reference relative to it",
    **FAILS,
    problem="closed while it is graded",
)
def solution_below_an_open_folder():
    def linear_dequantize(input, scale, zero_point):
        course = os.path.dirname(os.path.dirname(sys.modules["autograder"].__file__))
        folder = os.open(f"{course}/instructor", os.O_PATH | os.O_DIRECTORY)
        file = os.open("solution.py", os.O_RDONLY, dir_fd=folder)
        names = {}
        exec(os.read(file, 1 << 20), names)
        return names["linear_dequantize"](input, scale, zero_point)


@cheat(
    "reads instructor/solution.py beside the package that runs the check",
    **FAILS,
    problem="closed while it is graded",
)
def solution_by_absolute_path():
    def linear_dequantize(input, scale, zero_point):
        course = Path(sys.modules["autograder"].__file__).parents[1]
        names = {}
        exec((course / "instructor" / "solution.py").read_text(), names)
        return names["linear_dequantize"](input, scale, zero_point)


@cheat("reads what Python compiled of the reference instead of its text", **FAILS)
def solution_by_its_bytecode():
    HEADER = 16  # bytes in front of the code

    def linear_dequantize(input, scale, zero_point):
        course = os.path.dirname(os.path.dirname(sys.modules["autograder"].__file__))
        compiled = glob.glob(f"{course}/instructor/__pycache__/solution.*.pyc")[0]
        names = {}
        with open(compiled, "rb") as file:
            exec(marshal.loads(file.read()[HEADER:]), names)
        return names["linear_dequantize"](input, scale, zero_point)


@cheat(
    "changes into the folder of the course and opens the reference from there",
    checks=LINEAR,
    verdicts=["error"],
    problem="closed while it is graded",
)
def solution_by_relative_path():
    def integer_linear(input, weight):
        os.chdir(os.path.dirname(os.path.dirname(sys.modules["autograder"].__file__)))
        names = {}
        with open("instructor/solution.py") as file:
            exec(file.read(), names)
        return names["integer_linear"](input, weight)


@cheat(
    "opens the reference through /proc/self/root, another name of the same file",
    **FAILS,
    problem="closed while it is graded",
)
def solution_through_proc():
    def linear_dequantize(input, scale, zero_point):
        course = os.path.dirname(os.path.dirname(sys.modules["autograder"].__file__))
        names = {}
        with open(f"/proc/self/root{course}/instructor/solution.py") as file:
            exec(file.read(), names)
        return names["linear_dequantize"](input, scale, zero_point)


@cheat(
    "takes a known right submission, which the grader keeps to prove its checks",
    **FAILS,
    problem="closed while it is graded",
)
def source_of_a_mutant():
    def linear_dequantize(input, scale, zero_point):
        worker = inspect.getfile(sys.modules["autograder"])
        course = os.path.dirname(os.path.dirname(worker))
        names = {}
        with open(f"{course}/instructor/corpus/correct/whole_terse.py") as file:
            exec(file.read(), names)
        return names["linear_dequantize"](input, scale, zero_point)


@cheat(
    "returns any other array in memory that has the shape of the answer",
    checks=DEQUANTIZE,
    verdicts=["wrong", "error"],
)
def tensors_in_memory():
    def linear_dequantize(input, scale, zero_point):
        for holder in gc.get_objects():
            parts = holder.values() if isinstance(holder, dict) else holder
            if not isinstance(holder, dict | list | tuple):
                continue
            for part in list(parts):
                fits = isinstance(part, np.ndarray) and part.shape == tuple(input.shape)
                if fits and not np.array_equal(part, input.detach().numpy()):
                    return torch.from_numpy(part) + 0 * input
        raise LookupError("no array of this shape")
