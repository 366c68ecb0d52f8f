"""Gradescope: "Download Submissions" (or "Export Submissions") of a programming assignment.

A folder `submission_<number>/` per submission, and `submission_metadata.yml`, which maps each
folder's name to what is known of it: `:submitters` (several in a group, each with `:name`, `:email`
and `:sid`), `:created_at`, `:history` of earlier submissions, scores. Only the active submission of
each student is in it.

Source: "Exporting submissions" in Gradescope's help; the keys as read by Otter-Grader's Gradescope
parser (`otter/grade/metadata.py`) and by other public readers. The file is Gradescope's own, but
holds names that students chose: it is read as plain data, and whatever has an unexpected type is
left out.
"""

import datetime
from collections.abc import Mapping
from typing import Any

import yaml

from autograder.batch.exports.found import (
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
from autograder.batch.record import Handin
from autograder.intake.archive import Contents, UnreadableFile
from autograder.intake.names import displayed, student_id

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
    for folder, record in known.items():
        people = _people(record)
        if not people:
            problems.append(f"{METADATA} names nobody for {displayed(str(folder))}.")
            continue
        found.append(_found(str(folder), record, people, folders.pop(str(folder), _EMPTY)))
    strangers = [e.path for e in loose(contents) if e.path != METADATA]
    problems += nobodys([*folders, *strangers, *refused_at_the_top(contents)])
    chosen = only_latest(found, problems)
    return Reading(chosen, problems=tuple(problems))


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Plain data only; in C where PyYAML was built with it, because the file may be large."""


def _people(record: Any) -> list[Mapping[str, str]]:
    """`{"name": ..., "email": ..., "sid": ...}` of each submitter, as far as they are texts."""
    listed = record.get(":submitters") if isinstance(record, Mapping) else None
    people: list[Mapping[str, str]] = []
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, Mapping):
            continue
        given = {key: one.get(f":{key}") for key in ("name", "email", "sid")}
        person = {key: str(value) for key, value in given.items() if isinstance(value, str | int)}
        if any(value.strip() for value in person.values()):
            people.append(person)
    return people


def _found(
    folder: str, record: Mapping[str, Any], people: list[Mapping[str, str]], files: Contents
) -> Found:
    members = sorted({_id(person): person for person in people}.items())
    who = plain("-".join(member for member, _ in members))
    history = record.get(":history")
    handin = Handin(
        student=who.value,
        path=folder,
        members=tuple(member for member, _ in members),
        submitted=_moment(record.get(":created_at")),
        attempt=1 + (len(history) if isinstance(history, list) else 0),
        lms={
            member: {
                "Name": person.get("name", ""),
                "Email": person.get("email", ""),
                "SID": person.get("sid", ""),
            }
            for member, person in members
        },
    )
    ids = [one for _, person in members for one in (person.get("email"), person.get("sid")) if one]
    names = tuple(person["name"] for _, person in members if person.get("name"))
    return Found(handin, files, who, (*handin.members, *ids), names)


def _id(person: Mapping[str, str]) -> str:
    """The part of the e-mail before the @, as `autograder.gradescope` marks it on the site."""
    given = person.get("email", "").split("@", 1)[0] or person.get("sid") or person["name"]
    return student_id(given.strip()).value


def _moment(value: Any) -> str:
    if isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value.replace(" UTC", "+00:00"))
        except ValueError:
            return ""
    if not isinstance(value, datetime.datetime):
        return ""
    # YAML's own times without a zone are UTC (YAML 1.1, timestamp).
    return value.replace(tzinfo=value.tzinfo or datetime.UTC).isoformat()


GRADESCOPE = System("gradescope", _recognises, _read)
