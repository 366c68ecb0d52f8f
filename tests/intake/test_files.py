"""Which file is taken for which of the assignment's, and what is said about it."""

import json

import pytest

from quantlab.formats.answers import Answers
from quantlab.intake.submission import MODELS, read_submission
from quantlab.paths import KIT

STUB = (KIT / "solution.py").read_text(encoding="utf-8")
SOURCE = "def linear_quantize(): ...\n"
ANSWERS = '{"version": 1, "student": "alice", "dataset": "CIFAR-10"}'


@pytest.fixture(params=["folder", "zip"])
def make(request, make_folder, make_zip):
    return make_folder if request.param == "folder" else make_zip


def test_read_submission_reads_a_complete_submission(make, saved_tensors):
    models = [(name, saved_tensors) for name in (*MODELS, "ResNet20_variable.pt")]
    submission = read_submission(
        make(
            ("solution.py", SOURCE),
            ("answers.json", ANSWERS),
            ("main.ipynb", "{}"),
            ("report.pdf", "%PDF-"),
            *models,
        )
    )
    assert submission.student == "alice"
    assert submission.solution == SOURCE
    assert submission.answers == Answers("alice", "CIFAR-10")
    assert submission.models == dict(models)
    assert submission.report_file == "report.pdf, main.ipynb"
    assert submission.problems == {}
    assert submission.flags == ()
    assert submission.notes == ()


def test_read_submission_reports_no_problem_for_missing_files(make):
    submission = read_submission(make(("notes.txt", "to do")))
    assert submission.solution is None
    assert submission.answers is None
    assert submission.models == {}
    assert submission.report_file is None
    assert submission.problems == {}
    assert submission.flags == ()


def test_read_submission_keeps_files_with_other_names_for_review(make):
    submission = read_submission(
        make(("my_work.py", SOURCE), ("ResNet20_W8A8.pth", "x"), ("answers.json", ANSWERS))
    )
    assert [(file.sentence.split(" was")[0], file.roles) for file in submission.unused] == [
        ("'ResNet20_W8A8.pth'", ("ResNet20_W8A8.pt",)),
        ("'my_work.py'", ("solution.py",)),
    ]


def test_read_submission_searches_nested_folders(make):
    submission = read_submission(make(("work/hw/solution.py", SOURCE), ("work/main.ipynb", "{}")))
    assert submission.solution == SOURCE
    assert submission.report_file == "work/main.ipynb"
    assert submission.flags == ()


def test_read_submission_ignores_files_of_systems_and_editors(make):
    submission = read_submission(
        make(
            ("hw/solution.py", SOURCE),
            ("__MACOSX/hw/._solution.py", "\0\5\26\7"),
            ("hw/._solution.py", "\0\5\26\7"),
            ("hw/.DS_Store", "x"),
            ("hw/.ipynb_checkpoints/solution.py", "old"),
            ("hw/__pycache__/solution.py", "x"),
        )
    )
    assert submission.solution == SOURCE
    assert submission.flags == ()


def test_read_submission_ignores_letter_case(make):
    submission = read_submission(make(("Solution.PY", SOURCE), ("ANSWERS.json", ANSWERS)))
    assert submission.solution == SOURCE
    assert submission.answers is not None
    assert submission.flags == ()


@pytest.mark.parametrize(
    "name",
    [
        "solution (1).py",
        "solution(2).py",
        "solution-1.py",
        "solution copy.py",
        "solution copy 2.py",
        "solution - Copy (2).py",
        "Copy of solution.py",
        "Copy of Copy of Solution (1).py",
        "solu\u200btion.py",
        "\uff53olution.py",
    ],
)
def test_submission_uses_the_only_copy_with_a_note(make_zip, name):
    submission = read_submission(make_zip((name, SOURCE)))
    assert submission.solution == SOURCE
    assert submission.flags == ()
    (note,) = submission.notes
    assert note.endswith("' was used as solution.py.")


