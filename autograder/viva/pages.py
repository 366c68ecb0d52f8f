"""Render viva sheets, their key and an index: self-contained pages to read and to print.

    OUT/staff/viva/index.html               staff: who has a sheet, and who has fewer questions
    OUT/staff/viva/sheets.html              all sheets in one file, a page each on A4
    OUT/staff/viva/key.html                 staff: all answers, and where they come from
    OUT/staff/viva/students/<id>.html       the sheet of one student

A content security policy allows no script and nothing from a network. Templates escape and clean
every value.
"""

import base64
import hashlib
import os
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from markupsafe import Markup

from autograder.course.outputs.output_files import OutputFiles
from autograder.report.html import environment
from autograder.viva.question import Sheet
from autograder.viva.selection import Selected
from quantlab.intake.names import student_id

FOLDER = Path(__file__).resolve().parent
VIVA = "viva"


def write_pages(
    staff: Path, title: str, sheets: Sequence[Sheet], selected: Sequence[Selected]
) -> Path:
    """Write all pages below `staff`/viva, in place of earlier ones. Return that folder.

    Raises:
        OSError: A file can't be written.
    """
    folder = staff / VIVA
    shutil.rmtree(folder, ignore_errors=True)
    files = OutputFiles(folder)
    pages = {sheet.student: f"students/{student_id(sheet.student).value}.html" for sheet in sheets}
    for sheet in sheets:
        files.staff(pages[sheet.student], render_sheets(title, [sheet]))
    files.staff("sheets.html", render_sheets(title, sheets))
    files.staff("key.html", render_key(title, sheets))
    rows = [
        (each, sheet, pages[sheet.student]) for each, sheet in zip(selected, sheets, strict=True)
    ]
    files.staff("index.html", _render("index.html.j2", title, rows=rows))
    for path in files.written:
        os.chmod(path, 0o600)
    return folder


def render_sheets(title: str, sheets: Sequence[Sheet]) -> str:
    """Return the page of sheets for students: questions without answers, a page each."""
    return _render("sheets.html.j2", title, sheets=sheets)


def render_key(title: str, sheets: Sequence[Sheet]) -> str:
    """Return the page for staff: all answers, and where they come from."""
    return _render("key.html.j2", title, sheets=sheets)


def _render(template: str, title: str, **values: object) -> str:
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    page = environment(FOLDER).get_template(template)
    return page.render(title=title, policy=Markup(policy), style=Markup(style), **values)


@cache
def _style() -> str:
    return (FOLDER / "viva.css").read_text(encoding="utf-8")
