"""The lifecycle machine: runs steps on cards, and keeps a belief about each card.

:mod:`~pytest_atomic_cards.suite.generation.state_machine` runs it and explains how to add steps.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NoReturn

import pytest
from hypothesis import strategies as st
from hypothesis.errors import StopTest
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from pytest_atomic_cards.model.card_spec import Population
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.rules.verdicts import Inconclusive, Violation, give_up
from pytest_atomic_cards.strategies.histories import actions
from pytest_atomic_cards.suite.generation.command_sequences import Program, Step
from pytest_atomic_cards.suite.generation.machine_cards import MachineCards
from pytest_atomic_cards.suite.generation.machine_steps import (
    DURATIONS,
    INDEXES,
    MOST_GROUPS,
    MOST_HOURS,
    MOSTLY_ANY,
    MOSTLY_NOT,
    POPULATIONS,
    Member,
    described,
    step,
)
from pytest_atomic_cards.suite.generation.state_model import Belief, Possibility
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    MisuseError,
    OutcomeUnknownError,
    TransportError,
)
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

if TYPE_CHECKING:
    from pytest_atomic_cards.model.exchange import Exchange
    from pytest_atomic_cards.model.query import CardQuery
    from pytest_atomic_cards.suite.probing.expected_states import States

_ENDINGS: Final = (StopTest, Violation, Inconclusive, pytest.skip.Exception, KeyboardInterrupt)


class LifecycleMachine(RuleBasedStateMachine):
    """Acts on its own cards, and keeps a belief about each.

    Your own rules are also a :func:`step`. Each acts, updates the beliefs of the affected cards,
    adds a line to ``log``, and ends with :meth:`look`.

    Args:
        supply: Where cards come from.
        failures: Collects the steps of this run and the violation, if it fails.

    Attributes:
        members: The cards of this run.
        log: The steps so far, in words.
        program: The steps so far, for a replay.
    """

    def __init__(self, supply: MachineCards, failures: list[tuple[Program, Violation]]) -> None:
        super().__init__()
        self.supply = supply
        self.cards = supply.cards
        self.members: list[Member] = []
        self.log: list[str] = []
        self.program: list[Step] = []
        self._failures = failures
        self._groups: list[Group] = []
        self._behind: list[Group] = []
        self._now = timedelta(0)
        self._last_action: tuple[Exchange, ...] = ()

    def run(self, program: Program) -> None:
        """Replay the steps of another run.

        Raises:
            Violation: The steps lead to one.
            MisuseError: One of them is not a step of this machine.
        """
        for one in program:
            method = getattr(self, one.name, None)
            if method is None or not hasattr(method, "is_step"):
                raise MisuseError(f"{type(self).__name__} has no step {one.name!r}")
            method(**one.arguments)
        self.teardown()

    # Seeding

    @initialize(population=POPULATIONS)
    @step
    def begin(self, population: Population) -> None:
        """Seed the first cards."""
        self._seed(population)

    @precondition(lambda self: len(self._groups) < MOST_GROUPS)
    @rule(population=POPULATIONS)
    @step
    def seed(self, population: Population) -> None:
        """Seed more cards, as another invocation."""
        self._seed(population)

    def _seed(self, population: Population) -> None:
        group, specs = self.supply.take(population)
        self._groups.append(group)
        seeded = []
        for card, spec in zip(group.cards, specs, strict=True):
            possibility = Possibility(
                spec.status,
                wakes=spec.embargo and self._now + spec.embargo,
                expires=spec.expires and self._now + spec.expires,
            )
            name = f"card {len(self.members) + 1}"
            self.members.append(Member(name, group, card, Belief(possibility)))
            seeded.append(f"{name} ({described(spec)})")
        self.log.append(f"seed {', '.join(seeded)}")
        self.look()

    # Acting

    @rule(action=actions(), index=INDEXES, only=MOSTLY_ANY, multiple=MOSTLY_NOT)
    @step
    def act_on_card(
        self, action: Action, index: int, *, only: Status | None, multiple: bool
    ) -> None:
        """Dismiss, complete or cancel a card, in any state or only in one."""
        member = self._member(index)
        query = member.group.single(member.card).replace(status=only, multiple=multiple)
        self._act(action, query, [member], only)

    @rule(action=actions(), index=INDEXES, only=MOSTLY_ANY, multiple=st.booleans())
    @step
    def act_on_group(
        self, action: Action, index: int, *, only: Status | None, multiple: bool
    ) -> None:
        """Dismiss, complete or cancel all cards of an invocation, or those in one state."""
        group = self._member(index).group
        query = group.pin.replace(status=only, multiple=multiple)
        self._act(action, query, self._of(group), only)

    def _act(
        self, action: Action, query: CardQuery, aimed: Sequence[Member], only: Status | None
    ) -> None:
        what = f"{action} {', '.join(member.name for member in aimed)}"
        what += f" if {only}" if only else ""
        what += " with multiple=1" if query.multiple else ""
        matched = [member for member in aimed if only is None or only in member.belief.states]
        certain = [member for member in matched if member.belief.must_change(action, only=only)]
        fits = query.multiple == (len(matched) > 1)  # multiple=1 for one card is inferred to work
        due = 0 < len(matched) == len(certain) and fits
        succeeded = self._send(action, query, what, due=due)
        if succeeded and len(certain) > 1 and not query.multiple:
            self.complain(f"{what} to fail, as it matches {len(certain)} cards", "it succeeded")
        for member in aimed:
            member.belief.acted(action, succeeded=succeeded, only=only)
        self.look()

    def _member(self, index: int) -> Member:
        return self.members[index % len(self.members)]

    def _of(self, group: Group) -> list[Member]:
        return [member for member in self.members if member.group is group]

    def _send(self, action: Action, query: CardQuery, what: str, *, due: bool) -> bool:
        """Whether the target reports success for an action, which it must if that is due."""
        try:
            exchange = self.cards.api.act_exchange(action, query)
        except OutcomeUnknownError:
            self.log.append(f"{what}: no response")
            return False
        status = exchange.status or 0
        self.log.append(f"{what}: HTTP {status}")
        self._last_action = (exchange,)
        if exchange.succeeded or not due or exchange.is_server_error:
            return exchange.succeeded
        if self._matches_strangers(query):
            return False
        if self.cards.api.access.denied(exchange):
            raise TransportError(f"{what} was denied with HTTP {status}", exchange)
        return self.complain(f"{what} to succeed", f"the response was HTTP {status}")

    def _matches_strangers(self, query: CardQuery) -> bool:
        """Whether a query matches cards that appeared later than the others of their group."""
        known = {key_of(member.card) for member in self.members}
        listed = self.cards.reader.find(query.replace(multiple=False)).cards
        return not known.issuperset(map(key_of, listed))

    # Time

    @property
    def _last_step(self) -> str:
        return self.program[-1].name

    @precondition(lambda self: self.supply.is_steerable and self._last_step != "snooze")
    @rule(index=INDEXES, duration=DURATIONS)
    @step
    def snooze(self, index: int, duration: timedelta) -> None:
        """Snooze the next card that is certainly active, if there is one."""
        turned = (self._member(index + more) for more in range(len(self.members)))
        member = next((one for one in turned if one.belief.states == {Status.ACTIVE}), None)
        if member is not None:
            self._settle()
            self.cards.snooze(member.card, duration)
            member.belief.snoozed(self._now + duration)
            self.log.append(f"snooze {member.name} for {duration}")
            self.look()

    @precondition(lambda self: self.supply.is_steerable and self._last_step != "pass_time")
    @rule(hours=st.integers(1, MOST_HOURS))
    @step
    def pass_time(self, hours: int) -> None:
        """Advance the clock by some hours."""
        self._settle()
        self.cards.pass_time(timedelta(hours=hours))
        self._now += timedelta(hours=hours)
        for member in self.members:
            member.belief.passed(self._now)
        self.log.append(f"{hours} h pass")
        self.look()

    # Looking

    def look(self) -> None:
        """Compare every card with its belief; a stale reading is accepted for now.

        Raises:
            Violation: A card is in a state that it can never have been in.
        """
        self._behind = [
            group
            for group in self._groups
            if not self._agrees(group, self.cards.reader.states(group), stale_allowed=True)
        ]

    def _settle(self) -> None:
        """Check that all cards match their beliefs once no reading is stale any more."""
        for group in self._behind:
            words = self.supply.watcher.watch(
                lambda group=group: self.cards.reader.states(group),  # type: ignore[misc]
                lambda now, group=group: self._agrees(group, now, stale_allowed=True),  # type: ignore[misc]
            )
            self._agrees(group, words, stale_allowed=False)
        self._behind = []

    def _agrees(self, group: Group, words: States, *, stale_allowed: bool) -> bool:
        """Whether the listed states of a group match its beliefs.

        Raises:
            Violation: One does not, and a stale reading cannot explain it.
        """
        agree = True
        for member in self._of(group):
            word = words[key_of(member.card)]
            if member.belief.agrees(word):
                continue
            if not stale_allowed or not member.belief.could_be_stale(word):
                listing = self.cards.reader.find(group.pin).exchanges
                seen = f"it is {word or 'not listed'}"
                self.complain(f"{member.name} to be {member.belief}", seen, listing)
            agree = False
        return agree

    def teardown(self) -> None:
        """Check the cards once more, as no reading may still be stale at the end of a run."""
        if isinstance(sys.exc_info()[1], _ENDINGS):
            return
        try:
            self._settle()
        except AtomicCardsError as error:
            give_up(error)

    def complain(self, expected: str, actual: str, exchanges: Sequence[Exchange] = ()) -> NoReturn:
        """Fail the run.

        Args:
            expected: What was expected.
            actual: What happened instead.
            exchanges: The exchanges that show it.

        Raises:
            Violation: Always.
        """
        steps = "; ".join(f"{number}. {line}" for number, line in enumerate(self.log, 1))
        violation = Violation(
            expected, f"{actual} after: {steps}", (*self._last_action, *exchanges)
        )
        self._failures.append((tuple(self.program), violation))
        raise violation
