"""List the submissions of a Canvas assignment by its REST API, through canvasapi.

Canvas lists one record per student, in pages. A record has the latest attempt and, as
`submission_history`, the earlier ones. In group assignments every member has a record with the same
attachments and the same time, and `group`. Records that agree are one submission.

Source: Canvas's documentation, "Submissions" (List assignment submissions, `include[]=user`,
`group`, `submission_history`), "Assignments" (`grade_group_students_individually`), "Pagination".
"""

import html
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import requests
from canvasapi.assignment import Assignment
from canvasapi.course import Course
from canvasapi.exceptions import (
    CanvasException,
    Forbidden,
    InvalidAccessToken,
    RateLimitExceeded,
    ResourceDoesNotExist,
    Unauthorized,
)
from canvasapi.requester import Requester

from autograder.platforms.canvas_http import CanvasError, is_address
from autograder.platforms.pulled_folder import (
    Pulled,
    PulledAttempt,
    PulledFile,
    PulledGroup,
    PulledStudent,
    PulledSubmission,
    place_of,
)

Record = Mapping[str, Any]
_APART = "apart from the group"  # added to the record of a member with other files
_INCLUDED = ("user", "group", "submission_history")
NEW_TOKEN = (
    "Canvas does not accept the token: it may have expired. Make a new one in Canvas: Account, "
    "Settings, New Access Token."
)


class Listing:
    """Holds an assignment, the address of each file by its number, and typed text by its path."""

    def __init__(self, pulled: Pulled, addresses: Mapping[int, str], typed: Mapping[str, bytes]):
        """Hold what was listed."""
        self.pulled = pulled
        self.addresses = addresses
        self.typed = typed


def list_submissions(session: requests.Session, base: str, course: int, assignment: int) -> Listing:
    """Return all submissions of an assignment.

    Raises:
        CanvasError: Canvas refuses, knows no such assignment, or can't be reached.
    """
    requester = Requester(base, "")  # the session adds the token
    requester._session = session
    with explained_errors(f"assignment {assignment} of course {course}"):
        found = Course(requester, {"id": course}).get_assignment(assignment)
        records = [
            vars(submission)
            for submission in found.get_submissions(include=list(_INCLUDED), per_page=100)
        ]
        if any("anonymous_id" in record and "user_id" not in record for record in records):
            raise CanvasError(
                "Canvas hides the students of this assignment, which is graded anonymously. Grade "
                "Canvas's own download, or show the students in Canvas first."
            )
        return _listing(course, found, records)


