"""The notebooks run top to bottom: the student's with its stub, the solved one, and in Colab.

Every run is one of FAST mode, on drawn images. The student's takes seconds, the solved one minutes:
`make test` runs each of them once. With NOTEBOOK_RUNS=all in the environment (.ci/run) they run
again, and as Colab would run them.
"""

import hashlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
import pytest
from desk import KIT, STUDENT, answers, lay_out, printed, run, shown

from authoring.build.notebook import Bundle, solved_notebook, student_notebook
from authoring.release.notebook_check import DoesNotRun
from autograder.engine.rubric import load_rubric
from quantlab.data.cifar10 import load_dataset
from quantlab.evaluation.integer_network import evaluate_saved
from quantlab.formats.saved_model import load
from quantlab.intake.submission import read_submission
from quantlab.network.resnet import layer_sizes

REFERENCE = (KIT / "instructor" / "solution.py").read_text()
STUB = (KIT / "solution.py").read_text()
FAKE_COLAB = Path(__file__).parent / "fake_colab"
KERNEL = os.environ.get("NOTEBOOK_KERNEL", "python3")  # colab_kernel.sh names its own


@pytest.fixture(scope="module")
def student_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = lay_out(tmp_path_factory.mktemp("student") / "kit", student_notebook(), STUB)
    return folder, run(folder, KERNEL, STUDENT=STUDENT)


@pytest.fixture(scope="module")
def solved_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = lay_out(tmp_path_factory.mktemp("solved") / "kit", solved_notebook(), REFERENCE)
    return folder, run(folder, KERNEL, STUDENT=STUDENT)


# ---------------------------------------------------------------- the student's, with the stub


def test_student_notebook_waits_for_unfinished_questions(student_run) -> None:
    _, notebook = student_run
    texts = printed(notebook)
    waiting = {cell: text for cell, text in texts.items() if "Waiting for question" in text}
    assert waiting.pop("grid-dequantize").startswith(
        "Waiting for question 1a: linear_dequantize in"
    )
    first = "Waiting for question 1a: linear_quantize in solution.py."
    assert {cell: text for cell, text in waiting.items() if not text.startswith(first)} == {}
    assert {text.count("\n") for text in waiting.values()} == {1}
    cells = {"grid-quantize", "staircase", "mse", "curves", "explore-scale", "histograms"}
    cells |= {"gradient", "explore-gradient", "agreement", "explore-layer", "ptq", "synthetic"}
    assert waiting.keys() >= {*cells, "ranges", "still", "qat", "sensitivity", "search", "pareto"}
    drawing = {cell for cell, count in shown(notebook, "image/png").items() if count}
    assert drawing == {"frontier"}  # needs no function


def test_student_notebook_submits_an_unfinished_assignment(student_run) -> None:
    folder, notebook = student_run
    assert "submission.zip: main.ipynb, solution.py" in printed(notebook)["submission"]
    table = " ".join(rehearsed(notebook).split())
    assert "Missing: answers.json" in table
    assert ", report." in table  # nothing is written, and no cell was saved after it ran
    assert read_submission(folder / "submission.zip").solution == STUB


@pytest.mark.long
def test_student_notebook_raises_an_error_other_than_the_stub(tmp_path: Path) -> None:
    broken = STUB.replace('raise NotImplementedError("Question 1a: linear_quantize")', "return 1/0")
    assert broken != STUB
    folder = lay_out(tmp_path / "kit", student_notebook(), broken)
    with pytest.raises(DoesNotRun, match="ZeroDivisionError"):
        run(folder, KERNEL, STUDENT=STUDENT)


def rehearsed(notebook: Any) -> str:
    """What the last cell shows of the rehearsal, as text."""
    (cell,) = [cell for cell in notebook.cells if cell.id == "submission"]
    tables = [output.data for output in cell.outputs if output.output_type == "display_data"]
    assert 'role="img"' in tables[0]["text/html"]
    return tables[0]["text/plain"]


# ---------------------------------------------------------------- the solved one


