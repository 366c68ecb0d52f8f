"""Edits of solution.py as people make them, each with a cell and the last line that it must print.

The edits follow one another in one kernel. `START` is the file at first and `IMPORTS` the cell that
imports from it.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from desk import KIT

REFERENCE = (KIT / "instructor" / "solution.py").read_text(encoding="utf-8")
MORE = """
STEP = 2.0
BITS = 4
LIMITS = {"low": -4}
NAMES = ["a"]


def double(x, by=2):
    return by * x


class Grid:
    width = 3

    def size(self):
        return 10
"""
START = REFERENCE + MORE
IMPORTS = """
import solution as alias
from solution import *
from solution import BITS as width, STEP, double as twice
assigned, own = solution.double, 4
grid = Grid()
network = quantize_model(session.float_model, solution, 4, 4, "sym", session.calibration[:64])
"""


@dataclass(frozen=True)
class Edit:
    """`write` saves solution.py; then the cell runs. `says` is in another line that it shows."""

    name: str
    write: Callable[[Path], None]
    cell: str
    last: str
    says: str = ""


def saved(text: str | bytes) -> Callable[[Path], None]:
    """Return how an editor saves this content: it truncates the file and writes it again."""
    content = text if isinstance(text, bytes) else text.encode()
    return lambda path: path.write_bytes(content) and None


def changed(*pairs: str, more: str = "") -> Callable[[Path], None]:
    """Return how to save START with each first string of a pair replaced by the second."""
    text = START + more
    for old, new in zip(pairs[::2], pairs[1::2], strict=True):
        assert old in text
        text = text.replace(old, new)
    return saved(text)


def replaced(text: str) -> Callable[[Path], None]:
    """Return how careful editors save: a new file is renamed over the old one; its times too."""

    def write(path: Path) -> None:
        times = path.stat()
        other = path.with_name("solution.py.tmp")
        other.write_text(text)
        os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
        other.replace(path)

    return write


def deleted(path: Path) -> None:
    path.unlink()


def broken(name: str, text: str | bytes, says: str) -> Edit:
    """Return an edit that cannot be imported, after which the version with STEP 7 is used."""
    return Edit(name, saved(text), "print(solution.STEP, STEP, double(2))", "7.0 7.0 4", says)


STEP7 = changed("STEP = 2.0", "STEP = 7.0")
TRIPLE = "return by * x", "return 3 * x"
MORE_STEP = "\nSTEP = 11.0\n"
CHECKED = """
from contextlib import redirect_stdout
from io import StringIO
with redirect_stdout(StringIO()) as said:
    check("1a")
