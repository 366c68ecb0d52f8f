"""A student at home: the notebook in JupyterLab, in a real browser, with half of the work done."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from desk import KIT, STUDENT, kernel_environment, lay_out

from authoring.build.notebook import student_notebook
from quantlab.intake.submission import read_submission
from tests.browser.conftest import Browser, browser  # noqa: F401
from tests.browser.jupyter_server import jupyter_server, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.long]

SECONDS = 600  # for all cells, on a busy machine
# Appended to the reference: questions 1 and 2a are done, 2b is not begun.
NOT_BEGUN = """

def _not_begun(*arguments, **options):
    raise NotImplementedError("Question 2b: integer layers")


integer_linear = integer_conv2d = _not_begun
quantized_linear_function = quantized_conv2d_function = _not_begun
"""
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell is on the page
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
NOTEBOOK = student_notebook()
PLACES = {cell["id"]: place for place, cell in enumerate(json.loads(NOTEBOOK)["cells"])}


@dataclass(frozen=True)
class Lab:
    """JupyterLab with the notebook open, seen and used through the page."""

    page: Browser
    folder: Path

    def cell(self, name: str) -> str:
        """The expression for a cell's element; cells are found by their place in the notebook."""
        return f"document.querySelectorAll('.jp-Notebook .jp-Cell')[{PLACES[name]}]"

    def text(self, name: str) -> str:
        """What stands in the outputs of a cell, as a reader sees it."""
        outputs = f"{self.cell(name)}.querySelectorAll('.jp-OutputArea-output')"
        return self.page.value(f"[...{outputs}].map(output => output.innerText).join('\\n')")

    def pictures(self, name: str) -> list[int]:
        """The height in pixels of every picture that a cell shows."""
        images = f"{self.cell(name)}.querySelectorAll('.jp-OutputArea-output img')"
        return self.page.value(f"[...{images}].map(image => image.getBoundingClientRect().height)")

    def choose(self, menu: str, entry: str) -> None:
        """Open a menu with the mouse and click on an entry."""
        for kind, label in ((".lm-MenuBar-item", menu), (".lm-Menu-item", entry)):
            labelled = f"one => one.innerText.startsWith({json.dumps(label)})"
            self.click(f"[...document.querySelectorAll('{kind}')].find({labelled})")

    def click(self, element: str) -> None:
        """Click with the mouse on the middle of what this expression finds, once it is there."""
        wait_for(lambda: self.page.value(f"Boolean({element})"))
        self.page.value(f"{element}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        box = self.page.value(f"{element}.getBoundingClientRect().toJSON()")
        spot = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        self.page.send("Input.dispatchMouseEvent", type="mouseMoved", **spot)
        for event in ("mousePressed", "mouseReleased"):
            self.page.send(
                "Input.dispatchMouseEvent", type=event, button="left", clickCount=1, **spot
            )


@pytest.fixture(scope="module")
def lab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:  # noqa: F811
    """After "Run All Cells", with questions 1 and 2a done."""
    place = tmp_path_factory.mktemp("lab")
    reference = (KIT / "instructor" / "solution.py").read_text()
    folder = lay_out(place / "kit", NOTEBOOK, reference + NOT_BEGUN)
    for name, content in SETTINGS.items():
        file = place / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
    environment = {
        **kernel_environment(folder, {"STUDENT": STUDENT}),
        "JUPYTERLAB_SETTINGS_DIR": str(place / "settings"),
        "JUPYTER_CONFIG_DIR": str(place / "config"),
    }
    with jupyter_server(folder, environment, "/lab", "lab") as address:
        size = {"width": 1400, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
        browser.send("Emulation.setDeviceMetricsOverride", **size)
        browser.send("Page.navigate", url=f"{address}/lab/tree/main.ipynb")
        opened = Lab(browser, folder)
        cells = "document.querySelectorAll('.jp-Notebook .jp-Cell').length"
        wait_for(lambda: browser.value(cells) == len(PLACES))
        wait_for(lambda: "Idle" in browser.value("document.body.innerText"))
        opened.choose("Run", "Run All Cells")
        wait_for(lambda: "submission.zip" in opened.text("submission"), SECONDS)
        yield opened


def test_lab_setup_cell_shows_the_student(lab: Lab) -> None:
    assert f"Your id is used as {STUDENT!r}." in lab.text("setup")


def test_lab_shows_public_checks_that_pass(lab: Lab) -> None:
    assert all(passing(lab, question)[0] > 0 for question in ("1a", "2a"))
    assert all(len(set(passing(lab, question))) == 1 for question in ("1a", "2a"))
    assert passing(lab, "2b")[0] == 0


def test_lab_table_shows_recorded_numbers(lab: Lab) -> None:
    recorded: dict[str, Any] = json.loads(next(lab.folder.rglob("answers.json")).read_text())
    shown = lab.text("mse")
    for methods in recorded["mse"].values():
        for widths in methods.values():
            for error in widths.values():
                assert f"{error:.4g}" in shown


def test_lab_shows_figures_of_finished_questions(lab: Lab) -> None:
    for name in ("staircase", "curves", "histograms", "bias", "gradient"):
        assert lab.pictures(name), f"{name} shows no picture"
        assert min(lab.pictures(name)) > 100


def test_lab_shows_the_picture_that_motivates(lab: Lab) -> None:
    picture = f"{lab.cell('title')}.querySelector('img[alt^=\"A photo of a horse\"]')"
    assert lab.page.value(f"{picture}.naturalWidth") > 900


def test_lab_figures_have_alternative_text_and_a_caption(lab: Lab) -> None:
    for name in ("grid-quantize", "staircase", "curves", "explore-scale", "gradient"):
        figure = f"{lab.cell(name)}.querySelector('.jp-OutputArea-output figure')"
        assert len(lab.page.value(f"{figure}.querySelector('img').alt")) > 40, name
        assert len(lab.page.value(f"{figure}.querySelector('figcaption').innerText")) > 30, name


def test_lab_slider_moves_the_figure(lab: Lab) -> None:
    bits, scale = (
        f"{lab.cell('explore-scale')}.querySelectorAll('.noUi-handle')[{number}]"
        for number in (0, 1)
    )
    text = f"{lab.cell('explore-scale')}.querySelector('img').alt"
    assert "A at 4 bits" in lab.page.value(text)
    lab.page.value(f"{bits}.focus()")
    lab.page.press("ArrowRight")
    wait_for(lambda: "A at 5 bits" in lab.page.value(text))
    before = lab.page.value(text)
    lab.page.value(f"{scale}.focus()")
    lab.page.press("ArrowRight")
    wait_for(lambda: lab.page.value(text) != before)


def test_lab_waits_for_an_unfinished_question_without_an_error(lab: Lab) -> None:
    assert "Waiting for question 2b" in lab.text("ptq")
    errors = "document.querySelectorAll('[data-mime-type=\"application/vnd.jupyter.error\"]')"
    assert lab.page.value(f"{errors}.length") == 0


def test_lab_submission_contains_the_work_so_far(lab: Lab) -> None:
    read = read_submission(lab.folder / "submission.zip", student=STUDENT)
    assert read.answers is not None
    assert not read.problems


def test_lab_uses_an_edit_of_solution_in_a_cell_run_again(lab: Lab) -> None:
    file = lab.folder / "solution.py"
    whole = file.read_text()
    assert NOT_BEGUN in whole
    file.write_text(whole.replace(NOT_BEGUN, ""))
    lab.click(f"{lab.cell('check-2b')}.querySelector('.jp-InputPrompt')")
    lab.choose("Run", "Run Selected Cell")
    wait_for(lambda: passing(lab, "2b")[0] > 0)
    assert len(set(passing(lab, "2b"))) == 1


def passing(lab: Lab, question: str) -> tuple[int, int]:
    """How many public checks the cell says pass, of how many; (0, 0) where it says nothing."""
    line = re.search(r"(\d+) of (\d+) public checks pass", lab.text(f"check-{question}"))
    return (int(line[1]), int(line[2])) if line else (0, 0)
