"""The notebooks are made from one master, the same every time, and hold what they should."""

import json
import re
from pathlib import Path

import nbformat
import pytest

from authoring.build import notebook
from authoring.build.notebook import (
    STUB_ANSWER,
    BadNotebook,
    Bundle,
    nbgrader_notebook,
    solved_notebook,
    student_notebook,
)
from autograder.checks import ALL_CHECKS
from autograder.engine.rubric import load_rubric


def cells(text: str) -> dict:
    return {cell.id: cell for cell in nbformat.reads(text, as_version=4).cells}


def with_master(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    (tmp_path / "part.py").write_text(text)
    monkeypatch.setattr(notebook, "MASTER", tmp_path)
    monkeypatch.setattr(notebook, "PARTS", ("part",))


@pytest.mark.parametrize("build", [student_notebook, solved_notebook, nbgrader_notebook])
def test_notebooks_are_equal_in_two_builds(build) -> None:
    assert build() == build()


def test_student_notebook_is_a_fresh_build() -> None:
    assert notebook.build_notebook(check=True) == 0, "run python -m authoring build"


def test_build_notebook_check_detects_an_outdated_notebook(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys
) -> None:
    changed = tmp_path / "main.ipynb"
    changed.write_text(student_notebook().replace("Calibration", "Kalibration", 1))
    monkeypatch.setattr(notebook, "NOTEBOOK", changed)
    assert notebook.build_notebook(check=True) == 1
    assert "python -m authoring build" in capsys.readouterr().err


@pytest.mark.parametrize("build", [student_notebook, solved_notebook, nbgrader_notebook])
def test_notebooks_are_valid_and_have_no_outputs(build) -> None:
    parsed = nbformat.reads(build(), as_version=4)
    nbformat.validate(parsed)
    assert all(not c.outputs and c.execution_count is None for c in parsed.cells if "outputs" in c)


def test_student_notebook_contains_no_answer_and_no_marker() -> None:
    solved, student = cells(solved_notebook()), cells(student_notebook())
    assert solved.keys() == student.keys()
    text = student_notebook()
    assert "BEGIN SOLUTION" not in text
    assert "END SOLUTION" not in text
    for name, cell in student.items():
        if name.startswith("written-"):
            assert STUB_ANSWER in cell.source
            assert STUB_ANSWER not in solved[name].source
            assert len(solved[name].source) > 3 * len(cell.source)
        elif name == "step":
            assert cell.source.count("raise NotImplementedError(") == 2
            assert "softmax" in solved[name].source
            assert "softmax" not in cell.source
        else:
            assert cell.source == solved[name].source


def test_student_notebook_names_no_machine_and_not_this_repository() -> None:
    text = student_notebook()
    assert str(Path(__file__).parents[2]) not in text
    assert not re.search(r"/root|/home/|C:\\", text)
    assert "instructor" not in text


def test_student_notebook_has_points_and_thresholds_of_the_rubric() -> None:
    rubric = load_rubric()
    text = student_notebook()
    assert "{{" not in text
    for question in rubric.questions:
        if question.id != "3":
            assert f"### {question.id}. " in text
            assert re.search(rf"### {question.id}\. [^(]*\({question.points:g} points\)", text)
    unwrapped = " ".join(cells(text)["q2d"].source.split())
    for cell in ("W8A8", "W4A4", "W8A2", "W2A8", "W2A2"):
        assert f"{cell} {rubric.thresholds['cifar10'][cell]:g}" in unwrapped


def test_nbgrader_notebook_has_all_points_in_graded_cells() -> None:
    rubric = load_rubric()
    graded = {
        cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader
        for cell in cells(nbgrader_notebook()).values()
        if "nbgrader" in cell.metadata
    }
    assert sum(g.points for g in graded.values()) == sum(q.points for q in rubric.questions)
    words = {c.id.split(".")[0] for c in ALL_CHECKS if c.source == "person"}
    assert {name for name, g in graded.items() if g.solution} == {f"written-{q}" for q in words}
    assert graded["auto-1a"].points == 30
    assert graded["auto-1a"].locked
    assert not graded["written-1c"].locked


def test_nbgrader_notebook_keeps_answers_between_markers() -> None:
    source = cells(nbgrader_notebook())["written-1b"].source
    assert source.count("### BEGIN SOLUTION") == source.count("### END SOLUTION") == 1


def test_student_notebook_contains_the_address_of_its_release() -> None:
    bundle = Bundle("https://example.org/kit.zip", "ab" * 32, "https://example.org/open")
    released = cells(student_notebook(bundle))
    assert f'BUNDLE = "{bundle.url}"' in released["setup"].source
    assert f'BUNDLE_SHA256 = "{bundle.sha256}"' in released["setup"].source
    assert f"]({bundle.badge})" in released["title"].source


def test_student_notebook_tags_its_parameters_cell() -> None:
    parameters = cells(student_notebook())["parameters"]
    assert parameters.metadata.tags == ["parameters"]
    for name in ("STUDENT", "FAST", "DATASET"):
        assert re.search(rf"^{name} = ", parameters.source, re.M)


def test_student_notebook_is_json_of_the_current_format() -> None:
    document = json.loads(student_notebook())
    assert (document["nbformat"], document["nbformat_minor"]) == (4, 5)
    assert document["metadata"]["accelerator"] == "GPU"


EXERCISE = """# %% role="exercise" question="2d" cell="step"
def first(x):
    '''Return x.'''
    ### BEGIN SOLUTION
    return x
    ### END SOLUTION


def second(x):
    ### BEGIN SOLUTION
    return -x
    ### END SOLUTION
"""


def test_exercise_is_a_stub_for_students_and_nbgrader_and_solved_for_staff(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_master(monkeypatch, tmp_path, EXERCISE)
    for build in (student_notebook, nbgrader_notebook):
        source = cells(build())["step"].source
        assert "'''Return x.'''\n    raise NotImplementedError(\"Question 2d: first\")" in source
        assert source.endswith('raise NotImplementedError("Question 2d: second")')
        assert "SOLUTION" not in source
    solved = cells(solved_notebook())["step"].source
    assert "    return x\n\n\ndef second(x):\n    return -x" in solved
    assert "SOLUTION" not in solved
    assert "nbgrader" not in cells(nbgrader_notebook())["step"].metadata


@pytest.mark.parametrize(
    ("master", "sentence"),
    [
        ('# %% role="exercise" cell="a"\nx = 1\n', "Cell a cannot be an exercise"),
        (
            EXERCISE.replace("    ### END SOLUTION\n\n\n", "\n\n"),
            "Cell step cannot be an exercise: Line",
        ),
        ("# %%\nx = 1\n", "has no id"),
        ('# %% cell="a"\nx = 1\n\n# %% cell="a"\ny = 1\n', "the id 'a' of another"),
        ('# %% cell="a" role="test"\nx = 1\n', "role 'test'"),
        ('# %% cell="a"\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n', "not a written answer"),
        ('# %% [markdown] cell="a"\n# {{points 9}}\n', "{{points 9}}"),
    ],
)
def test_student_notebook_refuses_a_slip_in_the_master(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, master: str, sentence: str
) -> None:
    with_master(monkeypatch, tmp_path, master)
    with pytest.raises(BadNotebook, match=re.escape(sentence)):
        student_notebook()


def test_student_notebook_refuses_an_answer_without_an_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    master = (
        '# %% [markdown] role="written" cell="written-1b"\n# Why?\n# ### BEGIN SOLUTION\n# So.\n'
    )
    with_master(monkeypatch, tmp_path, master)
    with pytest.raises(BadNotebook, match="END SOLUTION"):
        student_notebook()
