"""The cards of experiments on a target where Action Flows create them, as on a live one.

There an action must be pinned to an id of this run, the target chooses most values, and cards cost.
So cards that differ in their customer only come from one start, for few sets of attributes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

from pytest_atomic_cards.client.scope_guard import PINS
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import CLOSED, Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.model.request_space import MIXED, OTHER, attributes_of
from pytest_atomic_cards.suite.experiments.covering_array import Forbidden
from pytest_atomic_cards.suite.experiments.experiment import Arrangement
from pytest_atomic_cards.suite.experiments.experiment_cards import Key, states_of
from pytest_atomic_cards.suite.experiments.experiment_rows import SETS, Reach
from pytest_atomic_cards.suite.experiments.experiment_values import ALIKE, near_miss_of
from pytest_atomic_cards.suite.probing.expected_states import States
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.support.errors import AtomicCardsError, NotAvailableError
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

_STATES: Final = tuple(state.value for state in Status if state is not Status.SNOOZED)
"""No page knows of a request that snoozes a card."""
_QUICK_STATES: Final = (Status.ACTIVE.value, Status.EMBARGOED.value, Status.DISMISSED.value)
"""One of each kind: every action is allowed, some are, none is."""
_SETS: Final = {
    "quick": ("userId",),
    "default": (
        "userId",
        "flowInstanceId",
        "flowInvocationId",
        "userId+status",
    ),
    "thorough": (
        "userId",
        "flowInstanceId",
        "flowInvocationId",
        "eventName+userId",
        "lifecycleId+userId",
        "cardTemplateId+userId",
        "cardTemplateId+flowInvocationId",
        "flowInvocationId+userId",
        "flowInvocationId+status",
        "userId+status",
    ),
}
"""The sets of attributes of each effort: a set costs about thirty cards and a hundred requests."""
_NEARLY_ALL: Final = "lifecycleId+cardTemplateId+flowInstanceId+flowInvocationId+userId+status"
_NARROWED: Final = (
    "eventName+userId",
    "lifecycleId+userId",
    "cardTemplateId+userId",
    "flowInstanceId+userId",
    "flowInvocationId+userId",
    "userId+status",
    "lifecycleId+userId+status",
    _NEARLY_ALL,
)
"""Each attribute beside a customer, one as the third, and nearly all: an action that ignores it
changes the customer's card, which lacks the value. A set costs one card and four requests."""
_APART: Final = tuple(one for one in SETS if Attribute.FLOW_INVOCATION_ID in one)
"""The sets that name an invocation, so that a row of active cards takes a start of its own."""
_JOINED: Final = ("eventName+userId", "lifecycleId+userId", "cardTemplateId+userId", _NEARLY_ALL)
"""Each attribute that may not stand alone, beside a customer, and nearly all, which show an action
that goes wrong with any two: every action has to find the card."""
_FOUND: Final = ("flowInstanceId+userId",)
"""One that one action is to find a card by, as the instance stands so in no other row. A set costs
a card and two requests; with the invocation it would cost a start more."""
_FORBIDDEN: Final[tuple[Forbidden, ...]] = (
    # The scope guard lets no request pass that two servers may read differently.
    {"multiple": ("empty", "twice")},
    # It lets no id pass that is not of this run.
    {"by": tuple(map(str, PINS)), "matches": ("0",)},
    # Cards in every state meet an action together, and no others.
    {"matches": ("2",), "state": (MIXED,)},
    # Each count of closed cards would need listings of its own, to show that they are ours.
    {"state": tuple(CLOSED), "matches": ("0", "2")},
    # A start for each costs more than it shows: all cards of a start are listed by it instead.
    {"by": _APART, "matches": ("1",), "multiple": ("1",)},
    {"by": _APART, "matches": ("1",), "body": ("empty", "object", OTHER)},
    {
        "by": _APART,
        "state": tuple(state.value for state in Status if state is not Status.ACTIVE),
        "matches": ("0", "1", "2"),
    },
    # Of a single card multiple says nothing, and it has to be shown whose the id is in each state.
    {
        "by": ("flowInstanceId", "lifecycleId+userId"),
        "multiple": ("1", "0", "false", "true", "junk"),
    },
    # The target gives their values to one card only, as a rule.
    {
        "by": ("flowInstanceId", "lifecycleId+userId"),
        "matches": ("2", "many"),
    },
)


def reach(effort: str) -> Reach:
    """What part of the space is tried at an effort: as much as its few cards allow."""
    if effort == "quick":
        return Reach(_SETS[effort], _QUICK_STATES, _FORBIDDEN, strength=1)
    return Reach(
        _SETS[effort], _STATES, _FORBIDDEN, narrowed=_NARROWED, joined=_JOINED, found=_FOUND
    )


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
    of the bystanders with all of them: a target that compares beginnings changes them too. Requests
    that change nothing share their customers.

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
        pooled = {id(one.specs): one.specs for one in orders if not one.is_apart}
        bystander = CardSpec(user_id=self._longer(), status=next(iter(orders)).state)
        yield Population((bystander, *(spec for specs in pooled.values() for spec in specs)))
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
        known = _unique([*cards, *(card for card in pool.cards if card.user_id == pool.users[0])])
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


def _unique(cards: Iterable[Card]) -> list[Card]:
    return [*{id(card): card for card in cards}.values()]
