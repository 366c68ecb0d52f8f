"""Sheets contain no answers, keys contain all, and a student's text stays text."""

import re
import stat
from html.parser import HTMLParser
from pathlib import Path

from autograder.viva.pages import render_key, render_sheets, write_pages
from autograder.viva.question import Kind, Part, Question, Sheet
from autograder.viva.selection import Selected
from tests.class_outputs.people import a_report, an_outcome

HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m<img src=x onerror=alert(2)> {{ 7 * 7 }}"
QUESTION = Question(
    Kind.EDIT,
    f"Line 3, in {HOSTILE}, is changed.",
    (("Your line", f"return x {HOSTILE}"), ("Your result", "[1, 2]")),
    (Part("What does it return?", "[3, 4] is right"), Part("Why?", "Because of the sign.")),
    "Both versions ran in the sandbox.",
)
SHEETS = (Sheet("ada", (QUESTION,), "one question only: no file."), Sheet("key", (), "no file."))


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)


def _tags(page: str) -> set[str]:
    parser = _Tags()
    parser.feed(page)
    return parser.tags


def test_sheets_contain_no_answer_and_keys_contain_all() -> None:
    sheets, key = render_sheets("Course", SHEETS), render_key("Course", SHEETS)
    for part in QUESTION.parts:
        assert part.ask in sheets
        assert part.ask in key
        assert part.answer not in sheets
        assert part.answer in key
    assert QUESTION.origin not in sheets
    assert QUESTION.origin in key
    assert SHEETS[0].fewer not in sheets


def test_pages_show_hostile_text_as_text() -> None:
    for page in (render_sheets("Course", SHEETS), render_key(HOSTILE, SHEETS)):
        assert not _tags(page) & {"script", "img"}
        assert "&lt;script&gt;" in page
        assert "{{ 7 * 7 }}" in page
        assert "\u202e" not in page
        assert "\x1b" not in page
        assert re.search(r'content="default-src &#39;none&#39;|content="default-src \'none\'', page)


def test_write_pages_replaces_earlier_ones_and_keeps_others_out(tmp_path: Path) -> None:
    staff = tmp_path / "staff"
    old = staff / "viva" / "students" / "old.html"
    old.parent.mkdir(parents=True)
    old.write_text("an earlier sheet")
    selected = [Selected(sheet.student, an_outcome(a_report(sheet.student))) for sheet in SHEETS]
    folder = write_pages(staff, "Course", SHEETS, selected)
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.html")}
    assert set(files) == {
        "index.html",
        "key.html",
        "sheets.html",
        "students/ada.html",
        "students/key.html",
    }
    for path in files.values():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "[3, 4] is right" in files["key.html"].read_text(encoding="utf-8")
    index = files["index.html"].read_text(encoding="utf-8")
    assert 'href="students/ada.html"' in index
    assert SHEETS[0].fewer in index