@pytest.mark.long
def test_solved_notebook_fills_every_table_and_figure(solved_run) -> None:
    folder, notebook = solved_run
    figures = shown(notebook, "image/png")
    drawing = ("staircase", "curves", "histograms", "bias", "gradient", "agreement")
    drawing += ("synthetic", "qat", "layers", "sensitivity", "pareto", "frontier")
    drawing += ("grid-quantize", "grid-dequantize")
    drawing += ("explore-scale", "explore-gradient", "explore-layer")  # without sliders here
    assert [cell for cell in drawing if not figures[cell]] == []
    assert "Waiting" not in "".join(printed(notebook).values())
    recorded = answers(folder)
    numbers = [n for ms in recorded["mse"].values() for bits in ms.values() for n in bits.values()]
    numbers += [n for methods in recorded["table1"]["ptq"].values() for n in methods.values()]
    numbers += [methods["SAWB"] for methods in recorded["table1"]["qat"].values()]
    assert None not in numbers
    assert recorded["bit_widths"].keys() == layer_sizes().keys()


@pytest.mark.long
def test_solved_notebook_writes_a_complete_submission(solved_run) -> None:
    folder, _ = solved_run
    read = read_submission(folder / "submission.zip", student=STUDENT)
    assert read.solution == REFERENCE
    assert read.report_file == "main.ipynb"
    assert len(read.models) == 5
    assert read.answers is not None
    assert read.answers.dataset == "Shapes-10"
    assert not read.problems
    table = " ".join(rehearsed(solved_run[1]).split())
    assert "complete" not in table  # FAST results are a rehearsal
    assert table.count("FAST results, a rehearsal.") == 6  # five networks and the tables
    assert "5 of 5 accuracies of QAT, sym" in table
    assert "Your answers are not written yet" not in table
    assert "needs review" not in table


@pytest.mark.long
@pytest.mark.parametrize("cell", ["W8A8", "W4A4", "W8A2", "W2A8", "W2A2"])
def test_solved_notebook_reaches_full_points_with_the_recipe(solved_run, cell: str) -> None:
    folder, _ = solved_run
    saved = load(folder / "results" / "shapes10-fast" / f"ResNet20_{cell}.pt")
    accuracy = evaluate_saved(saved, load_dataset("shapes10", "test"))
    assert accuracy >= load_rubric().thresholds["shapes10"][cell]
    assert accuracy == pytest.approx(answers(folder)["table1"]["qat"][cell]["SAWB"], abs=0.1)


@pytest.mark.long
def test_solved_notebook_agrees_with_integer_inference(solved_run) -> None:
    _, notebook = solved_run
    assert printed(notebook)["agreement"].startswith("100.00%")


@pytest.mark.long
def test_solved_notebook_keeps_work_and_resumes_in_a_second_run(solved_run, tmp_path: Path) -> None:
    folder = shutil.copytree(solved_run[0], tmp_path / "kit")
    (folder / "solution.py").write_text(REFERENCE + "\n# an edit of mine\n")
    before = answers(folder)
    run(folder, KERNEL)  # the id is in student.txt
    assert (folder / "solution.py").read_text().endswith("# an edit of mine\n")
    assert answers(folder)["student"] == STUDENT
    assert answers(folder)["table1"]["qat"] == before["table1"]["qat"]


# ---------------------------------------------------------------- Colab


@pytest.fixture
def released(tmp_path: Path) -> Iterator[Bundle]:
    """A bundle on a server of this machine, as a release would put it on the course's."""
    kit = lay_out(tmp_path / "served" / "quantization-kit", student_notebook(), STUB)
    shutil.make_archive(str(tmp_path / "served" / "kit"), "zip", kit.parent, kit.name)
    bundle = tmp_path / "served" / "kit.zip"
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(bundle.parent))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/{bundle.name}"
    yield Bundle(url, hashlib.sha256(bundle.read_bytes()).hexdigest())
    server.shutdown()
    server.server_close()


