"""A solution that fails at import is imported without the statements that fail, in the sandbox."""

import pytest

from autograder.sandbox.host import Sandbox
from quantlab.protocol.calls import Answer, Call, Program

PROGRAM = Program((Call("f"),))
RIGHT = "def f(): return 1\n"
IN_REPAIR = "import os, sys\nREPAIR = sys._getframe(1).f_code.co_name == '_claim'\n"
FORGE = IN_REPAIR + (
    "if REPAIR:\n"
    "    from quantlab.protocol.wire import pack\n"
    "    os.write(3, pack({{'skipped': {statements}}}))\n"
    "    os._exit(0)\n"
    "raise RuntimeError('first')\n"
)


def test_sandbox_runs_a_repaired_source(sandbox: Sandbox) -> None:
    imported = sandbox.import_source(f"import torch\nassert torch.cuda.is_available()\n{RIGHT}")
    assert imported.failure is None
    assert imported.repair is not None
    assert imported.repair.lines == (2,)
    assert "AssertionError" in imported.repair.problem
    answer = sandbox.run(imported.source, PROGRAM)
    assert isinstance(answer, Answer)
    assert answer.results == (1,)


def test_sandbox_counts_the_time_of_a_repair(sandbox: Sandbox) -> None:
    source = "x = sum(range(10**7))\nassert False\n" + RIGHT
    imported = sandbox.import_source(source)
    before = sandbox.used_seconds
    sandbox.run(imported.source, PROGRAM)
    assert sandbox.used_seconds > before > 0.1


@pytest.mark.parametrize(
    "statements",
    [
        "(((9, 0, 9, 1), ('raises', '', 'ValueError', 1)),)",
        "(((1, 0, 1, 1), ('raises', 'x', 'NoSuchError', 1)),)",
        "(((1, 0, 1, 1), ('absent', '', None, None)),)",
        "(((1, 0, 1), ('raises', '', 'ValueError', 1)),)",
        "(((1.0, 0, 1, 1), ('raises', '', 'ValueError', 1)),)",
        "tuple(((n, 0, n, 1), ('raises', '', 'ValueError', 1)) for n in range(1, 7)) * 2",
        "'everything'",
        "((),)",
    ],
)
def test_sandbox_ignores_a_forged_list(sandbox: Sandbox, statements: str) -> None:
    source = FORGE.format(statements=statements) + RIGHT
    imported = sandbox.import_source(source)
    assert imported.source == source
    assert imported.repair is None
    assert imported.failure is not None
    assert "first" in imported.failure.message


def test_sandbox_keeps_the_failure_of_a_statement_that_differs_the_second_time(
    sandbox: Sandbox,
) -> None:
    source = IN_REPAIR + "if not REPAIR: raise RuntimeError('first')\n" + RIGHT
    imported = sandbox.import_source(source)
    assert imported.repair is None
    assert imported.failure is not None
    assert "first" in imported.failure.message
    source = IN_REPAIR + "assert REPAIR\nassert not REPAIR\n" + RIGHT
    assert sandbox.import_source(source).failure is not None


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), 9)", "os._exit(0)"])
def test_sandbox_keeps_the_failure_when_the_repair_ends(sandbox: Sandbox, end: str) -> None:
    source = IN_REPAIR + f"assert REPAIR, 'first'\nif REPAIR:\n    {end}\n" + RIGHT
    imported = sandbox.import_source(source)
    assert imported.failure is not None
    assert "first" in imported.failure.message


def test_sandbox_names_changed_settings_and_refuses_others(sandbox: Sandbox) -> None:
    imported = sandbox.import_source("import torch\ntorch.set_num_threads(3)\n" + RIGHT)
    assert imported.settings == ("torch.set_num_threads",)
    forged = "from quantlab.protocol.wire import pack\nimport os\n" + (
        "os.write(3, pack({'imported': ('<script>',)}))\nos._exit(0)\n"
    )
    failure = sandbox.import_source(forged).failure
    assert failure is not None
    assert failure.kind == "bad_reply"


def test_sandbox_restores_settings_that_a_call_changes(sandbox: Sandbox) -> None:
    source = (
        "import torch\ndef f():\n    before = torch.get_num_threads(), torch.ones(1).double().dtype"
        " == torch.get_default_dtype()\n    torch.set_num_threads(2)\n"
        "    torch.set_default_dtype(torch.float64)\n    return before\n"
    )
    answer = sandbox.run(source, Program((Call("f"), Call("f"))))
    assert isinstance(answer, Answer)
    assert answer.results == ((1, False), (1, False))


@pytest.mark.parametrize(
    "use",
    [
        "@torch.compile\ndef f(): return 1",
        "@torch.compile(mode='max-autotune')\ndef f(): return 1",
        "def g(): return 1\nf = torch.compile(g, fullgraph=True)",
        "net = torch.nn.Linear(1, 1)\nnet.compile()\ndef f(): return int(net.weight.numel())",
        "@torch.jit.script\ndef g(x: int) -> int:\n    return x\ndef f(): return g(1)",
    ],
)
def test_worker_runs_what_is_compiled(sandbox: Sandbox, use: str) -> None:
    answer = sandbox.run(f"import torch\n{use}\n", PROGRAM)
    assert isinstance(answer, Answer)
    assert answer.results == (1,)
