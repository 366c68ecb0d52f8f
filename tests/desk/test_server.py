"""The desk over HTTP: who may use it, what a click does, what graders see."""

import json
import os
import re
import socket
import stat
import subprocess
import sys
import threading
import webbrowser
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from autograder.commands.desk import DeskCommandOptions, desk, open_browser, open_listeners
from autograder.course.class_folder import JOURNAL
from autograder.course.forget import plan_removal
from autograder.course.journal import Journal
from autograder.course.lock import hold_lock
from autograder.course.readings import Kind
from autograder.desk import class_desk
from autograder.desk.blind import Share
from autograder.desk.copy import copy_page
from quantlab.paths import KIT
from tests.desk.conftest import Client, a_click
from tests.desk.small_class import png

HOSTILE = "</div><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[2J\u202e{{7*7}} 0.0123"


def readings(out):
    with Journal(out / JOURNAL / "marks.sqlite") as journal:
        return journal.readings()


def test_desk_opens_once_for_one_browser(open_desk, serve):
    gate = serve(open_desk())
    first, other = Client(gate, enter=False), Client(gate, enter=False)
    cookie = first.get(first.entrance).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert first.get("/").status_code == 200
    assert other.get(other.entrance).status_code == 403
    assert other.get("/").status_code == 403
    assert other.get("/?token=guess").status_code == 403
    assert first.get(first.entrance).headers["location"] == "/"


def test_desk_can_be_opened_from_a_file_but_only_with_its_token(open_desk, serve):
    client = Client(serve(open_desk()), enter=False)
    from_file = {"Sec-Fetch-Site": "cross-site"}
    assert client.get("/?token=guess", headers=from_file).status_code == 403
    assert client.get(client.entrance, headers=from_file).status_code == 200
    assert client.get("/", headers=from_file).status_code == 403


