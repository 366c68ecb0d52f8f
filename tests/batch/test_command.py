"""`python -m autograder batch`: a small class, marked by the real command behind real walls."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from authoring.rehearse.comparison import automatic_points
from autograder.__main__ import main
from autograder.course.class_folder import NotAClass
from autograder.course.graded_class import NOTE, open_graded_class
from autograder.course.lock import hold_lock
from autograder.engine.corpus import load_mutants
from autograder.platforms import BadExport
from tests.batch.conftest import (
    KIT,
    PATIENCE,
    RehearsedClass,
    killed_after,
    rehearsed_class,
    reports,
    rows,
    wrong_marks,
)

FEW = "1a.linear_dequantize.*"


@pytest.fixture(scope="module")
def small(tmp_path_factory, course_secret_file) -> RehearsedClass:
    """Five submissions and two checks."""
    return rehearsed_class(tmp_path_factory.mktemp("class"), 5, 7, FEW, "moodle")


@pytest.fixture(scope="module")
def undisturbed(small, tmp_path_factory) -> Path:
    """Where the small class was marked without anything going wrong."""
    out = tmp_path_factory.mktemp("undisturbed")
    small.mark(out, "--jobs", 2)
    return out


def test_batch_gives_every_student_the_expected_points(small, undisturbed):
    assert wrong_marks(small, reports(undisturbed)) == {}
    for student in reports(undisturbed):
        files = {path.name for path in (undisturbed / "staff" / "reports" / student).iterdir()}
        assert {"report.json", "report.html", "run.json"} <= files


def test_batch_shows_flags_to_staff_only(undisturbed):
    staff = undisturbed / "staff" / "reports"
    written = {
        path.parent.name: json.loads(path.read_bytes()) for path in staff.glob("*/report.json")
    }
    student = next(name for name, report in written.items() if report["flags"])
    for folder, shown in ((staff, True), (undisturbed / "students", False)):
        page = (folder / student / "report.html").read_text(encoding="utf-8")
        assert ("for staff." in page) is shown


def test_open_graded_class_reads_scores_and_submissions_again(small, undisturbed, monkeypatch):
    monkeypatch.chdir(undisturbed)  # the noted paths are absolute
    with open_graded_class(undisturbed) as graded:
        members = {member for o in graded.record.outcomes for member in o.entry.members}
        assert {score.member for score in graded.scores} == members
        assert all(score.lms["Full name"] for score in graded.scores)
        readable = [o for o in graded.record.outcomes if o.report]
        assert len(readable) > 1
        for outcome in readable:
            submission = graded.export.submission(outcome.entry)
            assert submission.student == outcome.report.student
    assert not (undisturbed / "staff").stat().st_mode & 0o077


def test_open_graded_class_refuses_what_does_not_fit(small, undisturbed, tmp_path):
    with pytest.raises(NotAClass, match=r"has no class\.json"), open_graded_class(tmp_path):
        pass
    (tmp_path / "anonymous").mkdir()
    (tmp_path / "anonymous" / "class.json").write_text("{}")
    with pytest.raises(NotAClass, match="without --anonymous"), open_graded_class(tmp_path):
        pass
    shutil.copytree(undisturbed, tmp_path / "out")
    (tmp_path / "out" / NOTE).write_text("{")
    with pytest.raises(NotAClass, match="with --export"), open_graded_class(tmp_path / "out"):
        pass
    with open_graded_class(tmp_path / "out", small.export) as graded:
        assert graded.export.path == small.export
    other = rehearsed_class(tmp_path / "other", 2, 8, FEW, "moodle")
    with (
        pytest.raises(BadExport, match="does not contain"),
        open_graded_class(tmp_path / "out", other.export),
    ):
        pass
    (tmp_path / "out" / "class.json").write_text('{"version": 99}')
    with (
        pytest.raises(NotAClass, match=r"class\.json: .*version 99"),
        open_graded_class(tmp_path / "out"),
    ):
        pass


def test_batch_audit_notes_models_that_were_not_graded(undisturbed):
    audit = json.loads((undisturbed / "staff" / "audit.json").read_text(encoding="utf-8"))
    assert audit["notes"] == ["Saved models were not compared: they were not graded."]


def test_batch_grades_nothing_again_on_a_second_run(small, undisturbed, monkeypatch):
    def refuse_to_open(pool):
        pytest.fail("work that is done was given out")

    before = reports(undisturbed)
    monkeypatch.setattr("autograder.course.worker_pool.LocalPool.open", refuse_to_open)
    assert small.mark(undisturbed) in (0, 1)
    assert reports(undisturbed) == before


def test_batch_resumes_with_the_same_scores_after_kills(small, undisturbed, tmp_path):
    for more, seconds in ((0, 3.0), (1, 0.0), (3, 0.05)):
        killed_after(small, tmp_path, more, seconds)
    assert 4 <= rows(tmp_path) < rows(undisturbed) + 1
    assert small.mark(tmp_path, "--jobs", 2) in (0, 1)
    assert reports(tmp_path) == reports(undisturbed)


@pytest.mark.parametrize("checks", [0, 1])
def test_batch_explains_how_to_resume_after_ctrl_c(small, tmp_path, checks):
    runner = small.start(tmp_path, "--jobs", 1)
    end = time.monotonic() + PATIENCE
    while rows(tmp_path) < checks or not (tmp_path / ".journal" / "marks.sqlite").exists():
        assert time.monotonic() < end, "nothing is marked"
        time.sleep(0.02)
    os.killpg(runner.pid, signal.SIGINT)  # as a terminal does, to the workers too
    _, errors = runner.communicate(timeout=PATIENCE)
    # Python itself ends by the signal if that came into an exec(), as imports of torch make them.
    assert runner.returncode in (130, -signal.SIGINT)
    assert (
        errors == "Interrupted. Run the same command again to resume: "
        "what is graded is in the journal.\n"
    )


def test_batch_of_some_checks_writes_no_gradebook(undisturbed):
    assert (undisturbed / "class.html").exists()
    for name in ("final.csv", "canvas.csv", "moodle.csv", "nbgrader/gradebook.db"):
        assert not (undisturbed / name).exists()


WORKSHEET = (
    "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
)


def test_batch_reports_unknown_times_in_terminal_page_and_status(
    small, undisturbed, tmp_path, capsys
):
    out = tmp_path / "marks"
    shutil.copytree(undisturbed, out)
    course, worksheet = tmp_path / "course.toml", tmp_path / "worksheet.csv"
    policy = (
        'deadline = 2026-10-24T23:59:00+02:00\ntimezone = "Europe/Zurich"\n'
        'roster = "worksheet.csv"\n[late]\npercent_per_day = 10\n'
    )
    course.write_text(policy.replace('roster = "worksheet.csv"\n', ""))

    def mark() -> tuple[int, str, dict[str, dict]]:
        status = small.mark(out, "--course", course)
        output = " ".join(capsys.readouterr().out.split())
        students = json.loads((out / "class.json").read_text())["students"]
        return status, output, {student["member"]: student for student in students}

    status, output, before = mark()
    assert status == 1
    assert "PROVISIONAL" in output
    assert {student["status"] for student in before.values()} == {"needs review"}
    assert "Needs review" in output
    assert "worksheet" in output
    assert f"{len(before)} students need review" in (out / "class.html").read_text()

    numbers = sorted(name.rpartition("-")[2] for name in before)
    moments = [f'"Sunday, 25 October 2026, {hour}:30 PM"' for hour in range(1, len(numbers) + 1)]
    worksheet.write_text(
        WORKSHEET
        + "".join(
            f"Participant {number},Some One,x{number}@y.edu,Submitted,,100,Yes,{moment},-,\n"
            for number, moment in zip(numbers, moments, strict=True)
        )
    )
    course.write_text(policy)
    status, output, after = mark()
    refused = {name for name, expectation in small.expected.items() if expectation["refused"]}
    assert status == bool(refused)
    assert ("Needs review" in output) == bool(refused)
    assert {name for name in after if after[name]["status"] == "needs review"} == refused
    assert {after[name]["days_late"] for name in after.keys() - refused} == {1}


def test_batch_refuses_a_second_run_in_the_same_folder(small, tmp_path, capsys):
    (tmp_path / ".journal").mkdir()
    with hold_lock(tmp_path, tmp_path / ".journal" / "lock"):
        assert small.mark(tmp_path) == 2
    assert f"(PID {os.getpid()}) is using {tmp_path}" in capsys.readouterr().err


def test_batch_refuses_to_mix_scores_of_another_secret(small, undisturbed, tmp_path, capsys):
    out = tmp_path / "marks"
    shutil.copytree(undisturbed, out)
    before = reports(out)
    other = tmp_path / "secret"
    other.write_text("another secret of the course, rotated")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOGRADER_SECRET_FILE", str(other))
        assert small.mark(out) == 2
    assert "2 checks may come out differently. Run with --regrade" in capsys.readouterr().err
    assert reports(out) == before


def test_batch_refuses_to_narrow_scores_to_fewer_checks(small, undisturbed, capsys):
    before = reports(undisturbed)
    narrow = ["--check", "1a.linear_dequantize.values", "--data", "shapes10"]
    assert main(["batch", str(small.export), "--out", str(undisturbed), *narrow]) == 2
    assert "contains scores of more checks" in capsys.readouterr().err
    assert reports(undisturbed) == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Missing argument 'EXPORT'"),
        (["{export}", "--apply"], "--apply writes what --regrade shows"),
        (["{export}", "--manual", "a.csv", "b.csv"], "--manual a.csv --manual b.csv"),
        (["{export}", "--regrade"], "Nothing is graded in"),
        (["{export}", "--check", "9z.*"], "No check is called '9z.*'"),
        (["{export}/nowhere"], "does not exist"),
        (["{export}", "--out", "{export}/marks"], "is inside the export"),
    ],
)
def test_batch_refuses_unusable_arguments_in_a_sentence(
    small, tmp_path, capsys, arguments, sentence
):
    filled = [argument.format(export=small.export) for argument in arguments]
    out = [] if "--out" in filled else ["--out", str(tmp_path)]
    assert main(["batch", *filled, *out]) == 2
    errors = capsys.readouterr().err
    assert sentence in errors
    assert "Traceback" not in errors


def test_batch_help_does_not_import_torch():
    script = (
        "import sys; from autograder.__main__ import main\n"
        "main(['batch', '--help'])\n"
        "sys.exit('torch' in sys.modules)"
    )
    process = subprocess.run(
        [sys.executable, "-c", script], cwd=KIT, capture_output=True, check=True
    )
    assert b"--regrade" in process.stdout


def test_batch_command_does_not_import_torch():
    script = "import sys, autograder.commands.batch; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], cwd=KIT, check=True)


def test_task_does_not_import_the_compiler_of_torch():
    """It takes a second in every worker."""
    script = "import sys, autograder.course.task; sys.exit('torch._dynamo' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], cwd=KIT, check=True)


def test_batch_sends_an_unreadable_submission_to_staff_and_continues(
    tmp_path, capsys, reference_source, course_secret_file
):
    (tmp_path / "in" / "ada").mkdir(parents=True)
    (tmp_path / "in" / "ada" / "solution.py").write_text(reference_source)
    (tmp_path / "in" / "bob.zip").write_bytes(b"Rar!\x1a\x07")
    out = tmp_path / "marks"
    few = ["--check", FEW, "--data", "shapes10", "--jobs", "1"]
    assert main(["batch", str(tmp_path / "in"), "--out", str(out), *few]) == 1
    assert json.loads(reports(out)["bob"])["review"]
    output = capsys.readouterr().out
    assert "Needs review" in output
    assert "bob" in output
    assert json.loads(reports(out)["ada"])["auto_score"] == 4


# The whole of it, for .ci/run --------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize("layout", ["canvas", "gradescope"])
def test_batch_keeps_expected_scores_after_repeated_kills(tmp_path, course_secret_file, layout):
    dozen = rehearsed_class(tmp_path / "class", 12, 1, "1a.*", layout)
    assert dozen.mark(tmp_path / "undisturbed", "--jobs", 2) in (0, 1)
    undisturbed_reports = reports(tmp_path / "undisturbed")
    assert wrong_marks(dozen, undisturbed_reports) == {}
    rng, out = random.Random(layout), tmp_path / "disturbed"
    for _ in range(4):
        killed_after(dozen, out, rng.randrange(30), rng.random())
    assert dozen.mark(out, "--jobs", 2) in (0, 1)
    assert reports(out) == undisturbed_reports


@pytest.mark.long
def test_batch_loses_no_score_when_a_worker_is_killed(tmp_path, course_secret_file):
    dozen = rehearsed_class(tmp_path / "class", 8, 2, "1a.*", "nbgrader")
    out = tmp_path / "marks"
    runner = dozen.start(out, "--jobs", 2)
    end = time.monotonic() + PATIENCE
    while not rows(out):
        assert runner.poll() is None, runner.communicate()
        assert time.monotonic() < end
        time.sleep(0.1)
    os.kill(workers_of(runner.pid)[0], signal.SIGKILL)
    output, errors = runner.communicate(timeout=900)
    assert runner.returncode in (0, 1), output + errors
    assert wrong_marks(dozen, reports(out)) == {}


def workers_of(runner: int) -> list[int]:
    """The processes that it started and that mark."""
    workers = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = (path / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == runner and "spawn_main" in (path / "cmdline").read_text():
                workers.append(int(path.name))
    return workers


@pytest.mark.long
def test_batch_regrade_lists_exactly_the_students_whose_scores_change(
    tmp_path, course_secret_file, reference_source
):
    kit = a_kit_of_its_own(tmp_path / "kit")
    patches = {
        "ada": "",
        "bob": "linear_dequantize/divides_by_scale",  # does not break what changes
        "eve": "get_scale/std_instead_of_rms",  # fails it before and after
        "joe": TWENTY_PERCENT,  # fails it before, and is right by the new tolerance
    }
    for student, patch in patches.items():
        code = mistake(patch) if "/" in patch else patch
        (tmp_path / "class" / "export" / student).mkdir(parents=True)
        solution = tmp_path / "class" / "export" / student / "solution.py"
        solution.write_text(f"{reference_source}\n\n{code}")
    klass, out = RehearsedClass(tmp_path / "class", "1a.*", {}), tmp_path / "marks"

    def run(*more: str) -> tuple[int, str]:
        runner = klass.start(out, "--jobs", "1", *more, kit=kit)
        output, errors = runner.communicate(timeout=900)
        return runner.returncode, output + errors

    assert run()[0] == 0
    before = reports(out)
    rubric = kit / "autograder" / "engine" / "rubric.toml"
    text = rubric.read_text()
    line = '[checks."1a.reset.sym"]\npoints = 2\nvisible = true\ntolerance = 1e-6\n'
    assert line in text
    rubric.write_text(
        text.replace(line, line.replace("1e-6", "0.3")).replace(
            "tolerance = 0.3\nworst_correct = 3e-7\nnearest_wrong = 0.1",
            "tolerance = 0.3\nworst_correct = 3e-7\nnearest_wrong = 0.4",
        )
    )
    status, output = run()
    assert (status, "1 checks may come out differently. Run with --regrade" in output) == (2, True)
    status, output = run("--regrade")
    assert status == 0
    assert reports(out) == before
    assert "4 submissions compared: 1 with another score" in output
    lines = output.splitlines()
    (row,) = [number for number, line in enumerate(lines) if "1a.reset.sym" in line.split()]
    assert lines[row - 1].startswith("joe: ")
    assert lines[row - 1].endswith("(+2)")
    assert "0 → 2" in lines[row]
    assert "Nothing was written" in output
    assert run("--regrade", "--apply")[0] == 0
    after = reports(out)
    assert {student for student in before if before[student] != after[student]} == {"joe"}
    assert (
        automatic_points(after["joe"])["1a.reset.sym"]
        == automatic_points(before["joe"])["1a.reset.sym"] + 2
    )
    assert run()[0] == 0
    assert reports(out) == after


TWENTY_PERCENT = """
def reset_scale_and_zero_point(input, N_bits=4, method="sym", _right=reset_scale_and_zero_point):
    scale, zero_point = _right(input, N_bits, method)
    return (1.2 * scale if method == "sym" else scale), zero_point
"""


def mistake(name: str) -> str:
    return next(mutant.code for mutant in load_mutants() if mutant.name == name)


def a_kit_of_its_own(folder: Path) -> Path:
    """A copy of the kit that a test may change."""
    for part in ("autograder", "quantlab", "instructor", "checkpoints"):
        shutil.copytree(KIT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(KIT / "solution.py", folder)
    return folder
