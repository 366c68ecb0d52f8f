"""Gradescope: "Download Submissions" (or "Export Submissions") of a programming assignment.

A folder `submission_<number>/` per submission, and `submission_metadata.yml`, which maps each
folder's name to what is known of it: `:submitters` (several in a group, each with `:name`, `:email`
and `:sid`), `:created_at`, `:history` of earlier submissions, scores. Only the active submission of
each student is in it. A student's id is what comes before the @ of the e-mail; two students who
share that have their Gradescope student id (`:sid`) behind it.

Source: "Exporting submissions" in Gradescope's help; the keys as read by Otter-Grader's Gradescope
parser (`otter/grade/metadata.py`) and by other public readers. The file is Gradescope's own, but
holds names that students chose: it is read as plain data, and whatever has an unexpected type is
left out.
"""

import datetime
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from autograder.intake.archive import Contents, UnreadableFile
from autograder.intake.names import quote_name, student_id
from autograder.platforms.export_entry import ExportEntry
from autograder.platforms.parsing import (
    Found,
    Reading,
    System,
    by_folder,
    loose,
    nobodys,
    only_latest,
    plain,
    refused_at_the_top,
)

METADATA = "submission_metadata.yml"
_LARGEST = 256 * 2**20  # bytes; with every result of a class of a thousand some 50 MB
_EMPTY = Contents((), ())


def _recognises(contents: Contents) -> bool:
    return any(entry.path == METADATA for entry in contents.files)


def _read(contents: Contents) -> Reading:
    metadata = next(entry for entry in contents.files if entry.path == METADATA)
    try:
        known = yaml.load(metadata.read(_LARGEST), Loader=_Loader)
    except UnreadableFile as error:
        return Reading((), problems=(f"{METADATA} {error}.",))
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that is none
        return Reading((), problems=(f"{METADATA} can't be read: {error}.",))
    if not isinstance(known, Mapping):
        return Reading((), problems=(f"{METADATA} names no submissions: export them again.",))
    folders = {parts[0]: inside for parts, inside in by_folder(contents).items()}
    problems: list[str] = []
    found = []
    submitters = {str(folder): _people(record) for folder, record in known.items()}
    ids = _ids([person for people in submitters.values() for person in people])
    for folder, record in known.items():
        people = {ids[person]: person for person in submitters[str(folder)]}
        if not people:
            problems.append(f"{METADATA} names nobody for {quote_name(str(folder))}.")
            continue
        found.append(_found(str(folder), record, people, folders.pop(str(folder), _EMPTY)))
    strangers = [e.path for e in loose(contents) if e.path != METADATA]
    problems += nobodys([*folders, *strangers, *refused_at_the_top(contents)])
    chosen = only_latest(found, problems)
    return Reading(chosen, problems=tuple(problems))


@dataclass(frozen=True)
class _Person:
    """One submitter as the metadata has them; what it lacks is ""."""

    name: str
    email: str
    sid: str

    @property
    def login(self) -> str:
        """Return what comes before the @, as `gradescope_harness` has it on the site."""
        return self.email.split("@", 1)[0] or self.sid or self.name


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Plain data only; in C where PyYAML was built with it, because the file may be large."""


def _people(record: Any) -> list[_Person]:
    """Return the submitters of a submission, as far as they are texts."""
    listed = record.get(":submitters") if isinstance(record, Mapping) else None
    people = []
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, Mapping):
            continue
        given = (one.get(f":{key}") for key in ("name", "email", "sid"))
        texts = [str(value).strip() if isinstance(value, str | int) else "" for value in given]
        if any(texts):
            people.append(_Person(*texts))
    return people


def _found(
    folder: str, record: Mapping[str, Any], people: Mapping[str, _Person], files: Contents
) -> Found:
    members = tuple(sorted(people))
    who = plain("-".join(members))
    history = record.get(":history")
    handin = ExportEntry(
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
    return Found(handin, files, who, (*members, *others), names)


def _ids(people: Sequence[_Person]) -> Mapping[_Person, str]:
    """Return everybody's id: the login, with the student id where two people share a login.

    People are the same if their e-mails are, or both their login and student id.
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
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value.replace(" UTC", "+00:00"))
        except ValueError:
            return ""
    if not isinstance(value, datetime.datetime):
        return ""
    # YAML's own times without a zone are UTC (YAML 1.1, timestamp). All in UTC can be ordered.
    return value.replace(tzinfo=value.tzinfo or datetime.UTC).astimezone(datetime.UTC).isoformat()


GRADESCOPE = System("gradescope", _recognises, _read)
