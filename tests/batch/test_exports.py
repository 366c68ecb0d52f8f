"""Exports as course sites make them: whose each file is, which attempt counts, what is left."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from autograder.platforms import BadExport, read_export
from quantlab.intake.submission import UnreadableSubmission

SOLUTION = "x = 1\n"
ANSWERS = '{"version": 1, "student": "%s", "dataset": "CIFAR-10"}'
Files = Mapping[str, str | bytes]


def zipped(files: Files) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo("x")
            member.filename = name  # zipfile itself would mend some
            archive.writestr(member, content)
    return stream.getvalue()


@pytest.fixture(params=["folder", "zip", "zip with a folder around everything"])
def export(request, tmp_path):
    """Writes the files of an export in one of three ways; gives what is read from it."""

    def make(files: Files):
        if request.param == "folder":
            path = tmp_path / "export"
            for name, content in files.items():
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                (path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        else:
            around = "Homework 3/" if "around" in request.param else ""
            path = tmp_path / "export.zip"
            path.write_bytes(zipped({around + name: text for name, text in files.items()}))
        return request.getfixturevalue("closing")(read_export(path))

    return make


@pytest.fixture
def closing():
    """Closes exports at the end of a test."""
    opened = []

    def later(export):
        opened.append(export)
        return export

    yield later
    for export in opened:
        export.close()


def read_zip(tmp_path: Path, files: Files, closing):
    path = tmp_path / "odd.zip"
    path.write_bytes(zipped(files))
    return closing(read_export(path))


def by_student(export):
    return {entry.student: entry for entry in export.entries}


# Canvas ------------------------------------------------------------------------------------------


def test_canvas_gathers_the_loose_files_of_each_student(export):
    read = export(
        {
            "lovelaceada_17_801_solution.py": SOLUTION,
            "lovelaceada_17_802_answers.json": ANSWERS % "ada lovelace",
            "r2d2_LATE_18_803_solution.py": "y = 2\n",
        }
    )
    assert read.source == "canvas"
    entries = by_student(read)
    assert set(entries) == {"lovelaceada_17", "r2d2_18"}
    ada, late = entries["lovelaceada_17"], entries["r2d2_18"]
    assert (ada.late, late.late) == (False, True)
    assert ada.lms == {"lovelaceada_17": {"Student": "lovelaceada", "ID": "17"}}
    submission = read.submission(ada)
    assert submission.solution == SOLUTION
    assert submission.answers.student == "ada lovelace"
    assert submission.flags == ()
    assert read.submission(late).solution == "y = 2\n"


def test_canvas_takes_the_latest_of_a_file_submitted_again(export):
    read = export(
        {
            "lovelaceada_17_810_solution-1.py": "second = True\n",
            "lovelaceada_17_801_solution.py": "first = True\n",
            "lovelaceada_17_820_solution-2.py": "third = True\n",
            "lovelaceada_17_802_report.md": "# Report\n",
        }
    )
    (entry,) = read.entries
    assert entry.attempt == 3
    submission = read.submission(entry)
    assert submission.solution == "third = True\n"
    assert submission.report_file == "report.md"
    assert submission.flags == ()  # "-2" is Canvas's own, and nothing odd


def test_canvas_reads_anonymous_students_and_typed_texts(export):
    read = export(
        {
            "anon_aB3x9_801_solution.py": SOLUTION,
            "LATE_anon_Zz111_803_solution.py": SOLUTION,
            "lovelaceada_17_text.html": "<p>I forgot the file</p>",
        }
    )
    entries = by_student(read)
    assert {h.lms[h.student]["ID"] for h in entries.values()} == {"anon_aB3x9", "anon_Zz111", "17"}
    late = {h.lms[h.student]["ID"]: h.late for h in entries.values()}
    assert late == {"anon_aB3x9": False, "anon_Zz111": True, "17": False}
    assert read.submission(entries["lovelaceada_17"]).solution is None


def test_canvas_reads_a_zip_per_student_and_a_zip_inside_a_zip(export):
    inner = zipped({"hw/solution.py": SOLUTION})
    read = export(
        {
            "lovelaceada_17_801_work.zip": zipped({"work/solution.py": SOLUTION}),
            "hopper_18_802_work.zip": zipped({"hw.zip": inner}),
            "noether_19_803_work.zip": zipped({"a.zip": zipped({"b.zip": inner})}),
        }
    )
    solutions = {h.student: read.submission(h).solution for h in read.entries}
    assert solutions == {"lovelaceada_17": SOLUTION, "hopper_18": SOLUTION, "noether_19": SOLUTION}


def test_canvas_with_a_tar_a_rar_and_a_link_per_student(export):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        member = tarfile.TarInfo("hw/solution.py")
        member.size = len(SOLUTION)
        archive.addfile(member, io.BytesIO(SOLUTION.encode()))
    found = export(
        {
            "lovelaceada_17_801_submission.tar.gz": stream.getvalue(),
            "hopper_18_802_abgabe.rar": b"Rar!\x1a\x07\x01\x00" + bytes(100),
            "noether_19_text.html": "<html>here: https://colab.example/x</html>",
        }
    )
    submissions = {entry.student: found.submission(entry) for entry in found.entries}
    assert submissions["lovelaceada_17"].solution == SOLUTION
    assert "it is a RAR archive" in submissions["hopper_18"].unused[0].sentence
    assert "it is a link" in submissions["noether_19"].unused[0].sentence
    assert submissions["noether_19"].report_file is None


# Moodle ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["", "_"])
def test_moodle_reads_a_folder_per_student_and_kind(export, end):
    read = export(
        {
            f"Ada Lovelace_12345_assignsubmission_file{end}/solution.py": SOLUTION,
            f"Ada Lovelace_12345_assignsubmission_file{end}/models/report.md": "# Report\n",
            "Ada Lovelace_12345_assignsubmission_onlinetext/onlinetext.html": "<p>Here</p>",
            f"Jörg Müller_77_assignsubmission_file{end}/solution.py": "y = 2\n",
        }
    )
    assert read.source == "moodle"
    entries = by_student(read)
    assert set(entries) == {"Ada-Lovelace-12345", "Jorg-Muller-77"}
    ada = entries["Ada-Lovelace-12345"]
    assert ada.lms[ada.student] == {"Identifier": "Participant 12345", "Full name": "Ada Lovelace"}
    submission = read.submission(ada)
    assert (submission.solution, submission.report_file) == (
        SOLUTION,
        "models/report.md, onlinetext.html",
    )
    assert read.problems == ()


def test_moodle_reads_files_without_folders_and_of_a_team(export):
    read = export(
        {
            "Group A_9_assignsubmission_file_solution.py": SOLUTION,
            "Group A_9_assignsubmission_file_report.md": "# Report\n",
            "Participant_10_assignsubmission_file_solution.py": "y = 2\n",
        }
    )
    entries = by_student(read)
    assert set(entries) == {"Group-A-9", "Participant-10"}
    assert read.submission(entries["Group-A-9"]).report_file == "report.md"


# Gradescope --------------------------------------------------------------------------------------

METADATA = """
submission_101:
  :submitters:
  - :name: Ada Lovelace
    :sid: '17'
    :email: ada@uni.example
  :created_at: 2026-05-01 12:30:00.5 Z
  :score: 0.0
  :status: processed
