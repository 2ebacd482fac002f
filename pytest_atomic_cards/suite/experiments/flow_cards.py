"""The cards of experiments on a target where Action Flows create them, as on a live one.

There an action must be pinned to an id of this run, the target chooses most values, and cards cost.
So cards that differ in their customer only come from one start, for few sets of attributes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.model.request_space import attributes_of
from pytest_atomic_cards.suite.experiments.experiment import Arrangement
from pytest_atomic_cards.suite.experiments.experiment_cards import Key, states_of
from pytest_atomic_cards.suite.experiments.experiment_values import ALIKE, near_miss_of
from pytest_atomic_cards.suite.probing.expected_states import States
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.support.errors import AtomicCardsError, NotAvailableError
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

_Shared = dict[tuple[str, ...], tuple[CardSpec, ...]]
"""The cards shared by requests that change nothing: by how many match, and in which state."""


@dataclass(frozen=True, slots=True)
class _Order:
    """The cards of an arrangement, before they are seeded.

    Args:
        key: What a query asks of them.
        specs: The cards; none if all cards of the state's start match.
        is_apart: Whether they need a start of their own, as the query names the invocation.
    """

    key: Key
    specs: tuple[CardSpec, ...]
    is_apart: bool

    @property
    def given(self) -> tuple[Attribute, ...]:
        return attributes_of(self.key[0])

    @property
    def state(self) -> Status:
        return Status(self.key[2])


class FlowCards:
    """Arranges cards with as few starts, and as few cards, as possible.

    The ids of customers that a query gives alone begin alike, each with the one before, and those
    of the bystanders with all of them: a target that compares beginnings changes them too. Others
    end otherwise. Requests that change nothing share their customers.

    Args:
        probe: Of the shared environment.
    """

    is_dear = True

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._longest = ""

    def arrange(
        self, keys: Sequence[Key], unchanged: int = 0
    ) -> list[Arrangement | AtomicCardsError]:
        """An arrangement for each key, or why there is none."""
        made: dict[int, Arrangement | AtomicCardsError] = {}
        by_state: defaultdict[Status, dict[int, _Order]] = defaultdict(dict)
        shared: _Shared = {}
        for place, key in enumerate(keys):
            try:
                order = self._order(key, shared if place < unchanged else None)
                by_state[order.state][place] = order
            except AtomicCardsError as error:
                made[place] = error
        made |= self._arranged(list(by_state.values()))
        return [made[place] for place in range(len(keys))]

    def states(self, arrangements: Sequence[Arrangement]) -> States:
        """The states as seeding has listed them, since when nothing was done to the cards."""
        words = self._probe.cards.reader.words
        cards = [card for one in arrangements for group in one.groups for card in group.cards]
        return {key_of(card): words.get(key_of(card), card.status) for card in cards}

    def crowd(self) -> Arrangement:
        """Not here: other contracts list many cards.

        Raises:
            NotAvailableError: Always.
        """
        raise NotAvailableError("the values that cards of a flow share are few")

    def _order(self, key: Key, shared: _Shared | None) -> _Order:
        given = attributes_of(key[0])
        states = states_of(key) or [Status.ACTIVE]
        # a lifecycle of its own tells a card from the others of its start
        is_apart = Attribute.FLOW_INVOCATION_ID in given and Attribute.LIFECYCLE_ID not in given
        if is_apart and states[0] is not Status.ACTIVE:
            return _Order(key, (), is_apart=False)
        if is_apart:
            named = Attribute.USER_ID in given
            return _Order(key, self._specs(states, alike=False, named=named), is_apart=True)
        specs = shared.get(key[1:]) if shared is not None else None
        if specs is None:
            specs = self._specs(
                states, alike=shared is not None or given == (Attribute.USER_ID,), named=True
            )
        if shared is not None:
            shared[key[1:]] = specs
        return _Order(key, specs, is_apart=False)

    def _specs(self, states: Sequence[Status], *, alike: bool, named: bool) -> tuple[CardSpec, ...]:
        """Cards in some states.

        Args:
            states: The state of each.
            alike: Whether the id of their customer begins with another one.
            named: Whether they all have one customer, as a query names it.
        """
        new = self._longer if alike else self._probe.cards.backend.new_user
        users = [new()] * len(states) if named else [new() for _ in states]
        return tuple(
            CardSpec(user_id=user, status=one) for user, one in zip(users, states, strict=True)
        )

    def _longer(self) -> str:
        """A new customer whose id begins with the last one that was made here."""
        new = self._probe.cards.backend.new_user
        self._longest = new(ALIKE, like=self._longest) if self._longest else new()
        return self._longest

    def _siblings(self, order: _Order) -> Iterator[str]:
        """A customer whose id differs in its end only from that of one active card."""
        if order.key == (Attribute.USER_ID, "1", Status.ACTIVE):
            near = _with_other_end(order.specs[0].user_id)
            yield self._probe.cards.backend.new_user(like=near)

    def _arranged(
        self, by_state: Sequence[Mapping[int, _Order]]
    ) -> dict[int, Arrangement | AtomicCardsError]:
        """The arrangements of all states. Those of one state fail together."""
        starts = [list(self._starts(orders.values())) for orders in by_state]
        groups = iter(self._probe.cards.seeder.seed_each(chain.from_iterable(starts)))
        made: dict[int, Arrangement | AtomicCardsError] = {}
        for orders, populations in zip(by_state, starts, strict=True):
            seeded = list(islice(groups, len(populations)))
            made |= self._of_state(orders, seeded)
        return made

    def _starts(self, orders: Collection[_Order]) -> Iterator[Population]:
        """What to start for one state: cards that share a start, and those that have their own."""
        pooled = {id(one.specs): one for one in orders if not one.is_apart}
        state = next(iter(orders)).state
        users = [self._longer(), *chain.from_iterable(map(self._siblings, pooled.values()))]
        bystanders = [CardSpec(user_id=user, status=state) for user in users]
        yield Population((*bystanders, *(spec for one in pooled.values() for spec in one.specs)))
        yield from (Population(order.specs) for order in orders if order.is_apart)

    def _of_state(
        self, orders: Mapping[int, _Order], seeded: Sequence[Group | AtomicCardsError]
    ) -> dict[int, Arrangement | AtomicCardsError]:
        errors = [one for one in seeded if isinstance(one, AtomicCardsError)]
        if errors:
            return dict.fromkeys(orders, errors[0])
        pool, *others = [one for one in seeded if isinstance(one, Group)]
        groups = iter(others)
        return {
            place: self._made(order, pool, next(groups) if order.is_apart else pool)
            for place, order in orders.items()
        }

    def _made(self, order: _Order, pool: Group, group: Group) -> Arrangement | AtomicCardsError:
        users = {spec.user_id for spec in order.specs} or {*pool.users}
        cards = [card for card in group.cards if card.user_id in users]
        try:
            values = self._values(order, cards)
        except AtomicCardsError as error:
            return error
        wanted = values.items()
        beside = {pool.users[0], *map(_with_other_end, users)}
        known = _unique([*cards, *(card for card in pool.cards if card.user_id in beside)])
        return Arrangement(
            self._probe,
            values,
            tuple(card for card in known if wanted <= card.attributes.items()),
            tuple(card for card in known if not wanted <= card.attributes.items()),
            (group,) if group is pool else (group, pool),
        )

    def _values(self, order: _Order, cards: Sequence[Card]) -> dict[Attribute, str]:
        """The values that the query gives.

        Raises:
            NotAvailableError: The cards have no value of an attribute.
        """
        if not cards:
            raise NotAvailableError("no card was listed for the customer of an experiment")
        held = dict(cards[0].attributes)
        if order.key[1] == "0":
            *_, strange = (name for name in order.given if name is not Attribute.USER_ID)
            near = near_miss_of(strange, held.get(strange, "")) or self._probe.invented()
            held[strange] = Status.SNOOZED if strange is Attribute.STATUS else near
        missing = [name for name in order.given if name not in held]
        if missing:
            raise NotAvailableError(f"cards of this target have no {missing[0]}")
        return {name: held[name] for name in order.given}


def _with_other_end(user: str | None) -> str:
    return near_miss_of(Attribute.USER_ID, user or "")


def _unique(cards: Iterable[Card]) -> list[Card]:
    return [*{id(card): card for card in cards}.values()]
