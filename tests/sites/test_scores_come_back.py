"""Scores return to each site as a careful person would enter them, by the site's own rules.

In each class zoë is on time, bob is two days late, a group of two shares a submission, two students
share a name, fay is excused, gus submitted nothing, and hal has a score on the site that the class
would lower. The ids and names have zeros, accents and commas. The test reads the import file by the
rules of the site's importer, and compares the gradebook after it.
"""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.course_file import load_policy
from autograder.course.import_settings import GRADESCOPE, NBGRADER, OTHER
from autograder.course.manual_scores import ManualScore
from autograder.course.outputs import write_all
from autograder.course.outputs.gradebook_database import DATABASE, write_database
from autograder.course.outputs.gradebooks import results_file
from autograder.course.outputs.output_files import OutputFiles
from autograder.course.outputs.site_tables import site_tables
from autograder.course.policy import Policy, apply_policy
from autograder.platforms.imports.current_gradebook import CurrentGradebook, Score, Simulation
from autograder.platforms.imports.gradescope import KEYS, simulate_gradescope
from autograder.platforms.imports.nbgrader import simulate_nbgrader
from autograder.platforms.nbgrader_gradebook import (
    CellScore,
    GradedCell,
    StudentRow,
    write_gradebook,
)
from tests.class_outputs.people import WRITTEN, a_report, an_entry

DUE = "2026-10-24T20:00:00+00:00"
COURSE = """\
deadline = 2026-10-24T22:00:00Z
excused = ["fay"]
roster = "gradebook.csv"

[late]
percent_per_day = 10
"""
TABLES = """
[canvas]
assignment = "Lab (4711)"

[moodle]
worksheet = "worksheet.csv"
maximum_grade = 100

[blackboard]
column = "Lab [Total Pts: 140 Score] |123"
gradebook = "gc.xls"

[gradescope]
grades = "scores.csv"

[other]
gradebook = "noten.csv"
student = "Matrikelnr."
score = "Labor 2"
"""
FULL, TWO_DAYS = 121.0, 96.8  # of 140: the written answers are worth 0 here
# {student: (columns of the site, its score before, and after)}
People = Mapping[str, tuple[Mapping[str, str], Score, Score]]


