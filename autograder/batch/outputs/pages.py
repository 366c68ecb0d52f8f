"""How a staff page is put together: one self-contained HTML file that may run our script alone.

Its style sheet and its script are written into it, and a content security policy names their
hashes: nothing else may run, nothing may be fetched, no form may be sent. Every value is escaped by
the template and cleaned on its way (`autograder.report.html.shown`).

It can fail only when a template beside this file is gone (`jinja2.TemplateNotFound`).
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from autograder.report import wording
from autograder.report.html import shown
from quantlab.cleaning import clean

FOLDER = Path(__file__).resolve().parent
LONGEST_LINE = 400


def render_page(template: str, values: Mapping[str, Any], script: str | None = None) -> str:
    """The page of a template, to be stored as UTF-8. `script` is the name of a file beside it."""
    style = _text("page.css")
    code = _text(script) if script else ""
    allowed = f"script-src {_hash(code)}; " if script else ""
    policy = (
        f"default-src 'none'; {allowed}style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    page = _environment().get_template(template)
    return page.render(policy=Markup(policy), style=Markup(style), script=Markup(code), **values)


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@cache
def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


@cache  # compiling the templates takes longer than filling them in
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=shown,
    )
    environment.filters.update(
        number=wording.number,
        line=lambda text: clean(str(text), LONGEST_LINE),
    )
    return environment
