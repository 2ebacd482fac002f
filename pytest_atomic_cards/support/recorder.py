"""Recorder: what a run is recorded on or replayed from, and what must happen again in a replay.

A recording is cut into parts, one for each contract and one for whatever several of them share, so
that some of them can be replayed without the others. What is learned or kept in stock on the way
is therefore kept for each part alone.
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
    """The generated cases of one contract, where nothing is recorded.

    Attributes:
        recorded: The cases to run over instead of generated ones; ``None`` where there are none.
    """

    recorded: list[Any] | None = None

    def keep(self, case: Any) -> None:  # noqa: ANN401 - whatever was generated
        """Take in a case that is about to be run."""


class Recorder:
    """No tape: the run is neither recorded nor replayed.

    Attributes:
        clock: The time by which the run goes.
        randomness: Where what it makes up comes from.
    """

    clock: Clock = REAL_CLOCK
    randomness: Randomness = TRUE_RANDOMNESS

    @property
    def is_used(self) -> bool:
        """Whether the run is recorded, replayed or verified."""
        return False

    @property
    def is_replayed(self) -> bool:
        """Whether there is no target but the recording."""
        return False

    @property
    def cassette_name(self) -> str:
        """The name of the current part; empty for none."""
        return ""

    def adapter(self, inner: BaseAdapter | None) -> BaseAdapter:
        """What a world sends its requests through.

        Args:
            inner: Sends them to the target; ``None`` in a replay.
        """
        if inner is None:
            raise MisuseError("where nothing is replayed there must be a target")
        return inner

    def tokens(self, source: TokenSource) -> TokenSource:
        """The tokens of a world, which a replay has without asking for them in each part."""
        return source

    def use_cassette(self, name: str) -> AbstractContextManager[object]:
        """A part of its own for what the block does, as others may rely on it."""
        del name
        return nullcontext()

    def unrecorded(self, reason: str) -> AbstractContextManager[object]:
        """Keep what the block does off the tape.

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
            name: Tells them from others of the same part.
        """
        del name
        return Cases()


NULL_RECORDER: Final = Recorder()


class PerCassette(Generic[T]):
    """A value that each part of a recording has of its own; a single one where there is no tape.

    Args:
        recorder: Tells the parts.
        make: Makes the value for a part.
    """

    def __init__(self, recorder: Recorder, make: Callable[[], T]) -> None:
        self._recorder = recorder
        self._make = make
        self._made: dict[str, T] = {}

    @property
    def current(self) -> T:
        """That of the current part."""
        name = self._recorder.cassette_name
        if name not in self._made:
            self._made[name] = self._make()
        return self._made[name]