def _class(people: People, source: str) -> ClassRecord:
    """Return the class: bob is late, and the group is one submission of two."""
    outcomes = []
    for student in (*sorted(set(people) - {"gus", "cem", "dot"}), "group"):
        members = ("cem", "dot") if student == "group" else (student,)
        late = "2026-10-26T21:00:00+00:00" if student == "bob" else DUE
        lms = {member: people[member][0] for member in members}
        entry = an_entry(student, members=members, submitted=late, lms=lms)
        outcomes.append(Outcome(entry, a_report(student)))
    return ClassRecord(source, "CIFAR-10", tuple(outcomes), {"gus": people["gus"][0]})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class that returns to five sites at once; `notes.txt` is what the terminal shows."""
    folder = tmp_path_factory.mktemp("class")
    for site, write in (("canvas", _canvas_export), ("moodle", _worksheet), *_OTHER_EXPORTS):
        write(folder / _FILES[site])
    people: People = {
        student: ({**MOODLE[student][0], **BLACKBOARD[student][0], **columns}, None, None)
        for student, (columns, _, _) in SCOPE.items()
    }
    # The export of submissions spells names without accents, as Canvas's file names do.
    people = {
        s: ({**c, "Student": "x", "ID": CANVAS[s][0]["ID"]}, b, a)
        for s, (c, b, a) in people.items()
    }
    (folder / "course.toml").write_text(COURSE + TABLES, encoding="utf-8")
    record = _class(people, "canvas")
    notes = write_all(record, folder / "out", _policy(folder), _manual(record)).notes
    (folder / "notes.txt").write_text("\n".join(notes), encoding="utf-8")
    return folder


def _manual(record: ClassRecord) -> dict[tuple[str, str], ManualScore]:
    ids = [outcome.entry.student for outcome in record.outcomes]
    return {(id, check): ManualScore(0.0) for id in ids for check in WRITTEN}


def _notes(folder: Path) -> str:
    return (folder / "notes.txt").read_text(encoding="utf-8")


def _policy(folder: Path) -> Policy:
    return load_policy(folder / "course.toml")


def _after(current: CurrentGradebook, simulation: Simulation) -> list[Score]:
    """Return the scores of the site after the import, in its order."""
    assert not simulation.problem
    scores = [row.score for row in current.rows]
    for effect in simulation.effects:
        assert not effect.problem
        assert effect.place is not None
        scores[effect.place] = effect.after
    return scores


def _imported(folder: Path, site: str) -> list[Score]:
    policy = _policy(folder)
    current = policy.imports.gradebooks[site]
    target = next(table for table in site_tables(policy) if table.site == site)
    text = (folder / "out" / target.name).read_bytes().decode()
    return _after(current, target.simulate(text, current))


def _csv(*rows: tuple[object, ...], delimiter: str = ",") -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    return stream.getvalue()


def _canvas(number: int, name: str, sis: str) -> Mapping[str, str]:
    return {"Student": name, "ID": str(number), "SIS User ID": sis}


CANVAS: People = {
    "zoe": (_canvas(17, "Ålund, Zoë", "0017"), None, FULL),
    "ada_x": (_canvas(18, "Lovelace, Ada", "0018"), None, FULL),
    "ada_y": (_canvas(19, "Lovelace, Ada", "0019"), 100.0, FULL),
    "bob": (_canvas(21, "Hopper, Bob", "0021"), None, TWO_DAYS),
    "cem": (_canvas(22, "Turing, Cem", "0022"), None, FULL),
    "dot": (_canvas(23, "Knuth, Dot", "0023"), None, FULL),
    "fay": (_canvas(25, "Allen, Fay", "0025"), None, "EX"),
    "gus": (_canvas(26, "Wirth, Gus", "0026"), 50.0, 50.0),
    "hal": (_canvas(27, "Abelson, Hal", "0027"), 130.0, 130.0),
}


def _canvas_export(path: Path) -> None:
    rows = [
        (c["Student"], c["ID"], c["SIS User ID"], f"{s}@x.edu", "Übung", "" if b is None else b)
        for s, (c, b, _) in CANVAS.items()
    ]
    heading = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Lab (4711)")
    text = _csv(
        heading,
        ("", "", "", "", "", "Manual Posting"),
        ("    Points Possible", "", "", "", "", 140),
        *rows,
        ("Student, Test", 99, "", "", "Übung", ""),
    )
    path.write_text(text, encoding="utf-8-sig")


def test_canvas_gradebook_has_the_scores_of_the_class_after_the_import(folder: Path) -> None:
    assert _imported(folder, "canvas") == [after for _, _, after in CANVAS.values()]
    table = (folder / "out" / "canvas.csv").read_text(encoding="utf-8")
    assert '"Ålund, Zoë",17,0017,zoe@x.edu,Übung,121' in table
    assert "Abelson" not in table
    text = _notes(folder)
    assert "6 new, 1 changed, 0 unchanged, 1 refused" in " ".join(text.split())
    assert "Abelson, Hal (hal)" in text
    assert "add hal to allow_lower" in text
    report = text[text.index("results.json, rehearsed") :].splitlines()
    assert max(map(len, report)) <= 80
    imports = list(csv.DictReader(io.StringIO((folder / "out/staff/imports.csv").read_text())))
    assert {row["student"]: row["import"] for row in imports}["hal"] == "refused"
    assert (folder / "out/staff/imports.csv").stat().st_mode & 0o777 == 0o600


def _participant(number: int, name: str) -> Mapping[str, str]:
    return {"Identifier": f"Participant {number}", "Full name": name}


MOODLE: People = {
    "zoe": (_participant(17, "Zoë Ålund"), None, 86.43),
    "ada_x": (_participant(18, "Ada Lovelace"), None, 86.43),
    "ada_y": (_participant(19, "Ada Lovelace"), 80.0, 86.43),
    "bob": (_participant(21, "Bob Hopper"), None, 69.14),
    "cem": (_participant(22, "Cem Turing"), None, 86.43),
    "dot": (_participant(23, "Dot Knuth"), 12.5, 12.5),  # locked
    "fay": (_participant(25, "Fay Allen"), None, None),  # Moodle has no excuse
    "gus": (_participant(26, "Gus Wirth"), 50.0, 50.0),
    "hal": (_participant(27, "Hal Abelson"), 92.86, 92.86),
}
WORKSHEET = (
    *("Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade"),
    *("Grade can be changed", "Last modified (submission)", "Last modified (grade)"),
    "Feedback comments",
)


def _worksheet(path: Path) -> None:
    graded = "Monday, 2 November 2026, 9:15 AM"
    rows = [
        (
            *(c["Identifier"], c["Full name"], f"{s}@x.edu", "Submitted for grading"),
            *("" if b is None else f"{b:.2f}".replace(".", ","), "100,00"),
            *("No" if s == "dot" else "Yes", "-", "-" if b is None else graded, ""),
        )
        for s, (c, b, _) in MOODLE.items()
    ]
    text = _csv(WORKSHEET, *rows, delimiter=";")  # saved by Excel
    path.write_text(text, encoding="utf-16")


def test_moodle_assignment_has_the_scores_of_the_class_after_the_import(folder: Path) -> None:
    assert _imported(folder, "moodle") == [after for _, _, after in MOODLE.values()]
    text = " ".join(_notes(folder).split())
    assert "4 new, 1 changed, 0 unchanged, 2 refused" in text
    assert 'the grade is locked ("Grade can be changed": No)' in text


BLACKBOARD: People = {
    "zoe": ({"Username": "zoë.å"}, None, FULL),
    "ada_x": ({"Username": "0018"}, None, FULL),
    "ada_y": ({"Username": "18"}, 100.0, FULL),
    "bob": ({"Username": "bob"}, None, TWO_DAYS),
    "cem": ({"Username": "cem"}, None, FULL),
    "dot": ({"Username": "dot"}, None, FULL),
    "fay": ({"Username": "fay"}, None, None),  # an upload can't excuse
    "gus": ({"Username": "gus"}, 50.0, 50.0),
    "hal": ({"Username": "hal"}, 130.0, 130.0),
}
COLUMN = "Lab 2 [Total Pts: 140 Score] |123"


def _grade_center(path: Path) -> None:
    # The assignment was renamed since: the number of the column decides.
    heading = ("Last Name", "First Name", "Username", "Student ID", "Availability", COLUMN)
    rows = [
        ("L", "F", c["Username"], "", "Yes", "Needs Grading" if b is None else f"{b:.2f}")
        for c, b, _ in BLACKBOARD.values()
    ]
    text = _csv(heading, *rows, delimiter="\t")
    path.write_text(text, encoding="utf-16")  # tab-delimited, as Blackboard has it


def test_blackboard_column_has_the_scores_of_the_class_after_the_import(folder: Path) -> None:
    assert _imported(folder, "blackboard") == [after for _, _, after in BLACKBOARD.values()]
    table = (folder / "out" / "blackboard.csv").read_text(encoding="utf-8").splitlines()
    assert '"zoë.å","121"' in table
    assert "5 new, 1 changed, 0 unchanged, 1 refused" in " ".join(_notes(folder).split())


SCOPE: People = {
    s: ({"Name": s, "Email": f"{s}@X.edu", "SID": f"00{n}"}, before, after)
    for n, (s, (_, before, after)) in enumerate(CANVAS.items())
}


def _scores(path: Path) -> None:
    heading = ("First Name", "Last Name", "SID", "Email", "Total Score", "Max Points", "Status")
    rows = [
        (s, "L", c["SID"], c["Email"].lower(), "" if b is None else b, 140, "Graded")
        for s, (c, b, _) in SCOPE.items()
    ]
    path.write_text(_csv(heading, *rows))


def test_gradescope_has_the_scores_of_the_class_after_the_autograder(folder: Path) -> None:
    current = _policy(folder).imports.gradebooks[GRADESCOPE]
    files = {s: folder / "out" / results_file(s) for s in SCOPE}
    texts = [
        (current.spelled(SCOPE[s][0], KEYS), path.read_text())
        for s, path in files.items()
        if path.exists()
    ]
    expected = {s: None if after == "EX" else after for s, (_, _, after) in SCOPE.items()}
    assert _after(current, simulate_gradescope(texts, current)) == list(expected.values())
    assert not files["hal"].exists()
    assert not files["fay"].exists()  # excused there by hand
    late = json.loads(files["bob"].read_text())
    assert late["score"] == TWO_DAYS
    assert "2 days late: 20 % are taken off." in late["output"]
    assert "results.json, rehearsed against scores.csv" in _notes(folder)


def test_nbgrader_gradebook_has_the_scores_of_the_class_after_it_is_copied(tmp_path: Path) -> None:
    people: People = {s: ({}, b, a) for s, (_, b, a) in CANVAS.items() if s != "hal"}
    cells = [GradedCell("auto-1a", 140, False)]
    before = [StudentRow("ada_y", None, 0, {"auto-1a": CellScore(100)})]
    write_gradebook(tmp_path / "gradebook.db", cells, before)
    text = COURSE.replace('roster = "gradebook.csv"', "")
    (tmp_path / "course.toml").write_text(f'{text}[nbgrader]\ngradebook = "gradebook.db"\n')
    record = _class(people, "nbgrader")
    files = OutputFiles(tmp_path / "out")
    policy = _policy(tmp_path)
    scores = apply_policy(record, policy, _manual(record))
    write_database(files, record, scores, policy)

    new = files.folder / DATABASE
    current = policy.imports.gradebooks[NBGRADER]
    scored = [s for s in people if s not in ("gus", "fay")]
    effects = simulate_nbgrader(new, current, scored).effects
    assert [effect.after for effect in effects] == [people[s][2] for s in scored]

    lost = [StudentRow("eve", None, 0, {"auto-1a": CellScore(9)})]
    write_gradebook(tmp_path / "gradebook.db", cells, lost)
    (rehearsal,), notes = write_database(files, record, scores, _policy(tmp_path))
    assert not new.exists()
    assert rehearsal.problem == "it would erase the scores of eve"
    assert "was not written" in notes[0]
    assert notes[1] == f"Removed {new} of an earlier run."


def _other_table(path: Path) -> None:
    rows = [(f"00{n}", "" if b is None else b) for n, (_, b, _) in enumerate(SCOPE.values())]
    text = _csv(("Matrikelnr.", "Labor 2"), *rows, delimiter=";").replace(".0", ",0")
    path.write_text(text, encoding="cp1252")


def test_any_other_table_has_the_scores_of_the_class_after_the_import(folder: Path) -> None:
    expected = [None if after == "EX" else after for _, _, after in SCOPE.values()]
    assert _imported(folder, OTHER) == expected
    lines = (folder / "out" / "other.csv").read_text().splitlines()
    assert lines[0] == "Matrikelnr.,Labor 2"
    assert "000,121" in lines


_FILES = {
    "canvas": "gradebook.csv",
    "moodle": "worksheet.csv",
    "blackboard": "gc.xls",
    "gradescope": "scores.csv",
    "other": "noten.csv",
}
_OTHER_EXPORTS = (
    ("blackboard", _grade_center),
    ("gradescope", _scores),
    ("other", _other_table),
)
