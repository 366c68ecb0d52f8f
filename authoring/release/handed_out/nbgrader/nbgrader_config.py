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
    """Return the kit's folder: around the course, or the value of QUANTIZATION_KIT."""
    for folder in (os.environ.get(KIT_VARIABLE, ""), *map(str, COURSE.parents)):
        if folder and Path(folder, "autograder", "engine", "rubric.toml").is_file():
            return folder
    raise SystemExit(
        f"The kit is not around {COURSE}: set {KIT_VARIABLE} to its folder, and run nbgrader with "
        "the Python that the kit is installed for."
    )


if (kit := _kit()) not in sys.path:
    sys.path.insert(0, kit)

c = get_config()  # type: ignore[name-defined] # noqa: F821 (given by nbgrader)

c.CourseDirectory.course_id = "@COURSE_ID@"
c.CourseDirectory.root = str(COURSE)

# The kit's engine grades the files in submitted/ in its sandbox. No student notebook is executed,
# so the figures stay in place for the staff who read the written answers.
c.Autograde.sanitize_preprocessors = [
    "autograder.platforms.nbgrader_course.repair.RepairCells",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "nbgrader.preprocessors.LimitOutput",
    "autograder.platforms.nbgrader_course.autograde_preprocessor.EngineGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
    "autograder.platforms.nbgrader_course.sheets.MarkingSheets",
]
c.EngineGrades.dataset = "@DATASET@"
c.EngineGrades.quick = False

# The engine grades with the kit's own files: nothing of source/ is copied to each student.
SOURCE = COURSE / "source" / ASSIGNMENT
c.Autograde.exclude_overwriting = {
    ASSIGNMENT: [str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*") if path.is_file()]
}

# Formgrader and feedback show students' text and output: remove scripts from it.
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {
    "markdown2html": "autograder.platforms.nbgrader_course.sanitize_html.markdown"
}

c.ClearSolutions.text_stub = "@STUB_ANSWER@"
