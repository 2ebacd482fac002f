"""Planned starts: which cards of many customers are started together, and whose they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.errors import AtomicCardsError, SeedingError
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

_UNSURE: Final = {Status.EMBARGOED, Status.EXPIRED}
"""States of which it is not certain that a target brings cards there, and lists them."""


@dataclass(slots=True)
class _Start:
    """One start that is being planned, with the cards of each customer."""

    cards: dict[str, list[CardSpec]] = field(default_factory=dict)

    @property
    def states(self) -> set[Status]:
        return {spec.status for specs in self.cards.values() for spec in specs}


def planned_starts(
    wanted: Mapping[str, Sequence[CardSpec]], *, apart: bool = True
) -> list[Population]:
    """The fewest starts for the cards of some customers.

    In a start a customer has one card, or several that are equal, as no listing shows which of two
    cards got which options. Cards in the same state share a start if possible; those that a target
    may refuse or hide share it with no other state.

    Args:
        wanted: The cards of each customer.
        apart: Whether cards of a customer are in different starts even if they are alike.
    """
    starts: list[_Start] = []
    for user, specs in sorted(wanted.items(), key=lambda item: -len(item[1])):
        for spec in specs:
            usable = list(_usable(starts, user, spec, apart=apart))
            if not usable:
                starts.append(_Start())
                usable = starts[-1:]
            same = [start for start in usable if start.states == {spec.status}]
            start = (same or usable)[0]
            start.cards.setdefault(user, []).append(spec)
    return [
        Population(
            tuple(
                replace(spec, user_id=user) for user in wanted for spec in start.cards.get(user, ())
            )
        )
        for start in starts
    ]


def _usable(
    starts: Sequence[_Start], user: str, spec: CardSpec, *, apart: bool
) -> Iterator[_Start]:
    """The starts that may hold a further card of a customer, first those with one that is equal."""
    if not apart:
        yield from (start for start in starts if spec in start.cards.get(user, ()))
    for start in starts:
        is_mixed = start.states != {spec.status} and _UNSURE & {*start.states, spec.status}
        if user not in start.cards and not is_mixed:
            yield start


def by_state(start: Population) -> list[Population]:
    """A start for each state of the cards of one."""
    states = dict.fromkeys(spec.status for spec in start)
    return [Population(tuple(spec for spec in start if spec.status is state)) for state in states]


def of_customer(
    user: str, made: Sequence[tuple[Population, Group | AtomicCardsError]]
) -> Group | AtomicCardsError:
    """The cards of one customer from several starts, or why some are missing."""
    own: list[Card] = []
    for start, group in made:
        if not any(spec.user_id == user for spec in start):
            continue
        if isinstance(group, AtomicCardsError):
            return group
        own += [card for card in group.cards if card.user_id == user]
    if not own:
        return SeedingError(f"no card was listed for customer {user!r}")
    return Group(CardQuery(user_id=user), tuple(own), (user,) * len(own), is_alone=len(own) == 1)


def active_keys(group: Group) -> frozenset[str]:
    """The keys of its active cards: no page says that others are listed."""
    return frozenset(key_of(card) for card in group.cards if card.status == Status.ACTIVE)
