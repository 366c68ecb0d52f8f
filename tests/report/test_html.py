"""The page shows the report and nothing else, to everybody, whatever a student wrote into it."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from autograder.engine.record import CheckResult, Misconception, ModelResult, Report, Verdict
from autograder.report import html
from autograder.report.wording import WORDS

MakeCheck = Callable[..., CheckResult]
MakeReport = Callable[..., Report]
Parse = Callable[[str], "object"]

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"' {{ 7 * 7 }}&amp;</pre></style>"


@pytest.mark.parametrize("verdict", list(Verdict))
def test_render_shows_every_verdict_as_word_and_picture(
    verdict: Verdict, make_check: MakeCheck, make_report: MakeReport, parse_page: Parse
) -> None:
    page = parse_page(html.render(make_report(make_check(verdict=verdict))))
    shown = page.one("span", "verdict")
    assert shown.text == WORDS[verdict]
    picture = shown.one("use").attributes["href"].removeprefix("#")
    assert picture in {symbol.attributes["id"] for symbol in page.all("symbol")}


def test_words_are_unique_to_each_verdict() -> None:
    assert len(set(WORDS.values())) == len(Verdict)


def test_render_shows_the_sums_of_the_report(sample: Report, parse_page: Parse) -> None:
    page = parse_page(html.render(sample))
    assert (
        page.one("p", "total").text == "96.75 of 121 automatic points, 19 not graded yet, 2 bonus"
    )
    rows = [
        [cell.text for cell in row.children if not isinstance(cell, str)]
        for row in page.one("table", "points").one("tbody").all("tr")
    ]
    assert [row[0] for row in rows] == list(sample.question_titles)
    for row, question in zip(rows, sample.questions, strict=True):
        won = f"{question.score:g}" if question.awaiting < question.max_score else "–"
        assert row[2].startswith(f"{won} / {question.max_score:g}")
        assert (f"{question.awaiting:g} not graded yet" in row[2]) == (question.awaiting > 0)
    assert page.one("tfoot").text == "Automatic points 96.75 / 121 Bonus 2"


def test_render_lists_every_check_below_its_question(sample: Report, parse_page: Parse) -> None:
    sections = parse_page(html.render(sample)).all("section", "question")
    for section, question in zip(sections, sample.questions, strict=True):
        assert [title.text for title in section.all("h3")] == [
            check.title for check in sample.checks if check.question == question.id
        ]


def test_render_folds_right_checks_and_opens_others(
    make_check: MakeCheck, make_report: MakeReport, parse_page: Parse
) -> None:
    verdicts = (Verdict.CORRECT, Verdict.WRONG, Verdict.AWAITING_MARKING, Verdict.GRADER_FAULT)
    report = make_report(*(make_check(verdict=verdict) for verdict in verdicts))
    folds = parse_page(html.render(report)).all("details", "check")
    assert ["open" in fold.attributes for fold in folds] == [False, True, False, True]


def test_render_shows_call_expected_and_got_of_a_visible_check(
    make_check: MakeCheck, make_report: MakeReport, parse_page: Parse
) -> None:
    check = make_check(
        verdict=Verdict.WRONG,
        points=0.0,
        points_alone=3.0,
        message="The largest code is 7, not 8.",
        misconception=Misconception("upper_end", "The upper end is off by one."),
        evidence={
            "call": "linear_quantize(x, 0.1, 0, 4)",
            "inputs": [["x", "float32 (2,) [1.0, 2.0]"]],
            "expected": "[1, 7]",
            "got": "[1, 8]",
            "difference": "1 of 2 values differs",
            "worst": {"index": [1], "expected": 7, "got": 8},
            "line": 42,
            "printed": "first\nsecond",
            "depends_on": ["integer_conv2d"],
        },
    )
    body = parse_page(html.render(make_report(check))).one("details", "check").one("div", "body")
    named = {
        term.text: value.text for term, value in zip(body.all("dt"), body.all("dd"), strict=True)
    }
    assert named == {
        "Called": "linear_quantize(x, 0.1, 0, 4)",
        "x": "float32 (2,) [1.0, 2.0]",
        "Expected": "[1, 7]",
        "Got": "[1, 8]",
        "Your code printed": "first second",
    }
    assert body.one("p", "message").text == "The largest code is 7, not 8."
    assert [advice.text for advice in body.all("p", "advice")] == [
        "What usually causes this: The upper end is off by one.",
        "Worth 3 points when integer_conv2d is right.",
    ]
    assert "1 of 2 values differs; the worst at [1] expected 7, got 8." in body.text
    assert "line 42 of solution.py" in body.text


def test_render_hides_inputs_of_a_hidden_check(
    make_check: MakeCheck, make_report: MakeReport
) -> None:
    secret = dict.fromkeys(("call", "expected", "got", "difference", "printed"), "SECRET")
    secret["inputs"] = [["x", "SECRET"]]
    check = make_check(visible=False, verdict=Verdict.WRONG, evidence=secret)
    assert "SECRET" not in html.render(make_report(check))


@pytest.mark.parametrize("field", ["student", "dataset", "isolation", "flags"])
def test_render_escapes_hostile_text_of_a_report(
    field: str, make_report: MakeReport, parse_page: Parse
) -> None:
    value = (HOSTILE,) if field == "flags" else HOSTILE
    page = parse_page(html.render(make_report(**{field: value}), for_staff=True))
    assert _tags_that_run(page) == []
    assert "{{ 7 * 7 }}&amp;" in page.text


@pytest.mark.parametrize("field", ["id", "title", "message", "source"])
def test_render_escapes_hostile_text_of_a_check(
    field: str, make_check: MakeCheck, make_report: MakeReport, parse_page: Parse
) -> None:
    check = make_check(**{field: HOSTILE}, verdict=Verdict.WRONG)
    page = parse_page(html.render(make_report(check)))
    assert _tags_that_run(page) == []
    assert "{{ 7 * 7 }}&amp;" in page.text


def test_render_escapes_hostile_evidence(
    make_check: MakeCheck, make_report: MakeReport, parse_page: Parse
) -> None:
    keys = ("call", "expected", "got", "difference", "printed", "exception")
    evidence = dict.fromkeys(keys, HOSTILE) | {"inputs": [[HOSTILE, HOSTILE]]}
    page = parse_page(html.render(make_report(make_check(evidence=evidence))))
    assert _tags_that_run(page) == []
    assert page.text.count("{{ 7 * 7 }}&amp;") >= len(keys)


def test_render_escapes_hostile_model_names(make_report: MakeReport, parse_page: Parse) -> None:
    model = ModelResult(HOSTILE, None, None, 91.0, 10_000, 90.0)
    assert _tags_that_run(parse_page(html.render(make_report(models=(model,))))) == []


def test_render_removes_control_and_bidirectional_characters(
    make_check: MakeCheck, make_report: MakeReport
) -> None:
    bad = "a\x1b[31m\u202eb\u2066\x00c\u200f"
    check = make_check(message=bad, title=bad, evidence={"got": bad, "printed": bad})
    page = html.render(make_report(check, student=bad, flags=(bad,)), for_staff=True)
    assert (
        re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", page)
        == []
    )


def test_render_shortens_long_text(make_check: MakeCheck, make_report: MakeReport) -> None:
    long = "x" * 100_000
    evidence = dict.fromkeys(("call", "expected", "got", "difference", "printed"), long)
    empty = len(html.render(make_report(make_check())))
    check = make_check(
        title=long, message=long, misconception=Misconception("long", long), evidence=evidence
    )
    page = html.render(make_report(check, student=long, flags=(long,)), for_staff=True)
    assert len(page) - empty < 40_000


def test_render_escapes_hostile_text_of_a_misconception(
    make_check: MakeCheck, make_report: MakeReport, parse_page: Parse
) -> None:
    check = make_check(misconception=Misconception(HOSTILE, HOSTILE), verdict=Verdict.WRONG)
    assert _tags_that_run(parse_page(html.render(make_report(check)))) == []


def test_render_isolates_names_of_all_scripts(make_report: MakeReport, parse_page: Parse) -> None:
    page = parse_page(html.render(make_report(student="عائشة 李小龍 Zoë")))
    assert page.one("h1").one("bdi").text == "عائشة 李小龍 Zoë"


def test_render_loads_nothing(sample: Report, parse_page: Parse) -> None:
    text = html.render(sample)
    page = parse_page(text)
    policies = [m for m in page.all("meta") if "http-equiv" in m.attributes]
    assert [policy.attributes["content"] for policy in policies] == [
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    ]
    assert _tags_that_run(page) == []
    assert not re.search(r"(?i)https?:|url\((?!#)|@import|//[a-z]", text)
    for element in page:
        for name in ("href", "src"):
            assert element.attributes.get(name, "#").startswith(("#", "data:"))


def test_render_resolves_links_and_uses_unique_ids(sample: Report, parse_page: Parse) -> None:
    page = parse_page(html.render(sample))
    names = [element.attributes["id"] for element in page if "id" in element.attributes]
    assert len(names) == len(set(names))
    wanted = [a.attributes["href"][1:] for a in page.all("a")]
    wanted += [e.attributes["href"][1:] for e in page.all("use")]
    for element in page:
        wanted += element.attributes.get("aria-labelledby", "").split()
    assert len(wanted) > 40
    assert set(wanted) <= set(names)


def test_render_nests_headings_without_gaps(sample: Report, parse_page: Parse) -> None:
    levels = [
        int(e.tag[1]) for e in parse_page(html.render(sample)) if re.fullmatch("h[1-6]", e.tag)
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))


def test_render_shows_banners_for_what_limits_the_score(
    make_report: MakeReport, parse_page: Parse
) -> None:
    report = make_report(dataset="shapes10", isolation="UNISOLATED", provisional=True)
    banners = [b.text for b in parse_page(html.render(report)).all("div", "banner")]
    assert [banner.split(".")[0] for banner in banners] == [
        "UNISOLATED",
        "PROVISIONAL",
        "Data set: Shapes-10",
    ]
    assert parse_page(html.render(make_report())).all("div", "banner") == []


def test_render_shows_faults_and_flags_to_staff(
    make_check: MakeCheck, make_report: MakeReport, parse_page: Parse
) -> None:
    check = make_check(verdict=Verdict.GRADER_FAULT, points=0.0, title="Clips")
    report = make_report(check, flags=("A file was renamed.",))
    assert "A file was renamed." not in html.render(report)  # the page of the student
    page = parse_page(html.render(report, for_staff=True))
    fault, flag = page.all("div", "banner")
    assert fault.one("a").text == "1a: Clips"
    assert flag.one("li").text == "A file was renamed."
    assert page.one("span", "score").text == "– / 3"
    assert "3 undecided" in page.one("table", "points").text


def test_render_lists_lost_points_without_staff_points(
    make_check: MakeCheck, make_report: MakeReport, parse_page: Parse
) -> None:
    report = make_report(
        make_check(verdict=Verdict.PARTIAL, points=0.5, title="Half"),
        make_check(verdict=Verdict.AWAITING_MARKING, points=0.0, source="person"),
        make_check(),
    )
    losses = parse_page(html.render(report)).one("section", "losses")
    assert [item.text for item in losses.all("li")] == ["−2.5 1a: Half"]


def test_render_shortens_a_long_list_of_losses(
    make_check: MakeCheck, make_report: MakeReport, parse_page: Parse
) -> None:
    checks = [make_check(verdict=Verdict.MISSING, points=0.0) for _ in range(html.MOST_LOSSES + 5)]
    losses = parse_page(html.render(make_report(*checks))).one("section", "losses")
    assert losses.all("li")[-1].text == "and 5 more, in the questions below"
    assert len(losses.all("a")) == html.MOST_LOSSES


def test_render_accepts_a_report_without_checks(make_report: MakeReport, parse_page: Parse) -> None:
    page = parse_page(html.render(make_report()))
    assert page.one("p", "total").text == "0 of 0 automatic points"
    assert len(page.all("section", "question")) == 3
    nothing = parse_page(html.render(make_report(question_titles={})))
    assert nothing.all("section", "question") == []


def test_render_is_deterministic(sample: Report) -> None:
    again = Report.from_json(sample.to_json())
    assert html.render(sample) == html.render(again)
    assert html.render(sample) != html.render(replace(sample, bonus=3.0))


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_render_uses_readable_colors_in_every_scheme(scheme: int, make_report: MakeReport) -> None:
    """WCAG 2.2, 1.4.3: a contrast of at least 4.5 for text of any size."""
    blocks = re.findall(r":root \{[^}]*--paper[^}]*\}", html.render(make_report()))
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6});", blocks[scheme]))
    texts = ("ink", "soft", "good", "part", "bad", "stop", "none", "wait", "fault")
    for text in texts:
        for ground in ("paper", "panel"):
            assert _contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for graphic in ("good", "bad", "fault", "mark"):  # 1.4.11: at least 3 for what is drawn
        assert _contrast(colours[graphic], colours["paper"]) >= 3, graphic


def _contrast(first: str, second: str) -> float:
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    values = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _tags_that_run(page: object) -> list[str]:
    """Elements and attributes that would run or load something."""
    tags = [e.tag for e in page if e.tag in {"script", "img", "iframe", "object", "embed", "base"}]
    return tags + [name for e in page for name in e.attributes if name.startswith("on")]
