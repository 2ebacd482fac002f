"""The oracle of actions: what a request must, may and must not do to the cards it meets.

It judges documented facts and what was observed. Where a target has a choice, such as whether it
refuses an action that also matches closed cards, every choice is accepted that is carried through.

Source: Cards API page › Card actions, Actioning multiple cards at once, Request limits, Complete;
Card lifecycle model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from enum import StrEnum, auto
from functools import cache
from http import HTTPStatus
from typing import Final

from pytest_atomic_cards.model.documented import DEFAULT_CANCEL, DEFAULT_PAGE, LARGEST_LIMIT
from pytest_atomic_cards.model.lifecycle import NAMED, TRANSITIONS, Action, Level, Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.model.request_space import ABSENT, OTHER, Point
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.suite.experiments.experiment import Breach, Trial
from pytest_atomic_cards.suite.experiments.experiment_rows import action_limit
from pytest_atomic_cards.suite.experiments.result_oracle import (
    judge_refusal,
    judge_results,
    reported,
)
from pytest_atomic_cards.support.printable import brief
from pytest_atomic_cards.targets.seeding.listing_reader import key_of

SINGLE_ONLY: Final = frozenset({ABSENT, "0", "false"})
"""The spellings of ``multiple`` that permit an action on one card only."""
_FEW: Final = frozenset({"1", "some"})
"""The limits that are below the number of cards in some row."""
_WHOLE: Final = frozenset({ABSENT, str(LARGEST_LIMIT)})
"""The limits that no row has more cards than."""
_MOST: Final = {
    (Action.CANCEL, ABSENT): DEFAULT_CANCEL,
    (Action.CANCEL, str(LARGEST_LIMIT)): LARGEST_LIMIT,
}
"""Cards that one action changes, if that many match."""
_LIMITS: Final = {ABSENT: "LIMIT-01", str(LARGEST_LIMIT): "LIMIT-02"}
_NEEDS_MULTIPLE: Final = {
    Action.CANCEL: "MULTI-01",
    Action.DISMISS: "MULTI-02",
    Action.COMPLETE: "MULTI-03",
}
_CLIENT_ERRORS: Final = range(400, 500)
_WITH_BODY: Final = {"none": "COMPLETE-01", "object": "COMPLETE-02"}


class Demand(StrEnum):
    """What the documentation says of the response."""

    SUCCESS = auto()
    FAILURE = auto()
    EITHER = auto()


@cache
def _cell_requirement(state: Status, action: Action) -> str:
    cell = TRANSITIONS[state, action]
    return next(rule.id for rule in catalogue().requirements.values() if cell in rule.cells)


def changes(state: Status, action: Action) -> bool | None:
    """Whether an action changes a card in a state; ``None`` if the pages disagree."""
    cell = TRANSITIONS[state, action]
    return cell.allowed if cell.level is Level.DOCUMENTED else None


def demand(point: Point, states: Sequence[Status]) -> Demand:
    """What the documentation says of the response to an action on cards in these states."""
    action = Action(point["operation"])
    counts = Counter(states)
    sure = sum(count for state, count in counts.items() if changes(state, action) is True)
    is_whole = point["limit"] in _WHOLE
    if point["multiple"] in SINGLE_ONLY and sure > 1:
        return Demand.FAILURE if is_whole else Demand.EITHER
    permitted = point["multiple"] == "1" or (point["multiple"] == ABSENT and sure == 1)
    documented = point["limit"] == ABSENT or (is_whole and action is Action.CANCEL)
    if permitted and documented and point["body"] != OTHER and sure == len(states) > 0:
        return Demand.SUCCESS
    return Demand.EITHER


def is_harmless(point: Point, states: Sequence[Status]) -> bool:
    """Whether the documentation says that an action changes none of these cards."""
    action = Action(point["operation"])
    return demand(point, states) is Demand.FAILURE or all(
        changes(state, action) is False for state in set(states)
    )


def judge(trial: Trial) -> Iterator[Breach]:
    """What an action shows against requirements."""
    found = trial.cards.states
    wanted = demand(trial.point, found)
    yield from _of_response(trial, wanted)
    yield from _of_others(trial)
    yield from _of_abroad(trial)
    yield from _of_matched(trial, wanted)
    if trial.exchange.succeeded and len(trial.batch) <= 1:
        yield from judge_results(trial)
    states = {changes(state, trial.action) for state in set(found)}
    if trial.exchange.succeeded and states == {False}:
        yield from judge_refusal(trial)
    if trial.exchange.succeeded and states == {None}:
        yield from _of_reported(trial)


def _breach(
    trial: Trial, requirements: Sequence[str], expected: str, actual: str
) -> Iterator[Breach]:
    for name in requirements:
        yield Breach(name, f"{_named(trial)} {expected}", actual, (trial.exchange,))


def _named(trial: Trial) -> str:
    states = ", ".join(sorted({state.value for state in trial.cards.states}))
    count = len(trial.cards.matched)
    return f"{trial.action} by {trial.point['by']} of {count} {states} card(s)"


def _of_response(trial: Trial, wanted: Demand) -> Iterator[Breach]:
    exchange, status = trial.exchange, f"the response was HTTP {trial.exchange.status}"
    if exchange.is_server_error:
        documented = trial.point["multiple"] in {ABSENT, "1"} and trial.point["body"] != OTHER
        documented &= trial.point["limit"] != OTHER and wanted is Demand.SUCCESS
        rule = "SCHEMA-01" if documented else "SCHEMA-05"
        yield from _breach(trial, [rule], "not to cause a server error", status)
    if wanted is Demand.SUCCESS and not exchange.succeeded:
        yield from _breach(trial, _success_rules(trial), "to succeed", status)
    if wanted is Demand.FAILURE:
        rule = _NEEDS_MULTIPLE[trial.action]
        if exchange.succeeded:
            yield from _breach(trial, [rule], "to fail without multiple=1", status)
        elif exchange.status not in _refusals(trial.point):
            rule = rule if trial.action is Action.CANCEL else "MULTI-04"
            yield from _breach(trial, [rule], "to be refused with 400 without multiple=1", status)


def _refusals(point: Point) -> Container[int | None]:
    """How an action on several cards may be refused: with 400, unless there is more to refuse."""
    is_plain = point["multiple"] == point["limit"] == ABSENT and point["body"] != OTHER
    return {HTTPStatus.BAD_REQUEST} if is_plain else _CLIENT_ERRORS


def _success_rules(trial: Trial) -> list[str]:
    """The requirements that an action breaks that does not change cards it must change."""
    if len(trial.cards.matched) > 1:
        return ["MULTI-06", "QUERY-11"]
    if trial.point["multiple"] == "1":
        return ["MULTI-07"]
    rules = [_cell_requirement(trial.cards.states[0], trial.action), "MULTI-08", "QUERY-11"]
    if trial.action is Action.COMPLETE and (rule := _WITH_BODY.get(trial.point["body"])):
        rules.append(rule)
    return rules


def _of_others(trial: Trial) -> Iterator[Breach]:
    wrong = [card for card in trial.cards.others if not trial.is_unchanged(card)]
    if wrong and trial.may_have_caused(trial.after.get(key_of(wrong[0]))):
        single = len(trial.cards.matched) == 1 and trial.point["multiple"] == ABSENT
        yield from _breach(
            trial,
            [_selection_rule(trial), *["MULTI-08"] * single],
            "to leave cards alone that lack one of its values",
            f"{len(wrong)} of them changed, one to {brief(trial.after.get(key_of(wrong[0])))}",
        )


def _of_abroad(trial: Trial) -> Iterator[Breach]:
    wrong = trial.changed_abroad
    if wrong and trial.may_have_caused(trial.after.get(key_of(wrong[0]))):
        expected, actual = "to change no card of another environment", f"{len(wrong)} changed"
        yield from _breach(trial, ["QUERY-14"], expected, actual)


def _of_reported(trial: Trial) -> Iterator[Breach]:
    """Whether cards changed that a target need not change, but reports as changed."""
    if any(trial.before.get(key_of(card)) is None for card in trial.cards.matched):
        return  # what no listing shows before may be hidden afterwards too
    count = len(trial.cards.matched)
    if reported(trial) == count and len(trial.changed) < count and len(trial.batch) <= 1:
        actual = f"{count} are reported as changed, and {len(trial.changed)} are"
        rule = _cell_requirement(trial.cards.states[0], trial.action)
        yield from _breach(trial, [rule], f"to make them {trial.action.outcome}", actual)


def _selection_rule(trial: Trial) -> str:
    """What it breaks to change cards that do not match; what some state words mean is inferred."""
    word = trial.cards.values.get(Attribute.STATUS)
    return "QUERY-11" if word is None or word in NAMED else "QUERY-12"


def _of_matched(trial: Trial, wanted: Demand) -> Iterator[Breach]:
    for card in trial.changed:
        state, word = Status(card.status or ""), trial.after.get(key_of(card))
        if not trial.may_have_caused(word):
            continue
        actual = f"one is {brief(word or 'not listed')}"
        if changes(state, trial.action) is False:
            rule = _cell_requirement(state, trial.action)
            yield from _breach(trial, [rule, "STATE-15"], f"to leave {state} cards alone", actual)
        elif not trial.exchange.succeeded:
            yield from _breach(trial, ["MULTI-05"], "to change nothing, as it was refused", actual)
        elif word in {*Status} - {trial.action.outcome}:
            rules = [_cell_requirement(state, trial.action)]
            rules += ["MULTI-06"] * (len(trial.cards.matched) > 1)
            yield from _breach(trial, rules, f"to make them {trial.action.outcome}", actual)
    if len(trial.batch) <= 1 and trial.exchange.succeeded:
        yield from _of_count(trial, wanted)


def _of_count(trial: Trial, wanted: Demand) -> Iterator[Breach]:
    """Compare how many cards changed with how many had to.

    Whether a cancel changes snoozed cards is open; one that changes some of them changes all.
    """
    states = set(trial.cards.states)
    changing = {state for state in states if changes(state, trial.action)}
    if states == {Status.SNOOZED} and trial.changed:
        changing = states
    sure = [card for card in trial.cards.matched if card.status in changing]
    changed = [card for card in sure if not trial.is_unchanged(card)]
    actual = f"{len(changed)} of {len(sure)} changed"
    limit = action_limit(trial.point)
    if trial.point["limit"] not in _FEW:
        if wanted is Demand.SUCCESS or _is_plain(trial.point):
            yield from _of_whole(trial, len(sure), len(changed), actual)
    elif limit and trial.action is Action.CANCEL:
        all_can = 0 < len(sure) == len(trial.cards.matched) and trial.point["multiple"] == "1"
        if len(trial.changed) > limit or (all_can and not changed):
            yield from _breach(trial, ["LIMIT-04"], f"to change {limit} of them", actual)
        elif limit > DEFAULT_CANCEL and all_can and len(changed) != limit:
            yield from _breach(trial, ["LIMIT-02"], f"to change {limit} of them", actual)


def _of_whole(trial: Trial, sure: int, changed: int, actual: str) -> Iterator[Breach]:
    """Compare the cards that changed with all of them, or the most that one action changes.

    Whether cards that an action leaves alone count towards that number is not documented.
    """
    count, limit = len(trial.cards.matched) + trial.cards.bystanders, trial.point["limit"]
    if sure and not trial.changed and (counted := reported(trial)):
        actual = f"{counted} are reported as changed, and none of {sure} is"
        yield from _breach(trial, _success_rules(trial), "to change what it reports", actual)
    elif count <= DEFAULT_PAGE:
        if changed < sure:
            yield from _breach(trial, _success_rules(trial), "to change all of them", actual)
    elif most := _MOST.get((trial.action, limit)):  # no page says it of the other actions
        least = min(sure, most - (count - sure)) if count > most else sure
        if changed < least or len(trial.changed) > most:
            rules = [_LIMITS[limit], *(_success_rules(trial) if count <= most else ())]
            yield from _breach(trial, rules, f"to change {min(most, count)} of them", actual)


def _is_plain(point: Point) -> bool:
    """Whether an accepted action must change every card that is in a fitting state."""
    return point["multiple"] == "1" and point["limit"] in _WHOLE and point["body"] != OTHER
