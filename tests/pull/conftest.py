"""A Canvas site, a token in a file, and waits that are recorded instead of waited."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.__main__ import main
from tests.pull.canvas_site import TOKEN, CanvasSite, running_site


@pytest.fixture
def site() -> Iterator[CanvasSite]:
    with running_site() as running:
        yield running


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr("autograder.platforms.canvas_http.time.sleep", seconds.append)
    return seconds


@pytest.fixture
def pull(site: CanvasSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the command on the site into tmp_path/pulled; options may be added."""
    monkeypatch.delenv("CANVAS_API_TOKEN", raising=False)
    token = tmp_path / "token.txt"
    token.write_text(f"{TOKEN}\n")
    token.chmod(0o600)

    def run(*options: str, course: int = 7, assignment: int = 9) -> int:
        where = ("--course", str(course), "--assignment", str(assignment))
        place = ("--out", str(tmp_path / "pulled"), "--url", site.addresses["canvas"])
        return main(["pull", "canvas", *where, *place, "--token-file", str(token), *options])

    return run
