"""Faults of the network, to test how a client bears them: on purpose, and the same each time.

They lie between a client and its target: on the sandbox both its in-process adapter and its
loopback server have them; before a live target they are on this side of the wire.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Literal, TypedDict, Unpack

from pytest_atomic_cards.support.errors import MisuseError
from pytest_atomic_cards.support.suggestions import refuse_unknown, suggestion

API: Final = "/v1/"
"""What the path of every request of the API has in it, and that of a token request has not."""

FAULT_HEADER: Final = "x-network-fault"
"""Names the kind of the fault in an answer that took the place of the target's own."""


class InjectedFault(Exception):  # noqa: N818 - it causes errors, and is never raised itself
    """Marks, among what an error of the transport wraps, that a test injected it."""


_LONGEST_DELAY: Final = 3_600.0


class NetworkFaultKind(StrEnum):
    """What can go wrong between a client and its target."""

    UNAUTHORIZED = "unauthorized"
    """401 in place of an answer; the request is not processed."""
    RATE_LIMITED = "rate-limited"
    """429 with ``Retry-After``; the request is not processed."""
    UNAVAILABLE = "unavailable"
    """503; the request is not processed."""
    ERROR_AFTER_WRITE = "error-after-write"
    """500, although the request was processed."""
    SLOW = "slow"
    """The answer comes late; a client that gives up earlier has a time-out."""
    CUT_OFF = "cut-off"
    """The request is processed, and its answer ends in the middle of the body."""
    RESET_BEFORE = "reset-before"
    """The connection is reset; the request is not processed."""
    RESET_AFTER = "reset-after"
    """The connection is reset in place of an answer, although the request was processed."""

    @property
    def is_processed(self) -> bool:
        """Whether the target processes the request all the same."""
        return self not in _UNPROCESSED

    @property
    def status(self) -> int | None:
        """The status of the answer that takes the place of the target's own, if one does."""
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
"""The kinds after which no answer comes at all."""


FaultName = Literal[
    "unauthorized",
    "rate-limited",
    "unavailable",
    "error-after-write",
    "slow",
    "cut-off",
    "reset-before",
    "reset-after",
]
"""The values of :class:`NetworkFaultKind`, for type checkers."""


class FaultFields(TypedDict, total=False):
    """The keyword arguments of ``cards.faults.inject``."""

    times: int
    skip: int
    method: str | None
    path: str
    retry_after: int
    delay: float


@dataclass(frozen=True, slots=True)
class NetworkFault:
    """One fault, and which requests it befalls.

    Args:
        kind: What goes wrong.
        times: How many requests it befalls.
        skip: How many requests that match pass before the first.
        method: Only requests of this HTTP method; all if ``None``.
        path: Only requests with this in their path, such as ``/cards/cancel``, ``/action-flow/``
            or ``/oauth2/token``; by default all but token requests.
        retry_after: Whole seconds that the answer of ``rate-limited`` tells to wait.
        delay: Seconds by which the answer of ``slow`` is late.

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
        delay: object = self.delay
        if not isinstance(delay, int | float) or not 0 <= delay <= _LONGEST_DELAY:
            raise MisuseError(f"delay must be from 0 to {_LONGEST_DELAY:g} s, not {self.delay!r}")

    def matches(self, method: str, path: str) -> bool:
        """Whether a request is one that it may befall."""
        return self.path in path and self.method in {None, method.upper()}


def _kind(name: str) -> NetworkFaultKind:
    try:
        return NetworkFaultKind(name)
    except ValueError:
        hint = suggestion(str(name), list(NetworkFaultKind))
        raise MisuseError(f"there is no network fault {name!r}; {hint}") from None


@dataclass(frozen=True, slots=True)
class FiredFault:
    """A fault that befell a request."""

    kind: NetworkFaultKind
    method: str
    path: str


class NetworkFaults:
    """The faults that requests to one target meet from now on. Threads may share it.

    Each fault counts the requests that match it from the moment it was injected. A request meets
    one fault at most, the one that was injected first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: list[NetworkFault] = []
        self._fired: list[FiredFault] = []

    def inject(
        self, fault: NetworkFault | NetworkFaultKind | FaultName, /, **fields: Unpack[FaultFields]
    ) -> None:
        """Let the next request that matches meet a fault.

        Args:
            fault: A fault, or its kind.
            **fields: Fields of :class:`NetworkFault`, such as ``times=3`` or ``method="PUT"``.

        Raises:
            MisuseError: There is no such kind or field, or a number is out of range.
        """
        kind = fault if isinstance(fault, NetworkFault) else NetworkFault(_kind(fault))
        refuse_unknown(fields, FaultFields.__annotations__, "a network fault")
        injected = replace(kind, **fields)
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
        **fields: Any,  # noqa: ANN401 - those of inject, but for skip
    ) -> None:
        """Let faults befall some of the next requests; the same seed chooses the same.

        Args:
            seed: Decides which requests meet which faults.
            requests: How many requests are at risk.
            share: Which share of them meets a fault, from 0 to 1.
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
        """Let all further requests pass, and forget what has fired."""
        with self._lock:
            self._pending.clear()
            self._fired.clear()

    @property
    def pending(self) -> tuple[NetworkFault, ...]:
        """The faults that are still to come, with the requests that they still skip."""
        with self._lock:
            return tuple(self._pending)

    @property
    def fired(self) -> tuple[FiredFault, ...]:
        """The faults that have befallen a request, in order."""
        with self._lock:
            return tuple(self._fired)

    def take(self, method: str, path: str) -> NetworkFault | None:
        """The fault that a request meets; for transports, which call it once a request."""
        with self._lock:
            met: NetworkFault | None = None
            left = []
            for fault in self._pending:
                if not fault.matches(method, path):
                    left.append(fault)
                elif fault.skip:
                    left.append(replace(fault, skip=fault.skip - 1))
                elif met is not None:
                    left.append(fault)
                else:
                    met = fault
                    if fault.times > 1:
                        left.append(replace(fault, times=fault.times - 1))
            self._pending = left
            if met is not None:
                self._fired.append(FiredFault(met.kind, method.upper(), path))
            return met
