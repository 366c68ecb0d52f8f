"""One submission of an export: its student, its place, its time."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SiteFile:
    """Holds a submitted file as its site knows it: the number of the file, and its name."""

    id: int
    name: str


@dataclass(frozen=True)
class ExportEntry:
    """Holds whose a submission is, where it is and when it was submitted.

    Attributes:
        student: the id it is graded under, which names a folder; a group has an id of its own.
        path: the folder or file in the export; of files at the top, the first or their prefix.
        members: the ids of the students who get the score.
        submitted: the time in ISO 8601 as the site states it, with its zone or as a local time; ""
            if the export has none.
        attempt: counts from 1.
        late: what the export says, None if it says nothing.
        conflict: a sentence on another submission under the same id, if it is unclear which counts.
        lms: the columns that the site needs in a gradebook, {member: {"Student": "Lovelace, Ada",
            "ID": "17"}}.
        site_files: the files, where feedback is returned beside one of them (Canvas).
        shared_feedback: whether the site gives all members the feedback that one of them gets.
        split_group: whether other members of the group submitted other files.
    """

    student: str
    path: str
    members: tuple[str, ...]
    submitted: str = ""
    attempt: int = 1
    late: bool | None = None
    conflict: str = ""
    lms: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    site_files: tuple[SiteFile, ...] = ()
    shared_feedback: bool = False
    split_group: bool = False