@pytest.mark.parametrize(
    "name",
    [
        *("solution2.py", "my solution.py", "solution.py.txt", "solution", "solution_old.py"),
        *("Kopie von solution.py", "Copie de solution.py", "solution - 副本.py", "solution_jan.py"),
        *("solution_final.py", "solution-v2.py", "SOLUTION.PY.bak", "solution.txt"),
    ],
)
def test_submission_uses_the_only_near_miss_whose_content_agrees(make, name):
    submission = read_submission(make((name, SOURCE)))
    assert submission.solution == SOURCE
    assert submission.notes == (f"'{name}' was used as solution.py.",)
    assert submission.unused == ()


@pytest.mark.parametrize("content", ["x = 1", "", "def helper(): ...", STUB])
def test_submission_uses_no_near_miss_without_graded_functions(make, content):
    submission = read_submission(make(("solution_jan.py", content), ("solution.py", SOURCE)))
    assert submission.solution == SOURCE
    assert submission.notes == ()
    assert submission.problems == {}


def test_submission_uses_a_near_miss_beside_the_stub(make):
    submission = read_submission(make(("solution_jan.py", SOURCE), ("solution.py", STUB)))
    assert submission.solution == SOURCE
    assert submission.notes == ("'solution_jan.py' was used as solution.py.",)


def test_submission_uses_the_stub_if_it_is_the_only_solution(make):
    submission = read_submission(make(("solution.py", STUB)))
    assert (submission.solution, submission.problems, submission.unused) == (STUB, {}, ())


def test_submission_uses_a_source_of_any_name_that_defines_most_functions(make):
    names = ("linear_quantize", "linear_dequantize", "get_scale", "integer_linear")
    few = "".join(f"def {name}(): ...\n" for name in names)
    assert read_submission(make(("lab2.py", few), name="few.zip")).solution is None
    most = few + "def integer_conv2d(): ...\n"
    submission = read_submission(make(("lab2.py", most), name="most.zip"))
    assert submission.solution == most
    assert submission.notes == ("'lab2.py' was used as solution.py.",)


def test_submission_uses_answers_of_another_name_with_values(make):
    record = ANSWERS[:-1] + ', "bit_widths": {"fc": 4}}'
    submission = read_submission(make(("answers_ada.json.txt", record)))
    assert submission.answers.bit_widths == {"fc": 4}
    assert submission.notes == ("'answers_ada.json.txt' was used as answers.json.",)


@pytest.mark.parametrize(
    "name",
    [
        *("ResNet20_W8A8.pth", "ResNet20-W8A8.pt", "ResNet20_W8A8.pt.zip", "resnet20 w8a8 (2).pt"),
        *("ResNet20_W8A8.pt.txt", "best_W8A8.ckpt", "ResNet20_W8A8"),
    ],
)
def test_submission_uses_the_only_model_whose_name_says_its_widths(make, saved_tensors, name):
    submission = read_submission(make((name, saved_tensors)))
    assert submission.models == {"ResNet20_W8A8.pt": saved_tensors}
    assert submission.notes == (f"'{name}' was used as ResNet20_W8A8.pt.",)


def test_two_models_of_the_same_widths_are_ambiguous(make, saved_tensors):
    files = [("ResNet20_W8A8.pt", saved_tensors), ("ResNet20_W8A8_best.pt", saved_tensors + b"x")]
    submission = read_submission(make(*files))
    assert submission.models == {}
    assert "2 different files could be ResNet20_W8A8.pt" in submission.problems["ResNet20_W8A8.pt"]


