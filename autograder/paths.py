"""Paths of the instructor's files: read by the grader, never imported, never released."""

from pathlib import Path

from quantlab.paths import KIT

INSTRUCTOR = KIT / "instructor"
REFERENCE = INSTRUCTOR / "solution.py"
STAND_INS = INSTRUCTOR / "stand_ins"
CORPUS = INSTRUCTOR / "corpus"
SECRET_FILE = INSTRUCTOR / "course_secret"


def reference_models(dataset: str) -> Path:
    """Return the folder of the reference's saved models and tables for a data set."""
    return INSTRUCTOR / "checkpoints" / dataset
