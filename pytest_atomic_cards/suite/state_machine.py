"""A stateful machine: whatever is done to cards, the lifecycle allows what becomes of them.

Hypothesis draws sequences of steps (seed, dismiss, complete, cancel, snooze, let time pass). After
each step all cards of the run are listed and compared with the lifecycle table. A sequence that
fails is cut down to a short one.

Example:
    >>> from pytest_atomic_cards import world_on
    >>> from pytest_atomic_cards.suite.state_machine import check_lifecycle
    >>> def test_my_proxy_keeps_to_the_lifecycle(cards_target):
    ...     with world_on(cards_target) as cards:
    ...         check_lifecycle(cards)

To mix in steps of your own, such as an action that goes through your application, subclass
:class:`LifecycleMachine` and pass it to :func:`check_lifecycle`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.stateful import run_state_machine_as_test

from pytest_atomic_cards.rules.verdicts import Inconclusive, Violation
from pytest_atomic_cards.suite.command_sequences import Program, minimal
from pytest_atomic_cards.suite.lifecycle_machine import LifecycleMachine, Member, step
from pytest_atomic_cards.suite.machine_cards import CardSupply

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_atomic_cards.suite.card_pool import CardPool
    from pytest_atomic_cards.targets.cards_fixture import Cards

__all__ = ["USUAL", "LifecycleMachine", "Member", "check_lifecycle", "step"]

_SEARCH: Final = 10.0

USUAL: Final = hypothesis.settings(
    max_examples=40,
    stateful_step_count=20,
    deadline=None,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
"""The settings of :func:`check_lifecycle`, to derive your own from."""


def check_lifecycle(
    cards: Cards,
    machine: type[LifecycleMachine] = LifecycleMachine,
    *,
    settings: hypothesis.settings = USUAL,
    seed: int = 1,
    reserve: CardPool | None = None,
) -> None:
    """Run sequences of steps, and see that the lifecycle allows what becomes of the cards.

    Every legal choice of a target is accepted: how it refuses, whether it lists closed cards,
    whether it cancels snoozed and embargoed ones, readings that are stale for a while. Where an
    answer is lost, the action may or may not have been applied. Only what is documented can be
    violated.

    Args:
        cards: The world to act in. Snoozing and passing time need the sandbox; on a live target
            each sequence takes fresh active cards, seeded many at a time.
        machine: The machine, for one with steps of your own.
        settings: How many sequences, and of how many steps.
        seed: Where the generation starts.
        reserve: Where fresh cards come from on a live target; a new one if left out.

    Raises:
        Violation: A card got into a state that it must not be in, or an action failed that must
            succeed, or the reverse. It tells the steps that lead there.
        Inconclusive: The target could not be asked.
    """
    supply = CardSupply(cards, reserve)
    failures: list[tuple[Program, Violation]] = []
    begun: list[LifecycleMachine] = []
    programs = cards.recorder.cases("programs")

    def begin() -> LifecycleMachine:
        begun.append(machine(supply, failures))
        return begun[-1]

    def fails(program: Program) -> bool:
        try:
            begin().run(program)
        except Violation:
            return True
        return False

    try:
        if programs.recorded is None:
            hypothesis.seed(seed)(begin)
            _search(begin, fails, failures, settings)
        else:
            for program in programs.recorded:
                fails(program)
    finally:
        for one in begun:
            programs.keep(tuple(one.program))
    if failures:
        _, last = failures[-1]
        raise Violation(last.expected, last.actual, last.exchanges)


def _search(
    begin: Callable[[], LifecycleMachine],
    fails: Callable[[Program], bool],
    failures: list[tuple[Program, Violation]],
    settings: hypothesis.settings,
) -> None:
    """Look for a run that fails, and for a short one if there is one."""
    settings = hypothesis.settings(settings, phases=(Phase.explicit, Phase.generate))
    try:
        run_state_machine_as_test(begin, settings=settings)  # type: ignore[arg-type] # any callable
    except (Exception, Inconclusive):
        if not failures:
            raise
    if failures:
        with suppress(Inconclusive):
            minimal(failures[-1][0], fails, _SEARCH)
