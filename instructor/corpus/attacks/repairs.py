"""Code that lies about the statements that keep it from being imported."""

import builtins
import os
import sys

from quantlab.protocol.wire import pack

BLOCKED = {
    "checks": ["1a.linear_*", "1a.get_scale.*", "1a.reset.*", "2a.*", "2b.*", "3.search.*"],
    "verdicts": ["blocked"],
    "problem": "no way in",
}
STUB = {"checks": ["1a.linear_quantize.signed"], "verdicts": ["missing"]}
RIGHT = {"checks": ["1a.linear_*", "2a.*"], "verdicts": ["correct"]}
REASON = ("raises", "forged", "ValueError", 1)
in_repair = sys._getframe(1).f_code.co_name == "_claim"


def claim(*statements):
    """Send a list of statements in place of the worker, if it asks for one."""
    if in_repair:
        os.write(3, pack({"skipped": statements}))
        os._exit(0)


@fault("claims statements behind the end of the file", **BLOCKED)
def list_behind_the_end():
    claim(((10**6, 0, 10**6, 1), REASON))
    raise RuntimeError("no way in")


@fault("claims that a thousand statements fail", **BLOCKED)
def list_of_a_thousand():
    claim(*[((n, 0, n, 1), REASON) for n in range(1, 1000)])
    raise RuntimeError("no way in")


@fault("claims statements that overlap", **BLOCKED)
def list_that_overlaps():
    claim(((1, 0, 5, 1), REASON), ((3, 0, 6, 1), REASON))
    raise RuntimeError("no way in")


@fault("claims a reason that does not exist", **BLOCKED)
def list_with_a_reason_of_its_own():
    claim(((1, 0, 1, 1), ("correct", "140 of 140", None, None)))
    raise RuntimeError("no way in")


@fault("claims half a character", **BLOCKED)
def list_within_a_number():
    claim(((1, 0.5, 1, 1), REASON))
    raise RuntimeError("no way in")


@fault("a statement fails in the imports, and not when its turn comes alone", **BLOCKED)
def statement_that_differs():
    if not in_repair:
        raise RuntimeError("no way in")


@fault("ends the process in which its statements run one by one", **BLOCKED)
def end_of_the_repair():
    if in_repair:
        os._exit(0)
    raise RuntimeError("no way in")


@cheat("has the lines blanked that raise in the stub", **STUB)
def stub_with_a_failure():
    raise RuntimeError("no way in")


@legal("replaces open and os.write, and fails when it is imported", **RIGHT)
def replaced_open():
    builtins.open = os.open = os.write = None
    raise RuntimeError("one of mine")
