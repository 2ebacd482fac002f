"""A stateful test of the lifecycle: no sequence of steps brings a card into a forbidden state.

Hypothesis draws sequences of steps (seed, dismiss, complete, cancel, snooze, let time pass). After
each step all cards of the run are listed and compared with the lifecycle table. A failing sequence
is shrunk to a short one.

Example:
    >>> from pytest_atomic_cards import world_on
    >>> from pytest_atomic_cards.suite.generation.state_machine import check_lifecycle
    >>> def test_my_proxy_keeps_to_the_lifecycle(cards_target):
    ...     with world_on(cards_target) as cards:
    ...         check_lifecycle(cards)

To add your own steps, such as an action that goes through your application, subclass
:class:`LifecycleMachine` and pass it to :func:`check_lifecycle`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis.stateful import run_state_machine_as_test

from pytest_atomic_cards.rules.verdicts import Inconclusive, Violation
from pytest_atomic_cards.suite.generation.command_sequences import Program, minimal
from pytest_atomic_cards.suite.generation.lifecycle_machine import LifecycleMachine
from pytest_atomic_cards.suite.generation.machine_cards import MachineCards
from pytest_atomic_cards.suite.generation.machine_steps import Member, step

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_atomic_cards.suite.supply.card_pool import CardPool
    from pytest_atomic_cards.targets.cards_fixture import Cards

__all__ = ["USUAL", "LifecycleMachine", "Member", "check_lifecycle", "step"]

_SEARCH: Final = 10.0
"""Seconds for shrinking: some twenty runs against a target that takes half a second each."""

USUAL: Final = hypothesis.settings(
    max_examples=40,  # 800 steps: several for each pair of a state and an action
    stateful_step_count=20,  # enough for a timer to end and for actions after it
    deadline=None,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
"""The default settings of :func:`check_lifecycle`, to derive your own from. Without deadline and
health checks, as a live target may be slow."""


def check_lifecycle(
    cards: Cards,
    machine: type[LifecycleMachine] = LifecycleMachine,
    *,
    settings: hypothesis.settings = USUAL,
    seed: int = 1,
    reserve: CardPool | None = None,
) -> None:
    """Run sequences of steps, and check that every card stays within the lifecycle.

    Every legal choice of a target is accepted: how it refuses, whether it lists closed cards,
    whether it cancels snoozed and embargoed ones, and stale reads. If a response is lost, the
    action may or may not have been applied. Only documented behaviour can be violated.

    Args:
        cards: The ``cards`` fixture or another isolated environment. Snoozing and passing time
            need the sandbox; on a live target each sequence takes fresh active cards, which are
            seeded in batches.
        machine: The machine; a subclass if it has your own steps.
        settings: How many sequences, and of how many steps.
        seed: The seed of the generation.
        reserve: Where fresh cards come from on a live target; a new one if left out.

    Raises:
        Violation: A card reached a state that it must not be in, an action that must succeed
            failed, or one that must fail succeeded. The message lists the steps.
        Inconclusive: The target did not respond, or access was denied.
    """
    supply = MachineCards(cards, reserve)
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
    """Search for a failing run, and shrink it."""
    settings = hypothesis.settings(settings, phases=(Phase.explicit, Phase.generate))
    try:
        run_state_machine_as_test(begin, settings=settings)  # type: ignore[arg-type] # any callable
    except (Exception, Inconclusive):
        if not failures:
            raise
    if failures:
        with suppress(Inconclusive):
            minimal(failures[-1][0], fails, _SEARCH)
