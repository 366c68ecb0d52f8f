"""`pull` over HTTP: what Canvas has arrives once, whole and private, and batch reads it."""

import csv
import io
import json
import logging
import os
import stat
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder.__main__ import main
from autograder.course.class_record import ClassRecord, Outcome
from autograder.course.course_file import load_policy
from autograder.course.manual_scores import ManualScore
from autograder.course.outputs.gradebooks import site_rows
from autograder.course.policy import apply_policy
from autograder.platforms import BadExport, canvas_pull, read_export
from autograder.platforms.canvas import canvas_csv
from autograder.platforms.pulled_folder import PulledFile
from quantlab.intake.contents import LIMITS, Limits
from tests.class_outputs.people import a_report
from tests.feedback.graded import publish, return_to
from tests.feedback.site_rules import CanvasAssignment, CanvasSubmission, canvas
from tests.feedback.site_rules import members as archive_members
from tests.pull.canvas_site import TOKEN, CanvasSite, Failure

LIST = "/api/v1/courses/7/assignments/9/submissions"


def fill(site: CanvasSite) -> None:
    """Five students: one late, one twice, two in a group, one silent."""
    site.submit(17, "Lovelace, Ada", [site.attachment(801, "solution.py", b"ada = 1\n")])
    site.submit(
        18,
        "Ålund, Zoë",
        [site.attachment(805, "solution.py", b"zoe = 2\n")],
        attempt=2,
        late=True,
        submitted_at="2026-10-25T21:00:00Z",
        submission_history=[
            {"attempt": 1, "submitted_at": "2026-10-20T10:00:00Z", "late": False},
            {"attempt": 2, "submitted_at": "2026-10-25T21:00:00Z", "late": True},
        ],
    )
    team = {"id": 5, "name": "Team 5"}
    shared = [site.attachment(806, "solution.py", b"team = 1\n")]
    site.submit(19, "Turing, Cem", shared, group=team)
    site.submit(20, "Knuth, Dot", shared, group=team, submitted_at="2026-10-24T21:00:01Z")
    site.silent(21, "Allen, Fay")


def test_pull_brings_times_attempts_groups_and_files(site, pull, tmp_path: Path, capsys) -> None:
    fill(site)
    assert pull() == 0
    assert "has 3 submissions of 'Quantization': 3 files fetched, 0 kept. 1 student submitted" in (
        capsys.readouterr().out
    )
    with read_export(tmp_path / "pulled") as export:
        assert export.source == "canvas"
        entries = {entry.student: entry for entry in export.entries}
        solutions = {name: export.submission(entry).solution for name, entry in entries.items()}
        assert export.problems == ()
        assert list(export.missing) == ["allenfay_21"]
    assert solutions == {
        "lovelaceada_17": "ada = 1\n",
        "alundzoe_18": "zoe = 2\n",
        "team5_group5": "team = 1\n",
    }
    zoe, team = entries["alundzoe_18"], entries["team5_group5"]
    assert (zoe.submitted, zoe.attempt, zoe.late) == ("2026-10-25T21:00:00Z", 2, True)
    assert team.members == ("knuthdot_20", "turingcem_19")
    assert team.submitted == "2026-10-24T21:00:00Z"
    assert team.shared_feedback
    assert zoe.lms["alundzoe_18"] == {
        "Student": "Ålund, Zoë",
        "ID": "18",
        "SIS User ID": "sis18",
        "SIS Login ID": "u18@x.edu",
    }
    # Three pages of two, by Canvas's Link headers.
    assert [path.partition("?")[2] for path in site.paths() if path.startswith(LIST)][1:] == [
        "page=2",
        "page=3",
    ]


