"""Write the results of a class as JUnit XML, for continuous integration servers.

It has one suite per submission and one case per check, named after its question and id. A check
that lost points is a failure, a grader fault is an error, a written answer not graded yet is
skipped. Slips are in the suite's output. The format is that of Jenkins and GitLab,
windyroad/JUnit-Schema.
"""

import xml.etree.ElementTree as ET

from autograder.course.class_record import ClassRecord, Outcome
from autograder.engine.record import CheckResult, Verdict
from autograder.report.lines import lines_under
from autograder.report.wording import WORDS, check_score, slip_sentences
from quantlab.protocol.sanitize_text import clean

LONGEST_NAME = 200
_NO_XML = dict.fromkeys((0xFFFE, 0xFFFF))  # cleaning keeps these two, XML 1.0 forbids them


def junit_xml(record: ClassRecord, title: str) -> str:
    """Return the text of junit.xml, to be stored as UTF-8."""
    root = ET.Element("testsuites", name=_text(title, LONGEST_NAME))
    for outcome in record.outcomes:
        _suite(root, outcome)
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, outcome: Outcome) -> None:
    name = _text(outcome.entry.student, LONGEST_NAME)
    suite = ET.SubElement(root, "testsuite", name=name)
    counts = dict.fromkeys(("failures", "errors", "skipped"), 0)
    checks = outcome.report.checks if outcome.report else ()
    for check in checks:
        kind = _case(suite, name, check, outcome.seconds.get(check.id, 0.0))
        if kind:
            counts[kind] += 1
    tests = len(checks)
    if outcome.report is None:
        case = ET.SubElement(suite, "testcase", classname=name, name="submission", time="0")
        problem = _text(outcome.problem or "The submission could not be graded.", 1000)
        ET.SubElement(case, "error", message=problem)
        counts["errors"] += 1
        tests += 1
    for sentence in outcome.report.review if outcome.report else ():
        case = ET.SubElement(suite, "testcase", classname=name, name="review", time="0")
        ET.SubElement(case, "error", message=_text(sentence, 1000))
        counts["errors"] += 1
        tests += 1
    if outcome.report and outcome.report.slips:
        text = "\n".join(_text(line, 1000) for line in slip_sentences(outcome.report))
        ET.SubElement(suite, "system-out").text = text
    suite.set("tests", str(tests))
    for kind, count in counts.items():
        suite.set(kind, str(count))
    suite.set("time", f"{sum(outcome.seconds.values()):.3f}")


def _case(suite: ET.Element, student: str, check: CheckResult, seconds: float) -> str:
    """Add one check and return what it counts as, "" for a correct one."""
    case = ET.SubElement(
        suite,
        "testcase",
        classname=f"{student}.{_text(check.question, LONGEST_NAME)}",
        name=_text(check.id, LONGEST_NAME),
        time=f"{seconds:.3f}",
    )
    message = f"{WORDS[check.verdict]} ({check_score(check, ' / ', '–')}): {check.title}"
    if check.verdict is Verdict.AWAITING_MARKING:
        ET.SubElement(case, "skipped", message=_text(message, LONGEST_NAME))
        return "skipped"
    if check.verdict.needs_staff:
        tag, kind = "error", "errors"
    elif check.points < check.max_points:
        tag, kind = "failure", "failures"
    else:
        return ""
    element = ET.SubElement(
        case, tag, message=_text(message, LONGEST_NAME), type=check.verdict.value
    )
    element.text = "\n".join(lines_under(check)).translate(_NO_XML)
    return kind


def _text(value: str, limit: int) -> str:
    return clean(value, limit).translate(_NO_XML)