@contextmanager
def explained_errors(what: str) -> Iterator[None]:
    """Raise every error of canvasapi and requests as a `CanvasError` that says what to do."""
    try:
        yield
    except (InvalidAccessToken, Unauthorized) as error:
        raise CanvasError(NEW_TOKEN) from error
    except ResourceDoesNotExist as error:
        raise CanvasError(
            f"Canvas has no {what}, or the token may not see it. Compare the numbers with the "
            "address of the assignment: /courses/COURSE/assignments/ASSIGNMENT."
        ) from error
    except RateLimitExceeded as error:
        raise CanvasError(
            "Canvas allows no more requests for now. Run the same command again in some minutes."
        ) from error
    except Forbidden as error:
        raise CanvasError(
            f"The token may not read {what}. Use the token of a teacher of the course."
        ) from error
    except CanvasException as error:
        raise CanvasError(
            "Canvas can't answer now. Run the same command again later to resume."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CanvasError(
            "Canvas's answer is not one of its API. Check that the address is that of Canvas."
        ) from error
    except requests.RequestException as error:
        raise CanvasError(
            f"Canvas can't be reached ({type(error).__name__}). Check the address and the network, "
            "and run the same command again to resume."
        ) from error


def _listing(course: int, assignment: Assignment, records: Sequence[Record]) -> Listing:
    submitted: list[Record] = []
    missing = []
    for record in records:
        if record.get("submitted_at") and record.get("workflow_state") != "unsubmitted":
            submitted.append(record)
        else:
            missing.append(_student(record))
    addresses = {
        int(item["id"]): str(item.get("url") or "")
        for record in submitted
        for item in _attachments(record)
    }
    typed: dict[str, bytes] = {}
    submissions = tuple(_submission(group, typed) for group in _teams(submitted))
    pulled = Pulled(
        course=course,
        assignment=int(assignment.id),
        title=str(assignment.name),
        submissions=submissions,
        missing=tuple(sorted(missing, key=lambda student: student.id)),
        graded_individually=bool(getattr(assignment, "grade_group_students_individually", False)),
    )
    return Listing(pulled, addresses, typed)


def _teams(records: Sequence[Record]) -> list[list[Record]]:
    """Return the records of each submission, the earliest first.

    The members of a group have the same files. Those who differ from most of it are alone.
    """
    groups: dict[int, dict[tuple[Any, ...], list[Record]]] = defaultdict(lambda: defaultdict(list))
    alone: list[list[Record]] = []
    for record in records:
        group = (record.get("group") or {}).get("id")
        if group:
            content = (_file_ids(record), record.get("body"), record.get("url"))
            groups[int(group)][content].append(record)
        else:
            alone.append([record])
    teams = []
    for alike in groups.values():
        largest, *others = sorted(alike.values(), key=lambda team: (-len(team), _order(team[0])))
        teams.append(sorted(largest, key=_order))
        alone += [[{**record, _APART: True}] for team in others for record in team]
    return sorted([*teams, *alone], key=lambda team: min(record["user_id"] for record in team))


def _order(record: Record) -> tuple[str, int]:
    return str(record["submitted_at"]), int(record["user_id"])


def _submission(records: Sequence[Record], typed: dict[str, bytes]) -> PulledSubmission:
    first = records[0]
    group = first.get("group") or {}
    files = [_file(item) for item in _attachments(first)] + _typed_files(first, typed)
    return PulledSubmission(
        members=tuple(_student(record) for record in records),
        latest=_attempt(first),
        files=tuple(sorted(files, key=lambda file: file.id)),
        attempts=tuple(
            _attempt(attempt)
            for attempt in first.get("submission_history") or ()
            if attempt.get("submitted_at")
        ),
        group=PulledGroup(int(group["id"]), str(group.get("name") or ""))
        if group.get("id")
        else None,
        is_apart=_APART in first,
    )


def _student(record: Record) -> PulledStudent:
    user = record.get("user") or {}
    id = int(record["user_id"])
    name = str(user.get("name") or "")
    return PulledStudent(
        id=id,
        name=name,
        sortable_name=str(user.get("sortable_name") or name),
        login=str(user.get("login_id") or ""),
        sis_id=str(user.get("sis_user_id") or ""),
    )


def _attempt(record: Record) -> PulledAttempt:
    return PulledAttempt(
        int(record.get("attempt") or 1), str(record["submitted_at"]), bool(record.get("late"))
    )


def _attachments(record: Record) -> list[Record]:
    return [vars(item) for item in record.get("attachments") or ()]


def _file_ids(record: Record) -> tuple[int, ...]:
    return tuple(sorted(int(item["id"]) for item in _attachments(record)))


def _file(item: Record) -> PulledFile:
    id, name = int(item["id"]), str(item.get("display_name") or item.get("filename") or "")
    problem = "" if is_address(str(item.get("url") or "")) else "has no address in Canvas"
    return PulledFile(id, name, int(item["size"]), place_of(id, name), problem)


def _typed_files(record: Record, typed: dict[str, bytes]) -> list[PulledFile]:
    """Return text that a student typed, and an address, as Canvas's download stores them."""
    files = []
    for name, text in (("text.html", record.get("body")), ("link.html", _link(record))):
        if text:
            content = str(text).encode("utf-8", "replace")
            path = place_of(0, f"{record['user_id']}_{record.get('attempt') or 1}_{name}")
            typed[path] = content
            files.append(PulledFile(0, name, len(content), path))
    return files


def _link(record: Record) -> str:
    if record.get("submission_type") != "online_url":
        return ""
    address = html.escape(str(record.get("url") or ""))
    return f"<p>{address}</p>\n"