def test_pulled_class_gets_penalties_and_gradebooks(site, pull, tmp_path: Path) -> None:
    fill(site)
    pull()
    course = tmp_path / "course.toml"
    course.write_text(
        "deadline = 2026-10-24T23:59:00+02:00\n[late]\npercent_per_day = 10\n"
        "[extensions]\nknuthdot_20 = 2026-10-30T12:00:00Z\n"
    )
    with read_export(tmp_path / "pulled") as export:
        outcomes = tuple(Outcome(entry, a_report(entry.student)) for entry in export.entries)
        record = ClassRecord(export.source, "CIFAR-10", outcomes, export.missing)
    policy = load_policy(course)
    scores = {s.member: s for s in apply_policy(record, policy, {})}
    assert {name: (s.days_late, s.status.value) for name, s in scores.items()} == {
        "allenfay_21": (0, "missing"),
        "alundzoe_18": (1, "awaiting marking"),
        "knuthdot_20": (0, "awaiting marking"),
        "lovelaceada_17": (0, "awaiting marking"),
        "turingcem_19": (0, "awaiting marking"),
    }
    rows = site_rows(tuple(scores.values()), replace(policy, publish_unfinished=True))
    table = list(csv.DictReader(io.StringIO(canvas_csv(rows, "Quantization (9)"))))
    assert {row["ID"] for row in table[1:]} == {"17", "18", "19", "20"}


@pytest.mark.parametrize("individually", [False, True])
def test_pulled_group_gets_its_pages_back(site, pull, tmp_path: Path, individually: bool) -> None:
    fill(site)
    site.assignment["grade_group_students_individually"] = individually
    pull()
    (tmp_path / "pulled").rename(tmp_path / "export")
    out = publish(tmp_path)
    assert return_to("canvas", out) == 0
    submissions = [
        CanvasSubmission(str(r["user_id"]), {a["id"]: a["display_name"] for a in r["attachments"]})
        for r in site.records
    ]
    groups = {} if individually else {"Team 5": ["19", "20"]}
    received = canvas(out / "feedback/canvas.zip", CanvasAssignment(submissions, groups))
    assert set(received) == {"17", "18", "19", "20"}
    for user, student in (("17", "lovelaceada_17"), ("19", "team5_group5"), ("20", "team5_group5")):
        assert f"Comment for {student}.".encode() in received[user]["solution.py"]


def test_pull_is_private(site, pull, tmp_path: Path) -> None:
    fill(site)
    pull()
    paths = [tmp_path / "pulled", *(tmp_path / "pulled").rglob("*")]
    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in paths}
    assert modes == {(True, 0o700), (False, 0o600)}


def test_pull_again_fetches_only_what_changed(site, pull, tmp_path: Path, capsys) -> None:
    fill(site)
    pull()
    site.requests.clear()
    (tmp_path / "pulled" / "files" / "801_solution.py").write_bytes(b"cut")
    site.records[1]["attachments"] = [site.attachment(830, "solution.py", b"zoe = 3\n")]
    site.records[1]["attempt"] = 3
    assert pull() == 0
    assert site.paths("files") == ["/storage/801", "/storage/830"]
    assert "2 files fetched, 1 kept" in capsys.readouterr().out
    names = sorted(path.name for path in (tmp_path / "pulled" / "files").iterdir())
    assert names == ["801_solution.py", "806_solution.py", "830_solution.py"]


def test_incomplete_pull_is_not_graded_and_resumes(site, pull, tmp_path: Path, capsys) -> None:
    fill(site)
    expired = Failure(401, b"{}", {"WWW-Authenticate": "Bearer"}, times=100)
    site.failures["/files/805/download"] = expired
    assert pull() == 2
    assert "it may have expired" in capsys.readouterr().err
    with pytest.raises(BadExport, match="run the same pull command again"):
        read_export(tmp_path / "pulled")
    site.failures.clear()
    site.requests.clear()
    assert pull() == 0
    assert site.paths("files") == ["/storage/805", "/storage/806"]
    with read_export(tmp_path / "pulled") as export:
        assert len(export.entries) == 3


