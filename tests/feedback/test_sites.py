"""Every page reaches exactly its student by the rules of the site, from its exports."""

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest

from autograder.course.manual_scores import ManualScore
from tests.feedback.graded import return_to, write_class
from tests.feedback.site_rules import CanvasAssignment, CanvasSubmission, canvas, members, moodle

PEOPLE = {  # participants of Moodle, whose names are as hostile as names are
    17: "Ada Lovelace",
    18: "Ada Lovelace",
    19: "Zoë Ålund-Müller",
    20: "李 小龍",
    21: "Conan O'Brien",
    22: "Jean-Luc 99 assignsubmission file",
    23: "Wolfeschlegelsteinhausenbergerdorff " * 5 + "Sr",
    24: "~tilde .dot",
    25: "-- .hidden",
    26: "12345",
    27: "\u202eevil\u200b",
}


def ids_of(out: Path) -> list[str]:
    students = json.loads((out / "class.json").read_text())["students"]
    return [student["member"] for student in students]


def whose(content: bytes, names: list[str]) -> list[str]:
    """The students that a page was made for: each report has a comment that names them."""
    return [name for name in names if f"Comment for {name}.".encode() in content]


@pytest.mark.parametrize("suffix", ["", "_"])  # since 4.1 without the last underscore
def test_moodle_pages_reach_their_students(suffix: str, tmp_path: Path) -> None:
    files = {
        f"{name}_{number}_assignsubmission_file{suffix}/solution.py": "x = 1\n"
        for number, name in PEOPLE.items()
    }
    out = write_class(tmp_path, files)
    assert return_to("moodle", out) == 0
    ids = [
        student["member"] for student in json.loads((out / "class.json").read_text())["students"]
    ]
    archive = out / "feedback" / "moodle.zip"
    participants = {number: [str(number)] for number in (*PEOPLE, 99, 12345)}
    for old in (False, True):
        received = moodle(archive, participants, old)
        assert set(received) == {str(number) for number in PEOPLE}
        for user, pages in received.items():
            assert list(pages) == ["report.html"]
            (student,) = whose(pages["report.html"], ids)
            assert student.endswith(f"-{user}")


def test_moodle_group_page_reaches_every_member(tmp_path: Path) -> None:
    files = {
        "Group A_501_assignsubmission_file/solution.py": "x = 1\n",
        "Group B_502_assignsubmission_file/solution.py": "x = 2\n",
        "Default group_assignsubmission_file/solution.py": "x = 3\n",  # in no group
    }
    out = write_class(tmp_path, files)
    assert return_to("moodle", out) == 1
    received = moodle(out / "feedback/moodle.zip", {501: ["ada", "bob"], 502: ["cem"]})
    ids = ["Group-A-501", "Group-B-502"]
    pages = {user: whose(got["report.html"], ids) for user, got in received.items()}
    assert pages == {"ada": ["Group-A-501"], "bob": ["Group-A-501"], "cem": ["Group-B-502"]}


def test_moodle_page_reaches_a_student_whose_name_is_in_the_worksheet(tmp_path: Path) -> None:
    (tmp_path / "worksheet.csv").write_text(
        "student,Identifier,Full name,Email address,Grade\n"
        'ada,Participant 31,"._Ada_18_assignsubmission_file_x/../y\\z",ada@x.edu,\n'
    )
    out = write_class(tmp_path, {"ada/solution.py": "x = 1\n"}, 'roster = "worksheet.csv"\n')
    assert return_to("moodle", out) == 0
    participants = {18: ["eve"], 31: ["ada"]}
    for old in (False, True):
        received = moodle(out / "feedback/moodle.zip", participants, old)
        assert {user: list(pages) for user, pages in received.items()} == {"ada": ["report.html"]}


def test_moodle_students_without_number_are_listed(tmp_path: Path, capsys) -> None:
    out = write_class(tmp_path, {"ada/solution.py": "x = 1\n"})
    assert return_to("moodle", out) == 1
    assert "1 student left out, no participant number: name Moodle's" in capsys.readouterr().out
    assert not (out / "feedback").exists()


