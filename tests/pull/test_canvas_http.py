"""Requests of a session: whom the token reaches, and which addresses are refused."""

import pytest

from autograder.platforms.canvas_http import CanvasError, canvas_address, new_session, origin
from tests.pull.canvas_site import TOKEN


def test_session_removes_every_token_from_requests_to_other_hosts(site) -> None:
    site.files[1] = b"x"
    with new_session(site.addresses["canvas"], TOKEN) as session:
        other = {"Authorization": f"Bearer {TOKEN}"}
        session.get(f"{site.addresses['files']}/storage/1", headers=other)
        session.get(f"{site.addresses['canvas']}/api/v1/courses/7/assignments/9")
        assert TOKEN not in repr(vars(session)) + repr(session.adapters)
    assert [token for _, _, token in site.requests] == ["", f"Bearer {TOKEN}"]


def test_origin_compares_scheme_host_and_port() -> None:
    same = origin("https://canvas.x.edu/api")
    assert origin("https://Canvas.x.edu:443/files") == same
    for other in ("http://canvas.x.edu", "https://canvas.x.edu:8443", "https://canvas.x.edu.evil"):
        assert origin(other) != same


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://canvas.x.edu", "https://canvas.x.edu"),
        (" https://canvas.x.edu/ ", "https://canvas.x.edu"),
        ("https://canvas.x.edu/api/v1", "https://canvas.x.edu"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_canvas_address_keeps_scheme_and_host(text: str, address: str) -> None:
    assert canvas_address(text) == address


@pytest.mark.parametrize("text", ["http://127.0.0.1.evil.example", "http://localhost.evil.example"])
def test_canvas_address_is_not_fooled_by_names_like_loopback(text: str) -> None:
    with pytest.raises(CanvasError, match="without HTTPS"):
        canvas_address(text)
