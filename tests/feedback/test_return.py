"""`return` writes whole, private, equal files, and says who is left out and why."""

import os
import re
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course import feedback
from autograder.course.graded_class import open_graded_class
from autograder.course.outputs.score_breakdown import closing_rows
from autograder.engine.record import Verdict
from autograder.report import html
from tests.class_outputs.people import a_report
from tests.feedback.graded import publish, return_to, write_class
from tests.feedback.site_rules import members

NAMES = ("ada", "bob", "cem", "dot")
FILES = {
    f"{name} x_{place}_assignsubmission_file/s.py": "x\n" for place, name in enumerate(NAMES, 1)
}


def a_class(folder: Path, **options) -> Path:
    repaired = replace(
        a_report(),
        flags=("Made by bob.",),
        notes=("solution.py was graded without line 22: `assert False`.",),
    )
    review = replace(a_report(), review=("model.pt could not be read.",), review_checks=("1a",))
    reports = {"ada-x-1": repaired, "cem-x-3": review}
    return write_class(folder, FILES, reports=reports, ungraded=("dot-x-4",), **options)


def pages(archive: Path) -> dict[str, str]:
    return {re.search(r"\d", name)[0]: content.decode() for name, content in members(archive)}


def test_return_leaves_out_who_is_not_finished(tmp_path: Path, capsys) -> None:
    out = a_class(tmp_path)
    assert return_to("moodle", out) == 1
    assert set(pages(out / "feedback/moodle.zip")) == {"1", "2"}
    text = capsys.readouterr().out
    assert "has the pages of 2 of 4 students" in text
    assert "1 student left out, needs review: cem-x-3." in text
    assert "1 student left out, written answers are not graded yet: dot-x-4." in text


def test_return_unfinished_includes_them_without_a_total(tmp_path: Path) -> None:
    out = a_class(tmp_path)
    assert return_to("moodle", out, "--unfinished") == 0
    found = pages(out / "feedback/moodle.zip")
    assert set(found) == {"1", "2", "3", "4"}
    assert "not decided yet" in found["3"]
    assert "not graded yet" in found["4"]


def test_return_leaves_out_excused_students_without_a_warning(tmp_path: Path, capsys) -> None:
    out = write_class(tmp_path, FILES, 'excused = ["bob-x-2"]\n')
    assert return_to("moodle", out) == 0
    assert "1 student left out, excused: bob-x-2." in capsys.readouterr().out


def test_return_publishes_open_answers_if_the_course_does(tmp_path: Path) -> None:
    out = a_class(tmp_path, course="publish_unfinished = true\n")
    assert return_to("moodle", out) == 1
    assert set(pages(out / "feedback/moodle.zip")) == {"1", "2", "4"}


def test_return_page_is_the_report_with_repairs_and_comments(tmp_path: Path) -> None:
    out = a_class(tmp_path)
    return_to("moodle", out)
    page = pages(out / "feedback/moodle.zip")["1"]
    assert "graded without line 22" in page
    assert "Graded by staff: Comment for ada-x-1." in page
    with open_graded_class(out) as graded:
        report = next(o.report for o in graded.record.outcomes if o.entry.student == "ada-x-1")
        score = next(score for score in graded.scores if score.member == "ada-x-1")
    assert "Made by bob." not in page
    assert report.flags == ("Made by bob.",)
    assert page == html.render(report, closing_rows(score))


def test_return_shows_no_input_of_a_hidden_check(tmp_path: Path) -> None:
    secret = dict.fromkeys(("call", "expected", "got", "difference", "printed"), "SECRET")
    hidden = next(check for check in a_report().checks if not check.visible)
    wrong = replace(hidden, verdict=Verdict.WRONG, evidence={**secret, "inputs": [["x", "SECRET"]]})
    report = a_report("ada", **{hidden.id: wrong})
    files = {
        "submission_metadata.yml": 'submission_1:\n  ":submitters":\n'
        '  - {":name": Ada, ":email": ada@x.edu}\n',
        "submission_1/solution.py": "x = 1\n",
    }
    out = write_class(tmp_path, files, reports={"ada": report})
    assert "SECRET" in (out / "class.json").read_text()
    assert return_to("gradescope", out) == 0
    found = dict(members(out / "feedback/gradescope.zip"))
    assert set(found) == {"submission_1/ada.html", "submission_1/results.json"}
    assert all(b"SECRET" not in content for content in found.values())


def test_return_writes_equal_private_files(tmp_path: Path) -> None:
    out = a_class(tmp_path)
    archive = out / "feedback" / "moodle.zip"
    return_to("moodle", out)
    first = archive.read_bytes()
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert stat.S_IMODE(archive.parent.stat().st_mode) == 0o700
    os.utime(archive, (0, 0))
    return_to("moodle", out)
    assert archive.read_bytes() == first


