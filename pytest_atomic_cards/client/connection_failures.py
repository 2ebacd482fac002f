"""Failures of an exchange: the kind of each, and the setting to correct."""

from __future__ import annotations

import socket
import ssl
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
)

from pytest_atomic_cards.model.network_faults import InjectedFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Failure(Enum):
    """Why there is no response."""

    BROKEN = auto()
    """The connection failed; the next one may work."""
    TIMED_OUT = auto()
    """It was not complete in time."""
    PERMANENT = auto()
    """A setting is wrong, or the response is too large: another attempt would fail as well."""


_UNKNOWN_HOST: Final = frozenset(
    getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name)
)
_CA_FILE: Final = "REQUESTS_CA_BUNDLE"
_CLIENT_CERT: Final = "ATOMIC_CARDS_CLIENT_CERT"
_PROXY: Final = "HTTP_PROXY, HTTPS_PROXY and NO_PROXY"


PROXY_LOGIN: Final = f"the proxy refuses the login; put user and password into {_PROXY}"


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it wraps, the innermost last."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = _wrapped(current)


def failure_of(error: BaseException, setting: str) -> tuple[Failure, str]:
    """The kind of a failure, and its reason with the remedy.

    Args:
        error: What the transport raised.
        setting: Name of the setting that holds the URL.
    """
    chain = tuple(causes(error))
    if hint := _permanent(chain, setting):
        return Failure.PERMANENT, f"{_reason(chain)}; {hint}"
    if any(isinstance(one, requests.exceptions.ProxyError) for one in chain):
        return Failure.BROKEN, f"the proxy failed: {_reason(chain)}; check {_PROXY}"
    timed_out = any(isinstance(one, requests.Timeout | TimeoutError) for one in chain)
    return Failure.TIMED_OUT if timed_out else Failure.BROKEN, _reason(chain)


def is_injected(error: BaseException) -> bool:
    """Whether a test injected the failure; see :mod:`pytest_atomic_cards.model.network_faults`."""
    return isinstance(error.__cause__, InjectedFault)


def never_left(error: BaseException) -> bool:
    """Whether the request cannot have reached the target."""
    return any(isinstance(one, _BEFORE_SENDING) for one in causes(error))


_BEFORE_SENDING: Final = (
    requests.ConnectTimeout,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.ProxyError,
    NewConnectionError,
    NameResolutionError,
    ConnectTimeoutError,
    ConnectionRefusedError,
    ssl.SSLCertVerificationError,
)


def _permanent(chain: tuple[BaseException, ...], setting: str) -> str:
    """The remedy of a failure that no further attempt cures; empty for any other."""
    for one in chain:
        for is_cause, hint in _PERMANENT:
            if is_cause(one, str(one)):
                return hint.format(setting=setting)
    return ""


def _has(words: str) -> Callable[[BaseException, str], bool]:
    return lambda _, text: words in text


def _is_refusal(error: ssl.SSLError) -> bool:
    """Whether the two sides cannot agree on TLS, rather than the connection being cut off."""
    return error.reason in {"WRONG_VERSION_NUMBER", "UNSUPPORTED_PROTOCOL"} or (
        "HANDSHAKE_FAILURE" in str(error.reason)
    )


def _reason(chain: tuple[BaseException, ...]) -> str:
    """The second layer, which names what happened without the wrappers of ``requests``."""
    layers = [one for one in chain if not isinstance(one, MaxRetryError)]
    cause = layers[min(1, len(layers) - 1)]
    return f"{type(cause).__name__}: {cause}"


def _wrapped(error: BaseException) -> BaseException | None:
    if isinstance(error, MaxRetryError) and error.reason is not None:
        return error.reason
    inner = [one for one in error.args if isinstance(one, BaseException)]
    return inner[-1] if inner else error.__cause__


_PERMANENT: Final[tuple[tuple[Callable[[BaseException, str], bool], str], ...]] = (
    (
        lambda one, _: isinstance(one, ssl.SSLCertVerificationError),
        f"trust its issuer by {_CA_FILE}=FILE (PEM), or correct the host in {{setting}}",
    ),
    (_has("CA certificate bundle"), f"correct {_CA_FILE} or CURL_CA_BUNDLE: a PEM file"),
    (_has("NO_CERTIFICATE_OR_CRL_FOUND"), f"correct {_CA_FILE} or CURL_CA_BUNDLE: a PEM file"),
    (_has("CERTIFICATE_REQUIRED"), f"the server asks for a client certificate; set {_CLIENT_CERT}"),
    (_has("ALERT_UNKNOWN_CA"), f"the server does not trust the issuer of {_CLIENT_CERT}"),
    (_has("ALERT_BAD_CERTIFICATE"), f"the server refuses {_CLIENT_CERT}"),
    (
        _has("ALERT_CERTIFICATE_"),
        f"the server refuses {_CLIENT_CERT}; it may have expired",
    ),
    (_has("Tunnel connection failed: 407"), PROXY_LOGIN),
    (_has("Tunnel connection failed: 4"), f"the proxy refuses this host; correct {_PROXY}"),
    (
        lambda one, _: isinstance(
            one, requests.exceptions.InvalidProxyURL | requests.exceptions.InvalidSchema
        ),
        f"correct {_PROXY}",
    ),
    (
        lambda one, _: isinstance(one, socket.gaierror) and one.errno in _UNKNOWN_HOST,
        "the host name cannot be resolved; correct {setting}",
    ),
    (
        lambda one, _: isinstance(one, ssl.SSLError) and _is_refusal(one),
        f"TLS cannot be agreed on; check scheme and port in {{setting}}, or {_CLIENT_CERT}",
    ),
)
"""How to recognize, from an error and its text, a failure that no further attempt cures, and its
remedy; the first that applies counts."""
