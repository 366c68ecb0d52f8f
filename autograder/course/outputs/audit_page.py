"""What staff may want to look at, as a page and as JSON: for staff alone.

Pure functions of an `Audit`; see `pages` for how the page can fail. Student text in it (answers,
pieces of code) is escaped and cleaned as everywhere.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict

from autograder.course.audit.audit_finding import Audit, Kind
from autograder.course.audit.checks import by_kind
from autograder.course.outputs.pages import render_page

AUDIT_VERSION = 1
TITLES = {
    Kind.SOLUTION: "Solutions that resemble each other",
    Kind.MODEL: "Saved models of one training",
    Kind.SAME_WRONG: "The same wrong answers",
    Kind.FLIPS: "Changed between two runs",
    Kind.NOBODY: "Checks that nobody passes",
    Kind.EVERYBODY: "Checks that everybody passes",
}


def render(found: Audit, title: str, pages: Mapping[str, str], provisional: bool = False) -> str:
    """Return the page; `pages[hand-in]` is the address of a student's page as seen from this one.

    `provisional` tells that the scores are made from fewer checks or images than scores are.
    """
    kinds = by_kind(found.looks)
    values = {
        "title": title,
        "groups": [(heading, kinds[kind]) for kind, heading in TITLES.items() if kind in kinds],
        "notes": found.notes,
        "pages": pages,
        "provisional": provisional,
    }
    return render_page("audit.html.j2", values)


def audit_json(found: Audit) -> str:
    """The text of audit.json."""
    record = {
        "version": AUDIT_VERSION,
        "looks": [asdict(look) for look in found.looks],
        "notes": list(found.notes),
    }
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
