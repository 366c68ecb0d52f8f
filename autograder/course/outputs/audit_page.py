"""Render the findings of the audit for staff, as a page and as JSON.

Student text in it (answers, pieces of code) is cleaned and escaped as everywhere.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict

from autograder.course.audit.audit_finding import Audit, AuditFinding, Kind
from autograder.course.audit.check_statistics import group_by_kind
from autograder.course.outputs.pages import render_page

AUDIT_VERSION = 1
TITLES = {
    Kind.PAST: "Similar to past solutions",
    Kind.SOLUTION: "Similar solutions",
    Kind.MODEL: "Saved models of the same training",
    Kind.SAME_WRONG: "The same wrong answers",
    Kind.FLIPS: "Changed between two runs",
    Kind.NEVER_PASSED: "Checks that no submission passes",
    Kind.EVERYBODY: "Checks that every submission passes",
}


def render(audit: Audit, title: str, pages: Mapping[str, str], provisional: bool = False) -> str:
    """Return the page, to be stored as UTF-8.

    `pages[submission]` is the address of a student's page, relative to this one. `provisional`
    means that fewer checks or images were used than a score needs.
    """
    kinds = group_by_kind(audit.findings)
    values = {
        "title": title,
        "groups": [(heading, kinds[kind]) for kind, heading in TITLES.items() if kind in kinds],
        "notes": audit.notes,
        "pages": pages,
        "provisional": provisional,
    }
    return render_page("audit.html.j2", values)


def audit_json(audit: Audit) -> str:
    """Return the text of audit.json, to be stored as UTF-8."""
    record = {
        "version": AUDIT_VERSION,
        "looks": [asdict(finding) for finding in audit.findings],
        "notes": list(audit.notes),
    }
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_audit(text: str) -> Audit:
    """Return the audit that `audit_json` wrote. Raise `ValueError`."""
    try:
        record = json.loads(text)
        findings = tuple(
            AuditFinding(
                **{
                    **finding,
                    "kind": Kind(finding["kind"]),
                    "who": tuple(finding["who"]),
                    "details": tuple(finding["details"]),
                    "past": tuple(finding.get("past", ())),
                }
            )
            for finding in record["looks"]
        )
        return Audit(findings, tuple(record["notes"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"This is not an audit.json of this kit: {error!r}.") from error
