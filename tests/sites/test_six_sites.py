"""Exports made by hand, named as each site names files: every student ends as a person decides.

The deadline is the evening before clocks go back in Zurich. In each export bob is two days late,
cem is late and has an extension, dot submits 24.5 hours after the deadline (one day by the clock),
eve submits in the hour that occurs twice, fay submits again a day late, and two students share a
name or what comes before the @ of their e-mail.
"""

import csv
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.course_file import load_policy
from autograder.course.manual_scores import ManualScore
from autograder.course.outputs import write_all
from autograder.course.policy import Status
from autograder.platforms import read_export
from tests.class_outputs.people import WRITTEN, a_report

COURSE = """\
deadline = 2026-10-24T23:59:00+02:00
timezone = "Europe/Zurich"

[late]
percent_per_day = 10
max_percent = 50
"""
ON_TIME, ONE_DAY, TWO_DAYS = (0, "121"), (1, "108.9"), (2, "96.8")
OPEN = (0, "")  # no total before somebody has looked
EXTENSIONS = """
[extensions]
{cem} = 2026-10-31T23:59:00+01:00
{eve} = 2026-10-25T02:30:00+02:00
"""
STATED = """
[submitted]
{bob} = 2026-10-26T20:00:00+01:00
{dot} = 2026-10-25T23:30:00+01:00
"""


@dataclass(frozen=True)
class Site:
    """An export, and what must come of it: days late and total per student."""

    source: str
    files: Mapping[str, str | bytes]
    expected: Mapping[str, tuple[int, str]]
    solutions: Mapping[str, str]
    more: str = ""
    first: str = ""
    roster: str = ""
    table: tuple[str, ...] = field(default=())


