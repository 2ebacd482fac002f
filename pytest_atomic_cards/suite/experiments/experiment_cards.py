"""The cards that experiments need: arranged so that a query matches exactly as many as a row says.

Each arrangement has values of its own. Beside the cards that have all of them stand others that
lack one: where it is not the status, their value is a near miss, so that a target that compares
beginnings, or treats the value as a pattern, changes them too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, cycle, islice, repeat
from typing import Final

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.model.request_space import MIXED, Point, attributes_of
from pytest_atomic_cards.suite.experiments.crowd_rows import ACTIVE_CROWD, BYSTANDERS, CROWDS
from pytest_atomic_cards.suite.experiments.experiment import Abroad, Arrangement
from pytest_atomic_cards.suite.experiments.experiment_rows import (
    BOTH_OPEN,
    MATCHES,
    WHOLE_ENVIRONMENT,
)
from pytest_atomic_cards.suite.experiments.experiment_values import (
    KNOWN,
    VARIABLES,
    Fields,
    card_fields,
    near_misses,
    plain_values,
    value_of,
)
from pytest_atomic_cards.suite.experiments.neighbour_environment import NeighbourEnvironment
from pytest_atomic_cards.suite.probing.expected_states import States
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.targets import Target, world_on
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

Key = tuple[str, str, str]
"""The attributes given, how many cards match, and in which state."""
_TOGETHER: Final = 100
"""Arrangements in one environment: most have five to seven cards, so that one page of 1000 lists
them all, whatever their order is."""
_FORMER: Final = 2
"""Cards of a crowd that have left its state: the first ones, so that they would be on a page."""


def key_of_row(row: Point) -> Key:
    """What a row asks of its cards."""
    return row["by"], row["matches"], row["state"]


def states_of(key: Key) -> list[Status]:
    """The state of each card that matches."""
    _, matches, state = key
    if state == BOTH_OPEN:
        return [Status.ACTIVE, Status.SNOOZED]
    if state != MIXED:
        return [Status(state)] * MATCHES[matches]
    if matches == "2":
        return [Status.ACTIVE, Status.DISMISSED]  # every action changes one of them
    second = [Status.ACTIVE] * (matches in BYSTANDERS)  # as cancel needs two for a refusal
    return [*Status, *second]


@dataclass(frozen=True, slots=True)
class _Layout:
    """An arrangement to seed, and cards to copy to another environment."""

    values: Mapping[Attribute, str]
    matched: tuple[Fields, ...]
    others: tuple[Fields, ...]
    abroad: tuple[Fields, ...]


def _plan(key: Key, name: str, of_values: str | None = None) -> _Layout:
    """The cards for a key, with names of their own, and values from another if it is given."""
    given = attributes_of(key[0])
    state = Status.ACTIVE if key[2] in {MIXED, BOTH_OPEN} else Status(key[2])
    values = {one: value_of(one, of_values or name, *key[1:]) for one in given}
    shared: dict[Attribute, str] = {
        one: value for one, value in values.items() if one is not Attribute.STATUS
    }
    if Attribute.STATUS in values:
        values[Attribute.STATUS] = state.value
    matched = [
        {**card_fields(f"{name}-{i}", shared, one), "variables": VARIABLES}
        for i, one in enumerate(states_of(key))
    ]
    others: list[Fields] = []
    if key[0] not in WHOLE_ENVIRONMENT:
        others += _near(name, shared, state)
        if Attribute.STATUS in values:
            alien = Status.ACTIVE if state is not Status.ACTIVE else Status.SNOOZED
            others.append(card_fields(f"{name}-{Attribute.STATUS}", shared, alien))
    abroad = matched or [card_fields(f"{name}-elsewhere", shared, state)]
    return _Layout(values, tuple(matched), tuple(others), tuple(abroad))


def _near(name: str, shared: Mapping[Attribute, str], state: Status) -> list[Fields]:
    """Cards with a near miss of one value each, and all others, of the first card's customer."""
    customer = plain_values(f"{name}-0")[Attribute.USER_ID]
    values = {Attribute.USER_ID: customer, **shared}
    return [
        card_fields(f"{name}-{one.field}-{i}", {**values, one: value}, state)
        for one in shared
        for i, value in enumerate(near_misses(shared[one]))
    ]


