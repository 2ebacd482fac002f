"""Target: something that serves the Cards API, and isolated environments of cards on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from pytest_atomic_cards.client.overlap import Listener
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.support.errors import SeedingError
from pytest_atomic_cards.support.recorder import Recorder
from pytest_atomic_cards.targets.cards_fixture import Cards
from pytest_atomic_cards.targets.seeding.clean_up import CleanUp


class Target(Protocol):
    """Something that serves the Cards API.

    Attributes:
        listeners: Called with every exchange of the sessions that are opened from now on.
    """

    listeners: list[Listener]

    @property
    def settings(self) -> Settings:
        """Its settings; in a replay, those of the recording."""

    @property
    def recorder(self) -> Recorder:
        """Records it, or replays it."""

    def open_world(self) -> Cards:
        """A new isolated environment of cards; :meth:`Cards.clean_up` ends it."""

    def close(self) -> CleanUp:
        """Clean up what appeared late; returns what is left.

        Raises:
            SeedingError: Cards that were seeded may still be open.
        """


@contextmanager
def world_on(target: Target) -> Iterator[Cards]:
    """An isolated environment of cards, cleaned up at the end.

    If the block fails, that is what is raised: what went wrong first is the cause, and a clean-up
    that then fails too is a note on it.

    Raises:
        SeedingError: Cards that were seeded may still be open at the end.
        AtomicCardsError: The scope guard refused a request of an application.
    """
    world = target.open_world()
    try:
        yield world
    except BaseException as error:
        if left := world.clean_up().left_open:
            error.add_note(_complaint(left))
        raise
    complain(world.clean_up().left_open)
    world.raise_trouble()


def complain(left_open: Sequence[str], advice: str = "") -> None:
    """Report which cards may be left open.

    Raises:
        SeedingError: There are some.
    """
    if left_open:
        raise SeedingError(f"{_complaint(left_open)}{advice}")


def _complaint(left_open: Sequence[str]) -> str:
    return f"seeded cards may be left open: {'; '.join(left_open)}"