def in_colab(folder: Path, notebook: str, **more: str) -> Any:
    """Run this notebook as Colab would: alone on a machine, `folder` being its /content."""
    folder.mkdir(exist_ok=True)
    (folder / "main.ipynb").write_text(notebook)
    return run(
        folder,
        KERNEL,
        COLAB_RELEASE_TAG="release-colab-external-images_20260819",
        QUANTLAB_CONTENT=str(folder),
        PYTHONPATH=str(FAKE_COLAB),
        FAKE_NOTEBOOK=str(folder / "main.ipynb"),
        FAKE_DOWNLOADS=str(folder / "downloads"),
        **more,
    )


@pytest.mark.long
def test_colab_fetches_the_bundle_and_keeps_the_work_on_drive(released, tmp_path: Path) -> None:
    content = tmp_path / "content"
    notebook = in_colab(content, student_notebook(released), STUDENT=STUDENT)
    work = content / "drive" / "MyDrive" / "quantization"
    assert "Colab on a CPU" in printed(notebook)["setup"]
    assert (work / "solution.py").read_text() == STUB
    archive = work / "submission.zip"
    assert (content / "downloads").read_text() == f"{archive}\n"
    assert nbformat.reads(zipfile.ZipFile(archive).read("main.ipynb").decode(), 4).cells

    # A new machine, the next day: the edit and the id are on Drive.
    (work / "solution.py").write_text(STUB + "\n# an edit of mine\n")
    shutil.rmtree(content / "quantization-kit")
    notebook = in_colab(content, student_notebook(released))
    assert (work / "solution.py").read_text().endswith("# an edit of mine\n")
    assert f"Your id is used as {STUDENT!r}." in printed(notebook)["setup"]


@pytest.mark.long
def test_colab_works_without_drive_and_says_what_that_means(released, tmp_path: Path) -> None:
    content = tmp_path / "content"
    notebook = in_colab(content, student_notebook(released), STUDENT=STUDENT, FAKE_DRIVE="refused")
    assert "lost with this runtime" in printed(notebook)["setup"]
    assert (content / "quantization" / "submission.zip").is_file()


@pytest.mark.long
def test_colab_refuses_a_bundle_other_than_the_released(released, tmp_path: Path) -> None:
    lying = student_notebook(Bundle(released.url, "0" * 64))
    with pytest.raises(DoesNotRun, match="is not the file that was released"):
        in_colab(tmp_path / "content", lying, STUDENT=STUDENT)
    assert not (tmp_path / "content" / "quantization-kit").exists()


@pytest.mark.long
def test_colab_refuses_an_unreleased_notebook(tmp_path: Path) -> None:
    with pytest.raises(DoesNotRun, match="Colab link of your course"):
        in_colab(tmp_path / "content", student_notebook(), STUDENT=STUDENT)


@pytest.mark.long
def test_colab_runs_the_solved_notebook_for_full_points(released, tmp_path: Path) -> None:
    content = tmp_path / "content"
    work = content / "drive" / "MyDrive" / "quantization"
    work.mkdir(parents=True)
    (work / "solution.py").write_text(REFERENCE)
    notebook = in_colab(content, solved_notebook(released), STUDENT=STUDENT)
    assert "Waiting" not in "".join(printed(notebook).values())
    graded = graded_in_full(work / "submission.zip", tmp_path)
    assert graded["auto_score"] == graded["auto_max"]


@pytest.mark.long
def test_grade_gives_the_solved_submission_every_automatic_point(solved_run, tmp_path) -> None:
    report = graded_in_full(solved_run[0] / "submission.zip", tmp_path)
    marked = [check for check in report["checks"] if check["source"] != "person"]
    assert [c["id"] for c in marked if c["points"] != c["max_points"]] == []
    assert report["auto_score"] == report["auto_max"]


def graded_in_full(archive: Path, folder: Path) -> dict[str, Any]:
    """The report of `python -m autograder grade` on Shapes-10."""
    out = folder / "marks"
    options = ["--student", STUDENT, "--out", str(out), "--data", "shapes10"]
    command = [sys.executable, "-m", "autograder", "grade", str(archive), *options]
    subprocess.run(command, cwd=KIT, check=False)
    return json.loads(next(out.glob("*/report.json")).read_text())