def test_pull_sends_the_token_to_canvas_alone(site, pull) -> None:
    fill(site)
    pull()
    tokens = {(server, token) for server, _, token in site.requests}
    assert tokens == {("canvas", f"Bearer {TOKEN}"), ("files", "")}


def test_pull_sends_no_token_to_a_file_server_that_is_listed(site, pull) -> None:
    file = site.attachment(801, "solution.py", b"x = 1\n")
    site.submit(17, "L, A", [{**file, "url": f"{site.addresses['files']}/storage/801"}])
    assert pull() == 0
    assert ("files", "/storage/801", "") in site.requests


def test_pull_ignores_a_netrc_file(site, pull, tmp_path: Path, monkeypatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    site.submit(17, "L, A", [site.attachment(801, "solution.py", b"x = 1\n")])
    assert pull() == 0
    assert {token for server, _, token in site.requests if server == "canvas"} == {
        f"Bearer {TOKEN}"
    }


TROUBLES = {
    "none": {},
    "expired": {LIST: Failure(401, b"{}", {"WWW-Authenticate": "Bearer"}, 99)},
    "forbidden": {LIST: Failure(403, b'{"status":"unauthorized"}', times=99)},
    "missing": {LIST: Failure(404, b"{}", times=99)},
    "failing": {LIST: Failure(500, b"oops", times=99)},
    "throttled": {LIST: Failure(429, b"", {"Retry-After": "3"}, 99)},
    "not JSON": {LIST: Failure(200, b"<html>login</html>", times=99)},
    "wrong JSON": {LIST: Failure(200, b'[{"id": 1}]', times=99)},
    "next page elsewhere": {
        LIST: Failure(200, b"[]", {"Link": '<https://evil.example/api>; rel="next"'}, 99)
    },
    "file refused": {"/storage/801": Failure(404, b"", times=99)},
    "file cut": {"/storage/801": Failure(200, times=99, cut=3)},
    "file redirected": {"/storage/801": Failure(302, b"", {"Location": "http://evil.example/"}, 9)},
    "redirect loop": {LIST: Failure(302, b"", {"Location": LIST}, 999)},
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_token_is_in_no_output_log_file_or_argument(
    trouble: str, site, pull, tmp_path: Path, capfd, caplog, recwarn
) -> None:
    fill(site)
    site.failures |= {path: Failure(**vars(f)) for path, f in TROUBLES[trouble].items()}
    with caplog.at_level(logging.DEBUG):
        for name in ("canvasapi", "urllib3", "requests"):
            logging.getLogger(name).setLevel(logging.DEBUG)
        status = pull("--verbose")
    assert status == (
        0 if trouble == "none" else 1 if trouble in ("file refused", "file cut") else 2
    )
    output = "".join(capfd.readouterr())
    assert "Traceback" not in output
    assert "GET 127.0.0.1/api/v1/courses/7/assignments/9" in output
    everything = output + caplog.text + "".join(str(w.message) for w in recwarn)
    for path in (tmp_path / "pulled").rglob("*"):
        everything += path.name + (path.read_text("latin-1") if path.is_file() else "")
    for secret in (TOKEN, TOKEN[-4:]):  # canvasapi shows the end of a token that it knows
        assert secret not in everything
    assert "verifier" not in output


def test_unexpected_error_shows_no_token(site, pull, monkeypatch, capsys) -> None:
    fill(site)

    def broken(*arguments: object) -> None:
        raise RuntimeError("unexpected")

    monkeypatch.setattr("autograder.platforms.canvas_pull.list_submissions", broken)
    with pytest.raises(RuntimeError) as caught:
        pull()
    text = "".join(traceback.format_exception(caught.value))
    assert TOKEN not in text + "".join(capsys.readouterr())


MESSAGES = {
    "expired": "it may have expired. Make a new one in Canvas",
    "forbidden": "Use the token of a teacher of the course",
    "missing": "Canvas has no assignment 9 of course 7",
    "failing": "Canvas can't answer now",
    "throttled": "Canvas allows no more requests for now",
    "not JSON": "Canvas's answer is not one of its API",
    "wrong JSON": "Canvas's answer is not one of its API",
    "next page elsewhere": "Canvas's answer is not one of its API",
    "file redirected": "evil.example is asked for without HTTPS",
    "redirect loop": "Canvas can't be reached (TooManyRedirects)",
}


@pytest.mark.parametrize("trouble", MESSAGES)
def test_pull_says_what_is_wrong(trouble: str, site, pull, capsys) -> None:
    fill(site)
    site.failures |= {path: Failure(**vars(f)) for path, f in TROUBLES[trouble].items()}
    assert pull() == 2
    assert MESSAGES[trouble] in capsys.readouterr().err


def test_pull_waits_as_canvas_asks(site, pull, waits) -> None:
    fill(site)
    site.failures[LIST] = Failure(403, b"403 Forbidden (Rate Limit Exceeded)\n", times=2)
    site.failures["/files/801/download"] = Failure(429, b"", {"Retry-After": "7"})
    site.failures["/storage/805"] = Failure(502)
    site.failures["/storage/806"] = Failure(200, b"team = 1\n", {"X-Rate-Limit-Remaining": "20.0"})
    assert pull() == 0
    assert waits == [1.0, 2.0, 7.0, 1.0, 3.0]


def test_pull_bounds_retries_and_waits(site, pull, waits) -> None:
    site.failures[LIST] = Failure(503, b"", {"Retry-After": "86400"}, times=99)
    assert pull() == 2
    assert waits == [120.0] * 5
    assert len([path for path in site.paths() if path.startswith(LIST)]) == 6


def test_pull_without_a_server_gives_up(site, pull, waits, capsys) -> None:
    assert pull("--url", "http://127.0.0.1:9") == 2
    assert "Canvas can't be reached (ConnectionError)" in capsys.readouterr().err
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0]


def test_pull_fetches_a_file_again_that_was_cut_short(site, pull) -> None:
    fill(site)
    site.failures["/storage/801"] = Failure(200, times=2, cut=3)
    assert pull() == 0
    assert site.paths("files").count("/storage/801") == 3


def test_file_that_canvas_refuses_needs_review(site, pull, tmp_path: Path, capsys) -> None:
    fill(site)
    site.failures["/storage/801"] = Failure(404, times=99)
    assert pull() == 1
    sentence = "'solution.py' of lovelaceada_17 was not fetched: it is refused by Canvas"
    assert sentence in capsys.readouterr().err
    with read_export(tmp_path / "pulled") as export:
        (entry,) = (e for e in export.entries if e.student == "lovelaceada_17")
        submission = export.submission(entry)
    assert submission.solution is None
    assert any("refused by Canvas" in str(note) for note in vars(submission).values())


def test_pull_stops_if_no_file_can_be_sent(site, pull, tmp_path: Path, capsys) -> None:
    fill(site)
    for number in (801, 805, 806):
        site.failures[f"/storage/{number}"] = Failure(503, times=100)
    assert pull() == 2
    assert "Canvas can't send files now. Run the same command" in capsys.readouterr().err
    with pytest.raises(BadExport, match="run the same pull command again"):
        read_export(tmp_path / "pulled")


def test_pull_continues_if_only_some_files_can_not_be_sent(site, pull, capsys) -> None:
    fill(site)
    for number in (801, 806):
        site.failures[f"/storage/{number}"] = Failure(503, times=100)
    assert pull() == 1
    assert "it can't be sent by Canvas now (status 503): pull again later." in (
        capsys.readouterr().err
    )
    site.failures.clear()
    assert pull() == 0
    assert "2 files fetched, 1 kept" in capsys.readouterr().out


def test_pull_refuses_an_anonymous_assignment(site, pull, capsys) -> None:
    fill(site)
    del site.records[0]["user_id"]
    site.records[0]["anonymous_id"] = "Xy9z1"
    assert pull() == 2
    assert "which is graded anonymously" in capsys.readouterr().err


def test_pull_refuses_the_folder_of_another_assignment(site, pull, tmp_path, capsys) -> None:
    fill(site)
    pull()
    before = sorted(path.name for path in (tmp_path / "pulled" / "files").iterdir())
    assert pull(assignment=10) == 2
    assert "contains assignment 9 of course 7" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "pulled" / "files").iterdir()) == before


