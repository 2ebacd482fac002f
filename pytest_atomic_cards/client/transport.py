"""The wire: sends one request exactly as it was built, and reads the whole response.

It uses the adapters of a ``requests.Session`` and bypasses the rest: no cookies, no ``.netrc``, no
redirects, no added headers, and no second encoding of the URL.
"""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util import SKIP_HEADER

from pytest_atomic_cards.client.connection_failures import (
    Failure,
    failure_of,
    is_injected,
    never_left,
)
from pytest_atomic_cards.client.deadline import Deadline
from pytest_atomic_cards.client.exchange_limits import (
    Limits,
    limit_connections,
    read_within_limits,
)
from pytest_atomic_cards.model.network_faults import FAULT_HEADER
from pytest_atomic_cards.model.settings import DEFAULT_MAX_BODY
from pytest_atomic_cards.support.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_atomic_cards.client.rate_limit import AcceptedRate
    from pytest_atomic_cards.client.retry import Backoff

_CONNECTIONS: Final = 64
"""Connections to keep open: more than requests ever overlap in a race."""


@cache
def default_user_agent() -> str:
    """The default ``User-Agent`` of every request."""
    return f"pytest-atomic-cards/{version('pytest-atomic-cards')}"


class PlainAdapter(HTTPAdapter):
    """The network adapter of ``requests``, without the User-Agent that urllib3 adds."""

    def send(
        self,
        request: requests.PreparedRequest,
        *args: Any,  # noqa: ANN401 - passed on
        **kwargs: Any,  # noqa: ANN401
    ) -> requests.Response:
        """Send the request and read its response, within the limits of the exchange if it has any.

        A User-Agent is sent only if the request has one. Without TLS no connection is kept: a
        development server may serve one at a time, and would wait for the next request on it.
        """
        request = request.copy()
        request.headers.setdefault("User-Agent", SKIP_HEADER)
        if str(request.url).startswith("http://"):
            request.headers["Connection"] = "close"
        return read_within_limits(super().send(request, *args, **kwargs))

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        """Open connections that obey the limits of the exchange."""
        super().init_poolmanager(*args, **kwargs)
        limit_connections(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on
        """Open such connections through a proxy as well."""
        is_known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not is_known:
            limit_connections(manager)
        return manager


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
class RawResponse:
    """A whole response; header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NoResponse:
    """Why there is no response.

    Args:
        reason: What happened, and the remedy if that is known.
        sent: Whether the request may have reached the target.
        failure: What kind of failure it is.
        excused: Whether it says nothing about the target: a test injected it, or the run's own
            deadline ended the exchange.
    """

    reason: str = field(repr=False)
    sent: bool
    failure: Failure = Failure.BROKEN
    excused: bool = False


def again(backoff: Backoff, response: RawResponse | NoResponse) -> bool:
    """Whether another attempt may help; if so, wait before it."""
    if isinstance(response, RawResponse):
        return backoff.again(response.headers.get("retry-after"))
    if response.failure is Failure.PERMANENT:
        return False
    return backoff.again(timed_out=response.failure is Failure.TIMED_OUT)


def learn_rate(rate: AcceptedRate, sent: float, response: RawResponse | NoResponse) -> None:
    """Adapt the rate of requests to a response, unless a test injected it."""
    if isinstance(response, RawResponse) and FAULT_HEADER not in response.headers:
        rate.observe(sent, response.status, response.headers.get("retry-after"))


def shows_down(response: RawResponse | NoResponse, attempts: int, *, is_trial: bool) -> bool:
    """Whether the last of some attempts shows that the part of the target is down.

    It does if the attempt was a trial, or all attempts of a request that may be repeated have
    failed, or no connection could be made, or there was no response in time. What a test injected,
    or the run's own deadline ended, shows nothing.
    """
    if isinstance(response, RawResponse):
        return (is_trial or attempts > 1) and FAULT_HEADER not in response.headers
    if response.excused:
        return False
    timed_out = response.failure is Failure.TIMED_OUT
    return is_trial or attempts > 1 or timed_out or not response.sent


class Wire:
    """Sends requests to one place.

    Args:
        http: Provides the adapters, and the proxies and certificates that they use.
        url: Where all requests go; the settings of the environment are looked up for it once.
        setting: Name of the setting that holds ``url``, for messages.
        timeout: Longest time for one exchange, in seconds.
        max_body: Most bytes of one response, as sent and as unpacked.
        deadline: When the run ends, and every exchange with it.

    Raises:
        SettingsError: ``url`` is not an absolute http or https URL, or holds credentials.
    """

    def __init__(
        self,
        http: requests.Session,
        url: str,
        *,
        setting: str,
        timeout: float,
        max_body: int = DEFAULT_MAX_BODY,
        deadline: Deadline | None = None,
    ) -> None:
        self.url, self.host = _checked(url, setting)
        self.deadline = deadline or Deadline()
        self._http = http
        self._setting = setting
        self._timeout = timeout
        self._max_body = max_body
        self._settings: dict[str, Any] = dict(
            http.merge_environment_settings(self.url, {}, False, None, None)  # noqa: FBT003
        )
        self._template = requests.Request("GET", self.url).prepare()
        self._template.headers.clear()

    def over(self, http: requests.Session) -> Wire:
        """The same wire with the adapters of another session."""
        other = copy(self)
        other._http = http  # noqa: SLF001 - its own
        return other

    def exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout: float = math.inf,
    ) -> RawResponse | NoResponse:
        """Send one request and read its response.

        Args:
            method: HTTP method.
            url: Where to; percent-encoded ASCII.
            headers: All headers except Content-Length and Host.
            body: Body; may be empty.
            timeout: Longest time for it, if shorter than usual.

        Raises:
            TimeLimitError: The run is out of time; nothing was sent.
        """
        self.deadline.check()
        request = self._template.copy()
        request.method, request.url, request.body = method, url, body or None
        request.headers.update(headers)
        if body or method in {"PUT", "POST", "PATCH"}:
            request.headers["Content-Length"] = str(len(body))
        limits = Limits(min(timeout, self._timeout), self.deadline, self._max_body)
        settings = self._settings | {"timeout": limits.seconds}
        try:
            with limits.applied():
                response = self._http.get_adapter(url).send(request, **settings)
                limits.injected |= FAULT_HEADER in response.headers
                content = response.content
        except (OSError, HTTPError) as error:  # every exception of requests is an OSError
            return self._failed(error, limits)
        return RawResponse(
            response.status_code,
            {name.lower(): value for name, value in response.headers.items()},
            content,
        )

    def _failed(self, error: BaseException, limits: Limits) -> NoResponse:
        excused = limits.injected or is_injected(error) or self.deadline.has_passed
        if limits.exceeded:
            failure = Failure.TIMED_OUT if limits.timed_out else Failure.PERMANENT
            return NoResponse(limits.exceeded, limits.connected, failure, excused)
        failure, reason = failure_of(error, self._setting)
        return NoResponse(reason, not never_left(error), failure, excused)


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
