"""Experiments: every row on its cards, together, so that all share the waits and the listings.

Listings come first. Then come the actions that change nothing by the documentation; those on the
same cards share an arrangement, and one look afterwards judges them all. Last come those that
change cards, each on cards of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import groupby
from operator import itemgetter
from typing import Final, Protocol

from pytest_atomic_cards.client.cards_api import environment_path
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.request_space import (
    EVERY_ATTRIBUTE,
    Point,
    card_point,
)
from pytest_atomic_cards.suite.experiments.action_oracle import is_harmless, judge
from pytest_atomic_cards.suite.experiments.crowd_rows import harmless_actions
from pytest_atomic_cards.suite.experiments.experiment import (
    Arrangement,
    Trial,
    states_in,
)
from pytest_atomic_cards.suite.experiments.experiment_cards import Key, key_of_row, states_of
from pytest_atomic_cards.suite.experiments.experiment_listings import (
    is_telling,
    list_all,
    list_crowd,
    list_shown,
    whole_listing,
)
from pytest_atomic_cards.suite.experiments.experiment_outcomes import Experiments
from pytest_atomic_cards.suite.experiments.experiment_rows import (
    BODIES,
    EXAMPLES,
    MULTIPLE,
    action_limit,
)
from pytest_atomic_cards.suite.probing.expected_states import States
from pytest_atomic_cards.support.errors import AtomicCardsError, TransportError
from pytest_atomic_cards.targets.seeding.ownership import Ownership

_FRUITLESS: Final = 3
"""Waits without effect after which no further one is made on a sandbox, whose lag is known by then:
a broken one would make each of a hundred environments wait."""


class CardSupply(Protocol):
    """Arranges the cards of experiments on one kind of target.

    Attributes:
        is_dear: Whether cards and requests cost, so that nothing is tried twice, and nothing is
            listed that other contracts list.
    """

    is_dear: bool

    def arrange(
        self, keys: Sequence[Key], unchanged: int
    ) -> Sequence[Arrangement | AtomicCardsError]:
        """An arrangement for each key, or why there is none.

        Args:
            keys: What requests ask of the cards.
            unchanged: How many of the first keys are for requests that change no card.
        """
        ...

    def states(self, arrangements: Sequence[Arrangement]) -> States:
        """The listed states of all cards, as they are before the first request."""
        ...

    def crowd(self) -> Arrangement:
        """Active cards that share the value of every attribute, more than a page lists."""
        ...


def experiment(
    supply: CardSupply,
    actions: Sequence[Point],
    pages: Sequence[Point] = (),
    crowd: Sequence[Point] = (),
    refused: Iterable[Point] = (),
) -> Experiments:
    """Make all experiments.

    Args:
        supply: Arranges their cards.
        actions: The rows of actions.
        pages: The rows of listings with ``limit`` and ``offset``.
        crowd: Those of listings of more cards than a page.
        refused: Those of actions on as many, which must be refused.
    """
    done = Experiments()
    shared, own = _grouped(_unique(actions) if supply.is_dear else actions)
    if supply.is_dear:
        shared = {key: some for key, some in shared.items() if some}
    shared |= {key_of_row(row): [] for row in pages if key_of_row(row) not in shared}
    keys = [*shared, *(key_of_row(row) for row in own)]
    made = supply.arrange(keys, len(shared))
    rows = [*([whole_listing(key), *some] for key, some in shared.items()), *([row] for row in own)]
    done.errors += [
        (point, one)
        for points, one in zip(rows, made, strict=True)
        if isinstance(one, AtomicCardsError)
        for point in points
    ]
    common = {
        key: one for key, one in zip(shared, made, strict=False) if isinstance(one, Arrangement)
    }
    single = [
        (row, one)
        for row, one in zip(own, made[len(shared) :], strict=True)
        if isinstance(one, Arrangement)
    ]
    together = [(row, one) for key, one in common.items() for row in shared[key]]
    before = supply.states([one for _, one in (*together, *single)])
    to_list = {key: one for key, one in common.items() if not supply.is_dear or is_telling(key)}
    listed, unlisted = list_all(to_list, pages, before)
    if crowd:
        cards = supply.crowd()
        more, missed = list_crowd(cards, crowd)
        listed, unlisted = listed + more, unlisted + missed
        by = cache(cards.by)
        some = [(row, by(row["by"])) for row in refused]
        _act(done, some, states_in([cards]))
    done.listings += listed
    done.errors += unlisted
    _act(done, together, before)
    _act(done, single, before)
    return done


def _unique(rows: Iterable[Point]) -> list[Point]:
    return [*{tuple(row.items()): row for row in rows}.values()]


def list_singly(
    rows: Iterable[Point], arrange: Callable[[Point], Arrangement], done: Experiments
) -> Experiments:
    """Add pages of listings, of a crowd for each number and state of its cards.

    Actions that change nothing there follow.

    Args:
        rows: The rows of the listings.
        arrange: Arranges the crowd of a row.
        done: The experiments so far.
    """
    for _, some in groupby(rows, itemgetter("matches", "state")):
        pages = [*some]
        crowd = arrange({**pages[0], "by": EVERY_ATTRIBUTE})
        before = states_in([crowd])
        listings, errors = list_shown(crowd, pages, before)
        done.listings += listings
        done.errors += errors
        acts = harmless_actions(pages[0]["matches"], pages[0]["state"])
        _act(done, [(row, crowd.by(row["by"])) for row in acts], before)
    return done


def act_singly(
    rows: Iterable[Point], arrange: Callable[[Point], Arrangement], done: Experiments
) -> Experiments:
    """Add one action after the other, each on cards that are arranged only then.

    Args:
        rows: The rows of the actions.
        arrange: Arranges the cards of a row.
        done: The experiments so far.
    """
    for row in rows:
        cards = arrange(row)
        _act(done, [(row, cards)], states_in([cards]))
    return done


def _grouped(actions: Iterable[Point]) -> tuple[dict[Key, list[Point]], list[Point]]:
    """The rows that change nothing, by their cards; and the others."""
    shared: defaultdict[Key, list[Point]] = defaultdict(list)
    own: list[Point] = []
    for row in actions:
        key = key_of_row(row)
        rows = shared[key]
        (rows if is_harmless(row, states_of(key)) else own).append(row)
    return shared, own


def _act(done: Experiments, rows: Sequence[tuple[Point, Arrangement]], before: States) -> None:
    """Act in each row, look once at all cards, and keep what each action did.

    Actions on the same cards follow each other.
    """
    on_same: defaultdict[frozenset[str], list[tuple[Point, Arrangement]]] = defaultdict(list)
    for row, cards in rows:
        on_same[cards.keys].append((row, cards))
    if not rows:
        return
    scope = rows[0][1].probe.cards.scope
    if scope and isinstance(scope.evidence, Ownership):
        scope.evidence.introduce(cards.query for _, cards in rows)
    overlap = rows[0][1].probe.overlap
    trials: list[Trial] = []
    for batch in overlap.results(partial(_acted, some, before) for some in on_same.values()):
        acts = [(one.action, one.exchange) for one in batch if isinstance(one, Trial)]
        trials += [replace(one, batch=acts) for one in batch if isinstance(one, Trial)]
        done.errors += [one for one in batch if not isinstance(one, Trial)]
    done.trials += _watched(done, trials)


def _acted(
    rows: Sequence[tuple[Point, Arrangement]], before: States
) -> list[Trial | tuple[Point, AtomicCardsError]]:
    """Act in each of some rows; if an action fails, the row and the error stand in its place."""
    made: list[Trial | tuple[Point, AtomicCardsError]] = []
    for row, cards in rows:
        try:
            exchange = _sent(row, cards)
        except AtomicCardsError as error:
            made.append((row, error))
            continue
        point = {**row, **card_point([*map(str, cards.states), *["closed"] * cards.bystanders])}
        made.append(Trial(point, cards, exchange, before))
    return made


def _watched(done: Experiments, trials: Sequence[Trial]) -> Iterator[Trial]:
    """The actions with the states of their cards, once these are as they must be, or later."""
    by_probe: defaultdict[int, list[Trial]] = defaultdict(list)
    for trial in trials:
        by_probe[id(trial.cards.probe)].append(trial)
    for some in by_probe.values():
        probe = some[0].cards.probe
        probe.settle()
        if probe.cards.is_steerable and done.fruitless >= _FRUITLESS:
            yield from _looked_at(some)
            continue
        seen = probe.watch(partial(_looked_at, some), _is_as_due)
        if not _is_as_due(seen):
            done.fruitless += 1
            probe.settle_surely()
            seen = _looked_at(some)
        yield from seen


def _looked_at(trials: Sequence[Trial]) -> list[Trial]:
    after = states_in(trial.cards for trial in trials)
    return [replace(trial, after=after) for trial in trials]


def _is_as_due(trials: Iterable[Trial]) -> bool:
    return not any(True for trial in trials for _ in judge(trial))


def _sent(row: Point, cards: Arrangement) -> Exchange:
    api = cards.probe.api
    path = f"{environment_path(api.environment_id)}/cards/{row['operation']}"
    parameters = [  # other contracts send multiple last
        *MULTIPLE[row["multiple"]],
        *cards.query.parameters(),
        *([("limit", str(limit))] if (limit := action_limit(row)) else ()),
    ]
    odd = row["body"] == "object" and row not in EXAMPLES
    body = cards.payload if odd else BODIES[row["body"]]
    exchange = api.session.send("PUT", path, parameters, body=body)
    if api.access.denied(api.access.observed(exchange)):
        raise TransportError(f"{row['operation']} was denied with HTTP {exchange.status}", exchange)
    return exchange
