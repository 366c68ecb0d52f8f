"""Every kind of bad and hostile solution gets the verdict it should, and gains nothing.

Each solution is asked for `f(x)`, the softmax of a matrix along its rows. A kind of "answer" means
that an answer came back that is not the right one: the comparison of the marking refuses it.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from autograder.sandbox.host import Sandbox
from quantlab.protocol.calls import Answer, Call, Failure, Input, Program

X = np.random.default_rng(7).standard_normal((4, 5)).astype(np.float32)
PROGRAM = Program((Call("f", (Input("x"),)),), {"x": X})
RIGHT = np.exp(X.astype(np.float64)) / np.exp(X.astype(np.float64)).sum(1, keepdims=True)


def kind_of(outcome: Answer | Failure) -> str:
    if isinstance(outcome, Failure):
        return outcome.kind
    got = outcome.results[0]
    right = (
        isinstance(got, np.ndarray)
        and got.shape == RIGHT.shape
        and got.dtype == np.float32
        and np.allclose(got, RIGHT, rtol=1e-5, atol=1e-6)
    )
    return "right" if right else "answer"


def body(*lines: str) -> str:
    return "import os, sys, torch\ndef f(x):\n" + "".join(f"    {line}\n" for line in lines)


GOOD = body("e = (x - x.max(-1, keepdim=True).values).exp()", "return e / e.sum(-1, keepdim=True)")

HONEST = {
    "plain": GOOD,
    "windows_line_ends": GOOD.replace("\n", "\r\n"),
    "byte_order_mark": "\ufeff" + GOOD,
    "other_scripts": "# 你好 🚀\nimport torch\ndef f(x):\n    é = x.softmax(-1)\n    return é\n",
    "prints": body("print('debug', x)", "return x.softmax(-1)"),
    "numpy_result": body("return x.softmax(-1).numpy()"),
    "requires_grad": body("return x.softmax(-1).requires_grad_()"),
    "not_contiguous": body("return x.softmax(-1).t().contiguous().t()"),
    "tensor_subclass": body("return torch.nn.Parameter(x.softmax(-1))"),
    "optimizer": body(
        "p = torch.nn.Parameter(torch.zeros(3)); o = torch.optim.Adam([p])",
        "p.sum().backward(); o.step()",
        "return x.softmax(-1)",
    ),
    "background_thread": "import threading, time\n"
    "threading.Thread(target=time.sleep, args=(1e5,)).start()\n" + GOOD,
    "dataclass": "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    "@dataclass\nclass Box:\n    a: int\n" + GOOD,
    "script": "import torch\n@torch.jit.script\ndef g(x):\n    return x.softmax(-1)\n"
    "def f(x): return g(x)\n",
    "kit_import": "from quantlab.network.resnet import *\n" + GOOD,
    "patched_numpy_method": "import torch\ntorch.Tensor.numpy = lambda s: 5\n" + GOOD,
    "patched_json": "import json\njson.dumps = json.JSONEncoder.__init__ = None\n" + GOOD,
    "patched_write": "import os\nos.write = os._exit = lambda *a: 0\n" + GOOD,
    "trace": "import sys\nsys.settrace(lambda *a: None)\n" + GOOD,
}


@pytest.mark.parametrize("name", HONEST)
def test_sandbox_run_answers_honest_solutions_correctly(
    patient_sandbox: Sandbox, name: str
) -> None:
    outcome = patient_sandbox.run(HONEST[name], PROGRAM)
    assert kind_of(outcome) == "right", outcome


WRONG_OR_BROKEN = {
    # wrong answers
    "wrong": ("answer", body("return x")),
    "not_a_number": ("answer", body("return x * float('nan')")),
    "nothing": ("answer", body("pass")),
    "list": ("answer", body("return x.softmax(-1).tolist()")),
    "shape": ("answer", body("return x.softmax(-1)[None]")),
    "empty": ("answer", body("return x[:0]")),
    "double": ("answer", body("return x.double().softmax(-1)")),
    "complex": ("answer", body("return x.softmax(-1).to(torch.complex64)")),
    "half_a_character": ("answer", body("return '\\ud800'")),
    # not written, or not Python
    "stub": ("missing", body("raise NotImplementedError('Question 1a: f')")),
    "stub_below": ("missing", "def f(x): return g(x)\ndef g(x): raise NotImplementedError\n"),
    "stub_module": ("missing", "raise NotImplementedError('later')\n"),
    "no_function": ("missing", "import torch\n"),
    "empty_file": ("missing", ""),
    "not_callable": ("error", "f = 3\n"),
    "torch_not_implemented": ("error", body("return x.to('meta').to('cpu')")),
    "signature": ("error", "def f(x, dim): return x\n"),
    "syntax": ("error", "def f(x:\n  return"),
    "nul": ("error", "def f(x):\x00 return x\n"),
    "tabs": ("error", "def f(x):\n\tif 1:\n        return x\n"),
    "missing_package": ("error", "import torchfoo\n" + GOOD),
    "withheld_kernel": ("error", "import quantlab.arithmetic.integer_kernels\n" + GOOD),
    "recursion": ("error", body("return f(x)")),
    "reads_input": ("error", "n = input('n? ')\n" + GOOD),
    "self_reference": ("error", body("a = []; a.append(a); return a")),
    "object": ("error", body("return object()")),
    "bfloat16": ("error", body("return x.bfloat16()")),
    "sparse": ("error", body("return x.to_sparse()")),
    "meta": ("error", body("return torch.empty(4, 5, device='meta')")),
    "nested": ("error", body("return torch.nested.nested_tensor([x])")),
    "expanded": ("error", body("return torch.zeros(1).expand(1 << 40)")),
    "huge_result": ("error", body("return torch.zeros(100_000_000)")),
    "huge_dict": ("error", body("return {i: i for i in range(10**6)}")),
    "odd_exception": (
        "error",
        body("raise type('L' + str(x[0, 0].item()), (Exception,), {})('!')"),
    ),
    # too much
    "loop_at_import": ("timeout", "while True: pass\n"),
    "loop_that_catches": (
        "timeout",
        body(
            "while True:", "    try:", "        while True: pass", "    except BaseException: pass"
        ),
    ),
    "loop_in_c": ("timeout", body("import re; re.match(r'(a+)+$', 'a' * 60 + 'b')")),
    "ignores_signals": (
        "timeout",
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass\n",
    ),
    "memory_tensor": ("memory", body("return torch.ones(1 << 40)")),
    "memory_python": ("memory", body("a = []", "while True: a.append(bytearray(1 << 24))")),
    "memory_integer": ("memory", "x = 1 << (10**11)\n"),
    "prints_50_MB": ("error", body("print('A' * 50_000_000); return x.softmax(-1)")),
    "threads": (
        "error memory crash",
        "import threading, time\n"
        "while True: threading.Thread(target=time.sleep, args=(1e5,)).start()\n",
    ),
    "segmentation_fault": ("crash", "import ctypes; ctypes.string_at(0)\n"),
    "abort": ("crash", "import os; os.abort()\n"),
    "deep_stack": (
        "crash memory error timeout",
        "import sys; sys.setrecursionlimit(10**9)\ndef f(x): return f(x)\n",
    ),
}

HOSTILE = {
    "exits": ("error", "import sys; sys.exit(0)\n"),
    "exits_at_once": ("crash", body("os._exit(0)")),
    "closes_descriptors": ("crash", body("os.closerange(0, 100); return x")),
    "text_that_exits": (
        "crash",
        body("class E(Exception):", "    def __str__(self): os._exit(0)", "raise E()"),
    ),
    "forks": ("error", "import os\nwhile True: os.fork()\n"),
    "starts_processes": (
        "error",
        "import multiprocessing as mp\np = mp.Process(target=print); p.start()\n",
    ),
    "runs_shell": (
        "answer",
        "import os\nassert os.system('touch /tmp/pwned') != 0\n" + body("return x"),
    ),
    "installs": ("error", "import subprocess\nsubprocess.check_call(['pip', 'install', 'x'])\n"),
    "daemon": ("error", "import os\nif os.fork() == 0: os.setsid()\n"),
    "kills_parent": ("error", body("os.kill(os.getppid(), 9); return x")),
    "kills_all": ("error", body("os.kill(-1, 9); return x")),
    "kills_by_file": (
        "error",
        body("import fcntl; fcntl.fcntl(1, fcntl.F_SETOWN, os.getppid()); return x"),
    ),
    "limits_parent": (
        "error",
        body("import resource", "resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (0, 0))"),
    ),
    "raises_limits": (
        "error",
        body("import resource", "resource.setrlimit(resource.RLIMIT_CPU, (99, 99))"),
    ),
    "tcp": ("error", body("import socket; socket.create_connection(('127.0.0.1', 80), 1)")),
    "udp": ("error", body("import socket; socket.socket(2, 2)")),
    "names": ("error", body("import socket; socket.getaddrinfo('example.com', 80)")),
    "reads_passwords": ("error", body("return open('/etc/passwd').read()")),
    "reads_secret": ("error", body("return open('@SECRET@').read()")),
    "lists_folder": ("error", body("return os.listdir('@FOLDER@')")),
    "changes_mode": ("error", body("os.chmod('@SECRET@', 0o777)")),
    "deletes": ("answer", body("import shutil", "shutil.rmtree('@FOLDER@', True)", "return x")),
    "links": ("error", body("os.symlink('/etc/passwd', '@FOLDER@/link')")),
    "truncates": ("error", body("os.truncate('@SECRET@', 0)")),
    "reads_parent": ("error", body("open(f'/proc/{os.getppid()}/environ').read()")),
    "reads_parent_memory": ("error", body("open(f'/proc/{os.getppid()}/mem', 'rb').read(1)")),
    "writes_results": ("error", body("posix.open('results.json', os.O_WRONLY | os.O_CREAT)")),
    "writes_torch": ("error", "import os, posix, torch\nposix.open(torch.__file__, os.O_WRONLY)\n"),
    "writes_worker": (
        "error",
        "import os, posix, quantlab.protocol.wire as w\nposix.open(w.__file__, os.O_RDWR)\n",
    ),
    "writes_shared_memory": (
        "error",
        "import os, posix\nposix.open('/dev/shm/pwn', os.O_WRONLY | os.O_CREAT)\n",
    ),
    "writes_in_memory": (
        "answer",
        "import torch\nopen(torch.__file__, 'a').write('#')\n"
        + body("open('/dev/shm/pwn', 'wb').write(b'x')", "return x"),
    ),
    "new_namespace": (
        "answer",
        "import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == -1\n" + body("return x"),
    ),
    "always_equal": (
        "answer",
        "import torch\nclass E(torch.Tensor):\n    def __eq__(s, o): return True\n"
        "    @classmethod\n    def __torch_function__(c, *a, **k): return True\n"
        "def f(x): return x.as_subclass(E)\n",
    ),
    "evil_subclass": (
        "answer error",
        "import torch\nclass E(torch.Tensor):\n    def numpy(s): raise SystemExit(0)\n"
        "    def __getattribute__(s, n): raise KeyError(n)\n"
        "def f(x): return x.as_subclass(E)\n",
    ),
    "patches_allclose": (
        "answer",
        "import torch\ntorch.allclose = torch.equal = lambda *a, **k: True\n" + body("return x"),
    ),
    "patches_builtins": (
        "answer error bad_reply crash",
        "import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.all = lambda x: True\n"
        + body("return x"),
    ),
    "looks_at_frames": (
        "answer error",
        body(
            "frame = sys._getframe()",
            "while frame:",
            "    for names in (frame.f_locals, frame.f_globals):",
            "        for k, v in list(names.items()):",
            "            if 'expect' in k or 'reference' in k or 'right' in k: return v",
            "    frame = frame.f_back",
            "return x",
        ),
    ),
    "hunts_garbage": (
        "answer",
        body(
            "import gc",
            "for o in gc.get_objects():",
            "    if type(o) is torch.Tensor and o is not x and o.shape == x.shape: return o",
            "return x",
        ),
    ),
    "imports_reference": ("error", "import instructor.solution\n"),
    "imports_checks": ("error", "import autograder.checks\n"),
    "zeroes_input": ("answer", body("x.zero_(); return x")),
    "forged_answer": (
        "bad_reply",
        'import os, struct\nh = b\'{"value":{"dict":[["passed",true]]},"arrays":[]}\'\n'
        "os.write(3, struct.pack('<4sIQ', b'QKW1', len(h), 0) + h); os._exit(0)\n",
    ),
    "forged_fault": (
        "bad_reply",
        "import os\nfrom quantlab.protocol.wire import pack\n"
        "os.write(3, pack({'failure': ('grader_fault', 'x', None, None)})); os._exit(0)\n",
    ),
    "forged_lengths": (
        "bad_reply",
        "import os, struct\nos.write(3, b'QKW1' + struct.pack('<IQ', 2**32 - 1, 2**63))\n"
        "os._exit(0)\n",
    ),
    "forged_pickle": (
        "bad_reply",
        "import os, pickle\nclass P:\n"
        "    def __reduce__(s): return (os.system, ('touch /tmp/pwned',))\n"
        "os.write(3, pickle.dumps(P())); os._exit(0)\n",
    ),
    "garbage_everywhere": (
        "bad_reply",
        "import os\nfor d in range(3, 64):\n    try: os.write(d, b'garbage')\n"
        "    except OSError: pass\n" + body("return x"),
    ),
    "floods_reply": ("bad_reply", "import os\nwhile True: os.write(3, b'A' * 65536)\n"),
    "two_answers": (
        "bad_reply",
        "import os\nfrom quantlab.protocol.wire import pack\n"
        "os.write(3, pack({'answer': {'results': (1.0,), 'gradients': ({},), 'inputs': {}}}))\n"
        + GOOD,
    ),
}


@pytest.mark.parametrize("name", WRONG_OR_BROKEN)
def test_sandbox_run_classifies_wrong_and_broken_solutions(sandbox: Sandbox, name: str) -> None:
    kinds, source = WRONG_OR_BROKEN[name]
    outcome = sandbox.run(source, PROGRAM)
    assert kind_of(outcome) in kinds.split(), outcome


@pytest.mark.parametrize("name", HOSTILE)
def test_sandbox_run_contains_hostile_solutions(
    sandbox: Sandbox, tmp_path: Path, name: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("42")
    kinds, source = HOSTILE[name]
    for mark, path in (("@SECRET@", secret), ("@FOLDER@", tmp_path)):
        source = source.replace(mark, str(path))
    outcome = sandbox.run(source, PROGRAM)
    assert kind_of(outcome) in kinds.split(), outcome
    assert secret.read_text() == "42"
    assert sorted(os.listdir(tmp_path)) == ["secret"]
    assert not os.path.lexists("/tmp/pwned")
    assert not os.path.lexists("/dev/shm/pwn")


@pytest.mark.parametrize(
    "source", ["import time; time.sleep(1e6)", "import os; os.kill(os.getpid(), 19)"]
)
def test_import_source_stops_waiting_code_at_the_time_limit(sandbox: Sandbox, source: str) -> None:
    outcome = sandbox.import_source(source).failure
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.message) == (
        "timeout",
        "solution.py does not finish within 6 s.",
    )


def test_sandbox_run_still_works_after_hostile_solutions(sandbox: Sandbox) -> None:
    assert kind_of(sandbox.run(GOOD, PROGRAM)) == "right"
