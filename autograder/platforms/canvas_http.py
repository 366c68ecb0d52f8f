"""Send requests to Canvas: the token to its own host alone, with patience and with bounds.

`TokenAdapter` is the only place that knows the token. It adds the token to requests to the host of
Canvas over HTTPS, and removes it from every other request, such as a download that Canvas redirects
to a file server. Nothing here logs, and no error contains an address or a header.

What is tried again, at most `TRIES` times: no connection, an answer cut short, 429, 403 with "Rate
Limit Exceeded", and 5xx. `Retry-After` is followed up to `LONGEST_WAIT` seconds. If
`X-Rate-Limit-Remaining` gets low, the next request waits for the quota, which refills at 10 a
second. Source: Canvas's documentation, "Throttling"; "API Rate Limiting" of Canvas's developers.
"""

import email.utils
import ipaddress
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from autograder.errors import AutograderError

TRIES = 6
LONGEST_WAIT = 120.0  # seconds
TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two pieces of an answer
_LOW, _REFILL = 50.0, 10.0  # units of quota, and units a second
_LIMITED = b"rate limit exceeded"

Note = Callable[[str], None]


class CanvasError(AutograderError):
    """Canvas can't be used; the message says why and what to do, without the token."""


class TokenAdapter(HTTPAdapter):
    """Sends requests of a session as the module describes."""

    def __init__(self, base: str, token: str, note: Note = lambda line: None) -> None:
        """Send `token` to the host of `base` alone; `note` gets a line per request."""
        super().__init__()
        self._origin = origin(base)
        self._token = token
        self._note = note

    def __repr__(self) -> str:
        """Return the class, without the token."""
        return "TokenAdapter()"

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: dict[str, str] | None = None,
    ) -> requests.Response:
        """Return the answer, after several tries if needed.

        Raises:
            CanvasError: an address is not secure.
            requests.RequestException: there was no answer, several times.
        """
        address = urlsplit(request.url or "")
        refuse_insecure(request.url or "")
        request.headers.pop("Authorization", None)
        if origin(request.url or "") == self._origin:
            request.headers["Authorization"] = f"Bearer {self._token}"
        shown = f"{request.method} {address.hostname}{address.path}"
        tries = 0
        while True:
            tries += 1
            wait = min(2.0 ** (tries - 1), LONGEST_WAIT)
            try:
                response = super().send(request, stream, TIMEOUT, verify, cert, proxies)
            except requests.exceptions.SSLError:
                raise
            except (requests.ConnectionError, requests.Timeout):
                self._note(f"{shown}: no answer")
                if tries == TRIES:
                    raise
            else:
                self._note(f"{shown}: {response.status_code}")
                if tries == TRIES or not _is_temporary(response):
                    self._spare(response)
                    return response
                wait = _asked_wait(response) or wait
                response.close()
            time.sleep(wait)

    def _spare(self, response: requests.Response) -> None:
        """Wait if little of the quota is left."""
        try:
            left = float(response.headers.get("X-Rate-Limit-Remaining", _LOW))
        except ValueError:
            return
        if left < _LOW:
            time.sleep((_LOW - max(left, 0.0)) / _REFILL)


def new_session(base: str, token: str, note: Note = lambda line: None) -> requests.Session:
    """Return a session that sends the token to the host of `base` alone."""
    session = requests.Session()
    adapter = TokenAdapter(base, token, note)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def canvas_address(text: str) -> str:
    """Return the address of a Canvas site, such as https://canvas.example.edu.

    Raises:
        CanvasError: it is not one, or not secure.
    """
    text = text.strip()
    parts = urlsplit(text.rstrip("/") if is_address(text) else "")
    path = parts.path.removesuffix("/api/v1")
    if not parts.hostname or parts.query or path:
        raise CanvasError(
            "The address of Canvas must be like https://canvas.example.edu. Give it with --url or "
            "CANVAS_API_URL."
        )
    if "@" in parts.netloc:
        raise CanvasError("The address of Canvas must not contain a user name or a password.")
    refuse_insecure(text)
    return f"{parts.scheme}://{parts.netloc}"


def is_address(text: str) -> bool:
    """Return whether a text is an address of the web: a scheme, a host, and a port that exists."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # an open bracket, or a port above 65535
        return False


def refuse_insecure(url: str) -> None:
    """Raise `CanvasError` for an address that is not encrypted, except on this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        raise CanvasError(
            f"{parts.hostname or 'An address'} is asked for without HTTPS, so others could read "
            "the answer. Give an https address with --url."
        )


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of an address: what a token is for."""
    parts = urlsplit(url)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or default


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_temporary(response: requests.Response) -> bool:
    if response.status_code == requests.codes.forbidden:
        return _LIMITED in response.content.lower()
    return response.status_code == requests.codes.too_many or response.status_code >= 500


def _asked_wait(response: requests.Response) -> float | None:
    """Return the seconds of Retry-After, bounded; None without one."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return min(max(moment.timestamp() - time.time(), 0.0), LONGEST_WAIT)
