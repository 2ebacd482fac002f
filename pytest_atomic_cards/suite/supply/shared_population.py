"""The population that read-only contracts share: seeded once and never changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.suite.supply.planned_cards import OTHER_STATES, PlannedCards
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    ContractBrokenError,
    NotAvailableError,
    SeedingError,
)
from pytest_atomic_cards.targets.cards_fixture import Cards
from pytest_atomic_cards.targets.seeding.listing_reader import Found, Group, key_of
from pytest_atomic_cards.targets.seeding.live_backend import NO_SNOOZE

ODD_VALUES: Final = (
    " a  b",
    "+a+b",
    "%20",
    "~t",
    "%2B",
    "&limit=1",
    "=b",
    "#f",
    "?q",
    "/x/y",
    ";c",
    "\"quoted'",
    "100%",
    "ü-é",
    "-Ab",
    "日本語",
    "😀",
)
"""Suffixes that break a value which is decoded twice, not at all, or wrongly.

None has a comma: whether a target reads ``a,b`` as a list is an open question.
"""

_WORDS: Final = re.compile("[0-9A-Za-z]+")
_LONG: Final = 64
"""Characters that some targets cut a value after."""
_LONG_SUFFIX: Final = "-long" * 16
"""Makes every value longer than that."""


@dataclass(slots=True)
class SharedPopulation:
    """Cards whose attributes and states are known and do not change.

    Args:
        plain: Active cards of two invocations, for the same customers if the target allows that.
        odd: Active cards with customer ids that need encoding; ``None`` if the target has none.
        long: An active card with long and numeric values; ``None`` if the target has none.
        numeric: An active card with a numeric customer id; ``None`` if the target has none.
        by_state: A group for every other state that this target can provide.
        absent: Why the others are missing.
    """

    plain: tuple[Group, Group]
    odd: Group | None = None
    long: Group | None = None
    numeric: Group | None = None
    by_state: dict[Status, Group] = field(default_factory=dict)
    absent: dict[str, AtomicCardsError] = field(default_factory=dict)

    @property
    def groups(self) -> list[Group]:
        """Every group; those whose cards belong to another one only once."""
        odd = set(self.odd.cards) if self.odd else set()
        single = [
            group for group in (self.long, self.numeric) if group and not odd >= {*group.cards}
        ]
        return [*self.plain, *([self.odd] if self.odd else []), *single, *self.by_state.values()]

    @property
    def cards(self) -> list[Card]:
        """Every card, with the state it was brought to."""
        return [card for group in self.groups for card in group.cards]

    def is_joined_by_or(self, find: Callable[[CardQuery], Found]) -> bool:
        """Whether a query with values of two cards lists both, as *or* does.

        Args:
            find: Lists all cards that match a query.
        """
        first, second = (group.cards[0] for group in self.plain)
        query = CardQuery(
            lifecycle_id=first.lifecycle_id, flow_invocation_id=second.flow_invocation_id
        )
        return {key_of(first), key_of(second)} <= {key_of(card) for card in find(query).cards}

    @property
    def active(self) -> list[Card]:
        """The active cards."""
        return [card for card in self.cards if card.status is Status.ACTIVE]


def unlike(values: Iterable[str]) -> list[str]:
    """Those values that differ in their form, the first of each: a target makes many of one kind.

    Of letters and digits only the length is compared, roughly.
    """
    return [*{_form(value): value for value in reversed([*values])}.values()][::-1]


def _form(value: str) -> tuple[str, bool]:
    is_long = len(value) > _LONG
    return "0" if value.isdecimal() else _WORDS.sub("a", value), is_long


def seed_population(cards: Cards, planned: PlannedCards) -> SharedPopulation:
    """Seed the shared population, as far as the target allows.

    Args:
        cards: The environment.
        planned: Provides the cards of other states on a live target.

    Raises:
        SeedingError: Not even plain active cards can be seeded.
    """
    first, second = _plain(cards)
    population = SharedPopulation((first, second))
    for state, group in _by_state(cards, planned).items():
        if isinstance(group, Group):
            population.by_state[state] = group
        else:
            population.absent[state.value] = group
    if not _seed_together(cards, population):
        for name, seed in (("odd", _odd), ("long", _long), ("numeric", _numeric)):
            try:
                setattr(population, name, seed(cards))
            except (NotAvailableError, SeedingError, ContractBrokenError) as error:
                population.absent[name] = error
    return population


def _seed_together(cards: Cards, population: SharedPopulation) -> bool:
    """Seed cards of unusual customers in one start, if a target that decides all else allows it."""
    if cards.backend.delivery_is_certain:
        return False
    new = cards.backend.new_user
    try:
        users = [*map(new, ODD_VALUES), new(_LONG_SUFFIX), cards.backend.new_number()]
        group = cards.seeder.seed(Population(tuple(CardSpec(user_id=user) for user in users)))[0]
    except (NotAvailableError, SeedingError, ContractBrokenError):
        return False  # it may accept some of them
    of_user = {user: tuple(card for card in group.cards if card.user_id == user) for user in users}
    *_, long, numeric = users
    population.odd = group
    population.long = Group(CardQuery(user_id=long), of_user[long], (long,))
    population.numeric = Group(CardQuery(user_id=numeric), of_user[numeric], (numeric,))
    return all(of_user.values())


def _by_state(cards: Cards, planned: PlannedCards) -> dict[Status, Group | AtomicCardsError]:
    """Two cards of every other state, or why there are none."""
    states = [state for state in Status if state is not Status.ACTIVE]
    if not cards.backend.delivery_is_certain:
        try:
            made = dict(zip(OTHER_STATES, planned.take("population"), strict=True))
        except (NotAvailableError, SeedingError):
            pass  # named customers only, or listings by customer are late
        else:
            return made | {Status.SNOOZED: NotAvailableError(NO_SNOOZE)}
    pairs = [Population.of(2, CardSpec(status=state)) for state in states]
    return dict(zip(states, cards.seeder.seed_each(pairs), strict=True))


def _plain(cards: Cards) -> tuple[Group, Group]:
    try:
        users = [cards.backend.new_user() for _ in range(3)]
        specs = Population(tuple(CardSpec(user_id=user) for user in users))
        first, second = cards.seeder.seed(specs, specs)
    except NotAvailableError:
        first, second = cards.seeder.seed(Population.of(3), Population.of(3))
    return first, second


def _odd(cards: Cards) -> Group:
    """Cards with odd customer ids and, if the target lets us choose, only odd values."""
    users = [cards.backend.new_user(odd) for odd in ODD_VALUES]
    chosen = Population(
        tuple(
            CardSpec(
                user_id=user,
                card_template_id=f"template{odd}",
                event_name=f"event{odd}",
                lifecycle_id=f"{user}-lifecycle{odd}",
                flow_instance_id=f"{user}-instance{odd}",
                expires=timedelta(days=30),
            )
            for user, odd in zip(users, ODD_VALUES, strict=True)
        )
    )
    return _seed_chosen(cards, chosen)


def _long(cards: Cards) -> Group:
    """A card with a long customer id and, if the target lets us choose, numeric values."""
    spec = CardSpec(
        user_id=cards.backend.new_user(_LONG_SUFFIX),
        card_template_id="7007",
        event_name="8008",
        lifecycle_id=f"9{cards.randomness.bits(40):012}",
    )
    return _seed_chosen(cards, Population((spec,)))


def _numeric(cards: Cards) -> Group:
    """A card with a numeric customer id, as in the documentation's example."""
    return cards.seeder.seed(Population((CardSpec(user_id=cards.backend.new_number()),)))[0]


def _seed_chosen(cards: Cards, population: Population) -> Group:
    """Seed with chosen values or, if the target decides them, at least chosen customers."""
    try:
        return cards.seeder.seed(population)[0]
    except NotAvailableError:
        plain = Population(tuple(CardSpec(user_id=spec.user_id) for spec in population))
        return cards.seeder.seed(plain)[0]
