"""One submission of an export: whose it is, where it lies, when it was submitted."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ExportEntry:
    """One hand-in of an export: whose, where, when.

    `student` is the id it is marked under, which names a folder; of a group it is the group's, and
    `members` are the ids of the people whose mark it is (of one student: that student). `path` is
    the folder or file inside the export; of several files that lie loose, what names them: the
    first, or what their names begin with. `submitted` is the time in ISO 8601 as the site states
    it, with its zone or as a local time, or "" where the export does not say; `attempt` counts
    from 1; `late` is the export's own word, None if it has none. `conflict` is a sentence on
    another submission under the same id, where nothing tells which of them counts. `lms` holds, per
    member, what the learning management system wants back beside a mark, under the names of its own
    columns: {member: {"Student": "Lovelace, Ada", "ID": "17"}}.
    """

    student: str
    path: str
    members: tuple[str, ...]
    submitted: str = ""
    attempt: int = 1
    late: bool | None = None
    conflict: str = ""
    lms: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
