"""The page's own examples on a live target, where the scope guard lets none of them pass.

They give attributes that cards of others may share. So each is sent unguarded, with a warning, and
only after listings have shown that it selects cards of this run alone: by ``lifecycleId`` if a
start honours an id of ours, by any other attribute only in an environment that its owner declares
as used by nobody else. A cancel by ``lifecycleId`` stands beside the examples, as the page has the
same attributes for every action.

Source: Cards API page › Dismiss, Cancel, Complete.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, Final

from pytest_atomic_cards.client.unguarded import ScopeWarning
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import OPEN, Action, Status
from pytest_atomic_cards.model.query import Attribute, CardQuery
from pytest_atomic_cards.rules.verdicts import expect
from pytest_atomic_cards.suite.experiments.experiment_values import ALIKE
from pytest_atomic_cards.suite.probing.expected_states import all_in, each_in, words_of
from pytest_atomic_cards.suite.probing.group_selection import only
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.support.errors import NotAvailableError
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of
from pytest_atomic_cards.targets.seeding.ownership import Ownership

PAYLOAD: Final[Mapping[str, Any]] = {"quantity": 2, "size": "large"}
"""The payload of the page's example."""
SETTING: Final = "ATOMIC_CARDS_DEDICATED_ENVIRONMENT"
"""The setting in which an owner declares that nobody else uses the environment."""
_SHARED: Final = 2
"""Cards of an example with ``multiple=1``: the fewest that need it."""


@dataclass(frozen=True, slots=True)
class Example:
    """An action as the page shows it, or by another attribute that others share.

    Args:
        action: What to do.
        by: The attribute that it gives; none, if empty.
        payload: Its body.
    """

    action: Action
    by: str
    payload: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return f"{self.action}-by-{self.by or 'nothing'}"


BY_LIFECYCLE: Final = (
    Example(Action.DISMISS, Attribute.LIFECYCLE_ID),
    Example(Action.COMPLETE, Attribute.LIFECYCLE_ID, PAYLOAD),
    Example(Action.CANCEL, Attribute.LIFECYCLE_ID),
)
"""Of one card each, without ``multiple``: a target that ignores the id must refuse them."""
BY_WHAT_OTHERS_SHARE: Final = tuple(
    Example(action, by)
    for by in (Attribute.CARD_TEMPLATE_ID, Attribute.EVENT_NAME, Attribute.STATUS, "")
    for action in (Action.CANCEL, Action.DISMISS, Action.COMPLETE)
)


def seed_by_lifecycle(probe: Probe) -> Group:
    """Seed a card for each of these examples and one more, by lifecycle ids that begin alike.

    Raises:
        NotAvailableError: The target gives no card an id of ours.
    """
    if not probe.cards.backend.sends_lifecycle_ids:
        raise NotAvailableError("a start of this target names no lifecycleId")
    name = f"lifecycle-{probe.cards.randomness.token()}"
    names = [name + ALIKE * place for place in range(len(BY_LIFECYCLE) + 1)]
    specs = tuple(CardSpec(lifecycle_id=one) for one in names)
    group = probe.cards.seeder.seed(Population(specs))[0]
    if [card.lifecycle_id for card in group.cards] != names:
        raise NotAvailableError("the cards of a start do not have the lifecycleId that it named")
    return group


def try_by_lifecycle(probe: Probe, example: Example, seeded: Group) -> None:
    """Act on one card by its lifecycle id, beside cards whose ids begin with it.

    Args:
        probe: Of their environment.
        example: The action.
        seeded: The cards, of which earlier examples have changed earlier ones only.

    Raises:
        NotAvailableError: The target lists cards of others under the id, or ignores it.
        Violation: The card did not change, or another one did.
    """
    card, *others = seeded.cards[BY_LIFECYCLE.index(example) :]
    group = only(seeded, card, *others)
    _expect_honoured(probe, group, card, example)
    _act(probe, example, CardQuery(lifecycle_id=card.lifecycle_id), group, [card])


