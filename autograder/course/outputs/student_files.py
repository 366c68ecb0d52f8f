"""The files of students, for outputs that show what they wrote."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from autograder.platforms import Export
from autograder.platforms.export_entry import ExportEntry


@dataclass(frozen=True)
class StudentFiles:
    """Reads the files of students.

    Attributes:
        export: the export of the class, open.
        entries: the submission of each student, by the name that outputs have for the student.
        anonymized: returns a text without names; None if names stay. Without names only the graded
            cells are shown, because nothing is known of pictures.
    """

    export: Export
    entries: Mapping[str, ExportEntry]
    anonymized: Callable[[str], str] | None = None