def zipped(text: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("solution.py", text)
    return stream.getvalue()


# A plain folder knows no times: whoever is not settled needs review.
FOLDER = Site(
    "folder",
    {
        "ada@x.edu/solution.py": "ada_x = 1\n",
        "ada@y.edu/solution.py": "ada_y = 1\n",
        "bob/solution.py": "bob = 1\n",
        "cem.zip": zipped("cem = 1\n"),
        "dot/solution.py": "dot = 1\n",
        "eve/solution.py": "eve = 1\n",
        "fay/solution.py": "fay = 1\n",
        "fay.zip": zipped("fay = 2\n"),  # which of the two is the later, nobody can tell
    },
    {
        "ada-x-edu-1b1630e0": OPEN,
        "ada-y-edu-80e42dd9": OPEN,
        "bob": TWO_DAYS,
        "cem": ON_TIME,
        "dot": ONE_DAY,
        "eve": ON_TIME,
        "fay": OPEN,
    },
    {"ada-x-edu-1b1630e0": "ada_x = 1\n", "ada-y-edu-80e42dd9": "ada_y = 1\n"},
    STATED.format(bob="bob", dot="dot")
    + "fay = 2026-10-20T12:00:00+02:00\n"  # in time, and still contested
    + "\n[extensions]\ncem = 2026-10-31T23:59:00+01:00\n",
    'reviewed = ["eve"]\n',
)

# Canvas says who is late and not by how much.
CANVAS = Site(
    "canvas",
    {
        "lovelaceada_17_801_solution.py": "ada_17 = 1\n",
        "lovelaceada_LATE_18_802_solution.py": "ada_18 = 1\n",
        "hopperbob_LATE_21_803_solution.py": "bob = 1\n",
        "turingcem_LATE_22_804_solution.py": "cem = 1\n",
        "knuthdot_LATE_23_805_solution.py": "dot = 1\n",
        "liskoveve_LATE_24_806_solution.py": "eve = 1\n",
        "allenfay_LATE_25_807_solution.py": "fay = 1\n",
        "allenfay_LATE_25_811_solution-1.py": "fay = 2\n",
    },
    {
        "lovelaceada_17": ON_TIME,
        "lovelaceada_18": OPEN,
        "hopperbob_21": TWO_DAYS,
        "turingcem_22": ON_TIME,
        "knuthdot_23": ONE_DAY,
        "liskoveve_24": ON_TIME,
        "allenfay_25": OPEN,
    },
    {"lovelaceada_17": "ada_17 = 1\n", "allenfay_25": "fay = 2\n"},
    STATED.format(bob="hopperbob_21", dot="knuthdot_23")
    + "\n[extensions]\nturingcem_22 = 2026-10-31T23:59:00+01:00\n",
    'reviewed = ["liskoveve_24"]\n',
    table=("canvas.csv", "ID", "Quantization assignment"),
)

MOODLE_FILES = {
    f"{name}_{number}_assignsubmission_file/solution.py": f"x = {number}\n"
    for name, number in (
        ("Ada Lovelace", 17),
        ("Ada Lovelace", 18),
        ("Bob Hopper", 21),
        ("Cem Turing", 22),
        ("Dot Knuth", 23),
        ("Eve Liskov", 24),
        ("Fay Allen", 25),
        ("Gus Wirth", 26),
        ("Joe Nobody", 27),
    )
}
MOODLE = Site(
    "moodle",
    MOODLE_FILES,
    {
        "Ada-Lovelace-17": ON_TIME,
        "Ada-Lovelace-18": ONE_DAY,
        "Bob-Hopper-21": TWO_DAYS,
        "Cem-Turing-22": ON_TIME,
        "Dot-Knuth-23": ONE_DAY,
        "Eve-Liskov-24": ON_TIME,  # 02:20 occurs twice: the first is in time
        "Fay-Allen-25": ONE_DAY,
        "Gus-Wirth-26": OPEN,  # a form of another language
        "Joe-Nobody-27": OPEN,  # not in the worksheet
    },
    {"Fay-Allen-25": "x = 25\n"},
    EXTENSIONS.format(cem="Cem-Turing-22", eve="Eve-Liskov-24") + "[moodle]\nmaximum_grade = 100\n",
    'roster = "worksheet.csv"\n',
    roster="""\
Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,\
Last modified (submission),Last modified (grade),Feedback comments
Participant 17,Ada Lovelace,ada@x.edu,Submitted for grading,,100,Yes,\
"Saturday, 24 October 2026, 11:59 PM",-,
Participant 18,Ada Lovelace,ada@y.edu,Submitted for grading,,100,Yes,\
"Sunday, 25 October 2026, 12:00 AM",-,
Participant 21,Bob Hopper,bob@x.edu,Submitted for grading,,100,Yes,\
"Monday, 26 October 2026, 8:00 PM",-,
Participant 22,Cem Turing,cem@x.edu,Submitted for grading,,100,Yes,\
"Saturday, 31 October 2026, 9:15 AM",-,
Participant 23,Dot Knuth,dot@x.edu,Submitted for grading,,100,Yes,\
"Sunday, October 25, 2026, 11:30 PM",-,
Participant 24,Eve Liskov,eve@x.edu,Submitted for grading,,100,Yes,\
"Sunday, 25 October 2026, 2:20 AM",-,
Participant 25,Fay Allen,fay@x.edu,Submitted for grading,,100,Yes,\
"Sunday, 25 October 2026, 7:00 AM",-,
Participant 26,Gus Wirth,gus@x.edu,Submitted for grading,,100,Yes,\
"воскресенье, 25 октября 2026, 07:00",-,
""",
    table=("moodle.csv", "Identifier", "Grade"),
)
GERMAN = Site(
    "moodle",
    MOODLE_FILES,
    MOODLE.expected,
    MOODLE.solutions,
    MOODLE.more,
    MOODLE.first,
    roster="""\
ID,Vollständiger Name,E-Mail-Adresse,Status,Bewertung,Bestwertung,Bewertung kann geändert werden,\
Zuletzt geändert (Abgabe),Zuletzt geändert (Bewertung),Feedback als Kommentar
Teilnehmer/in17,Ada Lovelace,ada@x.edu,Zur Bewertung abgegeben,,100,Ja,\
"Samstag, 24. Oktober 2026, 23:59",-,
Teilnehmer/in18,Ada Lovelace,ada@y.edu,Zur Bewertung abgegeben,,100,Ja,\
"Sonntag, 25. Oktober 2026, 00:00",-,
Teilnehmer/in21,Bob Hopper,bob@x.edu,Zur Bewertung abgegeben,,100,Ja,\
"Montag, 26. Oktober 2026, 20:00",-,
Teilnehmer/in22,Cem Turing,cem@x.edu,Zur Bewertung abgegeben,,100,Ja,\
"Samstag, 31. Oktober 2026, 09:15",-,
Teilnehmer/in23,Dot Knuth,dot@x.edu,Zur Bewertung abgegeben,,100,Ja,\
"Sonntag, 25. Oktober 2026, 23:30",-,
Teilnehmer/in24,Eve Liskov,eve@x.edu,Zur Bewertung abgegeben,,100,Ja,\
"Sonntag, 25. Oktober 2026, 02:20",-,
Teilnehmer/in25,Fay Allen,fay@x.edu,Zur Bewertung abgegeben,,100,Ja,\
"Sonntag, 25. Oktober 2026, 07:00",-,
Teilnehmer/in26,Gus Wirth,gus@x.edu,Zur Bewertung abgegeben,,100,Ja,\
"25.10.2026, 07:00",-,
""",
    table=MOODLE.table,
)

# Blackboard writes local times into the names of files, and keeps every attempt.
BLACKBOARD = Site(
    "blackboard",
    {
        f"HW_3_{user}_attempt_{when}{rest}": text
        for user, when, text in (
            ("ada@x.edu", "2026-10-24-23-59-00", "ada_x = 1\n"),
            ("ada@y.edu", "2026-10-24-23-59-01", "ada_y = 1\n"),
            ("bob", "2026-10-26-20-00-00", "bob = 1\n"),
            ("cem_t", "2026-10-31-09-15-00", "cem = 1\n"),
            ("dot_t", "2026-10-25-23-30-00", "dot = 1\n"),
            ("eve", "2026-10-25-02-20-00", "eve = 1\n"),
            ("fay", "2026-10-20-12-00-00", "fay = 1\n"),
            ("fay", "2026-10-25-07-00-00", "fay = 2\n"),
        )
        for rest, text in (("_solution.py", text), (".txt", f"Name: Some One ({user})\nHW 3\n"))
        if (user, rest) != ("dot_t", ".txt")  # a note that was lost
    },
    {
        "ada-x-edu-1b1630e0": ON_TIME,
        "ada-y-edu-80e42dd9": ONE_DAY,
        "bob": TWO_DAYS,
        "cem_t": ON_TIME,
        "dot_t": ONE_DAY,
        "eve": ON_TIME,
        "fay": ONE_DAY,
    },
    {"fay": "fay = 2\n", "cem_t": "cem = 1\n", "dot_t": "dot = 1\n"},
    EXTENSIONS.format(cem="cem_t", eve="eve"),
)

GRADESCOPE_PEOPLE = (
    ("submission_1", "ada@x.edu", 17, "2026-10-24 21:59:00.000000000 Z", "ada_17 = 1\n"),
    ("submission_2", "ada@y.edu", 18, "2026-10-24 21:59:01 Z", "ada_18 = 1\n"),
    ("submission_3", "bob@x.edu", 21, "2026-10-26 12:00:00 -07:00", "bob = 1\n"),
    ("submission_4", "cem@x.edu", 22, "2026-10-31 09:15:00 +01:00", "cem = 1\n"),
    ("submission_5", "dot@x.edu", 23, "2026-10-25 23:30:00 +01:00", "dot = 1\n"),
    ("submission_6", "eve@x.edu", 24, "2026-10-25 01:20:00 Z", "eve = 1\n"),
    # In two submissions: the later one, which is not the later text, counts.
    ("submission_7", "fay@x.edu", 25, "2026-10-25 07:00:00 +01:00", "fay = 2\n"),
    ("submission_8", "fay@x.edu", 25, "2026-10-25 07:30:00 +02:00", "fay = 1\n"),
)
GRADESCOPE = Site(
    "gradescope",
    {
        "submission_metadata.yml": "".join(
            f"{folder}:\n  :submitters:\n  - :name: Some One\n    :sid: '{sid}'\n"
            f"    :email: {email}\n  :created_at: {when}\n"
            for folder, email, sid, when, _ in GRADESCOPE_PEOPLE
        ),
        **{f"{folder}/solution.py": text for folder, _, _, _, text in GRADESCOPE_PEOPLE},
    },
    {
        "ada-17": ON_TIME,
        "ada-18": ONE_DAY,
        "bob": TWO_DAYS,
        "cem": ON_TIME,
        "dot": ONE_DAY,
        "eve": ONE_DAY,  # 02:20 by the clock, and 50 minutes late
        "fay": ONE_DAY,
    },
    {"ada-17": "ada_17 = 1\n", "ada-18": "ada_18 = 1\n", "fay": "fay = 2\n"},
    EXTENSIONS.format(cem="cem", eve="eve"),
)

NBGRADER = Site(
    "nbgrader",
    {
        f"submitted/{user}/quantization/{name}": text
        for user, when, solution in (
            ("ada@x.edu", "2026-10-24 21:59:00.000000 UTC", "ada_x = 1\n"),
            ("ada@y.edu", "2026-10-24 23:59:01.000000 Europe/Zurich", "ada_y = 1\n"),
            ("bob", "2026-10-26 20:00:00.000000 CET", "bob = 1\n"),
            ("cem", "2026-10-31 08:15:00.000000", "cem = 1\n"),
            ("dot", "2026-10-25 23:30:00.000000 +0100", "dot = 1\n"),
            ("eve", "2026-10-25 02:20:00.000000 CEST", "eve = 1\n"),
            ("fay", "2026-10-25 07:00:00.000000 CET", "fay = 2\n"),
            ("gus", "in time", "gus = 1\n"),
        )
        for name, text in (("solution.py", solution), ("timestamp.txt", f"{when}\n"))
    },
    {
        "ada-x-edu-1b1630e0": ON_TIME,
        "ada-y-edu-80e42dd9": ONE_DAY,
        "bob": TWO_DAYS,
        "cem": ON_TIME,
        "dot": ONE_DAY,
        "eve": ON_TIME,
        "fay": ONE_DAY,
        "gus": OPEN,
    },
    {"ada-y-edu-80e42dd9": "ada_y = 1\n"},
    EXTENSIONS.format(cem="cem", eve="eve"),
)

SITES = {
    "folder": FOLDER,
    "canvas": CANVAS,
    "moodle": MOODLE,
    "moodle in German": GERMAN,
    "blackboard": BLACKBOARD,
    "gradescope": GRADESCOPE,
    "nbgrader": NBGRADER,
}


@pytest.mark.parametrize("name", SITES)
def test_site_export_ends_as_staff_would_decide(name: str, tmp_path: Path) -> None:
    site = SITES[name]
    for path, content in site.files.items():
        place = tmp_path / "export" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path / "worksheet.csv").write_text(site.roster, encoding="utf-8-sig")
    (tmp_path / "course.toml").write_text(site.first + COURSE + site.more)
    with read_export(tmp_path / "export") as export:
        assert export.source == site.source
        outcomes = tuple(Outcome(entry, a_report(entry.student)) for entry in export.entries)
        read = {entry.student: export.submission(entry).solution for entry in export.entries}
    assert {name: read[name] for name in site.solutions} == site.solutions
    record = ClassRecord(export.source, "CIFAR-10", outcomes, export.missing)
    manual = {(name, check): ManualScore(0.0) for name in read for check in WRITTEN}
    out = tmp_path / "out"
    written = write_all(record, out, load_policy(tmp_path / "course.toml"), manual)

    days = {mark.member: mark.days_late for mark in written.scores}
    rows = list(csv.DictReader(io.StringIO((out / "final.csv").read_text())))
    assert {row["student"]: (days[row["student"]], row["total"]) for row in rows} == site.expected
    review = {name for name, totals in site.expected.items() if totals == OPEN}
    for row in rows:
        assert row["status"] == ("needs review" if row["student"] in review else "final")
        assert row["raw"] == "121"
    page = (out / "class.html").read_text()
    assert (f"{len(review)} student" in page) == bool(review)
    in_json = json.loads((out / "class.json").read_text())["students"]
    assert {s["member"] for s in in_json if s["status"] == Status.NEEDS_REVIEW} == review
    if site.table:
        file, key, score = site.table
        scores = list(csv.DictReader(io.StringIO((out / file).read_text(), newline="")))
        totals = {row[key].rpartition(" ")[2]: row[score] for row in scores if row[key]}
        assert set(totals) == {name.rpartition("_")[2].rpartition("-")[2] for name in read} - {
            name.rpartition("_")[2].rpartition("-")[2] for name in review
        }
        assert "" not in totals.values()