def test_return_keeps_the_earlier_file_if_writing_fails(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    out = a_class(tmp_path)
    return_to("moodle", out)
    archive = out / "feedback" / "moodle.zip"
    first = archive.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("quantlab.atomic_files.os.fsync", full)
        assert return_to("moodle", out, "--unfinished") == 2
    assert "No space left on device. Free some space" in capsys.readouterr().err
    assert archive.read_bytes() == first
    assert [path.name for path in archive.parent.iterdir()] == ["moodle.zip"]


def test_return_mail_removes_pages_of_students_who_get_none_any_more(tmp_path: Path) -> None:
    (tmp_path / "roster.csv").write_text(
        "student,Email\n" + "".join(f"{n},{n}@x.edu\n" for n in NAMES)
    )
    files = {f"{name}/s.py": "x\n" for name in NAMES}
    out = write_class(tmp_path, files, 'roster = "roster.csv"\n')
    folder = tmp_path / "letters"
    assert return_to("mail", out, "--out", str(folder)) == 0
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    (folder / "note.txt").write_text("of staff")
    (tmp_path / "course.toml").write_text('roster = "roster.csv"\nexcused = ["ada"]\n')
    write_class(tmp_path, files, 'roster = "roster.csv"\nexcused = ["ada"]\n')
    assert return_to("mail", out, "--out", str(folder)) == 0
    left = {path.name for path in folder.iterdir()}
    assert left == {
        ".pages.json",
        "addresses.csv",
        "note.txt",
        *(f"feedback-{n}.html" for n in NAMES[1:]),
    }


@pytest.mark.parametrize("site", ["mail", "moodle"])
def test_return_refuses_a_folder_with_other_files(site: str, tmp_path: Path, capsys) -> None:
    (tmp_path / "roster.csv").write_text("student,Email\nada-x-1,a@x.edu\n")
    out = write_class(tmp_path, FILES, 'roster = "roster.csv"\n')
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    assert return_to(site, out, "--out", str(tmp_path / "mine")) == 2
    assert "with --out" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_return_refuses_a_folder_without_a_class(tmp_path: Path, capsys) -> None:
    assert return_to("moodle", tmp_path) == 2
    assert "has no class.json" in capsys.readouterr().err


def test_return_refuses_provisional_scores(tmp_path: Path, capsys) -> None:
    provisional = replace(a_report(), provisional=True)
    out = write_class(tmp_path, FILES, reports={"ada-x-1": provisional})
    assert return_to("moodle", out) == 2
    assert "provisional" in capsys.readouterr().err


def test_return_reads_an_export_that_was_moved(tmp_path: Path, capsys) -> None:
    out = write_class(tmp_path, FILES)
    (tmp_path / "export").rename(tmp_path / "archived")
    assert return_to("moodle", out) == 2
    assert "export" in capsys.readouterr().err
    assert return_to("moodle", out, "--export", str(tmp_path / "archived")) == 0


def test_return_reports_progress_in_lines(tmp_path: Path, capsys) -> None:
    out = write_class(tmp_path, FILES)
    return_to("moodle", out)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"Pages of students: {number} of 4" for number in (1, 2, 3, 4)]


def mail_class(folder: Path) -> Path:
    roster = "student,Email\n" + "".join(f"{n},{n}@x.edu\n" for n in NAMES)
    folder.mkdir(exist_ok=True)
    (folder / "roster.csv").write_text(roster)
    files = {f"{name}/s.py": "x\n" for name in NAMES}
    return write_class(folder, files, 'roster = "roster.csv"\n')


def test_return_mail_again_after_an_interruption(tmp_path: Path, monkeypatch) -> None:
    out, folder = mail_class(tmp_path), tmp_path / "letters"
    render = feedback.html.render

    def interrupted(report, *rows):
        if report.student == "cem":
            raise KeyboardInterrupt
        return render(report, *rows)

    with monkeypatch.context() as patch:
        patch.setattr(feedback.html, "render", interrupted)
        assert return_to("mail", out, "--out", str(folder)) == 130
    left = {path.name for path in folder.iterdir()}
    assert left == {".pages.json", "feedback-ada.html", "feedback-bob.html"}
    (tmp_path / "course.toml").write_text('roster = "roster.csv"\nexcused = ["ada"]\n')
    publish(tmp_path, 'roster = "roster.csv"\nexcused = ["ada"]\n')
    assert return_to("mail", out, "--out", str(folder)) == 0
    left = {path.name for path in folder.iterdir()}
    assert left == {".pages.json", "addresses.csv", *(f"feedback-{n}.html" for n in NAMES[1:])}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize(
    "files",
    [{"addresses.csv": 'To,attachment\n"a,b'}, {".pages.json": "{"}, {".pages.json": "{}"}],
)
def test_return_mail_refuses_a_list_that_it_did_not_write(
    files: dict[str, str], tmp_path: Path, capsys
) -> None:
    out, folder = mail_class(tmp_path), tmp_path / "letters"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    assert return_to("mail", out, "--out", str(folder)) == 2
    assert "contains other files" in capsys.readouterr().err