HOSTILE = (
    "../../escape.py",
    "a\0b.py",
    "C:\\x\\solution.py",
    "solution.py",
    "n" * 300 + ".py",
    "/",
)


def test_hostile_names_stay_in_the_folder(site, pull, tmp_path: Path) -> None:
    files = [site.attachment(900 + n, name, b"%d" % n) for n, name in enumerate(HOSTILE)]
    site.submit(17, "Lovelace, Ada", [*files, site.attachment(950, "solution.py", b"other")])
    assert pull() == 0
    written = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert {path.parts[0] for path in written} == {"pulled", "token.txt"}
    assert all(len(path.name) < 100 for path in written)
    assert len(written) == 2 + len(HOSTILE) + 1
    with read_export(tmp_path / "pulled") as export:
        assert export.problems == ()
        contents = export._parsed["lovelaceada_17"].contents
    paths = {entry.path for entry in contents.files}
    assert {"escape.py", "solution.py", "903/solution.py", "950/solution.py"} <= paths
    assert max(len(path.encode()) for path in paths) == 255
    assert [refusal.reason for refusal in contents.refused] == ["has a NUL in its name"]


def test_pull_refuses_more_than_a_submission_may_contain(
    site, pull, tmp_path: Path, monkeypatch, capsys
) -> None:
    site.submit(
        17,
        "L, A",
        [site.attachment(801, "a.pt", b"x" * 60), site.attachment(802, "b.pt", b"x" * 60)],
    )
    monkeypatch.setattr("autograder.platforms.canvas_pull.LIMITS", Limits(total_bytes=100))
    assert pull() == 1
    assert "'b.pt' of la_17 was not fetched: it makes the submission larger" in (
        capsys.readouterr().err
    )
    assert site.paths("files") == ["/storage/801"]
    assert LIMITS.total_bytes > 2**20


