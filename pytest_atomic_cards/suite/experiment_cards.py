"""The cards that experiments need: arranged so that a query matches exactly as many as a row says.

Each arrangement has values of its own. Beside the cards that have all of them stand others that
lack one: where it is not the status, their value begins with the one asked for, so that a target
that compares beginnings, or treats the value as a pattern, changes them too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain, cycle
from typing import Any, Final

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.documented import LARGEST_LIMIT
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.model.request_space import MIXED, Point, attributes_of
from pytest_atomic_cards.suite.access_experiments import bearer, token_of_role
from pytest_atomic_cards.suite.crowd_rows import ACTIVE_CROWD, BYSTANDERS, CROWDS
from pytest_atomic_cards.suite.expected_states import States
from pytest_atomic_cards.suite.experiment import Abroad, Arrangement, cards_shown, states_in
from pytest_atomic_cards.suite.experiment_rows import MATCHES, WHOLE_ENVIRONMENT
from pytest_atomic_cards.suite.probe import Probe
from pytest_atomic_cards.targets import Target, world_on
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

Key = tuple[str, str, str]
"""The attributes given, how many cards match, and in which state."""
Fields = dict[str, Any]
"""A card to seed, by the names of its fields in JSON."""

ALIKE: Final = "x"
"""What is added to a value to make another one that begins with it."""
_ENCODED: Final = " +&=#%41'\"é%"
"""What a target cuts or changes that decodes a value twice, not at all, or wrongly; it ends like a
pattern that longer values match."""
_TOGETHER: Final = 100
"""Arrangements in one environment: most have three or four cards, and the largest fourteen, so that
one page of 1000 lists them all, whatever their order is."""
_LATER: Final = 3600.0
"""Seconds until an embargo or a snooze ends: after the run."""
_TIMERS: Final = {Status.EMBARGOED: "embargoUntil", Status.SNOOZED: "snoozeUntil"}


def key_of_row(row: Point) -> Key:
    """What a row asks of its cards."""
    return row["by"], row["matches"], row["state"]


def states_of(key: Key) -> list[Status]:
    """The state of each card that matches."""
    _, matches, state = key
    if state != MIXED:
        return [Status(state)] * MATCHES[matches]
    second = [Status.ACTIVE] * (matches in BYSTANDERS)  # as cancel needs two for a refusal
    return [*Status, *second]


@dataclass(frozen=True, slots=True)
class _Layout:
    """An arrangement to seed."""

    values: Mapping[Attribute, str]
    matched: tuple[Fields, ...]
    others: tuple[Fields, ...]


def _plan(key: Key, name: str, of_values: str | None = None) -> _Layout:
    """The cards for a key, with names of their own, and values from another if it is given."""
    given = attributes_of(key[0])
    state = Status.ACTIVE if key[2] == MIXED else Status(key[2])
    values = {Attribute(one): _value(one, of_values or name, key) for one in given}
    shared = {one: value for one, value in values.items() if one is not Attribute.STATUS}
    if Attribute.STATUS in values:
        values[Attribute.STATUS] = state.value
    matched = [_fields(f"{name}-{i}", shared, one) for i, one in enumerate(states_of(key))]
    others = []
    if key[0] not in WHOLE_ENVIRONMENT:
        alien = Status.ACTIVE if state is not Status.ACTIVE else Status.SNOOZED
        others = [
            _fields(f"{name}-{one.field}", shared, alien)
            if one is Attribute.STATUS
            else _fields(f"{name}-{one.field}", {**shared, one: _alike(values[one])}, state)
            for one in given
        ]
    return _Layout(values, tuple(matched), tuple(others))


def _value(attribute: Attribute, name: str, key: Key) -> str:
    """A value of an arrangement: one to encode for a single active card, of digits for two."""
    if key[1:] == ("1", Status.ACTIVE):
        return f"{attribute.field}-{name}{_ENCODED}"
    if key[1:] == ("2", Status.ACTIVE):
        place = list(Attribute).index(attribute) + 1
        return f"{place}{int(name, 16):015}"
    return f"{attribute.field}-{name}"


def _values(name: str) -> dict[Attribute, str]:
    """A value for each attribute, but for the status."""
    return {one: f"{one.field}-{name}" for one in Attribute if one is not Attribute.STATUS}


def _alike(value: str) -> str:
    """Another value that begins alike or, if it is a number, is the same number."""
    return f"0{value}" if value.isdecimal() else value + ALIKE


def _fields(name: str, shared: Mapping[Any, str], state: Status) -> Fields:
    fields: Fields = {one.value: value for one, value in {**_values(name), **shared}.items()}
    if timer := _TIMERS.get(state):
        fields[timer] = _LATER
    return {**fields, "cardInstanceId": f"card-{name}", "status": state.value}


class SandboxCards:
    """Arranges cards in a sandbox, where every value and state can be chosen.

    Args:
        target: The sandbox.
        stack: Closes the environments that are opened.
    """

    def __init__(self, target: Target, stack: ExitStack) -> None:
        self._target = target
        self._stack = stack
        self._crowded: dict[str, tuple[Probe, str]] = {}

    is_dear = False

    def arrange(self, keys: Sequence[Key], unchanged: int) -> list[Arrangement]:
        """An arrangement for each key, in few environments."""
        del unchanged  # each has cards of its own
        together = [key for key in keys if key[0] not in WHOLE_ENVIRONMENT]
        made = chain.from_iterable(
            self._seed(together[start : start + _TOGETHER])
            for start in range(0, len(together), _TOGETHER)
        )
        return [self._seed([key])[0] if key[0] in WHOLE_ENVIRONMENT else next(made) for key in keys]

    def states(self, arrangements: Sequence[Arrangement]) -> States:
        """The listed states of all cards."""
        return states_in(arrangements)

    def crowd(self, row: Point = ACTIVE_CROWD) -> Arrangement:
        """Cards that share the value of every attribute, more than a page lists.

        Args:
            row: Names their number and state, and the attributes of the query.
        """
        probe = Probe(self._stack.enter_context(world_on(self._target)))
        name = probe.cards.randomness.token()
        shared = _values(name)
        states = [*Status] if row["state"] == MIXED else [Status(row["state"])]
        cards = [
            _fields(f"{name}-{i}", shared, state)
            for i, state in zip(range(CROWDS[row["matches"]]), cycle(states), strict=False)
        ]
        probe.cards.controls.seed(cards)
        matched = tuple(_card(fields, {}) for fields in cards)
        every = {**shared, Attribute.STATUS: states[0].value}
        values = {one: every[one] for one in attributes_of(row["by"])}
        return Arrangement(probe, values, matched, (), [_group_of(CardQuery(), matched)])

    def among_bystanders(self, row: Point) -> Arrangement:
        """Cards in every state, with values that many closed ones have as well."""
        key = key_of_row(row)
        probe, name = self._crowded.get(row["matches"]) or self._seed_bystanders(row["matches"])
        own = probe.cards.randomness.token()
        plan = _plan(key, own, name)
        watched = next(one for one in Attribute if one not in plan.values)
        value = f"{watched.field}-{own}"
        matched = [{**fields, watched.value: value} for fields in plan.matched]
        others = [{**fields, watched.value: value} for fields in plan.others]
        probe.cards.controls.seed([*matched, *others])
        cards = tuple(map(Card.from_body, matched))
        rest = tuple(map(Card.from_body, others))
        group = _group_of(CardQuery.of({watched: value}), (*cards, *rest))
        return Arrangement(
            probe, plan.values, cards, rest, [group], bystanders=BYSTANDERS[row["matches"]]
        )

    def _seed_bystanders(self, matches: str) -> tuple[Probe, str]:
        probe = Probe(self._stack.enter_context(world_on(self._target)))
        name = f"{probe.cards.randomness.token()}%"  # as a pattern it matches longer values
        self._crowded[matches] = probe, name
        shared = _values(name)
        states = cycle(state for state in Status if state.is_closed)
        probe.cards.controls.seed(
            [
                _fields(f"{name}-bystander-{i}", shared, state)
                for i, state in zip(range(BYSTANDERS[matches]), states, strict=False)
            ]
        )
        return self._crowded[matches]

    def _seed(self, keys: Sequence[Key]) -> list[Arrangement]:
        probe = Probe(self._stack.enter_context(world_on(self._target)))
        plans = [_plan(key, probe.cards.randomness.token()) for key in keys]
        probe.cards.controls.seed(
            [fields for plan in plans for fields in (*plan.matched, *plan.others)]
        )
        neighbour = _Neighbour(probe, plans)
        listed = {key_of(card): card for card in probe.find(CardQuery()).cards}
        groups: list[Group] = []
        made = [
            Arrangement(
                probe,
                plan.values,
                tuple(_card(fields, listed) for fields in plan.matched),
                tuple(_card(fields, listed) for fields in plan.others),
                groups,
                neighbour.abroad(plan),
            )
            for plan in plans
        ]
        cards = tuple(card for one in made for card in (*one.matched, *one.others))
        groups.append(_group_of(CardQuery(), cards))
        return made


def _group_of(query: CardQuery, cards: tuple[Card, ...]) -> Group:
    return Group(query, cards, tuple(card.user_id or "" for card in cards))


class _Neighbour:
    """Another environment of the same sandbox, with a copy of each card that must match.

    Args:
        probe: Of the environment that requests are sent to.
        plans: The arrangements there.
    """

    def __init__(self, probe: Probe, plans: Sequence[_Layout]) -> None:
        self._probe = probe
        self._id = f"neighbour-{probe.cards.randomness.token()}"
        probe.cards.controls.create_environment(self._id)
        self._token = token_of_role(probe, "events", self._id)
        copies = [_copy_of(fields) for plan in plans for fields in plan.matched]
        probe.cards.controls.seed(copies, self._id)

    def abroad(self, plan: _Layout) -> Abroad:
        """The cards there that have the values of an arrangement."""
        copies = map(_copy_of, plan.matched)
        return Abroad(tuple(map(Card.from_body, copies)), self.look)

    def look(self) -> States:
        """The listed states of all cards there."""
        found: States = {}
        while True:
            query = CardQuery(limit=LARGEST_LIMIT, offset=len(found))
            page = self._probe.raw(
                "GET", "/cards", query, environment_id=self._id, **bearer(self._token)
            )
            cards = cards_shown(page)
            if not {key_of(card) for card in cards} - found.keys():
                return found
            found |= {key_of(card): card.status for card in cards}


def _copy_of(fields: Fields) -> Fields:
    """The same card with an id of its own, as no two cards share one."""
    return {**fields, "cardInstanceId": f"{fields['cardInstanceId']}-abroad"}


def _card(fields: Fields, listed: Mapping[str, Card]) -> Card:
    """A seeded card as it is listed, in the state that it was seeded in."""
    seeded = Card.from_body(fields)
    return replace(listed.get(key_of(seeded), seeded), status=seeded.status)
