"""Gradescope: read its "Download Submissions" (or "Export Submissions") of an assignment.

The export has a folder `submission_<number>/` per submission, and `submission_metadata.yml`. That
maps each folder's name to `:submitters` (several in a group, each with `:name`, `:email`
and `:sid`), `:created_at`, `:history` of earlier submissions, scores. Only the active submission of
each student is in it. A student's id is what comes before the @ of the e-mail; two students who
share that have their Gradescope student id (`:sid`) behind it.

Source: "Exporting submissions" in Gradescope's help; the keys are those that Otter-Grader's
Gradescope parser (`otter/grade/metadata.py`) and other public readers read. The file contains names
that students chose, so it is read as plain data, and values of unexpected types are left out.
"""

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from autograder.platforms.export_entry import ExportEntry
from autograder.platforms.parsing import (
    CourseSite,
    ParsedEntry,
    ParsedExport,
    latest_entries,
    plain_id,
    refused_top_level,
    split_by_folder,
    top_level_files,
    unmatched_entries,
)
from quantlab.errors import UnreadableFile
from quantlab.intake.contents import Contents
from quantlab.intake.names import quote_name, student_id

METADATA = "submission_metadata.yml"
_LARGEST = 256 * 2**20  # bytes; with every result of a class of a thousand some 50 MB
_EMPTY = Contents((), ())


def _recognizes(contents: Contents) -> bool:
    return any(entry.path == METADATA for entry in contents.files)


def _read(contents: Contents) -> ParsedExport:
    metadata = next(entry for entry in contents.files if entry.path == METADATA)
    try:
        records = yaml.load(metadata.read(_LARGEST), Loader=_Loader)
    except UnreadableFile as error:
        return ParsedExport((), problems=(f"{METADATA} {error}.",))
    except (yaml.YAMLError, ValueError) as error:  # ValueError: an invalid date
        return ParsedExport((), problems=(f"{METADATA} can't be read: {error}.",))
    if not isinstance(records, Mapping):
        return ParsedExport((), problems=(f"{METADATA} lists no submissions. Export them again.",))
    folders = {parts[0]: inside for parts, inside in split_by_folder(contents).items()}
    problems: list[str] = []
    entries = []
    submitters = {str(folder): _people(record) for folder, record in records.items()}
    ids = _ids([person for people in submitters.values() for person in people])
    for folder, record in records.items():
        people = {ids[person]: person for person in submitters[str(folder)]}
        if not people:
            problems.append(f"{METADATA} names no student for {quote_name(str(folder))}.")
            continue
        entries.append(_parse_entry(str(folder), record, people, folders.pop(str(folder), _EMPTY)))
    unmatched = [e.path for e in top_level_files(contents) if e.path != METADATA]
    problems += unmatched_entries([*folders, *unmatched, *refused_top_level(contents)])
    chosen = latest_entries(entries, problems)
    return ParsedExport(chosen, problems=tuple(problems))


@dataclass(frozen=True)
class _Person:
    """Holds one submitter of the metadata; missing values are ""."""

    name: str
    email: str
    sid: str

    @property
    def login(self) -> str:
        """Return the part before the @, as `gradescope_harness` does on the site."""
        return self.email.split("@", 1)[0] or self.sid or self.name


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Loads plain data only; in C if available, because the file may be large.

    Tags such as `!ruby/object:ActiveSupport::TimeWithZone` are ignored, and their data is read.
    """


def _without_tag(loader: Any, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("!", _without_tag)


def _people(record: Any) -> list[_Person]:
    """Return the submitters of a submission; values that are not text are ""."""
    listed = record.get(":submitters") if isinstance(record, Mapping) else None
    people = []
    for person in listed if isinstance(listed, list) else ():
        if not isinstance(person, Mapping):
            continue
        fields = (person.get(f":{key}") for key in ("name", "email", "sid"))
        texts = [str(value).strip() if isinstance(value, str | int) else "" for value in fields]
        if any(texts):
            people.append(_Person(*texts))
    return people


def _parse_entry(
    folder: str, record: Mapping[str, Any], people: Mapping[str, _Person], files: Contents
) -> ParsedEntry:
    members = tuple(sorted(people))
    who = plain_id("-".join(members))
    history = record.get(":history")
    entry = ExportEntry(
        student=who.value,
        path=folder,
        members=members,
        submitted=_moment(record.get(":created_at")),
        attempt=1 + (len(history) if isinstance(history, list) else 0),
        lms={
            member: {
                "Name": people[member].name,
                "Email": people[member].email,
                "SID": people[member].sid,
            }
            for member in members
        },
    )
    others = (x for m in members for x in (people[m].login, people[m].email, people[m].sid) if x)
    names = tuple(people[member].name for member in members if people[member].name)
    return ParsedEntry(entry, files, who, (*members, *others), names)


def _ids(people: Sequence[_Person]) -> Mapping[_Person, str]:
    """Return the id of each person: the login, with the student id if two share a login.

    Two records are one person if their e-mails are, or both their login and student id.
    """
    numbers: dict[str, str] = {}
    for person in people:
        numbers.setdefault(person.email.casefold() or person.login, person.sid)
    accounts = {
        person: (
            person.login.casefold(),
            numbers[person.email.casefold() or person.login] or person.email.casefold(),
        )
        for person in people
    }
    logins = Counter(login for login, _ in set(accounts.values()))
    return {
        person: student_id(
            person.login if logins[login] == 1 else f"{person.login}-{account}"
        ).value
        for person, (login, account) in accounts.items()
    }


def _moment(value: Any) -> str:
    if isinstance(value, Mapping):  # Rails writes a time with its zone
        value = value.get("utc")
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value.replace(" UTC", "+00:00"))
        except ValueError:
            return ""
    if not isinstance(value, datetime.datetime):
        return ""
    # YAML's own times without a zone are UTC (YAML 1.1, timestamp). All in UTC can be ordered.
    return value.replace(tzinfo=value.tzinfo or datetime.UTC).astimezone(datetime.UTC).isoformat()


GRADESCOPE = CourseSite("gradescope", _recognizes, _read)
