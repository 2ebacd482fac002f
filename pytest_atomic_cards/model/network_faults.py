"""Injected, reproducible faults of the network, to test how a client handles them.

They act between a client and its target: on the sandbox in its in-process adapter and in its
loopback server; with a live target on this side of the wire.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from pytest_atomic_cards.support.errors import MisuseError

API: Final = "/v1/"
"""Part of the path of every request of the API, but not of a token request."""

FAULT_HEADER: Final = "x-network-fault"
"""Header that names the fault in a response that replaces, or damages, the target's own."""


class InjectedFault(Exception):  # noqa: N818 - it causes errors, and is never raised itself
    """The cause of a transport error that a test injected."""


_LONGEST_DELAY: Final = 3_600.0
"""Seconds: a longer delay is a mistake, such as milliseconds for seconds."""


class NetworkFaultKind(StrEnum):
    """What can go wrong between a client and its target."""

    UNAUTHORIZED = "unauthorized"
    """401 instead of a response; the request is not processed."""
    RATE_LIMITED = "rate-limited"
    """429 with ``Retry-After``; the request is not processed."""
    UNAVAILABLE = "unavailable"
    """503; the request is not processed."""
    ERROR_AFTER_WRITE = "error-after-write"
    """500, although the request was processed."""
    SLOW = "slow"
    """The response is late; a client that waits for less time has a time-out."""
    CUT_OFF = "cut-off"
    """The request is processed, and its response ends in the middle of the body."""
    RESET_BEFORE = "reset-before"
    """The connection is reset; the request is not processed."""
    RESET_AFTER = "reset-after"
    """The connection is reset instead of a response, although the request was processed."""

    @property
    def is_processed(self) -> bool:
        """Whether the target processes the request nevertheless."""
        return self not in _UNPROCESSED

    @property
    def status(self) -> int | None:
        """The status of the response that replaces the target's own, if one does."""
        return _STATUSES.get(self)


_STATUSES: Final = {
    NetworkFaultKind.UNAUTHORIZED: 401,
    NetworkFaultKind.RATE_LIMITED: 429,
    NetworkFaultKind.UNAVAILABLE: 503,
    NetworkFaultKind.ERROR_AFTER_WRITE: 500,
}
_UNPROCESSED: Final = {
    NetworkFaultKind.UNAUTHORIZED,
    NetworkFaultKind.RATE_LIMITED,
    NetworkFaultKind.UNAVAILABLE,
    NetworkFaultKind.RESET_BEFORE,
}
RESETS: Final = frozenset({NetworkFaultKind.RESET_BEFORE, NetworkFaultKind.RESET_AFTER})
"""The kinds without any response."""


@dataclass(frozen=True, slots=True)
class NetworkFault:
    """One fault, and which requests it affects.

    Args:
        kind: What goes wrong.
        times: How many requests it affects.
        skip: How many matching requests pass before the first.
        method: Only requests of this HTTP method; all if ``None``.
        path: Only requests with this in their path, such as ``/cards/cancel``, ``/action-flow/``
            or ``/oauth2/token``; by default all but token requests.
        retry_after: ``Retry-After`` of ``rate-limited``, in whole seconds.
        delay: Seconds by which ``slow`` delays the response.

    Raises:
        MisuseError: The kind is unknown, or a number is out of range.
    """

    kind: NetworkFaultKind
    times: int = 1
    skip: int = 0
    method: str | None = None
    path: str = API
    retry_after: int = 1
    delay: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", _kind(self.kind))
        for name, least in (("times", 1), ("skip", 0), ("retry_after", 0)):
            number = getattr(self, name)
            if type(number) is not int or number < least:
                raise MisuseError(f"{name} must be a whole number from {least}, not {number!r}")
        for name, kinds in (("path", str), ("method", str | None)):
            if not isinstance(getattr(self, name), kinds):
                raise MisuseError("method and path must be text")
        object.__setattr__(self, "method", self.method and self.method.upper())
        if not 0 <= self.delay <= _LONGEST_DELAY:
            raise MisuseError(f"delay must be from 0 to {_LONGEST_DELAY:g} s, not {self.delay!r}")

    def matches(self, method: str, path: str) -> bool:
        """Whether it may affect a request."""
        return self.path in path and self.method in {None, method.upper()}


