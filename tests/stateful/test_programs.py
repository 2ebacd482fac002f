"""Programs: runs as data, and how they shrink."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.suite.generation.command_sequences import Program, Step, minimal

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR = timedelta(hours=1)
PLAIN = CardSpec()
TIMED = CardSpec(embargo=HOUR, expires=2 * HOUR)


def begin(*specs: CardSpec) -> Step:
    """The first step."""
    return Step("begin", {"population": Population(specs)})


def act(action: Action, index: int = 2) -> Step:
    """An action on one card, with every argument."""
    given = {"action": action, "index": index, "only": Status.ACTIVE, "multiple": True}
    return Step("act_on_card", given)


RUN: Program = (
    begin(PLAIN, TIMED, PLAIN),
    act(Action.CANCEL),
    Step("seed", {"population": Population((PLAIN,))}),
    act(Action.DISMISS),
    Step("pass_time", {"hours": 3}),
    act(Action.COMPLETE),
)


def containing(*actions: Action) -> Callable[[Program], bool]:
    """Whether a program does these actions in this order."""

    def fails(program: Program) -> bool:
        done = iter([step.arguments.get("action") for step in program])
        return all(action in done for action in actions)

    return fails


def test_needless_steps_and_cards_are_dropped() -> None:
    """A long run shrinks to the two actions that matter, on one plain card."""
    shortest = minimal(RUN, containing(Action.DISMISS, Action.COMPLETE), seconds=10)
    plain = {"index": 0, "only": None, "multiple": False}
    assert shortest == (
        begin(PLAIN),
        Step("act_on_card", plain | {"action": Action.DISMISS}),
        Step("act_on_card", plain | {"action": Action.COMPLETE}),
    )


def test_what_matters_is_kept() -> None:
    """Shrinking keeps the cards, timers and arguments that the failure needs."""
    for needed in (
        lambda program: len(program[0].arguments["population"]) == 3,
        lambda program: any(step.arguments.get("only") for step in program),
        lambda program: TIMED in program[0].arguments["population"].specs,
    ):
        assert needed(minimal(RUN, needed, seconds=10))


def test_one_time_of_two_is_dropped() -> None:
    """A card with two timers loses the irrelevant one."""
    expires = minimal(
        RUN, lambda program: any(s.expires for s in program[0].arguments["population"]), seconds=10
    )
    assert expires == (begin(CardSpec(expires=2 * HOUR)),)


def test_a_program_that_fails_no_more_is_kept() -> None:
    """If no shorter run fails, the given one is returned."""
    assert minimal(RUN, lambda _: False, seconds=10) is RUN


def test_no_run_is_begun_when_time_is_up() -> None:
    """After the time limit, the shortest failing run so far is returned."""
    runs: list[Program] = []
    assert minimal(RUN, lambda program: bool(runs.append(program)), seconds=-1) is RUN
    assert not runs