@pytest.mark.parametrize("folder", ["venv/lib", "site-packages", ".git", "__pycache__"])
def test_submission_ignores_folders_of_packages_and_tools(make, folder):
    submission = read_submission(make(("solution.py", SOURCE), (f"{folder}/solution.py", "x = 2")))
    assert (submission.solution, submission.problems) == (SOURCE, {})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a/solution.py", "b/solution.py"),
        ("old/solution.py", "solution.py"),
        ("Solution.py", "solution.py"),
        ("solution (1).py", "solution.py"),
    ],
)
def test_read_submission_refuses_two_different_candidates(make, first, second):
    submission = read_submission(
        make((first, "x = 1"), (second, "x = 2"), ("answers.json", ANSWERS))
    )
    assert submission.solution is None
    problem = submission.problems["solution.py"]
    assert problem.startswith("2 different files could be solution.py (")
    assert f"'{first}'" in problem
    assert f"'{second}'" in problem
    assert problem.endswith(": submit only the one that is meant.")
    assert submission.answers is not None


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_read_submission_refuses_the_same_name_twice_in_a_zip(make_zip):
    path = make_zip(("solution.py", "x = 1"), ("solution.py", "x = 2"))
    assert "('solution.py', 'solution.py')" in read_submission(path).problems["solution.py"]


def test_read_submission_accepts_two_equal_candidates(make):
    submission = read_submission(make(("solution.py", SOURCE), ("backup/solution.py", SOURCE)))
    assert submission.solution == SOURCE
    assert submission.problems == {}
    assert submission.flags == (
        "solution.py is there more than once, the same ('solution.py', 'backup/solution.py').",
    )


def test_read_submission_does_not_compare_very_many_candidates(make_zip):
    path = make_zip(*((f"{i:03}/solution.py", SOURCE) for i in range(100)))
    problem = read_submission(path).problems["solution.py"]
    assert problem.startswith("100 different files could be solution.py ('000/solution.py'")
    assert "95 more" in problem


def test_submission_names_the_line_of_a_source_that_is_no_text(make):
    submission = read_submission(make(("solution.py", b"x = 1\ns = '\0'\n")))
    assert submission.solution is None
    assert submission.problems["solution.py"].startswith("Line 2 of solution.py holds a NUL")


def test_submission_notes_an_encoding_that_is_not_utf8(make):
    submission = read_submission(make(("solution.py", SOURCE.encode("utf-16"))))
    assert submission.solution == SOURCE
    assert submission.notes == ("solution.py was read as UTF-16. Save it as UTF-8 in your editor.",)
    assert submission.repairs == ()


def test_submission_takes_the_code_of_a_notebook(make):
    cells = [
        {"cell_type": "markdown", "source": ["# Lab"]},
        {"cell_type": "code", "source": ["%load_ext autoreload\n", "import torch"]},
        {"cell_type": "code", "source": "%%time\nx = 1"},
        {"cell_type": "code", "source": "%%bash\nls"},
    ]
    submission = read_submission(make(("solution.py", json.dumps({"cells": cells}))))
    assert submission.solution == "%load_ext autoreload\nimport torch\n\n\nx = 1\n"
    assert submission.repairs == ("solution.py is a notebook, and its code cells were used.",)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"cells": [{"cell_type": "code"}]}', "without code"),
        ('{"cells": [{"cell_type": "code", "source": ["x', "cut off"),
        ('{"cells": [{"cell_type": "code", "source": ' + "[" * 100_000, "cut off"),
    ],
)
def test_submission_refuses_a_notebook_without_code(make, content, says):
    assert says in read_submission(make(("solution.py", content))).problems["solution.py"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("Dear grader,", "answers.json is not JSON (line 1"),
        ("[1, 2]", "must be a JSON object, not a list"),
    ],
)
def test_read_submission_explains_invalid_answers(make, content, says):
    submission = read_submission(make(("answers.json", content), ("solution.py", SOURCE)))
    assert submission.answers is None
    assert says in submission.problems["answers.json"]
    assert submission.solution == SOURCE


def test_read_submission_accepts_answers_with_a_missing_cell(make):
    content = ANSWERS[:-1] + ', "mse": {"A": {"sym": {"8": 0.5}}}}'
    submission = read_submission(make(("answers.json", content)))
    assert submission.problems == {}
    assert submission.answers.mse["A"]["sym"] == {8: 0.5, 4: None, 2: None}


