"""Render the pages of the desk, and its read-only copy. All are pure functions of their values.

A page contains its style sheet and script. The content security policy lists their hashes, so that
nothing else runs. Texts of students are escaped; nothing of theirs is markup.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

from autograder.course.readings import Kind, Reading
from autograder.desk.answers import Answer, NumberTable, Question
from autograder.desk.class_desk import Progress
from autograder.desk.quoted_numbers import compare_numbers
from autograder.report.html import environment

FOLDER = Path(__file__).resolve().parent
_STYLES = (FOLDER.parent / "course" / "outputs" / "page.css", FOLDER / "desk.css")
_AGREEMENT = {
    "same": "In the student's own table",
    "other": "Differs from the student's own table",
    "absent": "Not in the student's own tables",
}
KIND_WORDS = {
    Kind.FIRST: "First reading",
    Kind.SECOND: "Second reading",
    Kind.AGREED: "Agree on points",
}


@dataclass(frozen=True)
class Page:
    """Hold a rendered page and the policy that its browser must apply."""

    text: str
    policy: str


@dataclass(frozen=True)
class AnswerView:
    """Hold what one answer's page shows.

    Attributes:
        question: the question.
        kind: which reading this is.
        number: the blind number of the answer.
        run: the secret of this run of the desk.
        read: how many answers are read, of `total`.
        answer: the answer.
        draft: this grader's last click, None before the first.
        state: a sentence on the reading, such as who has read the answer.
        others: the readings to agree on.
        comments: the comment bank.
        is_open: whether the answer can be graded here.
        links: the addresses "previous", "next", "unread", "save"; None where there is none.
        pictures: (address, question) of each figure.
    """

    question: Question
    kind: Kind
    number: int
    run: str
    read: int
    total: int
    answer: Answer
    draft: Reading | None
    state: str
    others: tuple[Reading, ...]
    comments: tuple[str, ...]
    is_open: bool
    links: dict[str, str | None]
    pictures: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class CopyEntry:
    """Hold one answer of the read-only copy, with the reading that decides its points."""

    number: int
    answer: Answer
    reading: Reading | None


def render_answer(view: AnswerView) -> Page:
    """Return the page on which one answer is read and graded."""
    own = [
        (place, address)
        for place, (address, q) in enumerate(view.pictures, 1)
        if q == view.question.id
    ]
    other = [
        (place, address)
        for place, (address, q) in enumerate(view.pictures, 1)
        if q != view.question.id
    ]
    return _render(
        "answer.html.j2",
        "desk.js",
        view=view,
        kind=KIND_WORDS[view.kind],
        texts=[(p, highlight(p.text, view.answer.tables)) for p in view.answer.passages],
        tables=[_cells(table) for table in view.answer.tables],
        own_pictures=own,
        other_pictures=other,
        fulfilled=set(view.draft.criteria) if view.draft else set(),
        points=_points(view.draft.points if view.draft else None),
    )


def render_overview(
    title: str, grader: str, share: str, progress: Sequence[Progress], notice: str = ""
) -> Page:
    """Return the first page: the questions, and how much is read."""
    return _render(
        "overview.html.j2",
        "desk.js",
        title=title,
        grader=grader,
        share=share,
        progress=progress,
        notice=notice,
    )


def render_copy(title: str, answers: Sequence[tuple[Question, Sequence[CopyEntry]]]) -> Page:
    """Return all answers and their points as one page that contains no script."""
    questions = [
        (
            question,
            [
                (
                    entry,
                    [(p, highlight(p.text, entry.answer.tables)) for p in entry.answer.passages],
                )
                for entry in entries
            ],
        )
        for question, entries in answers
    ]
    return _render("copy.html.j2", None, title=title, questions=questions)


def render_message(heading: str, sentence: str) -> Page:
    """Return a page with one sentence, such as why a request is refused."""
    return _render("message.html.j2", None, heading=heading, sentence=sentence)


def highlight(text: str, tables: Sequence[NumberTable]) -> Markup:
    """Return a student's text, escaped, with numbers of their own tables highlighted."""
    return Markup("").join(_highlighted(text, tables))


def _highlighted(text: str, tables: Sequence[NumberTable]) -> Iterator[Markup]:
    for piece in compare_numbers(text, tables):
        if not piece.agreement:
            yield escape(piece.text)
            continue
        yield Markup('<span class="number {}" title="{}">{}</span>').format(
            piece.agreement, f"{_AGREEMENT[piece.agreement]}: {piece.note}", piece.text
        )


def _cells(table: NumberTable) -> tuple[NumberTable, list[tuple[str, list[str]]]]:
    """Return a table with its numbers as texts."""
    return table, [
        (row, ["" if number is None else f"{number:.4g}" for number in numbers])
        for row, numbers in table.rows.items()
    ]


def _points(points: float | None) -> str:
    return "" if points is None else f"{points:g}"


def _render(template: str, script: str | None, **values: object) -> Page:
    style = "".join(map(_text, _STYLES))
    code = _text(FOLDER / script) if script else ""
    allowed = f"script-src {_hash(code)}; connect-src 'self'; " if script else ""
    policy = (
        f"default-src 'none'; {allowed}style-src {_hash(style)}; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'"
    )
    page = environment(FOLDER).get_template(template)
    text = page.render(policy=Markup(policy), style=Markup(style), script=Markup(code), **values)
    return Page(text, f"{policy}; frame-ancestors 'none'")


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