CANVAS_FILES = {
    "lovelaceada_17_801_solution.py": "17",
    "lovelaceada_17_802_submission.zip": b"17",
    "lovelaceada_LATE_18_803_solution.py": "18",
    "12345_19_804_solution.py": "19",  # a name of digits
    "x_42_y_20_805_solution.py": "20",
    "李小龍_21_806_solution.py": "21",
    "ålundzoë_22_807_link.py": "22",
    "ålundzoë_22_808_report.html": "22",
    "anon_23_809_solution.py": "23",  # a student whose name is anon
    "obrienconan_LATE_24_810_solution.py": "24",
    "obrienconan_LATE_24_811_solution-1.py": "24",  # submitted again; Canvas has only this one
    f"{'w' * 180}_25_812_solution.py": "25",
}


def test_canvas_pages_reach_their_students(tmp_path: Path, capsys) -> None:
    out = write_class(tmp_path, CANVAS_FILES)
    assert return_to("canvas", out) == 0
    assert "7 pages are shown under the name of a submitted file" in capsys.readouterr().out
    attachments: dict[str, dict[int, str]] = {}
    for name in CANVAS_FILES:
        if "_810_" not in name:
            *_, user, file, shown = name.split("_")
            attachments.setdefault(user, {})[int(file)] = shown
    submissions = [CanvasSubmission(user, files) for user, files in attachments.items()]
    received = canvas(out / "feedback/canvas.zip", CanvasAssignment(submissions))
    assert set(received) == set(attachments)
    ids = [
        student["member"] for student in json.loads((out / "class.json").read_text())["students"]
    ]
    for user, pages in received.items():
        ((shown, content),) = pages.items()
        if shown.endswith(".zip"):
            with zipfile.ZipFile(io.BytesIO(content)) as inner:
                content = inner.read("report.html")
        (student,) = whose(content, ids)
        assert student.endswith(f"_{user}")
    assert list(received["17"]) == ["submission.zip"]
    assert list(received["22"]) == ["report.html"]


def test_canvas_anonymous_and_group_pages_reach_their_students(tmp_path: Path) -> None:
    anonymous = write_class(tmp_path / "a", {"anon_Xy9z1_901_solution.py": "x = 1\n"})
    assert return_to("canvas", anonymous) == 0
    hidden = CanvasAssignment([CanvasSubmission("7", {901: "solution.py"}, "Xy9z1")])
    assert set(canvas(anonymous / "feedback/canvas.zip", hidden)) == {"7"}

    group = write_class(tmp_path / "g", {"team1_31_902_solution.py": "x = 1\n"})
    assert return_to("canvas", group) == 0
    team = CanvasAssignment(
        [CanvasSubmission("31", {902: "solution.py"})], {"team1": ["31", "32"], "17": ["40"]}
    )
    assert set(canvas(group / "feedback/canvas.zip", team)) == {"31", "32"}


def test_canvas_typed_text_gets_no_page(tmp_path: Path, capsys) -> None:
    out = write_class(tmp_path, {"lovelaceada_17_text.html": "x", "turing_18_5_a.py": "y"})
    assert return_to("canvas", out) == 1
    assert "no uploaded file in Canvas" in capsys.readouterr().out
    assert [name for name, _ in members(out / "feedback/canvas.zip")] == ["turing_18_5_report.html"]


def test_blackboard_files_are_named_like_the_attempts(tmp_path: Path) -> None:
    attempts = {"ada@x.edu": "ada-x-edu-1b1630e0", "cem_t": "cem_t", "b" * 215: "b" * 55}
    files = {}
    for user in attempts:
        before = f"HW_3_{user}_attempt_2026-10-24-23-59-00"
        files[f"{before}.txt"] = f"Name: O=Some One ({user})\n"
        files[f"{before}_s.py"] = "x = 1\n"
    out = write_class(tmp_path, files)
    assert return_to("blackboard", out) == 0
    found = dict(members(out / "feedback/blackboard.zip"))
    rows = list(csv.DictReader(io.StringIO(found["files.csv"].decode())))
    assert {row["Username"] for row in rows} == set(attempts)
    for row in rows:
        assert f"Comment for {attempts[row['Username']]}".encode() in found[row["File"]]
        assert len(row["File"].encode()) <= 255


