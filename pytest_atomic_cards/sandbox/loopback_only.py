"""Access to a sandbox's controls: for programs on this machine, but not for pages of a website.

A page in a browser can send requests to loopback, even under a host name of its own site that
resolves to 127.0.0.1 (DNS rebinding). Browsers name the host and the origin of each such request.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pytest_atomic_cards.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_OWN_SITE: Final = {"same-origin", "none"}
"""``none`` is a URL that a person typed. Source: W3C, Fetch Metadata Request Headers."""


def check_local(environ: WSGIEnvironment) -> None:
    """Refuse a request that is not a same-origin request to loopback.

    A missing header is accepted: a call within this process has no Host, and a client that is not
    a browser has no Origin.
    """
    host = environ.get("HTTP_HOST")
    address = environ.get("REMOTE_ADDR")
    if not _is_loopback(host) or (address and not _is_loopback_address(address)):
        raise Refusal(403, "the controls answer only requests to localhost, 127.0.0.1 or [::1]")
    sources = (environ.get("HTTP_ORIGIN"), environ.get("HTTP_REFERER"))
    if any(source is not None and not _is_own(source, host) for source in sources) or (
        environ.get("HTTP_SEC_FETCH_SITE", "none") not in _OWN_SITE
    ):
        raise Refusal(403, "the controls do not answer requests from pages of another origin")


def _is_loopback(host: str | None) -> bool:
    if host is None:
        return True
    try:
        parts = urlsplit(f"//{host}")
        name = parts.hostname or ""
        parts.port  # noqa: B018 - raises ValueError if it is not a number
    except ValueError:
        return False
    return parts.netloc == host and (name == "localhost" or _is_loopback_address(name))


def _is_loopback_address(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def _is_own(source: str, host: str | None) -> bool:
    try:
        return host is not None and urlsplit(source).netloc.lower() == host.lower()
    except ValueError:
        return False