def test_pull_lists_a_file_without_an_address(site, pull, tmp_path: Path, capsys) -> None:
    fill(site)
    files = [
        site.attachment(870 + number, f"{number}.py", b"x", url=url)
        for number, url in enumerate(("", None, "https://[::1", "/files/1"))
    ]
    site.submit(23, "Hopper, Gil", files)
    assert pull() == 1
    output = capsys.readouterr()
    for number in range(4):
        sentence = f"'{number}.py' of hoppergil_23 was not fetched: it has no address in Canvas."
        assert sentence in output.err
    assert "3 files fetched" in output.out


def test_pull_refuses_another_page_in_place_of_a_file(site, pull, tmp_path: Path, capsys) -> None:
    fill(site)
    site.failures["/storage/801"] = Failure(200, b"<html>", times=99)
    assert pull() == 1
    assert "it does not have the 8 bytes that Canvas lists" in capsys.readouterr().err
    assert not (tmp_path / "pulled" / "files" / "801_solution.py").exists()


def test_copy_stops_after_the_bytes_that_are_listed() -> None:
    def pieces(size: int) -> Iterator[bytes]:
        yield from [b"x" * 100] * 2
        pytest.fail("more was read than is listed")

    response = SimpleNamespace(iter_content=pieces)
    with pytest.raises(canvas_pull._CutShort):
        canvas_pull._copy(response, PulledFile(801, "a.py", 150, "files/801_a.py"), io.BytesIO())