GRADESCOPE = """\
submission_1:
  :submitters:
  - {":name": Ada L, ":sid": '17', ":email": ada@x.edu}
  - {":name": Bob H, ":sid": '18', ":email": bob@x.edu}
  :created_at: 2026-10-24 21:59:00 Z
submission_2:
  :submitters:
  - {":name": "Eve '=1+1'", ":sid": '19', ":email": eve@x.edu}
  :created_at: 2026-10-24 21:59:00 Z
"""
GRADESCOPE_FILES = {
    "submission_metadata.yml": GRADESCOPE,
    "submission_1/solution.py": "x = 1\n",
    "submission_2/solution.py": "x = 2\n",
}


def test_gradescope_zip_has_results_and_a_page_per_member(tmp_path: Path) -> None:
    out = write_class(tmp_path, GRADESCOPE_FILES)
    assert return_to("gradescope", out) == 0
    found = dict(members(out / "feedback/gradescope.zip"))
    assert sorted(found) == [
        "submission_1/ada.html",
        "submission_1/bob.html",
        "submission_1/results.json",
        "submission_2/eve.html",
        "submission_2/results.json",
    ]
    assert json.loads(found["submission_1/results.json"])["tests"]


def test_mail_gives_each_member_of_a_group_a_page_and_a_row(tmp_path: Path, capsys) -> None:
    late = "deadline = 2026-10-20T12:00:00Z\n[late]\npercent_per_day = 10\n[extensions]\n"
    out = write_class(tmp_path, GRADESCOPE_FILES, late + "bob = 2026-11-20T12:00:00Z\n")
    assert return_to("mail", out) == 0
    folder = out / "feedback" / "mail"
    rows = list(csv.DictReader((folder / "addresses.csv").open(newline="")))
    assert [(row["To"], row["name"]) for row in rows] == [
        ("ada@x.edu", "Ada L"),
        ("bob@x.edu", "Bob H"),
        ("eve@x.edu", "Eve '=1+1'"),
    ]
    assert {row["subject"] for row in rows} == {"Quantization assignment: your feedback"}
    pages = {row["To"]: (folder / row["attachment"]).read_text() for row in rows}
    assert "5 days late" in pages["ada@x.edu"]  # bob, of the same group, has an extension
    assert "days late" not in pages["bob@x.edu"]
    assert "Comment for eve." in pages["eve@x.edu"]
    assert "Nothing was sent" in capsys.readouterr().out


NAMES = ("ada", "bob", "cem", "dot", "eve", "fay")


def test_mail_refuses_missing_unsafe_and_shared_addresses(tmp_path: Path, capsys) -> None:
    (tmp_path / "roster.csv").write_text(
        "student,Email\nada,ada@x.edu\nbob,=cmd@x.edu\ncem,shared@x.edu\n"
        'dot,Shared@x.edu\neve,\nfay,"a@x.edu,b@y.edu"\n'
    )
    files = {
        f"{name}/solution.py": "x = 1\n" for name in ["ada", "bob", "cem", "dot", "eve", "fay"]
    }
    out = write_class(tmp_path, files, 'roster = "roster.csv"\n')
    assert return_to("mail", out) == 1
    text = capsys.readouterr().out
    assert "3 students left out, no e-mail address: name a roster" in text
    assert "the site knows several students as shared@x.edu: cem, dot." in text
    assert [
        row["attachment"] for row in csv.DictReader((out / "feedback/mail/addresses.csv").open())
    ]
    assert len(list((out / "feedback/mail").glob("*.html"))) == 1


OWN_SCORES = {
    ("ada", "1c.comparison"): ManualScore(7.0, "Only for Ada."),
    ("bob", "1c.comparison"): ManualScore(3.0, "Only for Bob."),
}


def test_gradescope_pages_of_a_group_have_only_the_scores_of_their_student(tmp_path: Path) -> None:
    out = write_class(tmp_path, GRADESCOPE_FILES, manual=OWN_SCORES)
    assert return_to("gradescope", out) == 0
    found = dict(members(out / "feedback/gradescope.zip"))
    pages = [found[f"submission_1/{name}.html"] for name in ("ada", "bob")]
    assert [b"Only for Ada." in page for page in pages] == [True, False]
    assert [b"Only for Bob." in page for page in pages] == [False, True]
    assert b"Only for" not in found["submission_1/results.json"]
