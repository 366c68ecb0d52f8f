"""Past terms are read from folders of .py files and from exports of any site."""

from pathlib import Path

import pytest

from authoring.rehearse.generated_class import RehearsalOptions, make_class
from autograder.course.audit.past import BadPast, PastSolution, read_past, read_past_terms
from autograder.course.audit.solutions import SolutionAudit
from autograder.platforms import read_export


def test_read_past_reads_a_folder_of_files(tmp_path: Path) -> None:
    family = tmp_path / "family"
    family.mkdir()
    (family / "public.py").write_text("x = 1\n")
    (family / "umlaut.py").write_bytes("# Größe\nx = 2\n".encode("latin-1"))
    (family / "empty.py").write_bytes(b"")
    (family / "notes.txt").write_text("no code")
    past = read_past(family)
    assert past.solutions == (
        PastSolution("family/public.py", "x = 1\n"),
        PastSolution("family/umlaut.py", "# Größe\nx = 2\n"),
    )
    assert past.skipped == ("family/empty.py",)


@pytest.mark.parametrize("layout", ["canvas", "moodle", "gradescope", "blackboard", "folder"])
def test_read_past_reads_an_export(layout: str, tmp_path: Path) -> None:
    export = make_class(
        RehearsalOptions(6, 3, tmp_path / "s24", layout, "shapes10", check="1a.linear_quantize.*")
    )
    past = read_past(export)
    with read_export(export) as opened:
        texts = {entry.student: opened.submission(entry).solution for entry in opened.entries}
    assert {each.name: each.text for each in past.solutions} == {
        f"export/{student}": text for student, text in texts.items() if text is not None
    }
    assert len(past.solutions) + len(past.skipped) == len(texts)


@pytest.mark.parametrize("content", ["absent", "empty folder", "texts only", "empty file"])
def test_read_past_says_what_it_takes(content: str, tmp_path: Path) -> None:
    folder = tmp_path / "s24"
    if content != "absent":
        folder.mkdir()
    if content == "texts only":
        (folder / "readme.txt").write_text("hello")
    if content == "empty file":
        (folder / "solution.py").write_bytes(b"")
    with pytest.raises(BadPast, match="s24"):
        read_past(folder)


def test_read_past_terms_gives_equal_folders_names_that_differ(tmp_path: Path) -> None:
    places = [tmp_path / place for place in ("23/family", "24/family", "x/24/family", "other")]
    for place in places:
        place.mkdir(parents=True)
        (place / "ada.py").write_text(f"x = '{place}'\n")
    terms = read_past_terms(places)
    assert [term.folder for term in terms] == [
        "23/family",
        "24/family (2)",
        "24/family (3)",
        "other",
    ]
    audit = SolutionAudit()
    for term in terms:
        for solution in term.solutions:
            audit.add_past(solution)
    assert len(audit._past) == 4
