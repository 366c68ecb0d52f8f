"""Who is only in the roster, and who is only in the export, is in terminal and page."""

from pathlib import Path

from autograder.course.outputs import write_all
from autograder.course.outputs.class_json import read_scores
from autograder.course.policy import Policy
from autograder.course.roster import RosterRow
from tests.class_outputs.people import a_record, a_report, an_outcome


def test_write_all_lists_students_on_one_side_of_the_roster(tmp_path: Path) -> None:
    record = a_record(an_outcome(a_report("ada")), an_outcome(a_report("zoe")))
    names = ("ada", "bob", "cem")
    roster = tuple(RosterRow("r.csv", 2, {"student": name}) for name in names)
    written = write_all(record, tmp_path, Policy(roster=roster), {})
    assert {
        "Submitted nothing: 2 students (bob, cem).",
        "In the export, not in the roster: 1 student (zoe).",
    } <= set(written.notes)
    page = (tmp_path / "class.html").read_text()
    for summary, members in (
        ("Submitted nothing: 2 students", ("bob", "cem")),
        ("In the export, not in the roster: 1 student", ("zoe",)),
    ):
        shown = page.partition(f"<summary>{summary}</summary>")[2].partition("</details>")[0]
        assert all(member in shown for member in members)
        assert "ada" not in shown
    scores = read_scores((tmp_path / "class.json").read_text())
    assert [score.member for score in scores if not score.in_roster] == ["zoe"]


def test_write_all_without_a_roster_lists_nobody(tmp_path: Path) -> None:
    record = a_record(an_outcome(a_report("ada")))
    written = write_all(record, tmp_path, Policy(), {})
    assert not any("roster" in note for note in written.notes)
    assert "not in the roster" not in (tmp_path / "class.html").read_text()