def test_pull_stops_at_a_file_larger_than_listed(site, pull, tmp_path: Path) -> None:
    site.submit(17, "L, A", [site.attachment(801, "a.py", b"x" * 2**20, size=10)])
    assert pull() == 1
    assert list((tmp_path / "pulled" / "files").iterdir()) == []


def test_pull_on_a_full_disk_keeps_what_is_whole(
    site, pull, tmp_path: Path, monkeypatch, capsys
) -> None:
    fill(site)
    sync = os.fsync
    calls = []

    def full(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        sync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr("quantlab.atomic_files.os.fsync", full)
        assert pull() == 2
    assert "No space left on device. Free some space and run the same command" in (
        capsys.readouterr().err
    )
    assert [path.name for path in (tmp_path / "pulled/files").iterdir()] == ["801_solution.py"]
    assert pull() == 0


def test_interrupted_pull_keeps_whole_files(
    site, pull, tmp_path: Path, monkeypatch, capsys
) -> None:
    fill(site)
    fetch = canvas_pull._fetch

    def interrupted(session, address, folder, file) -> None:
        if file.id == 805:
            raise KeyboardInterrupt
        fetch(session, address, folder, file)

    with monkeypatch.context() as patch:
        patch.setattr(canvas_pull, "_fetch", interrupted)
        assert pull() == 130
    assert "Interrupted." in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "pulled/files").iterdir()] == ["801_solution.py"]
    assert pull() == 0
    assert "2 files fetched, 1 kept" in capsys.readouterr().out


def test_pull_refuses_too_little_space_before_it_fetches(site, pull, monkeypatch, capsys) -> None:
    fill(site)
    monkeypatch.setattr(
        "autograder.platforms.canvas_pull.shutil.disk_usage",
        lambda path: SimpleNamespace(free=5),
    )
    assert pull() == 2
    assert "Free some space or choose another folder" in capsys.readouterr().err
    assert site.paths("files") == []


def test_typed_text_and_addresses_become_files(site, pull, tmp_path: Path) -> None:
    site.submit(17, "L, A", [], body="<p>my answer</p>", submission_type="online_text_entry")
    site.submit(18, "M, B", [], url="http://x.edu/<a>", submission_type="online_url")
    assert pull() == 0
    with read_export(tmp_path / "pulled") as export:
        files = {
            student: {entry.path: entry.read(100) for entry in parsed.contents.files}
            for student, parsed in export._parsed.items()
        }
    assert files == {
        "la_17": {"text.html": b"<p>my answer</p>"},
        "mb_18": {"link.html": b"<p>http://x.edu/&lt;a&gt;</p>\n"},
    }


def test_group_member_with_other_files_is_alone(site, pull, tmp_path: Path) -> None:
    fill(site)
    own = [site.attachment(860, "solution.py", b"eve = 1\n")]
    site.submit(22, "Liskov, Eve", own, group={"id": 5, "name": "Team 5"})
    assert pull() == 0
    with read_export(tmp_path / "pulled") as export:
        members = {entry.student: entry.members for entry in export.entries}
    assert members["team5_group5"] == ("knuthdot_20", "turingcem_19")
    assert members["liskoveve_22"] == ("liskoveve_22",)


@pytest.mark.parametrize("individually", [False, True])
def test_pages_of_a_split_group_reach_no_other_member(
    site, pull, tmp_path: Path, individually: bool, capsys
) -> None:
    fill(site)
    own = [site.attachment(860, "solution.py", b"eve = 1\n")]
    site.submit(22, "Liskov, Eve", own, group={"id": 5, "name": "Team 5"})
    site.assignment["grade_group_students_individually"] = individually
    pull()
    (tmp_path / "pulled").rename(tmp_path / "export")
    out = publish(tmp_path)
    assert return_to("canvas", out) == (0 if individually else 1)
    names = {name.split("_")[1] for name, _ in archive_members(out / "feedback/canvas.zip")}
    team = {"19", "20", "22"}
    assert names == {"17", "18"} | (team if individually else set())
    sentence = (
        "3 students left out, the site gives a group one page, and its members submitted different "
        "files: use --to mail: knuthdot_20, liskoveve_22, turingcem_19."
    )
    assert (sentence in capsys.readouterr().out) is not individually
    if not individually:
        assert return_to("mail", out) == 0
        assert len(list((out / "feedback/mail").glob("*.html"))) == 5


