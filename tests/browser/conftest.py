"""A headless Chromium, spoken to over a pipe with nothing but the standard library.

Chromium's `--remote-debugging-pipe` reads commands of the DevTools protocol on descriptor 3 and
writes answers on descriptor 4, each a JSON text that ends in a zero byte.
"""

import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from fcntl import F_DUPFD, fcntl
from pathlib import Path
from typing import Any

import pytest

SECONDS = 30  # for any one answer, on a busy machine
FLAGS = (
    "--headless",
    "--no-sandbox",  # containers have no user namespaces; the page is ours and runs nothing
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
# Puts the pipe's ends, given by number, where Chromium looks for them, and becomes Chromium.
LAUNCHER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """One page in a running Chromium; `events` holds all that it reported, oldest first."""

    def __init__(self, program: str, profile: Path) -> None:
        to_browser, self._commands = os.pipe()
        self._answers, from_browser = os.pipe()
        ends = [fcntl(end, F_DUPFD, 10) for end in (to_browser, from_browser)]  # not 3 and 4 yet
        launch = (sys.executable, "-c", LAUNCHER, *map(str, ends))
        self._process = subprocess.Popen(
            [*launch, program, *FLAGS, f"--user-data-dir={profile}"],
            pass_fds=ends,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (to_browser, from_browser, *ends):
            os.close(end)
        self._unread = b""
        self._number = 0
        self._session: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []

    def attach(self) -> None:
        """Make the one page and ask for its events."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a command; an error of the protocol fails the test."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": params, **self._session}
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while (answer := self._receive()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def open(self, page: Path, width: int = 1000, scheme: str = "light") -> None:
        """Show the page in a window of this width and wait until it has loaded."""
        self.visit(page.as_uri(), width, scheme)

    def visit(self, address: str, width: int = 1000, scheme: str = "light") -> None:
        """Show the page at an address, as `open` does with a file."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=800,
            deviceScaleFactor=1,
            mobile=False,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", features=features)
        self.events.clear()
        self.send("Page.navigate", url=address)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._receive())

    def value(self, expression: str) -> Any:
        """What an expression gives in the page (the page's policy does not bind the debugger)."""
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def press(self, key: str) -> None:
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowRight": 39}
        text = "\r" if key == "Enter" else key if len(key) == 1 else ""
        code = codes.get(key, ord(key[0].upper()))
        place = f"Digit{key}" if key.isdigit() else f"Key{key.upper()}" if len(key) == 1 else key
        common = {"key": key, "code": place, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.send("Input.dispatchKeyEvent", type="keyUp", **common)

    def complaints(self) -> list[str]:
        """Errors, warnings and messages that the page put on the console."""
        wanted = ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
        self.value("0")  # what was reported before this answer has arrived with it
        return [json.dumps(event) for event in self.events if event.get("method") in wanted]

    def requests(self) -> list[str]:
        """The address of everything that was asked for since the page was opened."""
        self.value("0")
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._commands)
        os.close(self._answers)

    def _receive(self) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS
        while b"\0" not in self._unread:
            left = max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select([self._answers], [], [], left)
            received = os.read(self._answers, 1 << 16) if ready else b""
            assert received, "Chromium does not answer."
            self._unread += received
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next((path for name in names if (path := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium here (looked for chromium, chromium-browser, google-chrome)")
    running = Browser(program, tmp_path_factory.mktemp("profile"))
    try:
        running.attach()
        yield running
    finally:
        running.close()


@pytest.fixture
def stored(tmp_path: Path) -> Callable[[str], Path]:
    """Stores a page as the grader does and gives its path."""

    def store(page: str) -> Path:
        path = tmp_path / "report.html"
        path.write_text(page, encoding="utf-8")
        return path

    return store