def test_read_submission_matches_models_by_name_and_drops_bad_files(make, saved_tensors):
    submission = read_submission(
        make(
            ("resnet20_w8a8.pt", saved_tensors),
            ("checkpoints/ResNet20_W4A4 (1).pt", saved_tensors),
            ("ResNet20_W2A2.pt", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
            ("ResNet20_W8A2.pt", saved_tensors[:-100]),
            ("ResNet20_W3A3.pt", saved_tensors),
        )
    )
    assert sorted(submission.models) == ["ResNet20_W4A4.pt", "ResNet20_W8A8.pt"]
    assert sorted(submission.problems) == ["ResNet20_W2A2.pt", "ResNet20_W8A2.pt"]
    assert "git-lfs pointer" in submission.problems["ResNet20_W2A2.pt"]
    assert "cut short" in submission.problems["ResNet20_W8A2.pt"]
    assert "'checkpoints/ResNet20_W4A4 (1).pt' was used as ResNet20_W4A4.pt." in submission.notes


def test_report_names_every_document_the_assignments_names_first(make):
    report = [("report.pdf", "%PDF-"), ("report.md", "#"), ("main.ipynb", "{}"), ("a.docx", "PK")]
    submission = read_submission(make(*report, ("train_log.txt", "1"), ("requirements.txt", "1")))
    assert submission.report_file == "report.pdf, report.md, main.ipynb, a.docx"


@pytest.mark.parametrize("name", ["main.ipynb", "README.md", "docs/handout.md"])
def test_report_is_no_file_that_students_received(make, name):
    content = (KIT / name).read_bytes().replace(b"\n", b"\r\n")
    submission = read_submission(make(("solution.py", SOURCE), (name, content)))
    assert submission.report_file is None
    changed = read_submission(make(("solution.py", SOURCE), (name, b"{}"), name="b.zip"))
    assert changed.report_file == name


def test_submission_uses_a_copy_of_the_notebook_as_report_with_a_note(make):
    submission = read_submission(make(("Copy of main.ipynb", "{}")))
    assert submission.report_file == "Copy of main.ipynb"
    assert "'Copy of main.ipynb' was used as the report." in submission.notes


def test_two_reports_are_both_shown(make):
    submission = read_submission(make(("report.pdf", "1"), ("old/report.pdf", "2")))
    assert submission.report_file == "report.pdf, old/report.pdf"
    assert submission.flags == ()


def test_read_submission_prefers_the_student_argument_to_the_name(make):
    path = make(("answers.json", ANSWERS))
    assert read_submission(path).student == "alice"
    assert read_submission(path, student="bob").student == "bob"


def test_read_submission_uses_the_name_of_the_current_folder(make_folder, monkeypatch):
    monkeypatch.chdir(make_folder(("notes.txt", "x"), name="carol"))
    assert read_submission(".").student == "carol"


def test_read_submission_replaces_and_flags_a_name_that_is_not_an_id(make_folder):
    submission = read_submission(make_folder(("notes.txt", "x"), name="Zoë <b>"))
    assert submission.student.startswith("Zoe-b-")
    assert submission.flags == (
        f"The name 'Zoë <b>' can't be used as an id: the submission is kept as "
        f"{submission.student}.",
    )


def test_read_submission_flags_answers_of_another_student(make):
    submission = read_submission(make(("answers.json", ANSWERS)), student="bob")
    assert submission.answers.student == "alice"
    assert submission.student == "bob"
    assert submission.flags == (
        "answers.json was made by 'alice' and submitted by bob: its tables are graded with the "
        "vectors of the former.",
    )


def test_read_submission_accepts_answers_under_the_original_name(make_zip):
    content = json.dumps({"version": 1, "student": "Zoë", "dataset": "CIFAR-10"})
    submission = read_submission(make_zip(("answers.json", content)), student="Zoë")
    assert not any("was made by" in flag for flag in submission.flags)