def test_group_with_own_comments_gets_no_shared_page(site, pull, tmp_path: Path, capsys) -> None:
    fill(site)
    pull()
    (tmp_path / "pulled").rename(tmp_path / "export")
    own = {
        ("knuthdot_20", "1c.comparison"): ManualScore(2.0, "Only for Dot."),
        ("turingcem_19", "1c.comparison"): ManualScore(2.0, "Only for Cem."),
    }
    out = publish(tmp_path, manual=own)
    assert return_to("canvas", out) == 1
    assert "the scores or comments of its members differ" in capsys.readouterr().out
    assert b"Only for" not in b"".join(
        content for _, content in archive_members(out / "feedback/canvas.zip")
    )


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        ("", 0o600, "does not contain a token"),
        ("two words", 0o600, "does not contain a token"),
        ("7~línea", 0o600, "does not contain a token"),
        (TOKEN, 0o644, "Other users can read"),
        (None, 0o600, "can't be read: No such file"),
    ],
)
def test_pull_refuses_a_bad_token_file(
    content: str | None, mode: int, message: str, site, pull, tmp_path: Path, capsys
) -> None:
    place = tmp_path / "other.txt"
    if content is not None:
        place.write_text(content)
        place.chmod(mode)
    assert pull("--token-file", str(place)) == 2
    error = capsys.readouterr().err
    assert message in error
    assert TOKEN not in error
    assert site.requests == []


def test_pull_takes_the_token_from_the_environment(
    site, tmp_path: Path, monkeypatch, capsys
) -> None:
    fill(site)
    command = ["pull", "canvas", "--course", "7", "--assignment", "9"]
    command += ["--out", str(tmp_path / "pulled")]
    monkeypatch.setenv("CANVAS_API_URL", site.addresses["canvas"] + "/")
    assert main(command) == 2
    assert "No token: set CANVAS_API_TOKEN" in capsys.readouterr().err
    monkeypatch.setenv("CANVAS_API_TOKEN", TOKEN)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert main(command) == 0


@pytest.mark.parametrize(
    "url",
    [
        *("", "canvas.x.edu", "http://canvas.x.edu", "https://u:p@x.edu", "https://x.edu/a?b=c"),
        *("https://[::1", "https://canvas.x.edu:99999", "https://canvas.x.edu:x"),
    ],
)
def test_pull_refuses_an_address_that_is_not_secure(url: str, site, pull, capsys) -> None:
    assert pull("--url", url or " ") == 2
    error = capsys.readouterr().err
    assert "address of Canvas must" in error or "without HTTPS" in error
    assert site.requests == []


def test_pull_refuses_a_folder_with_other_files(site, pull, tmp_path: Path, capsys) -> None:
    (tmp_path / "pulled").mkdir()
    (tmp_path / "pulled" / "thesis.txt").write_text("x")
    assert pull() == 2
    assert "contains other files" in capsys.readouterr().err
    assert site.requests == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "is not one that pull wrote"),
        ('{"version": 1}', "is not one that pull wrote"),
        (None, "has version 2"),
    ],
)
def test_batch_refuses_another_index(text: str | None, message: str, tmp_path: Path) -> None:
    whole = {"course": 7, "assignment": 9, "title": "", "submissions": [], "missing": []}
    (tmp_path / "submissions.json").write_text(text or json.dumps({**whole, "version": 2}))
    with pytest.raises(BadExport, match=message):
        read_export(tmp_path)
