"""The table shows each file once, in a terminal of any encoding and in a notebook."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from quantlab.check import main
from quantlab.paths import KIT
from quantlab.rehearsal.assess import FileLine, Rehearsal
from quantlab.rehearsal.table import RehearsalTable, plain_text

ODD = "<b>\x1b[31mé.py"
REHEARSAL = Rehearsal(
    files=(
        FileLine("solution.py", "solution.py", True, "26 of 26 public checks pass"),
        FileLine(ODD, "", False, "it was not used: " + "words " * 60),
    ),
    missing=("report",),
    notes=("'Kopie von solution.py' was used as solution.py.",),
    review=("It may be the missing report.",),
)


def test_text_shows_every_part() -> None:
    text = repr(RehearsalTable("ada.zip", REHEARSAL))
    assert "solution.py  solution.py  ✓ 26 of 26" in re.sub(" {3,}", "  ", text)
    assert "nothing" in text
    assert "\x1b" not in text
    assert "Missing: report." in text
    assert "'Kopie von solution.py' was used" in text
    assert "needs review" in text
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "unknown"])
def test_plain_text_can_be_written_in_any_encoding(encoding: str) -> None:
    text = plain_text(repr(RehearsalTable("ada.zip", REHEARSAL)), encoding)
    text.encode(encoding if encoding != "unknown" else "ascii")
    assert "ok 26 of 26" in text
    assert plain_text("✓ é", "utf-8") == "✓ é"


def test_html_has_alternative_text_and_escapes() -> None:
    page = RehearsalTable("ada.zip", REHEARSAL)._repr_html_()
    assert page.count('role="img" aria-label="in order"') == 1
    assert page.count('role="img" aria-label="look at this"') == 1
    assert "<b>" not in page
    assert "\x1b" not in page


def test_complete_needs_every_role_and_no_review() -> None:
    whole = Rehearsal((REHEARSAL.files[0],))
    assert whole.is_complete
    assert not Rehearsal(whole.files, missing=("report",)).is_complete
    assert not Rehearsal(REHEARSAL.files).is_complete
    assert "complete" in repr(RehearsalTable("x", whole))


def test_command_ends_with_1_for_an_incomplete_submission(tmp_path: Path, capsys) -> None:
    with zipfile.ZipFile(tmp_path / "ada.zip", "w") as archive:
        archive.write(KIT / "solution.py", "solution.py")
    assert main(["--submission", str(tmp_path / "ada.zip")]) == 1
    shown = capsys.readouterr().out
    assert "0 of 26 public checks pass, 26 wait for functions that are not written" in shown
    assert "Missing: answers.json" in shown.replace("\n", " ")


def test_command_ends_with_2_if_nothing_can_be_read(tmp_path: Path, capsys) -> None:
    assert main(["--submission", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["1a", "--submission", str(tmp_path)])


def test_command_writes_ascii_to_a_terminal_without_utf8(tmp_path: Path) -> None:
    (tmp_path / "solution.py").write_text("")
    command = [sys.executable, "-X", "utf8=0", "-m", "quantlab.check", "--submission", tmp_path]
    done = subprocess.run(
        command, cwd=KIT, capture_output=True, check=False, env={"PYTHONIOENCODING": "ascii"}
    )
    assert done.returncode == 1, done.stderr
    assert b"!! " in done.stdout.decode("ascii").encode()


def test_plain_text_keeps_signs_where_there_is_no_encoding() -> None:
    assert plain_text("✓", None) == "✓"
