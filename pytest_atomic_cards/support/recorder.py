"""Recorder: records a run or replays it, and provides what must be the same in a replay.

A recording consists of parts, one for each contract and one for each fixture that several of them
share, so that some can be replayed without the others. So everything that is learned or kept during
a run is kept separately for each part.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from pytest_atomic_cards.support.clock import REAL_CLOCK, Clock
from pytest_atomic_cards.support.errors import MisuseError
from pytest_atomic_cards.support.randomness import TRUE_RANDOMNESS, Randomness

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

    from pytest_atomic_cards.client.tokens import TokenSource

T = TypeVar("T")


class Cases:
    """The generated cases of one contract, if nothing is recorded.

    Attributes:
        recorded: The cases to run instead of generated ones; ``None`` if there are none.
    """

    recorded: list[Any] | None = None

    def keep(self, case: Any) -> None:  # noqa: ANN401 - whatever was generated
        """Record a case that is about to be run."""


class Recorder:
    """The null recorder: the run is neither recorded nor replayed.

    Attributes:
        clock: Measures the time of the run.
        randomness: Source of its generated values.
    """

    clock: Clock = REAL_CLOCK
    randomness: Randomness = TRUE_RANDOMNESS

    @property
    def is_used(self) -> bool:
        """Whether the run is recorded, replayed or verified."""
        return False

    @property
    def is_replayed(self) -> bool:
        """Whether the recording replaces the target."""
        return False

    @property
    def has_target(self) -> bool:
        """Whether actions could change cards, or could when they were recorded."""
        return True

    @property
    def cassette_name(self) -> str:
        """The name of the current part; empty for none."""
        return ""

    def adapter(self, inner: BaseAdapter | None) -> BaseAdapter:
        """The adapter that requests are sent through.

        Args:
            inner: Sends them to the target; ``None`` in a replay.
        """
        if inner is None:
            raise MisuseError("without a replay there must be a target")
        return inner

    def tokens(self, source: TokenSource) -> TokenSource:
        """The source of tokens, which a replay does not request in each part."""
        return source

    def use_cassette(self, name: str) -> AbstractContextManager[object]:
        """Record what the block does as a separate part, as several others may rely on it."""
        del name
        return nullcontext()

    def unrecorded(self, reason: str) -> AbstractContextManager[object]:
        """Exclude what the block does from the recording.

        Args:
            reason: Why it cannot be replayed.

        Raises:
            NotAvailableError: The run is replayed.
        """
        del reason
        return nullcontext()

    def cases(self, name: str) -> Cases:
        """The cases of the current part.

        Args:
            name: Distinguishes them from others of the same part.
        """
        del name
        return Cases()


NULL_RECORDER: Final = Recorder()


class PerCassette(Generic[T]):
    """A separate value for each part of a recording; a single one if nothing is recorded.

    Args:
        recorder: Separates the parts.
        make: Creates the value for a part.
    """

    def __init__(self, recorder: Recorder, make: Callable[[], T]) -> None:
        self._recorder = recorder
        self._make = make
        self._made: dict[str, T] = {}

    @property
    def current(self) -> T:
        """The value of the current part."""
        name = self._recorder.cassette_name
        if name not in self._made:
            self._made[name] = self._make()
        return self._made[name]