def try_by_what_others_share(probe: Probe, example: Example, dedicated: str | None) -> None:
    """Act on all cards with a value that cards of others may have, or on all there are.

    Args:
        probe: Of the shared environment, of which nothing else is needed any more.
        example: The action.
        dedicated: The environment that its owner declares as used by nobody else.

    Raises:
        NotAvailableError: None is declared, or cards of others are listed there.
        Violation: A card did not change.
    """
    if dedicated is None:
        raise NotAvailableError(
            f"it would change cards of others; set {SETTING} if there cannot be any"
        )
    group = probe.cards.seeder.seed(Population.of(_SHARED))[0]
    values = group.cards[0].attributes
    if example.by and example.by not in values:
        raise NotAvailableError(f"cards of this target have no {example.by}")
    query = CardQuery.of(
        {Attribute(example.by): values[Attribute(example.by)]} if example.by else {}
    )
    _refuse_strangers(probe, dedicated)
    _act(probe, example, query.replace(multiple=True), group, group.cards)


def _refuse_strangers(probe: Probe, dedicated: str) -> None:
    """Raise if a listing of everything shows a card that is not this run's."""
    for card in _everything(probe, CardQuery()):
        if not _is_ours(probe, card):
            raise NotAvailableError(
                f"a card that this run did not seed is listed in environment {dedicated}, which "
                f"{SETTING} declares as used by nobody else"
            )


def _expect_honoured(probe: Probe, group: Group, card: Card, example: Example) -> None:
    """Raise unless listings and the action honour the lifecycle id, and only ours has it."""
    found = _everything(probe, CardQuery(lifecycle_id=card.lifecycle_id), sorted(OPEN))
    if not {key_of(card)} <= {*map(key_of, found)} <= {*map(key_of, group.cards)}:
        raise NotAvailableError("not only cards of this run are listed under a lifecycleId of ours")
    strange = group.single(card).replace(lifecycle_id=probe.invented())
    probe.api.act_exchange(example.action, strange)
    if not all_in(Status.ACTIVE)(probe.states_later(group, all_in(Status.ACTIVE))):
        raise NotAvailableError(f"{example.action} ignores lifecycleId, so others might change")


def _everything(
    probe: Probe, query: CardQuery, states: Collection[Status] = tuple(Status)
) -> list[Card]:
    """All cards that a query lists, also those of some states that are listed only by them."""
    found = probe.overlap.results(
        partial(probe.cards.reader.find_all, query.replace(status=state))
        for state in (None, *states)
    )
    return [*chain.from_iterable(one.cards for one in found)]


def _is_ours(probe: Probe, card: Card) -> bool:
    evidence = probe.cards.scope.evidence if probe.cards.scope else None
    return isinstance(evidence, Ownership) and evidence.provenance.is_ours(card)


def _act(
    probe: Probe, example: Example, query: CardQuery, group: Group, matched: Sequence[Card]
) -> None:
    """Act, and expect the cards that match to change and the others of the group to stay active."""
    exchange = _sent(probe, example, query)
    expect(
        exchange.succeeded,
        exchange,
        expected=f"{example.action} {query} to succeed, as on the page",
        actual=f"the response was HTTP {exchange.status}",
    )
    changed = dict.fromkeys(map(key_of, matched), example.action.outcome)
    due = dict.fromkeys(map(key_of, group.cards), Status.ACTIVE) | changed
    states = probe.states_once(group, each_in(due))
    for key, state in due.items():
        expect(
            each_in({key: state})(states),
            exchange,
            expected=f"{state} for card {key} after {example.action} {query}",
            actual=f"it is {words_of({key: states[key]})}",
        )


def _sent(probe: Probe, example: Example, query: CardQuery) -> Exchange:
    reason = f"only cards of this run are listed under {query}"
    try:
        with probe.api.unguarded(reason):
            return probe.api.act_exchange(
                example.action, query, example.payload, unscoped=not query.attributes
            )
    except ScopeWarning as error:
        raise NotAvailableError(f"warnings are errors, so the guard stays on: {error}") from None
