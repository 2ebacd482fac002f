"""Circuit breaker: while a part of the target is down, each test makes one short attempt at it.

The breaker of a run is shared by its sessions, threads and worker processes. It has a circuit for
each part of a target that can be down while the others are not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from pytest_atomic_cards.support.clock import REAL_CLOCK, Clock
from pytest_atomic_cards.support.errors import AtomicCardsError, SettingsError, TransportError
from pytest_atomic_cards.support.file_locks import acquire, lock_of
from pytest_atomic_cards.support.shared_files import SharedJson

_FIRST_TRIAL: Final = 4.0
"""Seconds for the first trial of a part that is down: enough if it is slow but has recovered."""

_SHORTEST_TRIAL: Final = 0.5
"""Seconds for later trials, each of which gets half the time of the one before: 150 tests on a
target that hangs take less than two minutes, and a working target responds far sooner."""

_NEXT_TRIAL_AFTER: Final = 5.0
"""Seconds until another trial without a new test, for use outside pytest: a trial takes at most
4 s, so that a target that is down gets less than half of the time."""

_LONGEST_WRITE: Final = 5.0
"""Seconds to wait for another process to write the file, which takes milliseconds."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """The state of one part of a target.

    Args:
        part: Its name, such as ``token endpoint https://auth.example/oauth2/token``.
        reason: Why it is open: the last failure; empty while it is closed.
        refused: Whether it is open because the credential was refused.
        trials: How many attempts have failed since it was opened.
        unsent: How many requests were not sent because it was open.
        last_reason: Why it was last open.
    """

    part: str
    reason: str = ""
    refused: bool = False
    trials: int = 0
    unsent: int = 0
    last_reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether requests to the part are not sent."""
        return bool(self.reason)

    def describe(self) -> str:
        """What is wrong with the part, in one line."""
        state = "refuses the credentials" if self.refused else "is down"
        state = state if self.is_open else "was down for some time"
        count = "1 request was" if self.unsent == 1 else f"{self.unsent} requests were"
        unsent = f"; {count} not sent" if self.unsent else ""
        return f"{self.part} {state}: {self.last_reason}{unsent}"


class CircuitBreaker:
    """The circuits of one run. Threads may share it.

    Args:
        file: A file in a private directory through which the processes of a run share it;
            ``None`` for a single process.
        clock: Measures the time between trials.
    """

    def __init__(self, file: Path | None = None, clock: Clock = REAL_CLOCK) -> None:
        self._file = SharedJson(file) if file else None
        self._clock = clock
        self._lock = threading.Lock()
        self._circuits: dict[str, Circuit] = {}
        self._unsent: dict[str, int] = {}
        self._tried: dict[str, float] = {}

    def new_trial(self) -> None:
        """Allow one request to each part that is down; to be called at each test's setup."""
        with self._lock:
            self._tried.clear()
            for part in [part for part, count in self._unsent.items() if count]:
                self._change(part, lambda circuit: circuit)

    def circuit(self, part: str) -> Circuit:
        """The current state of a part."""
        with self._lock:
            self._refresh()
            return self._circuits.get(part) or Circuit(part)

    def admit(self, part: str) -> float | None:
        """Let a request pass, unless its part is down and this test has tried it already.

        Returns:
            How many seconds it may take if it is a trial, which must not be repeated; ``None`` if
            nothing is wrong.

        Raises:
            SettingsError: The part has refused the credentials.
            TransportError: The part is down.
        """
        if self._file is None and part not in self._circuits:
            return None  # nearly every request takes this path, so it does without the lock
        with self._lock:
            self._refresh()
            circuit = self._circuits.get(part)
            if circuit is None or not circuit.is_open:
                return None
            now = self._clock.monotonic()
            tried = self._tried.get(part)
            due = tried is None or (now - tried >= _NEXT_TRIAL_AFTER and not circuit.refused)
            if due:
                self._tried[part] = now
                return max(_FIRST_TRIAL * 0.5**circuit.trials, _SHORTEST_TRIAL)
            self._unsent[part] = self._unsent.get(part, 0) + 1
            raise _held_back(circuit)

    def failed(self, part: str, reason: str, *, refused: bool = False) -> None:
        """Record that a part is down, or has refused the credentials.

        Args:
            part: Which part.
            reason: What happened.
            refused: Whether it has refused the credentials, which is not a transient failure; only
                the next test tries again.
        """
        with self._lock:
            if refused:
                self._tried[part] = self._clock.monotonic()
            self._change(
                part,
                lambda circuit: replace(
                    circuit,
                    reason=reason,
                    last_reason=reason,
                    refused=refused,
                    trials=circuit.trials + circuit.is_open,
                ),
            )

    def succeeded(self, part: str) -> None:
        """Record that a part responds."""
        circuit = self._circuits.get(part)
        if circuit is None or not circuit.is_open:
            return
        with self._lock:
            self._tried.pop(part, None)
            self._change(part, lambda circuit: replace(circuit, reason="", trials=0))

    def describe(self) -> list[str]:
        """A line for each part that is down, or was down while requests were due."""
        with self._lock:
            self._refresh()
            circuits = [
                replace(one, unsent=one.unsent + self._unsent.get(one.part, 0))
                for one in self._circuits.values()
            ]
        return [one.describe() for one in circuits if one.is_open or one.unsent]

    def _change(self, part: str, change: Callable[[Circuit], Circuit]) -> None:
        """Change a circuit for all processes, and add the requests that were not sent since."""

        def changed() -> None:
            circuit = change(self._circuits.get(part) or Circuit(part))
            unsent = circuit.unsent + self._unsent.pop(part, 0)
            self._circuits[part] = replace(circuit, unsent=unsent)

        if self._file is None:
            changed()
            return
        lock = lock_of(self._file.path)
        with suppress(OSError):
            if acquire(lock, _LONGEST_WRITE):
                try:
                    self._refresh()
                    changed()
                    self._file.write({name: asdict(one) for name, one in self._circuits.items()})
                finally:
                    lock.release()
                return
        changed()  # without the file each process relies on what it sees itself, which is safe

    def _refresh(self) -> None:
        """Read what other processes have written since the last time."""
        if self._file is None:
            return
        with suppress(OSError, ValueError, TypeError, AttributeError):
            if document := self._file.news():
                self._circuits = {part: Circuit(**fields) for part, fields in document.items()}


def _held_back(circuit: Circuit) -> AtomicCardsError:
    """Why a request is not sent: the failure of the last attempt of the run."""
    if circuit.refused:
        return SettingsError(circuit.reason)
    return TransportError(f"not sent, as {circuit.part} is down: {circuit.reason}")
