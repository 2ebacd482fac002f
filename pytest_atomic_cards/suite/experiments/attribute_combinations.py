"""Combinations of attributes to list by: values that a card has together, and values it lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Final

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.supply.shared_population import SharedPopulation

SUBSETS: Final = [
    some for size in range(len(Attribute)) for some in combinations(Attribute, size + 1)
]
"""All sets of attributes."""
FEW_SUBSETS: Final = [some for some in SUBSETS if len(some) in {2, 3, len(Attribute)}]
"""Those of a live target: a server that mishandles four attributes but not three is unlikely."""
PAIRS_AND_ALL: Final = [some for some in SUBSETS if len(some) in {2, len(Attribute)}]
"""Those in which a target that leaves out one attribute, or all but one, shows it."""


def by_values_of(card: Card, subsets: Iterable[tuple[Attribute, ...]]) -> list[CardQuery]:
    """A query by a card's values for each set of attributes that it has."""
    values = card.attributes
    return [
        CardQuery.of({name: values[name] for name in subset})
        for subset in subsets
        if values.keys() >= {*subset}
    ]


def strangers(attribute: Attribute, probe: Probe, population: SharedPopulation) -> list[str]:
    """Values that none of our cards has in an attribute: invented, or taken from another field."""
    card = population.plain[0].cards[0]
    others = [value for name, value in card.attributes.items() if name is not attribute]
    others += filter(None, [card.card_instance_id, card.card_template_name])
    held = {one.attributes.get(attribute) for one in population.cards}
    made_up = [probe.invented_number(), probe.invented() * 20]  # QUERY-13 tries a plain one
    return made_up + [value for value in dict.fromkeys(others) if value not in held]


def crossed(card: Card, other: Card, probe: Probe) -> Iterator[dict[Attribute, str]]:
    """Pairs of a card's values, and all of them, with one replaced by a foreign value."""
    for subset in PAIRS_AND_ALL:
        for alien in subset:
            values = {name: card.attributes[name] for name in subset if name in card.attributes}
            strange = other.attributes.get(alien)
            if alien is Attribute.STATUS:
                strange = Status.SNOOZED  # the page names this word
            is_foreign = strange and strange != card.attributes.get(alien)
            yield values | {alien: strange if strange and is_foreign else probe.invented()}
