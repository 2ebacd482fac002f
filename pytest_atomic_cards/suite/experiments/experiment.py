"""Experiment: one request on cards that are known, and what it did to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from pytest_atomic_cards.model.cards import STATUSES, Card, cards_of
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status, may_show
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.model.request_space import Point, attributes_of
from pytest_atomic_cards.rules.verdicts import Violation
from pytest_atomic_cards.suite.experiments.experiment_rows import BODIES
from pytest_atomic_cards.suite.probing.expected_states import States
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.targets.seeding.listing_reader import Found, Group, key_of


def cards_shown(exchange: Exchange) -> tuple[Card, ...]:
    """The cards on a page. A target may refuse, or send no body, if none match."""
    has_body = exchange.succeeded and exchange.response_body.strip()
    return tuple(cards_of(exchange.json())) if has_body else ()


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Abroad:
    """Cards of another environment, with the same values as some of this one.

    Args:
        cards: The cards.
        look: Lists the states of these and of others there.
    """

    cards: tuple[Card, ...]
    look: Callable[[], States]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Arrangement:
    """Cards that a query matches, and others that it must leave alone.

    Args:
        probe: Sends the requests.
        values: The values of the attributes that the query gives.
        matched: The cards that have all of them, each with the state it was brought to.
        others: Cards that lack one of them, some of which have a value that begins alike.
        groups: What lists all of these cards.
        abroad: Cards of another environment with the same values as those that match; ``None`` if
            there is none.
        bystanders: How many closed cards match besides, which nobody looks at.
        variables: The variables of every card that matches; empty if they are not known.
        payload: The JSON object that a complete sends if its row asks for one.
    """

    probe: Probe
    values: Mapping[Attribute, str]
    matched: tuple[Card, ...]
    others: tuple[Card, ...]
    groups: Sequence[Group]
    abroad: Abroad | None = None
    bystanders: int = 0
    variables: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes = BODIES["object"]

    @property
    def query(self) -> CardQuery:
        """The query that matches the cards."""
        return CardQuery.of(self.values)

    def by(self, given: str) -> Arrangement:
        """The same cards, matched by the values of one set of attributes only."""
        values = {name: self.values[name] for name in attributes_of(given)}
        matched: list[Card] = []
        others: list[Card] = []
        wanted = [(name.field, value) for name, value in values.items()]
        for card in (*self.matched, *self.others):
            is_matched = all(value and getattr(card, field) == value for field, value in wanted)
            (matched if is_matched else others).append(card)
        return replace(self, values=values, matched=tuple(matched), others=tuple(others))

    @property
    def states(self) -> list[Status]:
        """The states of the cards that match."""
        return [STATUSES[card.status] for card in self.matched if card.status]

    @property
    def keys(self) -> frozenset[str]:
        """The keys of all cards."""
        return frozenset(map(key_of, (*self.matched, *self.others)))


def states_in(arrangements: Iterable[Arrangement]) -> States:
    """The listed states of all cards of some arrangements."""
    made = list(arrangements)
    groups: defaultdict[Probe, dict[int, Group]] = defaultdict(dict)
    for one in made:
        groups[one.probe] |= {id(group): group for group in one.groups}
    found: States = {}
    for look in {one.abroad.look for one in made if one.abroad}:
        found |= look()
    for probe, some in groups.items():
        found |= probe.states(*some.values())
    return found


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Listing:
    """A page of a listing.

    Args:
        point: Its place in the space of requests.
        cards: The cards it was to match.
        query: What was asked.
        found: What was listed.
        whole: What a listing without ``limit`` and ``offset`` showed; ``None`` if this is one.
        skipped: The cards that the offset skips, if they are the same each time.
        is_repeatable: Whether they are.
        before: The states of cards as other listings showed them before.
    """

    point: Point
    cards: Arrangement
    query: CardQuery
    found: Found
    whole: Found | None = None
    skipped: frozenset[str] = frozenset()
    is_repeatable: bool = True
    before: States = field(default_factory=dict)


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Trial:
    """An action.

    Args:
        point: Its place in the space of requests.
        cards: The cards it was to match.
        exchange: The request and its response.
        before: What listings showed of the cards before.
        after: What they showed afterwards.
        batch: All actions on these cards between the two, with their responses.
    """

    point: Point
    cards: Arrangement
    exchange: Exchange
    before: States
    after: States = field(default_factory=dict)
    batch: Sequence[tuple[Action, Exchange]] = ()

    @property
    def action(self) -> Action:
        """The action."""
        return Action(self.point["operation"])

    @property
    def changed_abroad(self) -> list[Card]:
        """The cards of another environment that listings there show differently now."""
        abroad = self.cards.abroad.cards if self.cards.abroad else ()
        return [card for card in abroad if not self.is_unchanged(card)]

    @property
    def states(self) -> list[Status]:
        """The states of the cards that match."""
        return self.cards.states

    @property
    def changed(self) -> list[Card]:
        """The matched cards that listings show differently now."""
        return [card for card in self.cards.matched if not self.is_unchanged(card)]

    def is_unchanged(self, card: Card) -> bool:
        """Whether a card is listed as before; a closed one may also have left the listings."""
        before, after = self.before.get(key_of(card)), self.after.get(key_of(card))
        if after == before:
            return True  # as most cards are, and thousands are compared
        state = Status(card.status or "")
        may_vanish = state.is_closed and after is None
        appeared = before is None and may_show(state, after)
        return may_vanish or appeared

    def may_have_caused(self, word: str | None) -> bool:
        """Whether this action may have given a card its state, and not another of the batch.

        Of several actions those are suspect that were accepted, and of these the ones whose
        outcome it is.
        """
        batch = self.batch or ((self.action, self.exchange),)
        accepted = [one for one in batch if one[1].succeeded] or list(batch)
        named = [one for one in accepted if one[0].outcome == word] or accepted
        return any(exchange is self.exchange for _, exchange in named)


@dataclass(frozen=True, slots=True)
class Breach:
    """What an experiment shows against a requirement."""

    requirement: str
    expected: str
    actual: str
    exchanges: tuple[Exchange, ...]

    def raise_as_one_of(self, count: int) -> NoReturn:
        """Raise this as a violation, with the number of experiments that show the same.

        Raises:
            Violation: Always.
        """
        also = f"; {count - 1} other experiment(s) show the same" if count > 1 else ""
        raise Violation(self.expected, f"{self.actual}{also}", self.exchanges)
