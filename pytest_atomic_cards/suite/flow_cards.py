"""The cards of experiments on a target where Action Flows create them, as on a live one.

There an action must be pinned to an id of this run, the target chooses most values, and each card
costs. So cards that differ in their customer only come from one start, and few sets of attributes
are tried.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pytest_atomic_cards.client.scope_guard import PINS
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import CLOSED, Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.model.request_space import attributes_of
from pytest_atomic_cards.suite.covering_array import Forbidden
from pytest_atomic_cards.suite.experiment import Arrangement
from pytest_atomic_cards.suite.experiment_cards import ALIKE, Key, states_of
from pytest_atomic_cards.suite.experiment_rows import Reach
from pytest_atomic_cards.suite.probe import Probe
from pytest_atomic_cards.support.errors import AtomicCardsError, NotAvailableError
from pytest_atomic_cards.targets.seeding.listing_reader import Group

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
        "cardTemplateId+userId",
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
_NARROWED: Final = (
    "eventName+userId",
    "lifecycleId+userId",
    "cardTemplateId+userId",
    "flowInstanceId+userId",
    "flowInvocationId+userId",
    "userId+status",
    "lifecycleId+userId+status",
)
"""Each attribute beside a customer, and one as the third: an action that ignores it changes the
customer's card, which lacks the value. A set costs one card and four requests."""
_FORBIDDEN: Final[tuple[Forbidden, ...]] = (
    # The scope guard lets no request pass that two servers may read differently.
    {"multiple": ("empty", "twice")},
    # It lets no id pass that is not of this run.
    {"by": tuple(map(str, PINS)), "matches": ("0",)},
    # Each count of closed cards would need listings of its own, to show that they are ours.
    {"state": tuple(CLOSED), "matches": ("0", "2")},
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
    return Reach(_SETS[effort], _STATES, _FORBIDDEN, narrowed=_NARROWED)


@dataclass(frozen=True, slots=True)
class _Order:
    """The cards of an arrangement, before they are seeded."""

    key: Key
    given: tuple[Attribute, ...]
    specs: tuple[CardSpec, ...]

    @property
    def is_apart(self) -> bool:
        """Whether it needs a start of its own, as the query names the invocation."""
        return Attribute.FLOW_INVOCATION_ID in self.given


class FlowCards:
    """Arranges cards with as few starts as possible.

    The ids of customers that a query gives alone begin alike, each with the one before, and those
    of the bystanders with all of them: a target that compares beginnings changes them too.

    Args:
        probe: Of the shared environment.
    """

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._longest = ""

    def arrange(self, keys: Sequence[Key]) -> list[Arrangement | AtomicCardsError]:
        """An arrangement for each key, or why there is none."""
        made: dict[int, Arrangement | AtomicCardsError] = {}
        by_state: defaultdict[Status, dict[int, _Order]] = defaultdict(dict)
        for place, key in enumerate(keys):
            try:
                order = self._order(key)
                by_state[order.specs[0].status][place] = order
            except AtomicCardsError as error:
                made[place] = error
        for orders in by_state.values():
            made |= self._arranged(orders)
        return [made[place] for place in range(len(keys))]

    def crowd(self) -> Arrangement:
        """Not here: other contracts list many cards.

        Raises:
            NotAvailableError: Always.
        """
        raise NotAvailableError("the values that cards of a flow share are few")

    def _order(self, key: Key) -> _Order:
        given = attributes_of(key[0])
        states = states_of(key) or [Status.ACTIVE]
        new = self._longer if given == (Attribute.USER_ID,) else self._probe.cards.backend.new_user
        if Attribute.FLOW_INVOCATION_ID in given and Attribute.USER_ID not in given:
            users = [new() for _ in states]
        else:
            users = [new()] * len(states)
        specs = (
            CardSpec(user_id=user, status=one) for user, one in zip(users, states, strict=True)
        )
        return _Order(key, given, tuple(specs))

    def _longer(self) -> str:
        """A new customer whose id begins with the last one that was made here."""
        new = self._probe.cards.backend.new_user
        self._longest = new(ALIKE, like=self._longest) if self._longest else new()
        return self._longest

    def _arranged(self, orders: Mapping[int, _Order]) -> dict[int, Arrangement | AtomicCardsError]:
        """The arrangements of one state, which come and fail together."""
        pooled = [order for order in orders.values() if not order.is_apart]
        apart = [order for order in orders.values() if order.is_apart]
        state = next(iter(orders.values())).specs[0].status
        bystander = CardSpec(user_id=self._longer(), status=state)
        pool = Population((bystander, *(spec for order in pooled for spec in order.specs)))
        try:
            first, *others = self._probe.cards.seeder.seed(
                pool, *(Population(order.specs) for order in apart)
            )
        except AtomicCardsError as error:
            return dict.fromkeys(orders, error)
        groups = iter(others)
        return {
            place: self._made(order, first, next(groups) if order.is_apart else first)
            for place, order in orders.items()
        }

    def _made(self, order: _Order, pool: Group, group: Group) -> Arrangement | AtomicCardsError:
        users = {spec.user_id for spec in order.specs}
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
        held = cards[0].attributes
        missing = [name for name in order.given if name not in held]
        if missing:
            raise NotAvailableError(f"cards of this target have no {missing[0]}")
        values = {name: held[name] for name in order.given}
        if order.key[1] == "0":
            *_, strange = (name for name in order.given if name is not Attribute.USER_ID)
            is_status = strange is Attribute.STATUS
            values[strange] = Status.SNOOZED if is_status else self._probe.invented()
        return values


def _unique(cards: Iterable[Card]) -> list[Card]:
    return [*{id(card): card for card in cards}.values()]
