"""`viva` on a small class: student code in the real sandbox, pages printed by Chromium."""

import re
import shutil
import subprocess
from pathlib import Path

import pypdf
import pytest

from autograder.cli import cli, run
from autograder.engine.corpus import load_mutants
from autograder.engine.record import Verdict
from autograder.exit_status import NEEDS_REVIEW, USAGE
from autograder.paths import REFERENCE, reference_models
from tests.class_outputs.people import a_check, a_report
from tests.viva.class_folder import publish

FLOOR = next(mutant for mutant in load_mutants() if mutant.name == "linear_quantize/floor")
W2A2 = (reference_models("cifar10") / "ResNet20_W2A2.pt").read_bytes()
WRITES = """
import os, pathlib
pathlib.Path("{place}").write_text("broken out")
os.kill(os.getppid(), 9)
def linear_quantize(input, scale, zero_point, N_bits, signed=True):
    os._exit(0)
"""


def _viva(out: Path, *arguments: str) -> int:
    return run(cli, "autograder", ["viva", str(out), "--jobs", "1", *arguments])


def _pages(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.html")
    }


@pytest.mark.long  # starts two sandboxes and Chromium: twenty seconds
def test_viva_writes_sheets_from_the_sandbox_that_print_on_one_page_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference, place = REFERENCE.read_text(encoding="utf-8"), tmp_path / "escaped"
    files = {
        "ada": {"solution.py": reference.encode(), "ResNet20_W2A2.pt": W2A2},
        "bob": {"solution.py": FLOOR.source(reference).encode()},
        "eve": {"solution.py": WRITES.format(place=place).encode()},
        "kim": {"report.md": b"# No code", "ResNet20_W2A2.pt": W2A2},
    }
    lost = a_check("1a.linear_quantize.signed", Verdict.WRONG)
    out = publish(tmp_path, files, bob=a_report("bob", **{lost.id: lost}))
    assert _viva(out) == NEEDS_REVIEW  # eve has no question
    said = capsys.readouterr().out
    assert "4 sheets" in said
    assert "eve: no question: " in said
    assert (
        "kim: one question only: there is no solution.py; no answers.json was submitted.\n" in said
    )
    assert not place.exists()
    folder = out / "staff" / "viva"
    first = _pages(folder)
    bob = first["students/bob.html"]
    assert re.findall(r"<h2>\d\. ([^<]+)", bob) == [
        "A result of your code",
        "One edit of your code",
        "Codes under your method",
    ]
    if browser := shutil.which("chromium"):
        printed = tmp_path / "sheets.pdf"
        flags = ("--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer")
        subprocess.run(
            [browser, *flags, f"--print-to-pdf={printed}", folder / "sheets.html"],
            check=True,
            capture_output=True,
        )
        pages = [page.extract_text() for page in pypdf.PdfReader(printed).pages]
        assert [re.search(r"\b(ada|bob|eve|kim)\b", page)[1] for page in pages] == [
            "ada",
            "bob",
            "eve",
            "kim",
        ]
    assert _viva(out, "--student", "ada", "--seed", "1") == 0
    again = _pages(folder)
    assert {name for name in again if name.startswith("students/")} == {"students/ada.html"}
    assert again["students/ada.html"] != first["students/ada.html"]


def test_viva_refuses_a_student_without_a_submission(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = publish(tmp_path, {"ada": {"report.md": b"# No code"}})
    assert _viva(out, "--student", "bob") == USAGE
    assert "no submission of bob" in capsys.readouterr().err
    assert not (out / "staff" / "viva").exists()
