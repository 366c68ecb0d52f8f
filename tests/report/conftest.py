"""A builder of reports, a report like a real one, and a parser that sees a page as a tree."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from itertools import count
from pathlib import Path

import pytest

from autograder.engine.record import CheckResult, Report, Verdict

TITLES = {
    "1a": "Quantization functions",
    "1b": "Mean squared error",
    "1c": "Which method works better",
}
VOID = {"meta", "link", "br", "hr", "img", "input"}


@pytest.fixture
def make_check() -> Callable[..., CheckResult]:
    """A right, visible check of question 1a; keywords change any field."""
    numbers = count(1)

    def make(**changes: object) -> CheckResult:
        check = CheckResult(
            id=f"check.{next(numbers)}",
            question="1a",
            title="Rounds to the nearest integer",
            visible=True,
            source="call",
            verdict=Verdict.CORRECT,
            points=3.0,
            max_points=3.0,
            points_alone=3.0,
        )
        alone = changes.get("points_alone", changes.get("points", 3.0))
        return replace(check, **{**changes, "points_alone": alone})

    return make


@pytest.fixture
def make_report() -> Callable[..., Report]:
    """A report of the given checks; keywords change any other field."""

    def make(*checks: CheckResult, **changes: object) -> Report:
        report = Report(
            student="ada",
            dataset="cifar10",
            isolation="B: Landlock ABI 7 + seccomp + limits",
            checks=checks,
            question_titles=TITLES,
        )
        return replace(report, **changes)

    return make


@pytest.fixture
def sample() -> Report:
    """47 checks over every question, with most verdicts, figures, a fault and a flag."""
    return Report.from_json((Path(__file__).parent / "sample.json").read_text(encoding="utf-8"))


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    children: list["Element | str"] = field(default_factory=list)

    def __iter__(self) -> Iterator["Element"]:
        """This element and all below it, in the order of the page."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child

    def all(self, tag: str, css: str = "") -> list["Element"]:
        wanted = set(css.split())
        return [
            element
            for element in self
            if element.tag == tag and wanted <= set(element.attributes.get("class", "").split())
        ]

    def one(self, tag: str, css: str = "") -> "Element":
        elements = self.all(tag, css)
        assert len(elements) == 1, f"{len(elements)} of <{tag} class={css!r}>"
        return elements[0]

    @property
    def text(self) -> str:
        """What a reader sees, with single spaces; text for screen readers left out."""
        return " ".join(" ".join(self._words()).split())

    def _words(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.attributes.get("class") != "hidden-text" and child.tag != "style":
                yield from child._words()


class _TreeParser(HTMLParser):
    """Refuses a page whose elements are not closed in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("page", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {k: v or "" for k, v in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


@pytest.fixture
def parse_page() -> Callable[[str], Element]:
    def parse(page: str) -> Element:
        parser = _TreeParser()
        parser.feed(page)
        parser.close()
        assert len(parser.open) == 1, "an element is left open"
        return parser.open[0]

    return parse
