"""A stateful machine: any sequence of actions leaves each card in a state that the lifecycle allows.

Hypothesis draws sequences of steps (seed, dismiss, complete, cancel, snooze, let time pass). After
each one all cards of the run are listed and compared with the lifecycle table. A sequence that
fails is shrunk to a short one.

Example:
    >>> from pytest_atomic_cards import world_on
    >>> from pytest_atomic_cards.generation.machine import check_lifecycle
    >>> def test_my_proxy_keeps_to_the_lifecycle(cards_target):
    ...     with world_on(cards_target) as cards:
    ...         check_lifecycle(cards)

To mix in steps of your own, such as an action that goes through your application, subclass
:class:`LifecycleMachine` and pass it to :func:`check_lifecycle`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Concatenate, Final, NoReturn, ParamSpec, TypeVar

import hypothesis
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.errors import StopTest
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pytest_atomic_cards.errors import AtomicCardsError, OutcomeUnknownError, TransportError
from pytest_atomic_cards.generation.beliefs import Belief, Possibility
from pytest_atomic_cards.generation.histories import actions
from pytest_atomic_cards.generation.populations import durations, statuses
from pytest_atomic_cards.generation.shrinking import droppable
from pytest_atomic_cards.generation.supply import CardSupply
from pytest_atomic_cards.lifecycle import Action, Status
from pytest_atomic_cards.seeding.reader import Group, key_of
from pytest_atomic_cards.seeding.spec import CardSpec, Population
from pytest_atomic_cards.verification.verdicts import CouldNotTell, Violation

if TYPE_CHECKING:
    from pytest_atomic_cards.cards import Card
    from pytest_atomic_cards.exchange import Exchange
    from pytest_atomic_cards.query import CardQuery
    from pytest_atomic_cards.verification.reserve import Reserve
    from pytest_atomic_cards.world import Cards

_Machine = TypeVar("_Machine", bound="LifecycleMachine")
_Given = ParamSpec("_Given")

_MOST_CARDS: Final = 3
_MOST_GROUPS: Final = 3
_LARGEST_INDEX: Final = _MOST_CARDS * _MOST_GROUPS - 1
_MOST_HOURS: Final = 24
_UNAVAILABLE: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})

USUAL: Final = hypothesis.settings(
    max_examples=25,
    stateful_step_count=10,
    deadline=None,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
"""The settings of :func:`check_lifecycle`, to derive your own from."""


def check_lifecycle(
    cards: Cards,
    machine: type[LifecycleMachine] | None = None,
    *,
    settings: hypothesis.settings = USUAL,
    seed: int = 1,
    reserve: Reserve | None = None,
) -> None:
    """Run sequences of actions, and see that the lifecycle allows what becomes of the cards.

    Every legal choice of a target is accepted: how it refuses, whether closed cards are listed,
    whether snoozed and embargoed cards can be cancelled, and readings that are stale for a while.
    Where an answer is lost, the action may or may not have been applied. Only documented rules
    can be violated.

    Args:
        cards: The world to act in. Snoozing and passing time need the sandbox; on a live target
            each sequence takes fresh active cards, seeded many at a time.
        machine: The machine; :class:`LifecycleMachine` if left out.
        settings: How many sequences, and of how many steps.
        seed: Where the generation starts.
        reserve: Where fresh cards come from on a live target; a new one if left out.

    Raises:
        Violation: A card got into a state that it must not be in, or an action failed that must
            succeed, or the reverse. It names the steps that lead there.
        CouldNotTell: The target could not be asked.
    """
    supply = CardSupply(cards, reserve)

    def begin() -> LifecycleMachine:
        supply.check_time()
        return (machine or LifecycleMachine)(supply)

    hypothesis.seed(seed)(begin)
    try:
        run_state_machine_as_test(begin, settings=settings)  # type: ignore[arg-type] # any callable
    except (Exception, CouldNotTell):
        if supply.shortest is None:
            raise
    found = supply.shortest
    if found is not None:
        raise Violation(found.expected, found.came, found.exchanges) from None


def _asking(
    step: Callable[Concatenate[_Machine, _Given], None],
) -> Callable[Concatenate[_Machine, _Given], None]:
    """Where the target cannot be asked, end at once instead of shrinking that."""

    @wraps(step)
    def asking(machine: _Machine, *args: _Given.args, **kwargs: _Given.kwargs) -> None:
        try:
            step(machine, *args, **kwargs)
        except AtomicCardsError as error:
            raise CouldNotTell.because_of(error) from error

    return asking


@dataclass(frozen=True, slots=True)
class Member:
    """A card of a run: its name in the steps, and what is believed of it."""

    name: str
    group: Group
    card: Card
    belief: Belief


def _spec(wait: timedelta | None, expires: timedelta | None) -> CardSpec:
    return CardSpec(embargo=wait, expires=expires)


_SPECS: Final = st.builds(_spec, *[st.one_of(st.none(), st.none(), durations())] * 2)
_POPULATIONS: Final = droppable(_SPECS, max_size=_MOST_CARDS).map(
    lambda specs: Population((*specs,) or (CardSpec(),))
)
_INDEXES: Final = st.integers(0, _LARGEST_INDEX)


class LifecycleMachine(RuleBasedStateMachine):
    """Acts on cards of its own, and keeps a belief of each.

    A rule of your own does what it does, tells the beliefs of the cards concerned, adds a line to
    ``steps``, and ends with :meth:`look`.

    Args:
        supply: Where cards come from.

    Attributes:
        members: The cards of this run.
        steps: What was done so far, for people.
    """

    def __init__(self, supply: CardSupply) -> None:
        super().__init__()
        self.supply = supply
        self.cards = supply.cards
        self.members: list[Member] = []
        self.steps: list[str] = []
        self._groups: list[Group] = []
        self._now = timedelta(0)
        self._last_action: tuple[Exchange, ...] = ()

    # Seeding

    @initialize(population=_POPULATIONS)
    @_asking
    def begin(self, population: Population) -> None:
        """Seed the first cards."""
        self._seed(population)

    @precondition(lambda self: len(self._groups) < _MOST_GROUPS)
    @rule(population=_POPULATIONS)
    @_asking
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
            seeded.append(f"{name} ({_described(spec)})")
        self.steps.append(f"seed {', '.join(seeded)}")
        self.look()

    # Acting

    @rule(action=actions(), index=_INDEXES, multiple=st.booleans())
    @_asking
    def act_on_card(self, action: Action, index: int, *, multiple: bool) -> None:
        """Dismiss, complete or cancel one card."""
        member = self.members[index % len(self.members)]
        self._act(action, member.group.single(member.card), [member], multiple=multiple)

    @rule(action=actions(), index=_INDEXES, multiple=st.booleans())
    @_asking
    def act_on_group(self, action: Action, index: int, *, multiple: bool) -> None:
        """Dismiss, complete or cancel all cards of an invocation."""
        group = self._groups[index % len(self._groups)]
        self._act(action, group.pin, self._of(group), multiple=multiple)

    @rule(action=actions(), index=_INDEXES, state=statuses(), multiple=st.booleans())
    @_asking
    def act_on_state(self, action: Action, index: int, state: Status, *, multiple: bool) -> None:
        """Dismiss, complete or cancel those cards of an invocation that are in some state."""
        group = self._groups[index % len(self._groups)]
        query = group.pin.replace(status=state)
        self._act(action, query, self._of(group), only=state, multiple=multiple)

    def _of(self, group: Group) -> list[Member]:
        return [member for member in self.members if member.group is group]

    def _act(
        self,
        action: Action,
        query: CardQuery,
        aimed: Sequence[Member],
        *,
        multiple: bool,
        only: Status | None = None,
    ) -> None:
        what = f"{action} {only + ' of ' if only else ''}{', '.join(m.name for m in aimed)}"
        what += " with multiple=1" if multiple else ""
        matched = [member for member in aimed if only is None or only in member.belief.states]
        certain = [
            member
            for member in matched
            if only is None or member.belief.states == {only}
            if all(one.must_change(action) for one in member.belief.possibilities)
        ]
        due = bool(matched) and len(certain) == len(matched) and (multiple or len(matched) == 1)
        forbidden = len(certain) > 1 and not multiple
        succeeded = self._send(action, query.replace(multiple=multiple), what, due=due)
        if succeeded and forbidden:
            self.complain(
                f"{what} to fail, as it matches {len(certain)} cards without multiple=1",
                "it succeeded",
            )
        for member in aimed:
            member.belief.acted(action, succeeded=succeeded, only=only)
        self.look()

    def _send(self, action: Action, query: CardQuery, what: str, *, due: bool) -> bool:
        """Whether the target says that it carried out an action."""
        try:
            exchange = self.cards.api.act_exchange(action, query)
        except OutcomeUnknownError:
            self.steps.append(f"{what}: no answer")
            return False
        status = exchange.status or 0
        self.steps.append(f"{what}: HTTP {status}")
        self._last_action = (exchange,)
        if exchange.succeeded or status >= HTTPStatus.INTERNAL_SERVER_ERROR or not due:
            return exchange.succeeded
        if status in _UNAVAILABLE:
            raise TransportError(f"{what} was denied with HTTP {status}", exchange)
        return self.complain(f"{what} to succeed", f"it was answered with HTTP {status}")

    # Time

    @precondition(lambda self: self.supply.is_steerable)
    @rule(index=_INDEXES, duration=durations())
    @_asking
    def snooze(self, index: int, duration: timedelta) -> None:
        """Snooze a card, if it is surely active."""
        member = self.members[index % len(self.members)]
        if member.belief.states == {Status.ACTIVE}:
            self._settle(member.group)
            self.cards.snooze(member.card, duration)
            member.belief.snoozed(self._now + duration)
            self.steps.append(f"snooze {member.name} for {duration}")
            self.look()

    @precondition(lambda self: self.supply.is_steerable)
    @rule(hours=st.integers(1, _MOST_HOURS))
    @_asking
    def pass_time(self, hours: int) -> None:
        """Let hours pass."""
        self.cards.pass_time(timedelta(hours=hours))
        self._now += timedelta(hours=hours)
        for member in self.members:
            member.belief.passed(self._now)
        self.steps.append(f"{hours} h pass")
        self.look()

    # Looking

    def look(self) -> None:
        """Compare every card with what is believed of it; a stale reading passes for now.

        Raises:
            Violation: A card is in a state that it can never have been in.
        """
        for group in self._groups:
            words = self.cards.reader.states(group)
            for member in self._of(group):
                word = words[key_of(member.card)]
                if not member.belief.agrees(word) and not member.belief.could_be_stale(word):
                    self._complain_of(member, word)

    def _settle(self, group: Group) -> None:
        """See that a group is as it should be, once readings are no longer stale."""
        members = self._of(group)
        words = self.supply.watch(
            lambda: self.cards.reader.states(group),
            lambda now: all(one.belief.agrees(now[key_of(one.card)]) for one in members),
        )
        for member in members:
            if not member.belief.agrees(words[key_of(member.card)]):
                self._complain_of(member, words[key_of(member.card)])

    @_asking
    def teardown(self) -> None:
        """At the end of a run no reading may be stale any more."""
        if isinstance(sys.exc_info()[1], (StopTest, Violation, CouldNotTell)):
            return
        for group in self._groups:
            self._settle(group)

    def _complain_of(self, member: Member, word: str | None) -> NoReturn:
        listing = self.cards.reader.find(member.group.pin).exchanges
        self.complain(
            f"{member.name} to be {member.belief}", f"it is {word or 'not listed'}", listing
        )

    def complain(self, expected: str, came: str, exchanges: Sequence[Exchange] = ()) -> NoReturn:
        """End the run as a failed one.

        Args:
            expected: What should have been.
            came: What was instead.
            exchanges: The requests that show it.

        Raises:
            Violation: Always.
        """
        steps = "; ".join(f"{number}. {step}" for number, step in enumerate(self.steps, 1))
        violation = Violation(expected, f"{came} after: {steps}", (*self._last_action, *exchanges))
        self.supply.found(violation, len(self.steps))
        raise violation


def _described(spec: CardSpec) -> str:
    embargo = f"embargoed for {spec.embargo}" if spec.embargo else "active"
    return f"{embargo}, expires after {spec.expires}" if spec.expires else embargo
