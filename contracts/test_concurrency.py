"""Concurrency: overlapping actions on the same cards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

import pytest

from pytest_atomic_cards.client.retry import until_known
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.lifecycle import CLOSED, OPEN, Action, Status
from pytest_atomic_cards.rules.verdicts import Inconclusive, expect
from pytest_atomic_cards.suite.experiments.linearizability import is_linearizable
from pytest_atomic_cards.suite.experiments.races import SERVER_ERROR, Race, Racecourse
from pytest_atomic_cards.suite.generation.generated_cases import Effort
from pytest_atomic_cards.suite.probing.expected_states import States
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.probing.retrying import EVERY_SECOND_LOST
from pytest_atomic_cards.suite.running.contract_plugin import requirement
from pytest_atomic_cards.suite.supply.card_pool import CardPool
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

GROUPS = 8
"""Raced groups at default effort: a lost update needs an overlap of about a millisecond."""
LIVE_GROUPS = 8
"""The same on a live target, where each takes cards and a dozen requests."""
SNOOZED_GROUPS = 4
"""Groups of snoozed cards, on a sandbox; their races are counted apart from the others."""
SNOOZED = 3
"""Cards in each of them."""
OVERLAP = "overlapping requests have a different order each time"
FEW = 3
"""Races with a server error that are accepted in any case, as passing failures."""
SECONDS = 1.0
"""No further race starts after this time, so a slow target does not prolong the run."""


@dataclass(frozen=True, slots=True)
class Raced:
    """A group, the races for its cards, and two listings afterwards."""

    group: Group
    races: tuple[Race, ...]
    after: States
    later: States


def fresh_groups(probe: Probe, reserve: CardPool, count: int) -> Iterator[Group]:
    """Up to ``count`` groups of active cards, within the time limit; on a sandbox snoozed first."""
    if probe.cards.is_steerable:
        snoozed = Population((CardSpec(status=Status.SNOOZED),) * SNOOZED)
        yield from probe.cards.seeder.seed(*[snoozed] * SNOOZED_GROUPS)
    began = REAL_CLOCK.monotonic()
    for number in range(count):
        if number and REAL_CLOCK.monotonic() - began > SECONDS:
            return
        yield until_known(reserve.take, tries=EVERY_SECOND_LOST)


def usual(probe: Probe) -> int:
    """How many groups are raced at default effort."""
    return GROUPS if probe.cards.is_steerable else LIVE_GROUPS


def look_after(probe: Probe, heats: Sequence[Sequence[Race]]) -> list[Raced]:
    """List each group once its cards must be closed, and then all groups once more.

    Stops after the first group with a card that is still listed as open.
    """
    seen: list[States] = []
    for races in heats:
        due = due_closed(races)
        seen.append(probe.states_once(races[0].group, lambda now, due=due: not due & open_in(now)))
        if due & open_in(seen[-1]):
            break
    probe.settle()
    return [
        Raced(
            races[0].group,
            tuple(races),
            after,
            probe.states_once(races[0].group, lambda now, after=after: now == after),
        )
        for races, after in zip(heats, seen, strict=False)
    ]


def decided(raced: Sequence[Raced]) -> Sequence[Raced]:
    """Return the races if at least one of active cards can decide a requirement.

    Raises:
        Inconclusive: No action is known to have changed a card.
    """
    races = [race for one in raced for race in one.races if race.before is Status.ACTIVE]
    if not any(race.changed for race in races):
        raise Inconclusive("no action is known to have changed a card", races[0].exchanges)
    return raced


def due_closed(races: Sequence[Race]) -> set[str]:
    """The cards on which an action succeeded, so they must be closed."""
    return {key_of(card) for race in races if race.changed for card in race.cards}


def open_in(states: States) -> set[str]:
    """The cards that are listed as open."""
    return {key for key, word in states.items() if word in OPEN}


@pytest.fixture(scope="module")
def raced_singly(probe: Probe, reserve: CardPool, effort: Effort) -> list[Raced]:
    """Races of three actions on one card: one of each kind, or three of the same."""
    heats = []
    with probe.cards.recorder.unrecorded(OVERLAP), Racecourse(probe, effort.seed) as course:
        for group in fresh_groups(probe, reserve, effort.examples(usual(probe))):
            same = [list(Action)[len(heats) % len(Action)]] * len(Action)
            choices = [list(Action)] * (len(group.cards) - 1) + [same]
            heats.append(
                [
                    course.run(group, [card], [(one, group.single(card)) for one in actions])
                    for card, actions in zip(group.cards, choices, strict=True)
                ]
            )
        return look_after(probe, heats)


@pytest.fixture(scope="module")
def raced_together(probe: Probe, reserve: CardPool, effort: Effort) -> list[Raced]:
    """Races of three actions, each on all cards of a group."""
    heats = []
    with probe.cards.recorder.unrecorded(OVERLAP), Racecourse(probe, effort.seed) as course:
        for group in fresh_groups(probe, reserve, effort.examples(usual(probe))):
            every = group.pin.replace(multiple=True)
            heats.append([course.run(group, group.cards, [(one, every) for one in Action])])
        return look_after(probe, heats)


@requirement("CONC-01")
@pytest.mark.parametrize("how", ["singly", "together"])
def test_one_closed_state(how: str, request: pytest.FixtureRequest) -> None:
    """All listings during and after a race show a card in the same closed state, if in any."""
    raced: list[Raced] = request.getfixturevalue(f"raced_{how}")
    for one in decided(raced):
        for race in one.races:
            for key in map(key_of, race.cards):
                sightings = [*(attempt.seen for attempt in race.attempts), one.after, one.later]
                words = {word for seen in sightings if (word := seen.get(key)) in CLOSED}
                expect(
                    len(words) <= 1,
                    *race.exchanges,
                    expected="a card to stay in the closed state in which it was listed",
                    actual=f"it was listed as {' and '.join(sorted(words))} after {race}",
                )
                expect(
                    not race.changed or key not in open_in(one.after) | open_in(one.later),
                    *race.exchanges,
                    expected="a card to be closed after a successful action",
                    actual=f"it is {one.later[key]} after {race}",
                )


@requirement("CONC-02")
def test_some_order_explains_single_actions(raced_singly: list[Raced]) -> None:
    """The responses and the final state of each card are linearizable."""
    check_orders(raced_singly)


@requirement("CONC-03")
def test_some_order_explains_joint_actions(raced_together: list[Raced]) -> None:
    """The responses are linearizable, and together they count each changed card once."""
    check_orders(raced_together)
    for one in raced_together:
        for race in filter(attrgetter("is_whole"), one.races):
            counts = [attempt.updated for attempt in race.attempts]
            changed = len(race.cards) - len(open_in(one.later))
            known = [count for count in counts if count is not None]
            held = sum(known) == changed if len(known) == len(counts) else sum(known) <= changed
            expect(
                held,
                *race.exchanges,
                expected=f"the actions to count each of the {changed} changed cards once",
                actual=f"they count {sum(known)} ({race})",
            )


@requirement("CONC-04")
def test_overlaps_are_answered(raced_singly: list[Raced], raced_together: list[Raced]) -> None:
    """Overlapping actions do not cause server errors; occasional ones are accepted."""
    by_state: dict[Status, list[Race]] = {}
    for race in (race for one in [*raced_singly, *raced_together] for race in one.races):
        by_state.setdefault(race.before, []).append(race)
    for races in by_state.values():
        failed = [race for race in races if any(attempt.failed for attempt in race.attempts)]
        expect(
            len(failed) < max(FEW, len(races) / 2),
            *(exchange for race in failed[:1] for exchange in race.exchanges),
            expected="overlapping actions to succeed or be refused with 4xx",
            actual=f"in {len(failed)} of {len(races)} races one got HTTP {SERVER_ERROR}",
        )


def check_orders(raced: Sequence[Raced]) -> None:
    """Expect the actions on each card to be linearizable, given its final state."""
    for one in decided(raced):
        for race in filter(attrgetter("is_whole"), one.races):
            for card in race.cards:
                final = one.later[key_of(card)]
                expect(
                    is_linearizable(race.before, race.history_of(card, final)),
                    *race.exchanges,
                    expected="some order of overlapping actions on a card to explain the responses",
                    actual=f"none does ({race}); the card is finally {final or 'not listed'}",
                )
