"""What the pages of the bundle say is so: numbers of the rubric, files, lines, links."""

import re
from pathlib import Path

import pytest

from authoring.release.student import NOTEBOOK, PAGES, student_bundle
from autograder.engine.rubric import load_rubric
from quantlab.notebook.session import STUDENT_FILE
from quantlab.paths import CELLS, KIT

HANDOUT = (KIT / "docs" / "handout.md").read_text(encoding="utf-8")
READING_PATH = (KIT / "docs" / "reading-path.md").read_text(encoding="utf-8")
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
_FILE = re.compile(r"`([\w./-]+\.(?:py|md|ipynb))`")


@pytest.fixture(scope="module")
def names(files) -> set[str]:
    return set(student_bundle(files, "").files)


def row(title: str) -> list[float]:
    """Return the numbers of the handout's table row with this title."""
    (line,) = [line for line in HANDOUT.splitlines() if line.startswith(f"| {title}")]
    return [float(number) for number in re.findall(r"\| *([\d.]+)", line)]


def test_handout_has_the_thresholds_of_the_rubric() -> None:
    rubric = load_rubric()
    full = [rubric.thresholds["cifar10"][cell] for cell in CELLS]
    assert row("full points (5 each) from") == full
    assert row("no points up to") == [percent - 3 for percent in full]


def test_handout_has_the_bonus_steps_of_the_rubric() -> None:
    steps = load_rubric().bonus_steps
    assert row("size of the weights, at most") == [size for size, _ in steps]
    assert row("bonus points") == [points for _, points in steps]


def test_handout_has_the_points_of_the_rubric() -> None:
    rubric = load_rubric()
    points = {question.id: question.points for question in rubric.questions}
    assert f"The assignment has {sum(points.values()):g} points" in HANDOUT
    for number in "123":
        total = sum(value for name, value in points.items() if name[0] == number)
        assert re.search(rf"## Question {number}: .*\({total:g} points\)", HANDOUT)
    for name, value in points.items():
        if len(name) == 2:
            part = HANDOUT[HANDOUT.index(f"## Question {name[0]}") :]
            part = part[part.index(f"**({name[1]})**") :]
            assert re.search(r"\*\((\d+) points", part)[1] == f"{value:g}"  # type: ignore[index]


def test_pages_name_only_files_of_the_bundle(names: set[str]) -> None:
    for page in (*PAGES, "student.md"):
        text = (KIT / "docs" / page).read_text(encoding="utf-8")
        for link in _LINK.findall(text):
            assert link in names, f"{page} links to {link}"
        for file in _FILE.findall(text):
            if file in ("report.md",):  # written by the student
                continue
            assert file in names or f"quantlab/{file}" in names, f"{page} names {file}"


def test_reading_path_leads_through_five_files_in_twenty_minutes() -> None:
    rows = re.findall(r"^\| \d \| `([^`]+)` \| (\d+) \|", READING_PATH, re.MULTILINE)
    assert len(rows) == 5
    assert sum(int(minutes) for _, minutes in rows) == 20
    lines = sum(len((KIT / path).read_text().splitlines()) for path, _ in rows)
    assert 600 <= lines <= 1_000
    for path, _ in rows:
        section = READING_PATH[READING_PATH.index(f"`{path.removeprefix('quantlab/')}`") :]
        section = section[: section.index("\n## ")]
        assert "*Question: " in section
        source = (KIT / path).read_text()
        for name in re.findall(r"`(\w+(?:\.\w+)?)`", section.split("*Question")[0]):
            last = name.rpartition(".")[2]
            assert last in source or last in (KIT / "solution.py").read_text(), f"{path}: {name}"


def test_student_page_lists_the_files_at_the_top_of_the_bundle(names: set[str]) -> None:
    listed = set(re.findall(r"^\| `([^`]+)`", (KIT / "docs/student.md").read_text(), re.MULTILINE))
    top = {name.split("/")[0] for name in names} - {"README.md", "requirements.txt", "tests"}
    top -= {"LICENSE", "CITATION.cff"}
    written_by_the_notebook = {STUDENT_FILE, "results/"}
    assert listed == {
        *written_by_the_notebook,
        *(name + "/" if Path(name).suffix == "" else name for name in top),
        "tests/public/",
    }
    assert NOTEBOOK in listed