submission_102:
  :submitters:
  - :name: Grace Hopper
    :sid: '18'
    :email: grace@uni.example
  - :name: Emmy Noether
    :sid: '19'
    :email: emmy@uni.example
  :created_at: 2026-05-02 08:00:00 +02:00
  :history:
  - :created_at: 2026-05-01 08:00:00 +02:00
    :score: 1.0
"""


def test_gradescope_reads_groups_and_attempts_from_its_metadata(export):
    read = export(
        {
            "submission_metadata.yml": METADATA,
            "submission_101/solution.py": SOLUTION,
            "submission_102/solution.py": "y = 2\n",
            "submission_102/answers.json": ANSWERS % "Emmy",
            "submission_999/solution.py": "nobody's\n",
        }
    )
    assert read.source == "gradescope"
    entries = by_student(read)
    assert set(entries) == {"ada", "emmy-grace"}
    group = entries["emmy-grace"]
    assert group.members == ("emmy", "grace")
    assert group.attempt == 2
    assert entries["ada"].submitted == "2026-05-01T12:30:00.500000+00:00"
    assert group.submitted == "2026-05-02T06:00:00+00:00"
    assert group.lms["grace"] == {
        "Name": "Grace Hopper",
        "Email": "grace@uni.example",
        "SID": "18",
    }
    assert any("submission_999" in problem for problem in read.problems)
    flags = read.submission(group).flags
    assert not any("was made by" in flag for flag in flags)  # by a member, who goes by that e-mail


def test_gradescope_keeps_a_student_of_two_submissions_once(export):
    twice = METADATA.replace(":name: Emmy Noether", ":name: Ada Lovelace").replace(
        "emmy@uni.example", "ada@uni.example"
    )
    read = export(
        {
            "submission_metadata.yml": twice,
            "submission_101/solution.py": SOLUTION,
            "submission_102/solution.py": "y = 2\n",
        }
    )
    assert [entry.members for entry in read.entries] == [("ada", "grace")]
    assert any("ada is in two submissions" in problem for problem in read.problems)


def test_gradescope_refuses_an_unreadable_list_with_the_reason(export):
    with pytest.raises(BadExport, match=r"submission_metadata\.yml"):
        export({"submission_metadata.yml": "a: [", "submission_1/solution.py": SOLUTION})


# Blackboard --------------------------------------------------------------------------------------


def test_blackboard_takes_the_latest_attempt_and_reads_its_note(export):
    note = "Name: Ada Lovelace (a_lovelace)\r\nAssignment: HW 3\r\nDate Submitted: Friday\r\n"
    first, second = "2026-05-01-09-00-00", "2026-05-02-10-30-00"
    read = export(
        {
            f"HW_3_a_lovelace_attempt_{first}.txt": note,
            f"HW_3_a_lovelace_attempt_{first}_solution.py": "first = True\n",
            f"HW_3_a_lovelace_attempt_{second}.txt": note,
            f"HW_3_a_lovelace_attempt_{second}_solution.py": SOLUTION,
            f"HW_3_ghopper_attempt_{first}_my_work.zip": zipped({"solution.py": "y = 2\n"}),
        }
    )
    assert read.source == "blackboard"
    entries = by_student(read)
    assert set(entries) == {"a_lovelace", "ghopper"}
    ada = entries["a_lovelace"]
    assert (ada.attempt, ada.submitted) == (2, "2026-05-02T10:30:00")  # a local time
    assert ada.lms["a_lovelace"] == {"Username": "a_lovelace", "Name": "Ada Lovelace"}
    assert read.submission(ada).solution == SOLUTION
    assert read.submission(entries["ghopper"]).solution == "y = 2\n"


# nbgrader ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("around", ["submitted/", ""])
def test_nbgrader_reads_a_folder_per_student_and_assignment(export, around):
    read = export(
        {
            f"{around}ada/quantization/solution.py": SOLUTION,
            f"{around}ada/quantization/timestamp.txt": "2026-05-01 12:30:00.25 America/New_York\n",
            f"{around}ada/warm-up/solution.py": "other = True\n",
            f"{around}ada/warm-up/timestamp.txt": "2026-04-01 12:30:00 UTC\n",
            f"{around}bob/warm-up/solution.py": "other = True\n",
            f"{around}eve/quantization/solution.py": "y = 2\n",
            f"{around}eve/quantization/timestamp.txt": "yesterday",
        }
    )
    assert read.source == "nbgrader"
    entries = by_student(read)
    assert set(entries) == {"ada", "eve"}
    assert entries["ada"].submitted == "2026-05-01T12:30:00.250000-04:00"
    assert entries["eve"].submitted == ""
    assert read.missing == {"bob": {"student_id": "bob"}}
    assert read.submission(entries["ada"]).solution == SOLUTION


# A plain folder ----------------------------------------------------------------------------------


def test_read_export_reads_a_folder_of_folders_and_zips(export):
    read = export(
        {
            "ada/solution.py": SOLUTION,
            "bob.zip": zipped({"solution.py": "y = 2\n"}),
        }
    )
    assert (read.source, read.problems) == ("folder", ())
    assert [entry.student for entry in read.entries] == ["ada", "bob"]
    assert [read.submission(h).solution for h in read.entries] == [SOLUTION, "y = 2\n"]


def test_read_export_reports_a_file_that_belongs_to_no_student(tmp_path, closing):
    read = read_zip(tmp_path, {"ada/solution.py": SOLUTION, "notes.txt": "of the course"}, closing)
    assert [entry.student for entry in read.entries] == ["ada"]
    assert read.problems == ("'notes.txt' in the export belongs to no student and was not graded.",)


def test_read_export_reports_a_second_submission_of_a_student(tmp_path, closing):
    files = {"ada/solution.py": SOLUTION, "ada.zip": zipped({"solution.py": "y = 2\n"})}
    read = read_zip(tmp_path, files, closing)
    assert len(read.entries) == 1
    assert any("'ada.zip' is a second submission of ada" in problem for problem in read.problems)


def test_read_export_keeps_the_folder_of_a_single_student(tmp_path, closing):
    read = read_zip(tmp_path, {"ada/solution.py": SOLUTION, "ada/x/y.txt": ""}, closing)
    assert [entry.student for entry in read.entries] == ["ada"]


def test_read_export_reports_an_empty_folder(tmp_path, closing):
    (tmp_path / "class" / "ada").mkdir(parents=True)
    (tmp_path / "class" / "bob").mkdir()
    (tmp_path / "class" / "bob" / "solution.py").write_text(SOLUTION)
    read = closing(read_export(tmp_path / "class"))
    assert [entry.student for entry in read.entries] == ["bob"]
    assert read.problems == ("The folder 'ada' is empty: nothing was graded.",)


# Names that strangers chose ----------------------------------------------------------------------


def test_read_export_skips_and_reports_names_that_leave_the_folder(tmp_path, closing):
    read = read_zip(
        tmp_path,
        {
            "lovelaceada_17_801_solution.py": SOLUTION,
            "../hopper_18_802_solution.py": "evil = True\n",
            "/etc/hopper_18_803_solution.py": "evil = True\n",
            "hopper_18_804_..\\..\\solution.py": "evil = True\n",
        },
        closing,
    )
    assert [entry.student for entry in read.entries] == ["lovelaceada_17"]
    assert len(read.problems) == 3
    assert not (tmp_path.parent / "hopper_18_802_solution.py").exists()


def test_read_export_escapes_names_that_reverse_the_writing(tmp_path, closing):
    read = read_zip(
        tmp_path,
        {
            "Ada \u202egnp.py_12_assignsubmission_file/solution.py": SOLUTION,
            "evil \u202egnp.exe": "",
        },
        closing,
    )
    (entry,) = read.entries
    assert entry.student.isascii()
    assert "\u202e" not in entry.student + "".join(read.problems)
    assert any("\\u202e" in problem for problem in read.problems)


def test_read_export_gives_look_alike_names_different_ids(tmp_path, closing):
    files = {"Ада_1_assignsubmission_file/solution.py": "", "Ада_2_assignsubmission_file/a.py": ""}
    read = read_zip(tmp_path, files, closing)
    assert [entry.student for entry in read.entries] == ["student-1", "student-2"]


# What can't be read ------------------------------------------------------------------------------


def test_read_export_refuses_only_the_unreadable_submission(tmp_path, closing):
    read = read_zip(
        tmp_path,
        {
            "bad_17_801_work.zip": b"Rar!\x1a\x07",
            "empty_18_802_work.zip": zipped({}),
            "good_19_803_solution.py": SOLUTION,
        },
        closing,
    )
    entries = by_student(read)
    (unused,) = read.submission(entries["bad_17"]).unused
    assert "it is a RAR archive" in unused.sentence
    with pytest.raises(UnreadableSubmission, match="is empty"):
        read.submission(entries["empty_18"])
    assert read.submission(entries["good_19"]).solution == SOLUTION


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "does not exist"), (b"no zip", "not an archive"), (zipped({}), "is empty")],
)
def test_read_export_refuses_an_unreadable_export_in_a_sentence(tmp_path, content, reason):
    path = tmp_path / "export.zip"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadExport, match=reason):
        read_export(path)


def test_read_export_survives_a_bomb_of_a_student(tmp_path, closing):
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb_17_801_solution.py", bytes(100 * 2**20))
        archive.writestr("good_18_802_solution.py", SOLUTION)
    read = closing(read_export(path))
    bomb, good = read.entries
    assert "is larger than 1 MiB" in read.submission(bomb).problems["solution.py"]
    assert read.submission(good).solution == SOLUTION


def test_read_export_says_what_is_wrong_with_a_path(tmp_path):
    with pytest.raises(BadExport, match=r"missing does not exist\. Pass the folder or zip file"):
        read_export(tmp_path / "missing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadExport, match="is an empty folder"):
        read_export(tmp_path / "empty")
    (tmp_path / "empty" / "solution.py").write_text("a = 1")
    with pytest.raises(BadExport, match="To grade a single submission, use grade"):
        read_export(tmp_path / "empty")