print(solution.SAWB_COEFFICIENTS[8][0], "\u2717 is the SAWB step" in said.getvalue())
"""
NOTHING = "import torch\n\n\ndef linear_quantize(input, scale, zero_point, N_bits, signed=True):\n"
EDITS = (
    Edit(
        "body of a function",
        changed(*TRIPLE),
        "print(solution.double(1), double(1), twice(1), alias.double(1), assigned(1))",
        "3 3 3 3 3",
    ),
    Edit(
        "constant",
        changed("STEP = 2.0", "STEP = 1000.0"),
        "print(solution.STEP, STEP, alias.STEP)",
        "1000.0 1000.0 1000.0",
    ),
    Edit(
        "small integer, equal to one of the notebook's own",
        changed("BITS = 4", "BITS = 8"),
        "print(solution.BITS, BITS, width, own)",
        "8 8 8 4",
    ),
    Edit(
        "new helper below its caller",
        changed("return by * x", "return helper(x)", more="\n\ndef helper(x):\n    return x + 5\n"),
        "print(double(1), twice(1), helper(1))",
        "6 6 6",
    ),
    Edit(
        "helper changed",
        changed("return by * x", "return helper(x)", more="\n\ndef helper(x):\n    return x + 6\n"),
        "print(double(1), twice(1), helper(1))",
        "7 7 7",
    ),
    Edit(
        "function removed",
        changed("def double(x, by=2):\n    return by * x\n", ""),
        "print(hasattr(solution, 'double'), 'double' in globals(), 'twice' in globals())",
        "False False False",
    ),
    Edit("function back", saved(START), "print(double(4), twice(4))", "8 8"),
    Edit(
        "function renamed",
        changed("def double", "def twofold"),
        "print(solution.twofold(2), twofold(2), 'double' in globals())",
        "4 4 False",
    ),
    Edit("default argument", changed("by=2", "by=9"), "print(double(1), twice(1))", "9 9"),
    Edit(
        "default argument that is a constant",
        changed("by=2", "by=BITS", "BITS = 4", "BITS = 5"),
        "print(double(1), BITS, width)",
        "5 5 5",
    ),
    Edit(
        "decorator",
        changed("def double", "@lambda f: lambda x: -f(x)\ndef double"),
        "print(double(1), twice(1))",
        "-2 -2",
    ),
    Edit("decorator removed", saved(START), "print(double(1), twice(1))", "2 2"),
    Edit("attribute of a class", changed("width = 3", "width = 30"), "print(Grid.width)", "30"),
    Edit(
        "method, seen by an instance made before",
        changed("return 10", "return 11"),
        "print(grid.size(), Grid().size(), type(grid) is Grid is solution.Grid)",
        "11 11 True",
    ),
    Edit(
        "new method with super()",
        changed(
            "return 10",
            "return 12\n\n\nclass Fine(Grid):\n    def size(self):\n"
            "        return super().size() + 1",
        ),
        "print(Fine().size(), isinstance(Fine(), Grid), grid.size())",
        "13 True 12",
    ),
    Edit(
        "class becomes a dataclass",
        changed(
            "class Grid:\n    width = 3",
            "import dataclasses\n\n\n@dataclasses.dataclass(frozen=True)\nclass Grid:\n"
            "    width: int = 33",
        ),
        "print(Grid(), Grid() == Grid(33))",
        "Grid(width=33) True",
    ),
    Edit(
        "function becomes a class",
        changed("def double(x, by=2):\n    return by * x", "class double(float):\n    pass"),
        "print(double(1.5), twice(2))",
        "1.5 2.0",
    ),
    Edit(
        "function becomes a constant",
        changed("def double(x, by=2):\n    return by * x", "double = 17"),
        "print(double, twice)",
        "17 17",
    ),
    Edit(
        "containers",
        changed('"low": -4', '"low": -8', 'NAMES = ["a"]', 'NAMES = ("b",)'),
        "print(LIMITS, NAMES, solution.LIMITS['low'])",
        "{'low': -8} ('b',) -8",
    ),
    Edit(
        "closure",
        changed(
            "def double(x, by=2):\n    return by * x",
            "def times(n):\n    def run(x):\n        return n * x\n    return run\n\n\n"
            "double = times(21)",
        ),
        "print(double(2), twice(2))",
        "42 42",
    ),
    Edit(
        "gradient of the estimator",
        changed(more="\nlinear_quantize_STE = lambda x, *rest: x * 4\n"),
        "print(linear_quantize_STE(torch.ones(1), 1, 0, 4), solution.linear_quantize_STE(1.5))",
        "tensor([4.]) 6.0",
    ),
    Edit(
        "functions inside a network that was built before",
        changed(
            more="\ndef linear_quantize(input, scale, zero_point, N_bits, signed=True):\n"
            "    return torch.full_like(input, 3)\n"
        ),
        "print(network.fc.weight_codes().unique(), network.fc.input_codes(torch.ones(2)))",
        "tensor([3], dtype=torch.int32) tensor([3, 3], dtype=torch.int32)",
    ),
    Edit(
        "a constant that check() judges",
        changed("    8: (33.426", "    8: (99.0"),
        CHECKED,
        "99.0 True",
    ),
    Edit("a file of the same size, saved by renaming", replaced(START), "print(STEP)", "2.0"),
    Edit(
        "the same again: neither size nor times change",
        replaced(START.replace("STEP = 2.0", "STEP = 3.0")),
        "print(STEP, solution.STEP)",
        "3.0 3.0",
    ),
    Edit(
        "byte order mark and Windows line ends",
        saved(
            b"\xef\xbb\xbf"
            + START.replace("STEP = 2.0", "STEP = 4.5").replace("\n", "\r\n").encode()
        ),
        "print(STEP, double(1))",
        "4.5 2",
    ),
    Edit(
        "another encoding that is declared",
        saved(b"# -*- coding: latin-1 -*-\n" + (START + "\nWORD = 'été'\n").encode("latin-1")),
        "print(WORD, solution.WORD)",
        "été été",
    ),
    Edit(
        "a name of the notebook's own",
        lambda path: None,
        "double = 'mine'; STEP = 2.0; print(double)",
        "mine",
    ),
    Edit(
        "which later edits leave alone",
        STEP7,
        "print(double, STEP, twice(1), solution.STEP)",
        "mine 2.0 2 7.0",
    ),
    Edit(
        "and a new import binds again",
        lambda path: None,
        "from solution import STEP, double\nprint(STEP, double(2))",
        "7.0 4",
    ),
    broken("syntax error", START + "\ndef f(:\n", "line "),
    broken("half of the file", START[: START.index("return by")] + "return (by", "line "),
    broken("nothing but the beginning", NOTHING, "line 4"),
    broken("empty file", "", "empty"),
    broken("tabs and spaces", "def f():\n        x = 1\n\treturn x\n", "line 3"),
    broken("exception", "x = 1\ny = x / 0\n", "ZeroDivisionError in line 2"),
    broken("missing package", "import torch\nimport numppy\n", "numppy in line 2"),
    broken("missing name", "from torch import nothing_like_this\n", "ImportError in line 1"),
    broken("long message", "raise ValueError('long ' * 10**6)\n", "ValueError in line 1"),
    broken("message of many lines", "raise ValueError('\\n' * 99 + 'end')\n", "in line 1"),
    broken(
        "message that cannot be made",
        "class Bad(Exception):\n    def __str__(self):\n        return 1 / 0\n\n\nraise Bad\n",
        "in line 6",
    ),
    broken("recursion", "def f():\n    return f()\n\n\nf()\n", "line 2"),
    broken("deep nesting", "x = " + "(" * 5_000 + "1" + ")" * 5_000, "solution.py"),
    broken("output without end", "while True:\n    print('x' * 80)\n", "line 2"),
    broken("exit", "import sys\nsys.exit(3)\n", "line 2"),
    broken("interrupt", "raise KeyboardInterrupt\n", "line 1"),
    broken("latin-1 that is not declared", "# a\n# caf\xe9\n".encode("latin-1"), "line 2"),
    broken("UTF-16", START.encode("utf-16"), "line 1"),
    broken("NUL", "x = 1\0\n", "solution.py"),
    broken("unknown encoding", "# coding: no-such\nx = 1\n", "encoding"),
    Edit("deleted", deleted, "print(STEP, double(2))", "7.0 4", "is not there"),
    Edit("corrected", changed("STEP = 2.0", "STEP = 8.0"), "print(STEP, double(2))", "8.0 4"),
    Edit(
        "much output",
        changed(*TRIPLE, more="\nfor i in range(5_000):\n    print('line', i)\n"),
        "print(double(2))",
        "6",
        "more lines",
    ),
    Edit(
        "a warning of the compiler",
        changed(more="\nSAME = STEP is 2\n"),
        "print(SAME)",
        "False",
        "SyntaxWarning",
    ),
    Edit(
        "a logger that keeps the stream",
        changed(
            "def double(x, by=2):\n    return by * x",
            "import sys\n\n\ndef double(x, to=sys.stdout):\n    print('said', x, file=to)",
        ),
        "double(5)",
        "said 5",
    ),
    Edit(
        "another folder",
        STEP7,
        "os.chdir('/')\nprint(STEP, solution.STEP)",
        "7.0 7.0",
    ),
    Edit(
        "from there on too, and in check()",
        changed("    8: (33.426", "    8: (99.0"),
        CHECKED,
        "99.0 True",
    ),
    Edit(
        "reloaded by hand",
        changed(*TRIPLE),
        "import importlib\nimportlib.reload(solution)\nprint(solution.double(1))",
        "3",
    ),
    Edit("after that", saved(START), "print(double(1), twice(1), solution.double(1))", "2 2 2"),
    Edit(
        "saved while a cell runs: used by the next",
        lambda path: None,
        f"_ = (session.folder / 'solution.py').write_text({START + MORE_STEP!r}); print(STEP)",
        "2.0",
    ),
    Edit("the next", lambda path: None, "print(STEP)", "11.0"),
)
