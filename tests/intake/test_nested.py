"""Archives in a submission are opened, and cost only themselves where they cannot be."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from quantlab.intake.archive import open_contents
from quantlab.intake.names import student_id
from quantlab.intake.submission import Submission, build_submission, read_submission

SOLUTION = "x = 1\n"


def zipped(files: Mapping[str, str | bytes], password: bool = False) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        for member in archive.infolist():
            member.flag_bits |= password  # as a reader sees it
    return stream.getvalue()


def read(tmp_path: Path, files: Mapping[str, str | bytes]) -> Submission:
    folder = tmp_path / "ada"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return read_submission(folder)


def test_read_submission_reads_files_inside_a_nested_zip(tmp_path):
    submission = read(
        tmp_path, {"hw.zip": zipped({"deep/solution.py": SOLUTION, "report.md": "# R"})}
    )
    assert (submission.solution, submission.report_file) == (SOLUTION, "hw.zip/report.md")


@pytest.mark.parametrize("levels", [1, 2, 3, 4])
def test_archives_are_opened_three_levels_deep(tmp_path, levels):
    packed = zipped({"solution.py": SOLUTION})
    for level in range(levels - 1):
        packed = zipped({f"{level}.zip": packed})
    found = read(tmp_path, {"hw.zip": packed})
    assert found.solution == (SOLUTION if levels <= 3 else None)
    if levels > 3:
        (unused,) = found.unused
        assert "it is an archive inside 3 others" in unused.sentence
        assert "solution.py" in unused.roles


def test_read_submission_does_not_choose_between_zip_and_folder(tmp_path):
    files = {"solution.py": "y = 2\n", "hw.zip": zipped({"solution.py": SOLUTION})}
    submission = read(tmp_path, files)
    assert submission.solution is None
    assert "'solution.py', 'hw.zip/solution.py'" in submission.problems["solution.py"]


def test_read_submission_skips_a_nested_zip_it_cannot_open(tmp_path):
    files = {
        "solution.py": SOLUTION,
        "cut.zip": zipped({"solution.py": SOLUTION})[:-30],
        "locked.zip": zipped({"solution.py": "other"}, password=True),
    }
    submission = read(tmp_path, files)
    assert (submission.solution, submission.problems) == (SOLUTION, {})
    flags = "\n".join(submission.flags)
    assert "'cut.zip' was not used: it can't be opened. The zip file 'cut.zip' is damaged" in flags
    assert "protected by a password" in flags


def test_read_submission_opens_at_most_eight_nested_zips(tmp_path):
    files = {f"{n}.zip": zipped({f"{n}.txt": ""}) for n in range(8)}
    submission = read(tmp_path, {**files, "9.zip": zipped({"solution.py": SOLUTION})})
    assert submission.solution is None
    assert any(
        "'9.zip' was not used: it is one of more than 8" in flag for flag in submission.flags
    )


def flags_of_answers_by(tmp_path: Path, student: str, ids=(), names=()) -> tuple[str, ...]:
    folder = tmp_path / "in"
    folder.mkdir()
    record = f'{{"version": 1, "student": "{student}", "dataset": "CIFAR-10"}}'
    (folder / "answers.json").write_text(record)
    with open_contents(folder) as contents:
        return build_submission(contents, student_id("ada_17"), ids, names).flags


def test_build_submission_accepts_tables_under_another_name(tmp_path):
    assert flags_of_answers_by(tmp_path, "Lovelace, Ada", names=["lovelaceada"]) == ()


def test_build_submission_accepts_tables_under_another_id(tmp_path):
    assert flags_of_answers_by(tmp_path, "ALovelace", ids=["alovelace", "17"]) == ()


def test_build_submission_flags_an_id_with_exchanged_digits(tmp_path):
    assert any(
        "was made by '71'" in flag for flag in flags_of_answers_by(tmp_path, "71", ids=["17"])
    )