def _kind(name: str) -> NetworkFaultKind:
    try:
        return NetworkFaultKind(name)
    except ValueError:
        kinds = ", ".join(NetworkFaultKind)
        raise MisuseError(f"there is no network fault {name!r}; choose one of {kinds}") from None


@dataclass(frozen=True, slots=True)
class FiredFault:
    """A fault that affected a request."""

    kind: NetworkFaultKind
    method: str
    path: str


class NetworkFaults:
    """The faults that affect requests to one target from now on. Threads may share it.

    Each fault counts the matching requests from the moment it was injected. A request is affected
    by at most one fault, the one that was injected first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: list[NetworkFault] = []
        self._fired: list[FiredFault] = []

    def inject(self, fault: NetworkFault | NetworkFaultKind | str, /, **fields: Any) -> None:  # noqa: ANN401
        """Let a fault affect the next matching request.

        Args:
            fault: A fault, or its kind.
            **fields: Fields of :class:`NetworkFault`, such as ``times=3`` or ``method="PUT"``.

        Raises:
            MisuseError: There is no such kind or field, or a number is out of range.
        """
        try:
            if isinstance(fault, NetworkFault):
                injected = replace(fault, **fields)
            else:
                injected = NetworkFault(_kind(fault), **fields)
        except TypeError as error:
            raise MisuseError(f"cannot inject such a fault: {error}") from None
        with self._lock:
            self._pending.append(injected)

    def inject_all(self, faults: Iterable[NetworkFault]) -> None:
        """Inject several, such as those that ``strategies.network_faults()`` draws."""
        for fault in faults:
            self.inject(fault)

    def scatter(
        self,
        seed: int,
        requests: int = 100,
        share: float = 0.2,
        kinds: Iterable[NetworkFaultKind] = tuple(NetworkFaultKind),
        **fields: Any,  # noqa: ANN401
    ) -> None:
        """Let faults affect some of the next requests; the same seed chooses the same ones.

        Args:
            seed: Decides which faults affect which requests.
            requests: How many requests may be affected.
            share: Which share of them is, from 0 to 1.
            kinds: What may go wrong.
            **fields: Further fields of each :class:`NetworkFault`.

        Raises:
            MisuseError: There is no kind, or a field is wrong.
        """
        draw = random.Random(seed)  # noqa: S311 - to be repeatable, not secret
        choices = list(kinds)
        if not choices:
            raise MisuseError("name at least one kind of network fault to scatter")
        for skip in range(requests):
            if draw.random() < share:
                self.inject(draw.choice(choices), skip=skip, **fields)

    def clear(self) -> None:
        """Let all further requests pass, and forget which faults have fired."""
        with self._lock:
            self._pending.clear()
            self._fired.clear()

    @property
    def pending(self) -> tuple[NetworkFault, ...]:
        """The faults that have not fired yet, with the requests that they still skip."""
        with self._lock:
            return tuple(self._pending)

    @property
    def fired(self) -> tuple[FiredFault, ...]:
        """The faults that have affected a request, in order."""
        with self._lock:
            return tuple(self._fired)

    def take(self, method: str, path: str) -> NetworkFault | None:
        """The fault that affects a request; for transports, which call it once per request."""
        with self._lock:
            taken: NetworkFault | None = None
            left = []
            for fault in self._pending:
                if not fault.matches(method, path):
                    left.append(fault)
                elif fault.skip:
                    left.append(replace(fault, skip=fault.skip - 1))
                elif taken is not None:
                    left.append(fault)
                else:
                    taken = fault
                    if fault.times > 1:
                        left.append(replace(fault, times=fault.times - 1))
            self._pending = left
            if taken is not None:
                self._fired.append(FiredFault(taken.kind, method.upper(), path))
            return taken
