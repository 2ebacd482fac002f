"""Beliefs: the states that a card may be in, given everything that was done to it.

Whenever the documentation leaves a choice, or a response was lost, a belief keeps every
possibility. Later listings narrow it down.

Source: Card lifecycle model; the effects of actions come from the lifecycle table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pytest_atomic_cards.model.lifecycle import TRANSITIONS, Action, Level, Status

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Possibility:
    """One state that a card may be in, with its timers.

    Args:
        status: The state.
        wakes: When its embargo or snooze ends, as the time since the machine began; ``None`` if
            it does not end during the run.
        expires: When it expires, likewise.
    """

    status: Status
    wakes: timedelta | None = None
    expires: timedelta | None = None

    def must_change(self, action: Action) -> bool:
        """Whether an action that succeeds is documented to change the card."""
        transition = TRANSITIONS[self.status, action]
        return transition.allowed and transition.level is Level.DOCUMENTED

    def may_change(self, action: Action) -> bool:
        """Whether an action can change the card, according to documentation or inference."""
        return TRANSITIONS[self.status, action].allowed

    def after(self, action: Action, *, succeeded: bool) -> set[Possibility]:
        """The possible states of the card after an action.

        Args:
            action: The action.
            succeeded: Whether the target reported success; otherwise its effect is not documented.
        """
        if not self.may_change(action):
            return {self}
        changed = Possibility(TRANSITIONS[self.status, action].after)
        return {changed} if succeeded and self.must_change(action) else {self, changed}

    def at(self, now: timedelta) -> set[Possibility]:
        """The possible states of the card at a later time.

        Two questions are open: whether a card expires while it is embargoed or snoozed, and what
        happens when an embargo or snooze ends after the expiry time.
        """
        if self.status.is_closed:
            return {self}
        over = self.expires is not None and self.expires <= now
        expired = {Possibility(Status.EXPIRED)} if over else set()
        if self.status is Status.ACTIVE:
            return expired or {self}
        if self.wakes is None or self.wakes > now:
            return {self, *expired}
        if self.expires is not None and self.expires <= self.wakes:
            return {Possibility(Status.ACTIVE), *expired}
        return Possibility(Status.ACTIVE, expires=self.expires).at(now)


class Belief:
    """The possibilities of one card, and whether a listing agrees with them.

    Args:
        possibility: The initial state of the card.
    """

    def __init__(self, possibility: Possibility) -> None:
        self.possibilities = {possibility}
        self._earlier = {possibility.status}

    @property
    def states(self) -> set[Status]:
        """The states that the card may be in."""
        return {possibility.status for possibility in self.possibilities}

    def must_change(self, action: Action, *, only: Status | None = None) -> bool:
        """Whether an action that succeeds must change the card in every possible state.

        Args:
            action: The action.
            only: The state that the query of the action is restricted to.
        """
        return all(
            only in {None, possibility.status} and possibility.must_change(action)
            for possibility in self.possibilities
        )

    def acted(self, action: Action, *, succeeded: bool, only: Status | None = None) -> None:
        """Update the possibilities after an action.

        Args:
            action: The action.
            succeeded: Whether the target reported success.
            only: The state that the query of the action was restricted to.
        """
        self._become(
            after
            for before in self.possibilities
            for after in (
                before.after(action, succeeded=succeeded)
                if only in {None, before.status}
                else {before}
            )
        )

    def snoozed(self, wakes: timedelta) -> None:
        """Update the possibilities after a snooze."""
        self._become(
            Possibility(Status.SNOOZED, wakes, possibility.expires)
            for possibility in self.possibilities
        )

    def passed(self, now: timedelta) -> None:
        """Update the possibilities after some time."""
        self._become(later for before in self.possibilities for later in before.at(now))

    def _become(self, possibilities: Iterable[Possibility]) -> None:
        self.possibilities = set(possibilities)
        self._earlier |= self.states

    def agrees(self, word: str | None) -> bool:
        """Whether a listed state, or the absence of the card, is among the possibilities.

        Only active cards must be listed. An unknown state word is treated like an absent card, as
        another contract checks the spelling. A closed state is final, so it removes all other
        possibilities; an open one may be stale and removes none.
        """
        if word not in set(Status):
            return self.states != {Status.ACTIVE}
        state = Status(word)
        if state not in self.states:
            return False
        if state.is_closed:
            self.possibilities = {Possibility(state)}
        return True

    def could_be_stale(self, word: str | None) -> bool:
        """Whether a reading that does not agree may be a stale one."""
        return word not in set(Status) or (Status(word).is_open and word in self._earlier)

    def __str__(self) -> str:
        return " or ".join(sorted(self.states))
