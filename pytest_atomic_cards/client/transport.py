"""The wire: sends one request exactly as it was put together, and reads the whole answer.

It goes through the adapters of a ``requests.Session`` and past the rest of it: no cookies, no
``.netrc``, no redirects, no headers of its own, and no second encoding of the URL.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError
from urllib3.util import SKIP_HEADER

from pytest_atomic_cards.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONNECTIONS: Final = 64


@cache
def default_user_agent() -> str:
    """The ``User-Agent`` that every request carries unless told otherwise."""
    return f"pytest-atomic-cards/{version('pytest-atomic-cards')}"


class PlainAdapter(HTTPAdapter):
    """The network adapter of ``requests``, but one that adds no User-Agent of urllib3's."""

    def send(
        self,
        request: requests.PreparedRequest,
        *args: Any,  # noqa: ANN401 - passed on
        **kwargs: Any,  # noqa: ANN401
    ) -> requests.Response:
        """Send the request; a User-Agent goes out only if the request has one."""
        if "User-Agent" in request.headers:
            return super().send(request, *args, **kwargs)
        bare = request.copy()
        bare.headers["User-Agent"] = SKIP_HEADER
        return super().send(bare, *args, **kwargs)


def open_http(*, trust_env: bool = True) -> requests.Session:
    """A ``requests.Session`` for the network.

    Args:
        trust_env: Whether proxies and certificate bundles named in the environment are used.
    """
    http = requests.Session()
    http.trust_env = trust_env
    for scheme in ("http://", "https://"):
        http.mount(scheme, PlainAdapter(pool_maxsize=_CONNECTIONS))
    return http


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response; header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why there is no response, and whether the request may have reached the target."""

    reason: str = field(repr=False)
    sent: bool


class Wire:
    """Sends requests to one place.

    Args:
        http: Gives the adapters, and the proxies and certificates that they use.
        url: Where all requests go to; the settings of the environment are looked up for it once.
        setting: Name of the setting that holds ``url``, for messages.
        timeout: Seconds to wait for a connection, and for each part of an answer.

    Raises:
        SettingsError: ``url`` is not an absolute http or https URL, or holds credentials.
    """

    def __init__(self, http: requests.Session, url: str, *, setting: str, timeout: float) -> None:
        self.url, self.host = _checked(url, setting)
        self._http = http
        self._settings: dict[str, Any] = dict(
            http.merge_environment_settings(self.url, {}, False, None, None)  # noqa: FBT003
        )
        self._settings["timeout"] = timeout
        self._template = requests.Request("GET", self.url).prepare()
        self._template.headers.clear()

    def exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Answer | NoAnswer:
        """Send one request and read its answer. ``url`` must be percent-encoded ASCII."""
        request = self._template.copy()
        request.method, request.url, request.body = method, url, body or None
        request.headers.update(headers)
        if body or method in {"PUT", "POST", "PATCH"}:
            request.headers["Content-Length"] = str(len(body))
        try:
            response = self._http.get_adapter(url).send(request, **self._settings)
            content = response.content
        except (OSError, HTTPError) as error:  # every exception of requests is an OSError
            return NoAnswer(_reason(error), sent=not _never_left(error))
        return Answer(
            response.status_code,
            {name.lower(): value for name, value in response.headers.items()},
            content,
        )


def _checked(url: str, setting: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        usable = requests.Request("GET", url).prepare().url
    except (ValueError, requests.RequestException):
        parts, host, usable = urlsplit(""), None, None
    if "@" in url:
        raise SettingsError(f"{setting} must be a URL without credentials in it")
    if parts.scheme not in {"http", "https"} or not host or not usable:
        raise SettingsError(f"{setting} must be an absolute http or https URL, not {url!r}")
    if parts.query or parts.fragment:
        raise SettingsError(f"{setting} must be a URL without a query, not {url!r}")
    return usable, parts.netloc


def _cause(error: BaseException) -> BaseException:
    """The innermost reason that requests and urllib3 wrapped up."""
    inner = error.args[0] if error.args else None
    if isinstance(inner, MaxRetryError) and inner.reason is not None:
        return inner.reason
    return inner if isinstance(inner, BaseException) else error


def _reason(error: BaseException) -> str:
    cause = _cause(error)
    return f"{type(cause).__name__}: {cause}"


def _never_left(error: BaseException) -> bool:
    cause = _cause(error)
    return (
        isinstance(error, requests.ConnectTimeout | requests.exceptions.InvalidURL)
        or isinstance(cause, NewConnectionError | ConnectTimeoutError | ConnectionRefusedError)
        or isinstance(_cause(cause), ssl.SSLCertVerificationError)
    )