class SandboxCards:
    """Arranges cards in a sandbox, where every value and state can be chosen.

    Args:
        target: The sandbox.
        stack: Closes the environments that are opened.
    """

    def __init__(self, target: Target, stack: ExitStack) -> None:
        self._target = target
        self._stack = stack
        self._words: States = {}
        self._crowded: dict[str, tuple[Probe, NeighbourEnvironment, str]] = {}

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
        """The states as listed after seeding, since when nothing was done to the cards."""
        found: States = {}
        for look in {one.abroad.look for one in arrangements if one.abroad}:
            found |= look()
        groups = {id(group): group for one in arrangements for group in one.groups}
        keys = [key_of(card) for group in groups.values() for card in group.cards]
        return found | {key: self._words.get(key) for key in keys}

    def crowd(self, row: Point = ACTIVE_CROWD) -> Arrangement:
        """Cards that share the value of every attribute, more than a page lists.

        Args:
            row: Names their number and state, and the attributes of the query.
        """
        probe = Probe(self._stack.enter_context(world_on(self._target)))
        name = probe.cards.randomness.token()
        matches, state = row["matches"], row["state"]
        shared = {one: value_of(one, name, matches, state) for one in plain_values(name)}
        states = [*Status] if state == MIXED else [Status(state)]
        most = repeat(states[0])  # active ones, so that more match than a cancel changes
        alike = [
            card_fields(f"{name}-{i}", shared, one)
            for i, one in zip(range(CROWDS[matches]), chain(states, most), strict=False)
        ]
        near = _near(name, shared, states[0])
        former: list[Fields] = []
        if row.get("operation") == "list" and states == [Status.SNOOZED]:
            former = _formerly_alike(probe, name, shared)
        cards = [{**fields, "variables": VARIABLES} for fields in (*near, *alike)]
        probe.cards.controls.seed(cards)
        neighbour = NeighbourEnvironment(probe)
        copies = neighbour.copies(alike[:2])
        every = {**shared, Attribute.STATUS: states[0].value}
        known = tuple(map(Card.from_body, (*former, *cards)))
        groups = [_group_of(CardQuery(), known)]
        abroad = Abroad(copies, partial(neighbour.look, CardQuery()))
        crowd = Arrangement(probe, every, known, (), groups, abroad, **KNOWN)
        return crowd.by(row["by"])

    def among_bystanders(self, row: Point) -> Arrangement:
        """Cards in every state, with values that many closed ones have as well."""
        key = key_of_row(row)
        probe, neighbour, name = self._crowded.get(row["matches"]) or self._seed_bystanders(
            row["matches"]
        )
        own = probe.cards.randomness.token()
        plan = _plan(key, own, name)
        watched = next(one for one in Attribute if one not in plan.values)
        value = f"{watched.field}-{own}"
        matched = [{**fields, watched.value: value} for fields in plan.matched]
        others = [{**fields, watched.value: value} for fields in plan.others]
        probe.cards.controls.seed([*matched, *others])
        cards = tuple(map(Card.from_body, matched))
        rest = tuple(map(Card.from_body, others))
        query = CardQuery.of({watched: value})
        abroad = None
        if row["operation"] == Action.CANCEL:  # the others are tried with few cards instead
            abroad = Abroad(neighbour.copies(matched), partial(neighbour.look, query))
        return Arrangement(
            probe,
            plan.values,
            cards,
            rest,
            [_group_of(query, (*cards, *rest))],
            abroad,
            bystanders=BYSTANDERS[row["matches"]],
            **KNOWN,
        )

    def _seed_bystanders(self, matches: str) -> tuple[Probe, NeighbourEnvironment, str]:
        probe = Probe(self._stack.enter_context(world_on(self._target)))
        name = probe.cards.randomness.token()
        self._crowded[matches] = probe, NeighbourEnvironment(probe), name
        shared = {one: value_of(one, name, matches, MIXED) for one in plain_values(name)}
        states = cycle(state for state in Status if state.is_closed)
        probe.cards.controls.seed(
            [
                card_fields(f"{name}-bystander-{i}", shared, state)
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
        neighbour = NeighbourEnvironment(probe)
        copies = iter(neighbour.copies(fields for plan in plans for fields in plan.abroad))
        look = partial(neighbour.look, CardQuery())
        listed = {key_of(card): card for card in probe.find(CardQuery()).cards}
        self._words |= {key: card.status for key, card in listed.items()}
        groups: list[Group] = []
        made = [
            Arrangement(
                probe,
                plan.values,
                tuple(_card(fields, listed) for fields in plan.matched),
                tuple(_card(fields, listed) for fields in plan.others),
                groups,
                Abroad(tuple(islice(copies, len(plan.abroad))), look),
                **KNOWN,
            )
            for plan in plans
        ]
        cards = tuple(card for one in made for card in (*one.matched, *one.others))
        groups.append(_group_of(CardQuery(), cards))
        return made


def _formerly_alike(probe: Probe, name: str, shared: Mapping[Attribute, str]) -> list[Fields]:
    """Snoozed cards that share all values, and are cancelled before others are there."""
    former = [
        {**card_fields(f"{name}-former-{i}", shared, Status.SNOOZED), "variables": VARIABLES}
        for i in range(_FORMER)
    ]
    probe.cards.controls.seed(former)
    query = CardQuery(user_id=shared[Attribute.USER_ID], multiple=True)
    probe.raw("PUT", f"/cards/{Action.CANCEL}", query)
    state = probe.cards.controls.state
    return [{**fields, "status": state(fields["cardInstanceId"]).value} for fields in former]


def _group_of(query: CardQuery, cards: tuple[Card, ...]) -> Group:
    return Group(query, cards, tuple(card.user_id or "" for card in cards))


def _card(fields: Fields, listed: Mapping[str, Card]) -> Card:
    """A seeded card as it is listed, in the state that it was seeded in."""
    seeded = Card.from_body(fields)
    return replace(listed.get(key_of(seeded), seeded), status=seeded.status)
