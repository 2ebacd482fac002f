"""Beliefs: the ways in which a card may be, given all that was done to it.

Wherever the documentation leaves a choice, or an answer was lost, a belief keeps every
possibility; what is seen of the card narrows it down.

Source: Card lifecycle model; the rules of actions are read from the lifecycle table.
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
    """One way in which a card may be.

    Args:
        status: Its state.
        wakes: When its embargo or snooze ends, as the time since the machine began; ``None`` for
            not within any time that passes.
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
        """Whether an action can change the card, be it documented or inferred."""
        return TRANSITIONS[self.status, action].allowed

    def after(self, action: Action, *, succeeded: bool) -> set[Possibility]:
        """How the card may be after an action.

        Args:
            action: The action.
            succeeded: Whether the target said so; what it did otherwise is not documented.
        """
        if not self.may_change(action):
            return {self}
        changed = Possibility(TRANSITIONS[self.status, action].after)
        return {changed} if succeeded and self.must_change(action) else {self, changed}

    def at(self, now: timedelta) -> set[Possibility]:
        """How the card may be at a later time.

        Whether a card expires while it is embargoed or snoozed is an open question, and so is
        what becomes of one whose expiry time has passed by then.
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
    """The possibilities of one card, and whether what is seen of it agrees with them.

    Args:
        possibility: How the card is at first.
    """

    def __init__(self, possibility: Possibility) -> None:
        self.possibilities = {possibility}
        self._earlier = {possibility.status}

    @property
    def states(self) -> set[Status]:
        """The states that the card may be in."""
        return {possibility.status for possibility in self.possibilities}

    def must_change(self, action: Action, *, only: Status | None = None) -> bool:
        """Whether an action that succeeds is surely documented to change the card.

        Args:
            action: The action.
            only: The state to which the action is restricted by its query.
        """
        return all(
            only in {None, possibility.status} and possibility.must_change(action)
            for possibility in self.possibilities
        )

    def acted(self, action: Action, *, succeeded: bool, only: Status | None = None) -> None:
        """Take in an action.

        Args:
            action: The action.
            succeeded: Whether the target said so.
            only: The state to which the action was restricted by its query.
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
        """Take in that the card was snoozed."""
        self._become(
            Possibility(Status.SNOOZED, wakes, possibility.expires)
            for possibility in self.possibilities
        )

    def passed(self, now: timedelta) -> None:
        """Take in that time has passed."""
        self._become(later for before in self.possibilities for later in before.at(now))

    def _become(self, possibilities: Iterable[Possibility]) -> None:
        self.possibilities = set(possibilities)
        self._earlier |= self.states

    def agrees(self, word: str | None) -> bool:
        """Whether a card that is listed with a state word, or not at all, is as it may be.

        Only active cards must be listed. A word that is none of the seven says as little as none;
        how states are spelled is another matter. A closed state settles what was uncertain, as it
        is final; an open one may be stale and settles nothing.
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
        """Whether a reading that does not agree may show how the card was a while ago."""
        return word not in set(Status) or (Status(word).is_open and word in self._earlier)

    def __str__(self) -> str:
        return " or ".join(sorted(self.states))
