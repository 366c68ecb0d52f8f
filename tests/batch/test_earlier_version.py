"""A class that was begun with an earlier version of the kit is continued.

`class_of_an_earlier_version/` has an export, and the journal and class.json of
`batch --check "1a.linear_dequantize.*" --data shapes10` before the packages were rearranged.
"""

import contextlib
import json
import shutil
import sqlite3
from pathlib import Path

from authoring.rehearse.comparison import automatic_points
from autograder.__main__ import main
from tests.batch.conftest import reports

EARLIER = Path(__file__).with_name("class_of_an_earlier_version")
LAST = ("bob", "1a.linear_dequantize.zero_point")  # as if the run had been interrupted before it


def test_batch_continues_a_class_of_an_earlier_version(tmp_path, course_secret_file, capsys):
    journal = tmp_path / ".journal" / "marks.sqlite"
    journal.parent.mkdir()
    shutil.copy(EARLIER / "marks.sqlite", journal)
    shutil.copy(EARLIER / "class.json", tmp_path)
    with contextlib.closing(sqlite3.connect(journal)) as database:
        database.execute("DELETE FROM marks WHERE student = ? AND name = ?", LAST)
        database.commit()
    outcomes = json.loads((EARLIER / "class.json").read_text(encoding="utf-8"))["outcomes"]
    earlier = {
        outcome["student"]: automatic_points(json.dumps(outcome["report"]).encode())
        for outcome in outcomes
    }
    command = ["batch", str(EARLIER / "export"), "--out", str(tmp_path), "--jobs", "1"]
    command += ["--check", "1a.linear_dequantize.*", "--data", "shapes10"]

    assert main(command) == 2
    assert "Run with --regrade" in " ".join(capsys.readouterr().err.split())
    assert main([*command, "--regrade", "--apply"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "1 submission compared: 0 with another score" in printed
    assert "1 without a complete score before" in " ".join(printed.split())
    assert {name: automatic_points(report) for name, report in reports(tmp_path).items()} == earlier
    assert main(command) == 0  # now of this version
