"""Render a staff page: one self-contained HTML file that runs only its own script.

The style sheet and the script are inside the file, and a content security policy lists their
hashes. Nothing else runs, nothing is fetched, no form is sent. The template cleans and escapes
every value (`autograder.report.html.environment`).
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from autograder.report.html import environment

FOLDER = Path(__file__).resolve().parent


def render_page(template: str, values: Mapping[str, Any], script: str | None = None) -> str:
    """Return the page of a template, to be stored as UTF-8; `script` is a file in this folder."""
    style = _text("page.css")
    code = _text(script) if script else ""
    allowed = f"script-src {_hash(code)}; " if script else ""
    policy = (
        f"default-src 'none'; {allowed}style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    page = environment(FOLDER).get_template(template)
    return page.render(policy=Markup(policy), style=Markup(style), script=Markup(code), **values)


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@cache
def _text(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
