"""The cancel experiment: how many cards one cancel closes, and whether repeating it closes all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pytest_atomic_cards.client.retry import until_known
from pytest_atomic_cards.model.documented import DEFAULT_CANCEL, LARGEST_LIMIT
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.support.errors import NotAvailableError, OutcomeUnknownError, SeedingError
from pytest_atomic_cards.support.progress import Update, activity
from pytest_atomic_cards.targets.seeding.listing_reader import Group

EXCESSIVE_LIMIT: Final = 5000
"""A limit above the documented maximum; whether it is refused or clamped is not documented."""
_FOR_BOTH: Final = LARGEST_LIMIT + DEFAULT_CANCEL
"""Cards from which on a cancel of 1000 leaves more than a default one closes."""
_FOR_TWO_OF_A_THOUSAND: Final = LARGEST_LIMIT + _FOR_BOTH
"""Cards from which on a cancel above 1000 leaves enough for one of 1000 and a default one."""
_FOR_TWO_BY_DEFAULT: Final = _FOR_BOTH + DEFAULT_CANCEL
"""Cards from which on a default cancel leaves enough for one of 1000 and another default one."""
_MOST_REPEATS: Final = 12
"""Twice as many as needed if every cancel closes only the default 500 cards."""
_TRIES: Final = 6
"""Attempts of a cancel whose response is lost, and recounts of listings that disagree."""


@dataclass(frozen=True, slots=True)
class CancelStep:
    """One cancel, with its limit and the number of active cards before and after it."""

    limit: int
    before: int
    after: int
    exchange: Exchange

    @property
    def cancelled(self) -> int:
        """How many cards are no longer active."""
        return self.before - self.after


@dataclass(frozen=True, slots=True)
class Drained:
    """The steps of the experiment.

    Args:
        default: A cancel without ``limit``.
        larger: One of more than 1000 cards; ``None`` if there are too few cards for it.
        excessive: One with a limit above 1000; ``None`` if there are too few cards for it.
        raised: One with a limit above 500: 1000, or less if there are too few cards for it.
        repeats: All further ones, without ``limit``, until no card was left or none changed; also
            without ``status``, as in the documentation, unless that is refused.
        left: Active cards at the end.
    """

    default: CancelStep
    larger: CancelStep | None
    excessive: CancelStep | None
    raised: CancelStep
    repeats: tuple[CancelStep, ...]
    left: int

    @property
    def requests(self) -> int:
        """How many cancels there were."""
        return 2 + bool(self.larger) + bool(self.excessive) + len(self.repeats)


def drain(probe: Probe, group: Group) -> Drained:
    """Cancel a large group step by step, and count the active cards by listing them.

    Raises:
        NotAvailableError: Listings show a different number of cards each time.
        SeedingError: Listings do not show the whole group.
        OutcomeUnknownError: Every response to a cancel was lost.
    """
    query = group.pin.replace(status=Status.ACTIVE, multiple=True)
    with activity("draining cards", group.count) as update:
        return _drain(probe, group, query, update)


def _drain(probe: Probe, group: Group, query: CardQuery, update: Update) -> Drained:
    listed = probe.watch(lambda: probe.count_active(query), lambda count: count >= group.count)
    if listed < group.count:
        raise SeedingError(
            f"listings show {listed} of {group.count} active cards, so cancels cannot be counted"
        )
    excessive = larger = None
    left = listed
    if listed > _FOR_TWO_OF_A_THOUSAND:
        excessive = _step(probe, query.replace(limit=EXCESSIVE_LIMIT), left, LARGEST_LIMIT)
        left = excessive.after
        update(group.count - left)
    if left > _FOR_TWO_BY_DEFAULT:
        larger = _step(probe, query, left, DEFAULT_CANCEL)
        left = larger.after
        update(group.count - left)
    if left > _FOR_BOTH:
        raised = _raised(probe, query, left)
        update(group.count - raised.after)
        default = _step(probe, query, raised.after, DEFAULT_CANCEL)
        left = default.after
    else:
        default = _step(probe, query, left, DEFAULT_CANCEL)
        update(group.count - default.after)
        raised = _raised(probe, query, default.after)
        left = raised.after
    repeats: list[CancelStep] = []
    update(group.count - left)
    repeated = query.replace(status=None)
    while left and len(repeats) < _MOST_REPEATS:
        repeats.append(_step(probe, repeated, left, DEFAULT_CANCEL))
        if repeats[-1].after == left:
            if repeats[-1].exchange.succeeded or repeated == query:
                break
            repeated = query  # a target may refuse a query that also matches closed cards
        left = repeats[-1].after
        update(group.count - left)
    return Drained(default, larger, excessive, raised, tuple(repeats), _count(probe, query, 0))


def _raised(probe: Probe, query: CardQuery, left: int) -> CancelStep:
    """A cancel with the largest limit that leaves a card, as far as that is above the default."""
    limit = min(LARGEST_LIMIT, max(DEFAULT_CANCEL + 1, left - 1))
    return _step(probe, query.replace(limit=limit), left, limit)


def _step(probe: Probe, query: CardQuery, before: int, limit: int) -> CancelStep:
    """One cancel of so many active cards, which closes at most ``limit``."""
    exchange = _cancel(probe, query, before)
    due = max(0, before - limit) if exchange.succeeded else before
    return CancelStep(limit, before, min(before, _count(probe, query, due)), exchange)


def _count(probe: Probe, query: CardQuery, due: int) -> int:
    """The number of active cards: the expected one, or one that two listings in a row show.

    A stale listing shows too many; one whose pages are stale to different degrees may show too few.

    Raises:
        NotAvailableError: The number differs each time.
    """
    count = probe.watch(lambda: probe.count_active(query), lambda count: count == due)
    for _ in range(_TRIES):
        if count == due:
            return count
        probe.settle_surely()
        before, count = count, probe.count_active(query)
        if count == before:
            return count
    raise NotAvailableError("listings show a different number of cards each time")


def _cancel(probe: Probe, query: CardQuery, before: int) -> Exchange:
    """One cancel that was applied; sent again if its response is lost and nothing changed."""

    def applied(error: OutcomeUnknownError) -> Exchange | None:
        left = probe.watch(lambda: probe.count_active(query), lambda left: left < before)
        return error.exchange if left < before else None

    return until_known(lambda: probe.api.act_exchange(Action.CANCEL, query), applied, tries=_TRIES)
