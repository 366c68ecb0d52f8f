"""Decide which requests the desk answers: those of the browser that opened the printed address.

The address contains a random token. Its first use exchanges it for a cookie, and then the token is
worthless. Every request must name the desk's own address as its host, against DNS rebinding, and
must not come from another site's page. The headers of every answer forbid other scripts, frames,
caching and guessing of types.
"""

import hmac
import secrets
from collections.abc import Mapping

from starlette.requests import Request

TOKEN = "token"
_NAMES = ("127.0.0.1", "localhost")
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_NO_PAGE = "default-src 'none'; frame-ancestors 'none'"


class Gate:
    """Holds the secrets of one run of the desk."""

    def __init__(self, port: int) -> None:
        """Create the token and the cookie of a desk on this port."""
        self._hosts = {f"{name}:{port}" for name in _NAMES}
        self._origins = {f"http://{host}" for host in self._hosts}
        self._cookie_name = f"desk-{port}"  # cookies do not distinguish ports
        self._cookie = secrets.token_urlsafe(32)
        self._token: str | None = secrets.token_urlsafe(24)
        self.address = f"http://{_NAMES[0]}:{port}/?{TOKEN}={self._token}"

    def refusal(self, request: Request) -> str | None:
        """Return why a request is refused, without its cookie; None if it is not."""
        if request.headers.get("host") not in self._hosts:
            return "The address of this page is not that of the desk."
        origin = request.headers.get("origin")
        if origin is not None and origin not in self._origins:
            return "The request comes from another site."
        if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return "The request comes from another site."
        if request.method == "POST" and origin is None:
            return "The request does not say where it comes from."
        return None

    def is_known(self, request: Request) -> bool:
        """Return whether a request has the cookie of this desk."""
        cookie = request.cookies.get(self._cookie_name, "")
        return hmac.compare_digest(cookie.encode(), self._cookie.encode())

    def exchange(self, token: str) -> str | None:
        """Return the header that sets the cookie, for the token's first use; None otherwise."""
        if self._token is None or not hmac.compare_digest(token.encode(), self._token.encode()):
            return None
        self._token = None
        return f"{self._cookie_name}={self._cookie}; Path=/; HttpOnly; SameSite=Strict"


def safe_headers(policy: str = _NO_PAGE) -> Mapping[str, str]:
    """Return the headers of every answer; `policy` is the content security policy of a page."""
    return {**_HEADERS, "Content-Security-Policy": policy}
