"""Files that student code writes stay in the memory of its process."""

import os
from pathlib import Path

import pytest

from autograder.sandbox.host import Sandbox
from quantlab.protocol.calls import Answer, Call, Failure, Program

PROGRAM = Program((Call("f"),))


def run(sandbox: Sandbox, *lines: str) -> object:
    """Return the result of a function with these lines, or its failure."""
    body = "".join(f"    {line}\n" for line in lines)
    head = "import io, json, os, pathlib, shutil, tempfile\nimport numpy, torch\n"
    answer = sandbox.run(f"{head}def f():\n{body}", PROGRAM)
    return answer.results[0] if isinstance(answer, Answer) else answer


WRITES = {
    "text": (["open('a', 'w').write('x\\ny')", "return open('a').readlines()"], ["x\n", "y"]),
    "appended": (
        ["for _ in range(3): open('a', 'a').write('x')", "return open('a').read()"],
        "xxx",
    ),
    "bytes": (["open('a', 'wb').write(b'abc')", "return os.path.getsize('a')"], 3),
    "updated": (
        ["f = open('a', 'w+')", "f.write('abc')", "f.seek(1)", "return f.read()"],
        "bc",
    ),
    "read and written": (
        [
            "open('a', 'w').write('abc')",
            "f = open('a', 'r+')",
            "f.write('X')",
            "f.seek(0)",
            "return f.read()",
        ],
        "Xbc",
    ),
    "by io": (["io.open('a', 'x').close()", "return os.path.isfile('a')"], True),
    "by number": (
        [
            "n = os.open('a', os.O_RDWR | os.O_CREAT)",
            "os.write(n, b'abc')",
            "os.lseek(n, 1, 0)",
            "part = os.read(n, 9).decode()",
            "os.close(n)",
            "return part",
        ],
        "bc",
    ),
    "by fdopen": (
        [
            "n = os.open('a', os.O_WRONLY | os.O_CREAT)",
            "with os.fdopen(n, 'w') as f: f.write('q')",
            "return pathlib.Path('a').read_text()",
        ],
        "q",
    ),
    "folders": (
        [
            "os.makedirs('r/p', exist_ok=True)",
            "os.makedirs('r/p', exist_ok=True)",
            "open('r/p/a', 'w').close()",
            "return os.listdir('r/p')",
        ],
        ["a"],
    ),
    "change of folder": (
        [
            "os.chdir('/content/x')",
            "open('a', 'w').write('1')",
            "return [os.getcwd(), open('/content/x/a').read()]",
        ],
        ["/content/x", "1"],
    ),
    "removed": (["open('a', 'w').close()", "os.remove('a')", "return os.path.exists('a')"], False),
    "renamed": (
        [
            "os.mkdir('d')",
            "open('d/a', 'w').write('1')",
            "os.rename('d', 'e')",
            "os.replace('e/a', 'e/b')",
            "return open('e/b').read()",
        ],
        "1",
    ),
    "copied": (
        [
            "open('a', 'w').write('1')",
            "shutil.copy2('a', 'b')",
            "shutil.move('b', 'c')",
            "return open('c').read()",
        ],
        "1",
    ),
    "folder removed": (
        [
            "os.makedirs('d/e')",
            "open('d/e/a', 'w').close()",
            "shutil.rmtree('d')",
            "return os.path.exists('d/e/a')",
        ],
        False,
    ),
    "temporary": (
        [
            "with tempfile.NamedTemporaryFile('w+') as f: f.write('z'); f.seek(0); x = f.read()",
            "with tempfile.TemporaryDirectory() as d: open(d + '/a', 'w').close()",
            "with tempfile.TemporaryFile() as f: f.write(b'q')",
            "return x",
        ],
        "z",
    ),
    "numpy": (
        [
            "numpy.save('a', numpy.ones(2)); numpy.savetxt('b', numpy.ones(2))",
            "return float(numpy.load('a.npy').sum() + numpy.loadtxt('b').sum())",
        ],
        4.0,
    ),
    "torch": (["torch.save({'a': 1}, 'm.pt')", "return torch.load('m.pt')['a']"], 1),
    "old torch": (
        [
            "torch.save(1, pathlib.Path('m'), _use_new_zipfile_serialization=False)",
            "return torch.load('m')",
        ],
        1,
    ),
}


@pytest.mark.parametrize("kind", sorted(WRITES))
def test_memory_files_hold_what_is_written(sandbox: Sandbox, kind: str) -> None:
    lines, expected = WRITES[kind]
    assert run(sandbox, *lines) == expected


def test_memory_files_leave_nothing_for_the_next_check(sandbox: Sandbox, tmp_path: Path) -> None:
    place = str(tmp_path / "written")
    assert run(sandbox, f"open({place!r}, 'w').write('1')", "return 1") == 1
    assert not os.path.lexists(place)
    left = run(sandbox, f"return open({place!r}).read()")
    assert isinstance(left, Failure)


@pytest.mark.parametrize(
    "line",
    [
        "f = open('a', 'wb')\n    while True: f.write(bytes(1 << 20))",
        "for n in range(10**6): open(str(n), 'w').close()",
        "for n in range(10**6): os.mkdir(str(n))",
        "f = open('a', 'wb'); f.seek(1 << 40); f.write(b'x'); f.flush()",
        "open('a', 'wb').truncate(1 << 40)",
        "n = os.open('a', os.O_RDWR | os.O_CREAT)\n    while True: os.write(n, bytes(1 << 20))",
    ],
)
def test_memory_files_are_bounded(sandbox: Sandbox, line: str) -> None:
    failure = run(sandbox, line)
    assert isinstance(failure, Failure)
    assert failure.kind == "error"
    assert "No space left on device" in failure.message


@pytest.mark.parametrize(
    "line",
    [
        "open('/etc/passwd').read()",
        "open('/etc/passwd', 'r+')",
        "os.open('/etc/hostname', os.O_RDONLY)",
        "os.remove('/etc/hostname')",
        "os.rename('/etc/hostname', '/tmp/x')",
        "os.rmdir('/tmp')",
        "__import__('posix').open('/tmp/x', os.O_WRONLY | os.O_CREAT)",
        "io.FileIO('/tmp/x', 'w')",
        "os.listdir('/root')",
    ],
)
def test_memory_files_open_nothing_of_the_machine(sandbox: Sandbox, line: str) -> None:
    failure = run(sandbox, line)
    assert isinstance(failure, Failure)
    assert "closed while it is graded" in failure.message


def test_a_replaced_open_harms_only_its_own_check(sandbox: Sandbox) -> None:
    lines = ["import builtins", "builtins.open = os.open = os.read = os.write = None", "return 7"]
    assert run(sandbox, *lines) == 7
    assert run(sandbox, "open('a', 'w').write('1')", "return open('a').read()") == "1"
