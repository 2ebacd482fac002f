"""Network faults: reproducible failures, to test how a client copes with them.

They act between a client and its target: for the sandbox in its in-process adapter and its loopback
server, for a live target in this process.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPMethod
from typing import Final, Literal, TypedDict, Unpack

from pytest_atomic_cards.support.errors import MisuseError
from pytest_atomic_cards.support.pasteable import Pasteable, ShownAsCode
from pytest_atomic_cards.support.suggestions import refuse_unknown, suggestion

API: Final = "/v1/"
"""Part of the path of every API request, but not of a token request."""

FAULT_HEADER: Final = "x-network-fault"
"""Names the kind of the fault in a response that did not come from the target."""


class InjectedFault(Exception):  # noqa: N818 - it causes errors, and is never raised itself
    """The cause of a transport error that a test injected."""


_LONGEST_DELAY: Final = 3_600.0
"""Seconds: longer than any client waits, so that more is a mistake of the unit."""


class NetworkFaultKind(ShownAsCode, StrEnum):
    """What can go wrong between a client and its target."""

    UNAUTHORIZED = "unauthorized"
    """A 401; the request is not processed."""
    RATE_LIMITED = "rate-limited"
    """A 429 with ``Retry-After``; the request is not processed."""
    UNAVAILABLE = "unavailable"
    """A 503; the request is not processed."""
    ERROR_AFTER_WRITE = "error-after-write"
    """A 500, although the request is processed."""
    SLOW = "slow"
    """The response is late; a client that waits less runs into a timeout."""
    CUT_OFF = "cut-off"
    """The request is processed, and its response ends in the middle of the body."""
    RESET_BEFORE = "reset-before"
    """The connection is reset; the request is not processed."""
    RESET_AFTER = "reset-after"
    """The connection is reset before the response, although the request is processed."""

    @property
    def is_processed(self) -> bool:
        """Whether the target processes the request nevertheless."""
        return self not in _UNPROCESSED

    @property
    def status(self) -> int | None:
        """The status of the response that replaces the target's, if one does."""
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


class ScatteredFields(TypedDict, total=False):
    """The keyword arguments of ``cards.faults.scatter`` that each fault takes."""

    times: int
    method: str | None
    path: str
    retry_after: int
    delay: float


class FaultFields(ScatteredFields, total=False):
    """The keyword arguments of ``cards.faults.inject``."""

    skip: int


@dataclass(frozen=True, slots=True, repr=False)
class NetworkFault(Pasteable):
    """One fault, and which requests it affects.

    Args:
        kind: What goes wrong.
        times: How many requests it affects.
        skip: How many matching requests pass before the first.
        method: Only requests of this HTTP method; all if ``None``.
        path: Only requests whose path contains this, such as ``/cards/cancel``, ``/action-flow/``
            or ``/oauth2/token``; by default all but token requests.
        retry_after: ``Retry-After`` of ``rate-limited``, in whole seconds.
        delay: Seconds by which the response of ``slow`` is late.

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
        if self.method and self.method not in list(HTTPMethod):
            raise MisuseError(
                f"there is no HTTP method {self.method!r}; {suggestion(self.method, [*HTTPMethod])}"
            )
        delay: object = self.delay
        if not isinstance(delay, int | float) or not 0 <= delay <= _LONGEST_DELAY:
            raise MisuseError(f"delay must be from 0 to {_LONGEST_DELAY:g} s, not {self.delay!r}")

    def matches(self, method: str, path: str) -> bool:
        """Whether it can affect a request."""
        return self.path in path and self.method in {None, method.upper()}


def _kind(name: str) -> NetworkFaultKind:
    try:
        return NetworkFaultKind(name)
    except ValueError:
        hint = suggestion(str(name), list(NetworkFaultKind))
        raise MisuseError(f"there is no network fault {name!r}; {hint}") from None


@dataclass(frozen=True, slots=True)
class FiredFault:
    """A fault that affected a request."""

    kind: NetworkFaultKind
    method: str
    path: str


class NetworkFaults:
    """The faults that affect requests to one target. Threads may share it.

    Each fault counts the matching requests since it was injected. At most one fault affects a
    request: the one that was injected first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: list[NetworkFault] = []
        self._fired: list[FiredFault] = []

    def inject(
        self, fault: NetworkFault | NetworkFaultKind | FaultName, /, **fields: Unpack[FaultFields]
    ) -> None:
        """Let a fault affect the next matching request.

        Args:
            fault: A fault, or its kind.
            **fields: Fields of :class:`NetworkFault`, such as ``times=3`` or ``method="PUT"``.

        Raises:
            MisuseError: There is no such kind or field, or a number is out of range.
        """
        kind = fault if isinstance(fault, NetworkFault) else NetworkFault(_kind(fault))
        refuse_unknown(fields, NetworkFault.__slots__[1:], "a network fault")
        injected = replace(kind, **fields)
        with self._lock:
            self._pending.append(injected)

    def inject_all(self, faults: Iterable[NetworkFault]) -> None:
        """Inject several faults, such as those that ``strategies.network_faults()`` draws."""
        for fault in faults:
            self.inject(fault)

    def scatter(
        self,
        seed: int,
        requests: int = 100,
        share: float = 0.2,
        kinds: Iterable[NetworkFaultKind] = tuple(NetworkFaultKind),
        **fields: Unpack[ScatteredFields],
    ) -> None:
        """Let faults affect some of the next requests; the same seed chooses the same ones.

        Args:
            seed: Decides which faults affect which requests.
            requests: From how many requests to choose.
            share: The share of them that faults affect, from 0 to 1.
            kinds: What can go wrong.
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
        """Let all further requests pass, and forget the faults that have fired."""
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
        """The fault that affects a request; transports call it once for each request."""
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
