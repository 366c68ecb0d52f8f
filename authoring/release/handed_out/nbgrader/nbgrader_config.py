"""The nbgrader course of the quantization assignment. README.md says which commands to run.

nbgrader executes this file several times per command; it only sets options.
"""

import os
import sys
from pathlib import Path

ASSIGNMENT = "quantization"
COURSE = Path(__file__).resolve().parent
KIT_VARIABLE = "QUANTIZATION_KIT"


def _kit() -> str:
    """The folder of the kit, which marks: around the course, or where the variable says."""
    for folder in (os.environ.get(KIT_VARIABLE, ""), *map(str, COURSE.parents)):
        if folder and Path(folder, "autograder", "engine", "rubric.toml").is_file():
            return folder
    raise SystemExit(
        f"The kit that marks is not around {COURSE}: set {KIT_VARIABLE} to its folder, and run "
        "nbgrader by the Python that the kit is installed for."
    )


if (kit := _kit()) not in sys.path:
    sys.path.insert(0, kit)

c = get_config()  # type: ignore[name-defined] # noqa: F821 (given by nbgrader)

c.CourseDirectory.course_id = "@COURSE_ID@"
c.CourseDirectory.root = str(COURSE)

# What is marked are the files in submitted/, by the kit's engine and behind its walls. Nothing of
# a student's notebook is executed here, so there is no kernel to lock up, and the figures that a
# student made stay in place for the person who reads the written answers.
c.Autograde.sanitize_preprocessors = [
    "autograder.platforms.nbgrader_course.repair.RepairCells",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "nbgrader.preprocessors.LimitOutput",
    "autograder.platforms.nbgrader_course.cells.EngineGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
    "autograder.platforms.nbgrader_course.sheets.MarkingSheets",
]
c.EngineGrades.dataset = "@DATASET@"
c.EngineGrades.quick = False

# Everything else in source/ replaces what a student sent along; this is what they write.
c.Autograde.exclude_overwriting = {ASSIGNMENT: ["solution.py"]}

# Text and output of strangers is shown in formgrader and in feedback: no scripts in it.
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {
    "markdown2html": "autograder.platforms.nbgrader_course.sanitize_html.markdown"
}

c.ClearSolutions.text_stub = "@STUB_ANSWER@"
