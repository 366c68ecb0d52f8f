"""A Canvas on loopback that follows its documented pages, and a file server beside it.

`GET /api/v1/courses/:id/assignments/:id` and `.../submissions` with pages of two and Link headers,
attachments below `/files/`, redirected to a file server on another port. It asks for the token,
records every request, and fails on demand (`failures`).
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "7~QuiteSecretTokenOfATeacher0123456789"
PER_PAGE = 2
ASSIGNMENT = {"id": 9, "course_id": 7, "name": "Quantization"}


@dataclass
class Failure:
    """What the next requests for a path get instead, `times` times."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    cut: int | None = None  # the status is 200, and the connection closes after so many bytes


@dataclass
class CanvasSite:
    """The content of the site, and what it was asked for."""

    records: list[dict[str, Any]] = field(default_factory=list)
    files: dict[int, bytes] = field(default_factory=dict)
    assignment: dict[str, Any] = field(default_factory=lambda: {**ASSIGNMENT})
    token: str = TOKEN
    failures: dict[str, Failure] = field(default_factory=dict)
    requests: list[tuple[str, str, str]] = field(default_factory=list)  # server, path, token
    addresses: dict[str, str] = field(default_factory=dict)  # of "canvas" and "files"

    def paths(self, server: str = "canvas") -> list[str]:
        return [path for name, path, _ in self.requests if name == server]

    def attachment(self, id: int, name: str, content: bytes, **changes: Any) -> dict[str, Any]:
        """An attachment as the API lists it; its file is served."""
        self.files[id] = content
        url = f"{self.addresses['canvas']}/files/{id}/download?download_frd=1&verifier=v{id}"
        return {
            "id": id, "display_name": name, "filename": name, "size": len(content),
            "content-type": "application/octet-stream", "url": url, **changes,
        }  # fmt: skip

    def submit(self, user: int, name: str, files: list[dict[str, Any]], **changes: Any) -> None:
        """Add a submission of a student called "Last, First"."""
        last, _, first = name.partition(", ")
        record = {
            "id": 1000 + user, "assignment_id": 9, "user_id": user, "attempt": 1, "late": False,
            "submitted_at": "2026-10-24T21:00:00Z", "workflow_state": "submitted", "body": None,
            "submission_type": "online_upload", "url": None, "attachments": files,
            "group": {"id": None, "name": None}, "seconds_late": 0, "missing": False,
            "user": {"id": user, "name": f"{first} {last}", "sortable_name": name,
                     "login_id": f"u{user}@x.edu", "sis_user_id": f"sis{user}"},
        } | changes  # fmt: skip
        record.setdefault("submission_history", [record.copy()])
        self.records.append(record)

    def silent(self, user: int, name: str) -> None:
        """Add a student who submitted nothing."""
        self.submit(user, name, [], submitted_at=None, attempt=None, workflow_state="unsubmitted")


class _Handler(BaseHTTPRequestHandler):
    site: CanvasSite
    name: str

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.site.requests.append((self.name, self.path, self.headers.get("Authorization") or ""))
        failure = self.site.failures.get(parts.path)
        if failure is not None and failure.times > 0:
            failure.times -= 1
            self._fail(failure, parts.path)
        elif self.name == "files":
            self._reply(200, self.site.files[int(parts.path.rpartition("/")[2])])
        elif self.headers.get("Authorization") != f"Bearer {self.site.token}":
            body = b'{"errors":[{"message":"Invalid access token."}]}'
            self._reply(401, body, {"WWW-Authenticate": 'Bearer realm="canvas-lms"'})
        elif parts.path.startswith("/files/"):
            number = parts.path.split("/")[2]
            target = f"{self.site.addresses['files']}/storage/{number}"
            self._reply(302, b"", {"Location": target})
        elif parts.path == "/api/v1/courses/7/assignments/9":
            self._reply(200, json.dumps(self.site.assignment).encode())
        elif parts.path == "/api/v1/courses/7/assignments/9/submissions":
            self._page(parse_qs(parts.query))
        else:
            self._reply(404, b'{"errors":[{"message":"The specified resource does not exist."}]}')

    def _page(self, query: dict[str, list[str]]) -> None:
        number = int(query.get("page", ["1"])[0])
        if number == 1:
            assert set(query["include[]"]) == {"user", "group", "submission_history"}
        records = self.site.records[(number - 1) * PER_PAGE : number * PER_PAGE]
        address = f"{self.site.addresses['canvas']}/api/v1/courses/7/assignments/9/submissions"
        links = [f'<{address}?page=1>; rel="first"']
        if number * PER_PAGE < len(self.site.records):
            links.append(f'<{address}?page={number + 1}>; rel="next"')
        self._reply(200, json.dumps(records).encode(), {"Link": ",".join(links)})

    def _fail(self, failure: Failure, path: str) -> None:
        if failure.cut is None:
            self._reply(failure.status, failure.body, failure.headers)
            return
        content = self.site.files[int(path.rpartition("/")[2])]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: failure.cut])
        self.close_connection = True

    def _reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def running_site() -> Iterator[CanvasSite]:
    """Serve a Canvas and its file server on loopback, each on a port of its own."""
    site = CanvasSite()
    servers = []
    for name in ("canvas", "files"):
        handler = type("Handler", (_Handler,), {"site": site, "name": name})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        site.addresses[name] = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
    try:
        yield site
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
