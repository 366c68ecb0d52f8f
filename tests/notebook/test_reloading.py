"""Outside a kernel: a first solution.py that cannot be imported, encodings, names of imports."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantlab.errors import NotImported, UnreadableSource
from quantlab.notebook.imported_names import ImportedNames, public_names, runnable_code
from quantlab.notebook.reloading import follow_solution, read_source
from quantlab.notebook.session import waiting


@pytest.fixture(autouse=True)
def _modules() -> Iterator[None]:
    before = sys.modules.pop("solution", None)
    yield
    sys.modules.pop("solution", None)
    if before is not None:
        sys.modules["solution"] = before


def test_follow_solution_imports_the_file(tmp_path: Path) -> None:
    (tmp_path / "solution.py").write_text("def f():\n    return 3\n")
    module = follow_solution(tmp_path / "solution.py")
    assert module.f() == 3
    assert sys.modules["solution"] is module
    assert module.__file__ == str(tmp_path / "solution.py")


def test_follow_solution_waits_for_a_first_version(tmp_path: Path, capsys) -> None:
    (tmp_path / "solution.py").write_text("x = 1\ndef f(:\n")
    module = follow_solution(tmp_path / "solution.py")
    first = capsys.readouterr().out
    assert first.count("\n") == 1
    assert "line 2" in first
    assert not hasattr(module, "f")
    with pytest.raises(NotImported, match="line 2"):
        module.f()
    with waiting():
        module.f()
    assert "line 2" in capsys.readouterr().out


def test_follow_solution_waits_for_a_file(tmp_path: Path, capsys) -> None:
    follow_solution(tmp_path / "solution.py")
    assert "is not there" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"x = 'a'\n", "x = 'a'\n"),
        (b"\xef\xbb\xbfx = '\xc3\xa9'\r\n", "x = 'é'\r\n"),
        (b"# coding: cp1252\nx = '\x80'\n", "# coding: cp1252\nx = '€'\n"),
    ],
)
def test_read_source_decodes_like_python(tmp_path: Path, content: bytes, text: str) -> None:
    (tmp_path / "a.py").write_bytes(content)
    assert read_source(tmp_path / "a.py") == text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a\nb\n\xff\n", "line 3 .0xff"),
        (b"\xe9\n", "line 1 .0xe9"),
        (b"# coding: no-such\n", "names an encoding"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "names an encoding"),
    ],
)
def test_read_source_says_which_line_is_wrong(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "a.py").write_bytes(content)
    with pytest.raises(UnreadableSource, match=says):
        read_source(tmp_path / "a.py")


BEFORE, AFTER = {"N": 4, "M": 4, "gone": "g"}, {"N": 5, "M": 6, "new": 7}


@pytest.mark.parametrize(
    ("cells", "namespace", "expected"),
    [
        (["from solution import N"], {"N": 4}, {"N": 5}),
        (["from solution import N as k"], {"k": 4, "N": 4}, {"k": 5, "N": 4}),
        (["if True:\n    from solution import N"], {"N": 4}, {"N": 5}),
        (["%%time\nfrom solution import N"], {"N": 4}, {"N": 5}),
        (["from solution import N", "N = 4"], {"N": 4}, {"N": 4}),
        (["from solution import N", "for N in range(5): pass"], {"N": 4}, {"N": 4}),
        (["from solution import N", "def N(): pass"], {"N": 4}, {"N": 4}),
        (["from solution import N", "from other import N"], {"N": 4}, {"N": 4}),
        (["from solution import N", "with x as (N, y): pass"], {"N": 4}, {"N": 4}),
        (["from solution import N", "[N for N in x]"], {"N": 4}, {"N": 5}),
        (["from solution import N", "def f():\n    N = 4"], {"N": 4}, {"N": 5}),
        (["from solution import N", "%%writefile solution.py\nN = 5"], {"N": 4}, {"N": 5}),
        (["def f():\n    from solution import N"], {"N": 4}, {"N": 4}),
        (["import solution"], {"N": 4}, {"N": 4}),
        (["from solution import gone"], {"gone": "g"}, {}),
        (["from solution import new"], {}, {"new": 7}),
        (["from solution import *"], {"N": 4, "M": 4}, {"N": 5, "M": 6, "new": 7}),
        (["from solution import *", "del M"], {"N": 4}, {"N": 5, "new": 7}),
        (["from solution import N", "from solution import M as N"], {"N": 4}, {"N": 6}),
        (["this is not Python", "from solution import N"], {"N": 4}, {"N": 5}),
    ],
)
def test_imported_names_follow_and_others_stay(
    cells: list[str], namespace: dict[str, int], expected: dict[str, int]
) -> None:
    names = ImportedNames()
    for cell in cells:
        names.note(runnable_code(cell), public_names(BEFORE))
    names.rebind(namespace, [BEFORE], AFTER)
    assert namespace == expected


def test_public_names_respect_all() -> None:
    assert public_names({"_a": 1, "b": 2}) == ["b"]
    assert public_names({"__all__": ["_a", "absent"], "_a": 1, "b": 2}) == ["_a"]
