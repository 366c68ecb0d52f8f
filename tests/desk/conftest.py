"""A class at the desk, in process: its folder, its `ClassDesk`, a client that has the cookie."""

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import uvicorn

from autograder.course.published_class import read_published_class
from autograder.desk.blind import Share
from autograder.desk.class_desk import ClassDesk, DeskOptions
from autograder.desk.gate import Gate
from autograder.desk.reader import open_reader
from autograder.desk.server import desk_app
from tests.browser.conftest import browser  # noqa: F401
from tests.desk.small_class import make_class


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The folder of a class of six: one submitted no report."""
    return make_class(tmp_path, 6, missing=1)


@pytest.fixture
def open_desk(out: Path) -> Iterator[Callable[..., ClassDesk]]:
    """Open the class as a grader sees it; several graders may have it open."""
    with ExitStack() as stack:

        def open_as(grader: str = "grace", **options: object) -> ClassDesk:
            published = read_published_class(out)
            reader = stack.enter_context(open_reader(out, published, None))
            wanted = DeskOptions(**{"grader": grader, "share": Share(), **options})
            return ClassDesk(out, published, reader, wanted)

        yield open_as


@pytest.fixture
def serve() -> Iterator[Callable[[ClassDesk], Gate]]:
    """Serve desks as the command does, each on a port of its own, until the test ends."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(desk: ClassDesk) -> Gate:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        gate = Gate(listener.getsockname()[1])
        config = uvicorn.Config(desk_app(desk, gate), log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        running.append((server, thread))
        return gate

    yield start
    for server, _ in running:
        server.should_exit = True
    for _, thread in running:
        thread.join()


class Client(httpx.Client):
    """A browser at the desk: it may have the cookie, and can send clicks."""

    def __init__(self, gate: Gate, enter: bool = True) -> None:
        self.origin = f"http://{gate.host}"
        self.entrance = gate.address.removeprefix(self.origin)
        port = gate.host.rpartition(":")[2]
        super().__init__(
            base_url=f"http://127.0.0.1:{port}", headers={"Host": gate.host}, timeout=60
        )
        if enter:
            assert self.get(self.entrance).headers["refresh"] == "0; url=/"

    def start(self, kind: str = "first", question: str = "1b") -> str:
        """The address of the next unread answer."""
        return self.get(f"/{kind}/{question}").headers["location"]

    def send_click(self, address: str, **changes: object) -> httpx.Response:
        """Send a click as the page does."""
        click = a_click(**{**self.page_values(address), **changes})
        return self.post(address, json=click, headers={"Origin": self.origin})

    def page_values(self, address: str) -> dict[str, str]:
        """What the page of an answer returns with each click."""
        return dict(re.findall(r'data-(answer|run)="([^"]*)"', self.get(address).text))


@pytest.fixture
def enter(open_desk, serve) -> Callable[..., Client]:
    """Open the class as a grader, in a browser of their own."""
    return lambda grader="grace", **options: Client(serve(open_desk(grader, **options)))


def a_click(**changes: object) -> dict[str, object]:
    """What the page sends for one click."""
    return {"criteria": [0, 1], "points": 3.0, "comment": "", "saved": True, **changes}
