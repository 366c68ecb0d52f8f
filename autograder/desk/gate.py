"""Decide which requests the desk answers: those of the browser that opened the printed address.

The address contains a random token. Its first use exchanges it for a cookie, and then the token is
worthless. Every request must name the desk's own host, against DNS rebinding, and must not come
from another site's page. The headers of every answer forbid other scripts, frames, caching and
guessing of types.

Browsers send a cookie to all ports of a host. So the host has a random name under "localhost".
Other servers on this machine can't guess it and receive no cookie. Browsers resolve it themselves.
"""

import hmac
import secrets
from collections.abc import Mapping

from starlette.requests import Request

TOKEN = "token"
_COOKIE = "desk"
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
        self.host = f"desk-{secrets.token_hex(12)}.localhost:{port}"
        self.run = secrets.token_urlsafe(16)  # a page of another run does not contain it
        self._cookie = secrets.token_urlsafe(32)
        self._token: str | None = secrets.token_urlsafe(24)
        self.address = f"http://{self.host}/?{TOKEN}={self._token}"

    def refusal(self, request: Request) -> str | None:
        """Return why a request is refused, without its cookie; None if it is not."""
        if request.headers.get("host") != self.host:
            return "The address of this page is not that of the desk."
        origin = request.headers.get("origin")
        if origin is not None and origin != f"http://{self.host}":
            return "The request comes from another site."
        same_site = request.headers.get("sec-fetch-site", "none") in ("same-origin", "none")
        if not same_site and not self._enters(request):
            return "The request comes from another site."
        if request.method == "POST" and origin is None:
            return "The request does not say where it comes from."
        return None

    def _enters(self, request: Request) -> bool:
        """Return whether a browser opens the desk, which may be from the file with its address."""
        return request.method == "GET" and self._is_token(request.query_params.get(TOKEN, ""))

    def _is_token(self, text: str) -> bool:
        return self._token is not None and hmac.compare_digest(text.encode(), self._token.encode())

    def is_known(self, request: Request) -> bool:
        """Return whether a request has the cookie of this desk."""
        cookie = request.cookies.get(_COOKIE, "")
        return hmac.compare_digest(cookie.encode(), self._cookie.encode())

    def exchange(self, token: str) -> str | None:
        """Return the header that sets the cookie, for the token's first use; None otherwise."""
        if not self._is_token(token):
            return None
        self._token = None
        return f"{_COOKIE}={self._cookie}; Path=/; HttpOnly; SameSite=Strict"


def safe_headers(policy: str = _NO_PAGE) -> Mapping[str, str]:
    """Return the headers of every answer; `policy` is the content security policy of a page."""
    return {**_HEADERS, "Content-Security-Policy": policy}
