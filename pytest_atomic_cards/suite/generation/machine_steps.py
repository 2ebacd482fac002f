"""The steps of a lifecycle machine: what they are, the values they draw, and the cards they use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar

from hypothesis import strategies as st

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.rules.verdicts import give_up
from pytest_atomic_cards.strategies.populations import statuses
from pytest_atomic_cards.strategies.shrinking import droppable, weighted
from pytest_atomic_cards.suite.generation.command_sequences import Step
from pytest_atomic_cards.support.errors import AtomicCardsError

if TYPE_CHECKING:
    from pytest_atomic_cards.model.cards import Card
    from pytest_atomic_cards.suite.generation.lifecycle_machine import LifecycleMachine
    from pytest_atomic_cards.suite.generation.state_model import Belief
    from pytest_atomic_cards.targets.seeding.listing_reader import Group

_Method = TypeVar("_Method", bound=Callable[..., None])

_MOST_CARDS: Final = 3
"""Cards of a group: the fewest that differ from two, for faults that treat a pair specially."""
MOST_GROUPS: Final = 2
"""Groups: one to act on and one that must not change; more only slow a run down."""
MOST_HOURS: Final = 6
"""Hours: timers end within a few steps, so a run of 20 steps sees what happens afterwards."""


def _spec(embargo: timedelta | None, expires: timedelta | None) -> CardSpec:
    return CardSpec(embargo=embargo, expires=expires)


DURATIONS: Final = st.integers(0, MOST_HOURS).map(lambda h: timedelta(hours=h, minutes=30))
"""Half past the hour: time passes in whole hours, so no timer is due at the moment of an action."""
_SPECS: Final = st.builds(_spec, st.none() | DURATIONS, st.none() | DURATIONS)
POPULATIONS: Final = droppable(_SPECS, max_size=_MOST_CARDS).map(
    lambda specs: Population(tuple(specs) or (CardSpec(),))
)
MOSTLY_NOT: Final = weighted((2, st.just(value=False)), (1, st.just(value=True)))
MOSTLY_ANY: Final = weighted((5, st.none()), (1, statuses()))
INDEXES: Final = st.integers(0, _MOST_CARDS * MOST_GROUPS - 1)


def step(method: _Method) -> _Method:
    """Make a method a step that can be replayed; put it directly below ``@rule``.

    If the target does not respond, the run and the search for failures end at once.
    """

    @wraps(method)
    def performed(machine: LifecycleMachine, **arguments: Any) -> None:  # noqa: ANN401
        machine.program.append(Step(method.__name__, arguments))
        try:
            method(machine, **arguments)
        except AtomicCardsError as error:
            give_up(error)

    performed.is_step = True  # type: ignore[attr-defined]
    return performed  # type: ignore[return-value] # it is called by keyword only


@dataclass(frozen=True, slots=True)
class Member:
    """A card of a run.

    Args:
        name: Its name in the steps.
        group: The group that it was seeded with.
        card: The card as it was first listed.
        belief: The states it may be in.
    """

    name: str
    group: Group
    card: Card
    belief: Belief


def described(spec: CardSpec) -> str:
    """A card in words."""
    state = f"embargoed for {spec.embargo}" if spec.embargo else "active"
    return f"{state}, expires after {spec.expires}" if spec.expires else state
