"""How a staff page is put together: one self-contained HTML file that may run our script alone.

Its style sheet and its script are written into it, and a content security policy names their
hashes: nothing else may run, nothing may be fetched, no form may be sent. Every value is escaped by
the template and cleaned on its way (`autograder.report.html.environment`).

It can fail only when a template beside this file is gone (`jinja2.TemplateNotFound`).
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
    """The page of a template, to be stored as UTF-8. `script` is the name of a file beside it."""
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
