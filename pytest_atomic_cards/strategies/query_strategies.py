"""Strategies for queries: combinations of attributes, with values that match or nearly match."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import compress, islice
from typing import TYPE_CHECKING, Final, Protocol

from hypothesis import strategies as st

from pytest_atomic_cards.model.card_spec import CardSpec
from pytest_atomic_cards.model.documented import LARGEST_LIMIT
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.strategies.populations import SPEC_FIELDS
from pytest_atomic_cards.strategies.shrinking import mapped, numbers, weighted
from pytest_atomic_cards.strategies.values import attribute_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hypothesis.strategies import SearchStrategy

_ORDER: Final = list(Attribute)
_MOST_POSITIONS: Final = 50_000
"""The largest range that :func:`numbers` can draw; cards beyond it are not picked."""
_MOST_NEAR_MISSES: Final = 1_000
"""Positions of a near miss: more than there are values in a usual population."""


class HasAttributes(Protocol):
    """Anything that knows its query attributes, such as a ``Card``."""

    @property
    def attributes(self) -> Mapping[Attribute, str]:
        """The attributes that are present, with their values."""


def attribute_combinations(min_size: int = 0) -> SearchStrategy[frozenset[Attribute]]:
    """Sets of query attributes. Shrinks to few, in the order of the documentation.

    Args:
        min_size: The minimum number of attributes; with 1, no action is unscoped.
    """
    even = numbers(len(Attribute), below=2).map(lambda drawn: [bool(n) for n in drawn])
    sparse = numbers(len(Attribute), below=3).map(lambda drawn: [n == 1 for n in drawn])

    def combine(included: list[bool]) -> frozenset[Attribute]:
        chosen = frozenset(compress(reversed(Attribute), included))
        others = (attribute for attribute in Attribute if attribute not in chosen)
        return chosen.union(islice(others, max(0, min_size - len(chosen))))

    return mapped(sparse | even, combine)


def queries(
    cards: Iterable[HasAttributes | CardSpec] | None = None,
    *,
    attributes: SearchStrategy[frozenset[Attribute]] | None = None,
    paging: bool = True,
    unmatched: bool = True,
) -> SearchStrategy[CardQuery]:
    """Queries without ``multiple``. Shrinks to the query without attributes and paging.

    The status is one of the seven documented ones or one that a card has, and ``limit`` is between
    1 and 1000, as nothing is documented about other values.

    Args:
        cards: Cards, or a population, to draw attribute values from. Most queries take all values
            from one card. Others mix several cards, or have one value that no card has: often a
            near miss (longer, shorter, or the value of another attribute), but never one that
            differs only in case. An attribute that a spec leaves to the target counts as absent.
            If left out, values are drawn from :func:`attribute_values`.
        attributes: Which attributes to set; any combination if left out. If no card has all of
            them, most queries set only those that the drawn card has. If no card has any of them,
            one is set to a value that no card has, so the query does not match everything.
        paging: Whether some queries set ``limit`` and ``offset``, up to one more than the number
            of cards.
        unmatched: Whether to use values that no card has, for attributes that some card has.
    """
    combinations = attribute_combinations() if attributes is None else attributes
    if cards is None:
        values = combinations.flatmap(_free_values)
        count = LARGEST_LIMIT
    else:
        known = KnownValues(cards)
        count = len(known.cards)
        values = mapped(plans(combinations, count, unmatched=unmatched), known.follow)
    if not paging:
        return mapped(values, query_of)
    limits = st.none() | st.integers(1, min(count + 1, LARGEST_LIMIT))
    return st.builds(query_of, values, limits, st.none() | st.integers(0, count + 1))


def query_of(
    values: Mapping[Attribute, str], limit: int | None = None, offset: int | None = None
) -> CardQuery:
    """The query that sets some attributes."""
    named = {attribute.field: value for attribute, value in values.items()}
    return CardQuery(**named, limit=limit, offset=offset)  # type: ignore[arg-type] # by name


@cache
def _free_values(combination: frozenset[Attribute]) -> SearchStrategy[dict[Attribute, str]]:
    return st.fixed_dictionaries(
        {
            attribute: st.sampled_from(Status)
            if attribute is Attribute.STATUS
            else attribute_values()
            for attribute in Attribute
            if attribute in combination
        }
    )


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """Where a query takes its values from, drawn before the cards are known.

    Args:
        chosen: The attributes to set.
        source: The position of the card that gives all values, or of one for each attribute.
        miss: Which attribute gets a value that no card has, as the position from which to look for
            a chosen one; and the value, as the position of a near miss or as text.
    """

    chosen: frozenset[Attribute]
    source: int | tuple[int, ...]
    miss: tuple[int, int | str] | None


def plans(
    combinations: SearchStrategy[frozenset[Attribute]], count: int, *, unmatched: bool = True
) -> SearchStrategy[QueryPlan]:
    """Plans for queries on about ``count`` cards."""
    positions = min(max(count, 1), _MOST_POSITIONS)
    card = st.integers(0, positions - 1)
    each_from_some = numbers(len(Attribute), below=positions)
    near = st.integers(0, _MOST_NEAR_MISSES)
    miss = st.tuples(st.integers(0, len(Attribute) - 1), near | attribute_values())
    misses = weighted((4, st.none()), (1, miss)) if unmatched else st.none()
    return st.builds(QueryPlan, combinations, weighted((4, card), (1, each_from_some)), misses)


class KnownValues:
    """The attribute values that some cards have.

    Args:
        cards: Cards, or specs of cards.
    """

    def __init__(self, cards: Iterable[HasAttributes | CardSpec]) -> None:
        self.cards = [_attributes_of(card) for card in cards]
        self._of = {
            attribute: list(
                dict.fromkeys(card[attribute] for card in self.cards if attribute in card)
            )
            for attribute in Attribute
        }

    def follow(self, plan: QueryPlan) -> dict[Attribute, str]:
        """The values of a plan for these cards."""
        chosen = [attribute for attribute in Attribute if attribute in plan.chosen]
        values = self._matched(plan, chosen)
        if chosen and (plan.miss or not values):
            position, wanted = plan.miss or (0, 0)
            attribute = min(chosen, key=lambda a: (_ORDER.index(a) - position) % len(_ORDER))
            missing = self._missing(attribute, wanted)
            values |= {attribute: missing} if missing else {}
        return values

    def _matched(self, plan: QueryPlan, chosen: list[Attribute]) -> dict[Attribute, str]:
        if isinstance(plan.source, tuple):
            known = {a: self._of[a] for a in chosen if self._of[a]}
            sources = dict(zip(Attribute, plan.source, strict=True))
            return {a: values[sources[a] % len(values)] for a, values in known.items()}
        able = [card for card in self.cards if plan.chosen <= card.keys()]
        able = able or [card for card in self.cards if plan.chosen & card.keys()] or [{}]
        source = able[plan.source % len(able)]
        return {attribute: source[attribute] for attribute in chosen if attribute in source}

    def _missing(self, attribute: Attribute, wanted: int | str) -> str | None:
        """A value that no card has, ignoring case; ``None`` if every possible value occurs."""
        if attribute is Attribute.STATUS:
            words = [word for word in Status if word not in self._of[attribute]]
            return words[wanted % len(words) if isinstance(wanted, int) else 0] if words else None
        if isinstance(wanted, int):
            wanted = self._near_miss(attribute, wanted)
        present = {value.casefold() for value in self._of[attribute]}
        while wanted.casefold() in present:
            wanted += "0"
        return wanted

    def _near_miss(self, attribute: Attribute, position: int) -> str:
        own = self._of[attribute]
        longer = [f"{value}0" for value in own]
        shorter = list(filter(None, (value[:-1].strip() for value in own)))
        others = self._of.keys() - {attribute, Attribute.STATUS}
        borrowed = [value for other in Attribute if other in others for value in self._of[other]]
        kinds = [kind for kind in (longer, shorter, borrowed) if kind] or [["0"]]
        index, kind = divmod(position, len(kinds))
        return kinds[kind][index % len(kinds[kind])]


def _attributes_of(card: HasAttributes | CardSpec) -> Mapping[Attribute, str]:
    if not isinstance(card, CardSpec):
        return card.attributes
    pairs = ((attribute, getattr(card, field)) for attribute, field in SPEC_FIELDS.items())
    return {attribute: value for attribute, value in pairs if value is not None}
