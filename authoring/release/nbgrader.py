"""Build the nbgrader course that an instructor works in: settings, source, instructions."""

from authoring.build.notebook import STUB_ANSWER, nbgrader_notebook
from authoring.release.bundle import Bundle, Packing
from authoring.release.student import HANDED_OUT, NOTEBOOK, where_to_fetch

ASSIGNMENT = "quantization"


def course_bundle(files: Bundle, address: str, course_id: str, dataset: str) -> Bundle:
    """Return the course tree around the student's `files`, and its notebook. Raises `BadBundle`."""
    packing = Packing("the nbgrader course")
    settings = (HANDED_OUT / "nbgrader" / "nbgrader_config.py").read_text(encoding="utf-8")
    for name, value in (
        ("@COURSE_ID@", course_id),
        ("@DATASET@", dataset),
        ("@STUB_ANSWER@", STUB_ANSWER),
    ):
        settings = settings.replace(name, value)
    packing.add("nbgrader_config.py", settings)
    packing.copy(HANDED_OUT / "nbgrader" / "README.md", "README.md")
    packing.include(files, below=f"source/{ASSIGNMENT}/")
    source = nbgrader_notebook(where_to_fetch(files, address))
    packing.add(f"source/{ASSIGNMENT}/{NOTEBOOK}", source)
    return packing.pack()