def test_desk_has_a_host_of_its_own_so_that_other_ports_get_no_cookie(open_desk, serve):
    hosts = [serve(open_desk()).host.partition(":")[0] for _ in range(2)]
    assert hosts[0] != hosts[1]
    assert all(re.fullmatch(r"desk-[0-9a-f]{24}\.localhost", host) for host in hosts)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:8123"},
        {"Host": "127.0.0.1:9999"},
        {"Host": "localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_desk_refuses_requests_of_other_sites(enter, out, headers, method):
    client = enter()
    address = client.start()
    headers = {"Origin": client.origin, **headers}
    reply = client.request(method, address, headers=headers, json=a_click())
    assert reply.status_code == 403
    assert readings(out) == ()


def test_desk_refuses_changes_that_do_not_say_their_origin_or_type(enter, out):
    client = enter()
    address = client.start()
    assert client.post(address, json=a_click()).status_code == 403
    form = {"Origin": client.origin, "Content-Type": "text/plain"}
    assert client.post(address, content=json.dumps(a_click()), headers=form).status_code == 415
    assert client.put(address, json=a_click()).status_code == 405
    assert readings(out) == ()


def test_desk_sends_strict_headers_with_every_answer(enter):
    client = enter()
    address = client.start()
    for path in ("/", "/first/1b", address, "/nothing", f"{address}/figure/99", "/first/9/1"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "unsafe" not in headers["content-security-policy"]


def test_click_is_a_row_and_saving_leads_to_the_next_unread_answer(enter, out):
    client = enter()
    address = client.start()
    client.send_click(address, points=1.5, saved=False, criteria=[0])
    reply = client.send_click(address, comment="Says\nwhat it costs.").json()
    assert reply["message"] == "Saved."
    assert reply["next"] != address
    draft, saved = readings(out)
    assert (draft.saved, draft.points, draft.criteria) == (False, 1.5, (0,))
    assert (saved.points, saved.comment, saved.grader) == (3.0, "Says what it costs.", "grace")
    assert "1 of 5 read" in client.get("/").text
    page = client.get(address).text
    assert 'value="3"' in page
    assert "Says what it costs." in client.get(reply["next"]).text  # in the comment bank


@pytest.mark.parametrize(
    "bad",
    [
        {"points": 4.5},
        {"points": -1},
        {"points": None},
        {"criteria": [3]},
        {"criteria": ["x"]},
        {"comment": "x" * 5000},
        {"more": 1},
        {"saved": "yes"},
    ],
)
def test_click_refuses_impossible_values(enter, out, bad):
    client = enter()
    reply = client.send_click(client.start(), **bad)
    assert reply.status_code == 422
    assert reply.json()["message"]
    assert readings(out) == ()


def test_click_during_a_batch_says_that_nothing_was_saved(enter, out):
    client = enter()
    address = client.start()
    with hold_lock(out, out / JOURNAL / "lock"):
        reply = client.send_click(address)
    assert reply.status_code == 409
    assert "was not saved" in reply.json()["message"]
    assert readings(out) == ()
    assert client.send_click(address).status_code == 200


def test_click_from_a_page_of_another_run_or_answer_is_not_saved(enter, out):
    client = enter()
    address = client.start()
    other = client.page_values("/first/2d/1")
    earlier_run = enter().page_values(address)["run"]
    for change, sentence in (
        ({"run": earlier_run}, "started again"),
        ({"answer": other["answer"]}, "answer has changed"),
    ):
        reply = client.send_click(address, **change)
        assert reply.status_code == 409
        assert sentence in reply.json()["message"]
    assert readings(out) == ()


def test_answer_of_another_submission_is_unread_again(enter, out):
    place = out / "class.json"
    published = json.loads(place.read_text(encoding="utf-8"))

    def submit(documents: str) -> None:
        for outcome in published["outcomes"]:
            outcome["documents"] = documents
        place.write_text(json.dumps(published), encoding="utf-8")

    client = enter()
    address = client.start()
    client.send_click(address, points=1.0)  # before digests were published
    assert enter().start() != address
    submit("first")
    client = enter()
    address = client.start()
    client.send_click(address, points=2.0)
    assert "2 of 5 read" in client.get(address).text
    submit("second")
    client = enter()
    assert "1 of 5 read" in client.get(address).text
    assert "The documents have changed since you read them" in client.get(address).text
    assert client.start() == address
    assert enter("alan").send_click(address, points=3.0).status_code == 200
    assert [reading.submission for reading in readings(out)] == ["", "first", "second"]


def test_desk_answers_while_another_page_waits_for_the_journal(open_desk, serve, monkeypatch):
    opened = open_desk()
    client = Client(serve(opened))
    waits, done = threading.Event(), threading.Event()
    monkeypatch.setattr(opened, "refresh", lambda: (waits.set(), done.wait(30)))
    with ThreadPoolExecutor(1) as pool:
        overview = pool.submit(client.get, "/")
        assert waits.wait(30)
        assert client.get("/first/1b/1/figure/99").status_code == 404
        assert not overview.done()
        done.set()
        assert overview.result().status_code == 200


def test_works_draw_the_sample_of_second_readings_once_a_question(open_desk, monkeypatch):
    opened = open_desk()
    monkeypatch.setattr(class_desk, "sample", lambda *_: pytest.fail("drawn again"))
    assert opened.works("1b", Kind.SECOND) == ()


def test_another_grader_sees_a_reading_and_can_not_replace_it(enter, out):
    first = enter("grace")
    address = first.start()
    other = enter("alan")
    first.send_click(address, points=2.0)
    assert other.send_click(address, points=1.0).status_code == 422
    page = other.get(address).text
    assert "grace has read this answer: 2 points" in page
    assert 'id="save"' not in page
    assert len(readings(out)) == 1
    assert other.start() != address


def test_second_reading_hides_the_first_and_differences_are_agreed_on(enter, out):
    first = enter("grace")
    address = first.start()
    first.send_click(address, points=2.0, comment="Grace writes.")
    other = enter("alan", second_percent=100)
    second = other.start("second")
    assert second == address.replace("first", "second")
    assert (
        "Grace writes."
        not in re.sub(r'data-comment="[^"]*"', "", other.get(second).text).split('class="bank"')[0]
    )
    other.send_click(second, points=3.0)
    overview = other.get("/").text
    assert "Agreement of 1 answer read twice: 0 with the same points" in overview
    agreed = other.start("agreed")
    page = other.get(agreed).text
    assert "<b>grace</b>: 2 points" in page
    assert "<b>alan</b>: 3 points" in page
    other.send_click(agreed, points=2.5)
    assert other.start("agreed") == "/?finished=1b"
    assert [reading.kind.value for reading in readings(out)] == ["first", "second", "agreed"]


def test_shares_of_graders_are_disjoint_and_complete(open_desk):
    works = [
        {work.student for work in open_desk(share=Share(number, 3)).works("1b", Kind.FIRST)}
        for number in (1, 2, 3)
    ]
    assert set.union(*works) == {work.student for work in open_desk().works("1b", Kind.FIRST)}
    assert sum(map(len, works)) == 5


def test_pages_show_no_ids_and_no_hostile_markup(out, open_desk, serve):
    export = out.parent / "export"
    for student in export.iterdir():
        text = f"# 1b\n\nI am {student.name}. {HOSTILE}"
        for report in student.glob("*"):
            if report.name != "answers.json":
                report.unlink()
        (student / f"report of {student.name}<b>.md").write_text(text, encoding="utf-8")
    opened = open_desk()
    client = Client(serve(opened))
    pages = [client.get(f"/first/1b/{number}").text for number in range(1, 6)]
    for page in [*pages, client.get("/").text, copy_page(opened)]:
        assert "student-0" not in page
        assert "alert(1)" not in re.sub(r"&lt;[^<>]*", "", page)
        assert page.count("<script") <= 1
        assert "\x1b" not in page
        assert "\u202e" not in page
    assert all("{{7*7}}" in page and 'class="number same"' in page for page in pages)


def test_answer_page_shows_figures_as_png(enter):
    client = enter()
    shown = 0
    for number in range(1, 6):
        page = client.get(f"/first/1b/{number}").text
        for address in re.findall(r'<img src="([^"]+)"', page):
            picture = client.get(address)
            assert picture.headers["content-type"] == "image/png"
            assert picture.content == png()
            shown += 1
    assert shown == 4  # two in each of two notebooks


def test_reader_keeps_the_text_of_a_docx_for_this_account_only(open_desk, out):
    answer = open_desk().answer("2d", "student-003")
    (passage,) = answer.passages
    assert (passage.file, passage.problem, passage.is_whole) == ("report.docx", "", False)
    assert "Training wins 7.5 points" in passage.text
    assert "1c. Comparison" not in passage.text
    (kept,) = (out / JOURNAL / "answers").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_reader_shows_the_raw_text_of_a_damaged_notebook(open_desk, out):
    place = out.parent / "export" / "student-000" / "main.ipynb"
    place.write_text('{"cells": [{"source": "Clipping costs little."', encoding="utf-8")
    (passage,) = open_desk().answer("1b", "student-000").passages
    assert "damaged" in passage.problem
    assert "Clipping costs little." in passage.text


def test_forget_removes_the_texts_that_the_desk_has_kept(open_desk, out):
    open_desk().answer("2d", "student-003")
    with Journal(out / JOURNAL / "marks.sqlite") as journal:
        removal = plan_removal(out, "student-003", journal)
    assert out / JOURNAL / "answers" in removal.deleted


def test_reader_says_that_a_document_can_not_be_read(open_desk, out):
    report = out.parent / "export" / "student-003" / "report.docx"
    report.rename(report.with_suffix(".pdf"))
    (passage,) = open_desk().answer("1b", "student-003").passages
    assert passage.file == "report.pdf"
    assert "cannot be read" in passage.problem


def test_desk_command_writes_a_copy_for_this_account_only(out, tmp_path, capsys):
    copy = tmp_path / "answers.html"
    assert desk(DeskCommandOptions(out, Share(), copy=copy)) == 0
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert "The symmetric range clips nothing" in copy.read_text(encoding="utf-8")
    assert desk(DeskCommandOptions(out, Share(), copy=tmp_path / "no" / "answers.html")) == 2
    assert "can't be written" in capsys.readouterr().err


def test_open_browser_passes_the_address_in_a_private_file(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    with open_browser("http://desk.localhost:1/?token=secret", tmp_path):
        (address,) = opened
        (page,) = tmp_path.iterdir()
        assert address == page.as_uri()
        assert stat.S_IMODE(page.stat().st_mode) == 0o600
        assert "http://desk.localhost:1/?token=secret" in page.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == []


def test_open_listeners_takes_the_port_of_both_loopback_addresses():
    with ExitStack() as stack:
        listeners = open_listeners(stack, 0)
        if len(listeners) == 1:
            pytest.skip("this machine has no IPv6")
        assert len({listener.getsockname()[1] for listener in listeners}) == 1
        with socket.socket(socket.AF_INET6) as other, pytest.raises(OSError, match="in use"):
            other.bind(listeners[1].getsockname()[:2])


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda out: (out / "class.json").unlink(), "has no class.json"),
        (lambda out: (out / "class.json").write_text("{}"), "Run batch again to write it"),
        (lambda out: (out / "staff" / "batch.json").unlink(), "Give the export with --export"),
        (
            lambda out: (out.parent / "export" / "student-001").rename(out.parent / "export" / "x"),
            "does not contain student-001",
        ),
    ],
)
def test_desk_command_says_why_a_class_can_not_be_opened(out, capsys, spoil, sentence):
    spoil(out)
    assert desk(DeskCommandOptions(out, Share())) == 2
    assert sentence in capsys.readouterr().err


def test_desk_command_refuses_a_class_in_use(out, capsys):
    with hold_lock(out, out / JOURNAL / "lock"):
        assert desk(DeskCommandOptions(out, Share())) == 2
    assert "Another run" in capsys.readouterr().err


def test_desk_opens_without_the_grader(out):
    code = (
        "import sys; from pathlib import Path; from autograder.course.published_class import *\n"
        "import autograder.desk.server, autograder.commands.desk, autograder.desk.reader as r\n"
        "from autograder.desk.class_desk import *; from autograder.desk.blind import Share\n"
        "out = Path(sys.argv[1]); published = read_published_class(out)\n"
        "with r.open_reader(out, published, None) as reader:\n"
        "    tuple(ClassDesk(out, published, reader, DeskOptions('g', Share())).progress())\n"
        "assert 'torch' not in sys.modules and 'matplotlib' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(out)], cwd=KIT, check=True, env={**os.environ})
