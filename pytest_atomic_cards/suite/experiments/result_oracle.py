"""The oracle of results: what the response to an action says of the cards that it changed.

Source: Cards API page › Complete, example response. That dismiss and cancel respond alike is
inferred.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pytest_atomic_cards.model.cards import ActionResponse, Card
from pytest_atomic_cards.model.documented import RESULT_FIELDS
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.suite.experiments.experiment import Breach, Trial
from pytest_atomic_cards.support.errors import ContractBrokenError
from pytest_atomic_cards.support.printable import brief

IDS: Final = ("cardInstanceId", "cardTemplateId", "lifecycleId", "userId")
"""What a result repeats of its card by the documentation; the rest of its fields is inferred."""
_SHARED: Final = tuple(name for name in RESULT_FIELDS if name not in {*IDS, "action"})


def judge_results(trial: Trial) -> Iterator[Breach]:
    """What the response to an action shows that had to change all cards in fitting states.

    Whether it also reports those that it matched and left alone is not documented.
    """
    if not trial.changed:
        return
    complete = trial.action is Action.COMPLETE
    try:
        response = ActionResponse.from_body(trial.exchange.json())
    except ContractBrokenError as error:
        rule = "SHAPE-07" if complete else "RESULT-04"
        yield _breach(trial, rule, "an array with a result for each card", str(error))
        return
    yield from _of_cards(trial, response, "RESULT-01" if complete else "RESULT-04")
    yield from _of_fields(trial, response, "RESULT-02" if complete else "RESULT-04")
    yield from _of_words(trial, response, "RESULT-02" if complete else "RESULT-06")
    count = len(trial.changed)
    rule = "RESULT-05" if count > 1 else "RESULT-03" if complete else "RESULT-04"
    yield from _of_summary(trial, response, rule)


def judge_refusal(trial: Trial) -> Iterator[Breach]:
    """What the response shows to an action that none of the cards it matched allows."""
    updated = reported(trial)
    if updated:
        yield _breach(trial, "STATE-14", "summary.updated to be 0", f"it is {updated}")


def reported(trial: Trial) -> int | None:
    """How many cards a response reports as changed; ``None`` if it does not say."""
    try:
        return ActionResponse.from_body(trial.exchange.json()).summary.updated
    except ContractBrokenError:
        return None


def _breach(trial: Trial, rule: str, expected: str, actual: str) -> Breach:
    return Breach(rule, expected, actual, (trial.exchange,))


def _of_cards(trial: Trial, response: ActionResponse, rule: str) -> Iterator[Breach]:
    acted = [str(result.card_instance_id) for result in response.results]
    due = {str(card.card_instance_id) for card in trial.changed}
    matched = {str(card.card_instance_id) for card in trial.cards.matched}
    strange = set() if trial.cards.bystanders else set(acted) - matched
    if len(acted) > len(set(acted)) or not due <= set(acted) or strange:
        actual = f"there are {len(acted)} result(s), for {brief(', '.join(acted) or 'none')}"
        yield _breach(trial, rule, f"one result for each of the {len(due)} cards", actual)


def _of_fields(trial: Trial, response: ActionResponse, rule: str) -> Iterator[Breach]:
    cards = {card.card_instance_id: card for card in trial.cards.matched}
    for result in response.results:
        card = cards.get(result.card_instance_id)
        for names, requirement in ((IDS, rule), (_SHARED, "SCHEMA-04")):
            for name, due in _fields(card, names):
                if result.raw.get(name) != due:
                    actual = f"it is {brief(result.raw.get(name))}"
                    expected = f"{name} of the result to be {brief(due)}, as the card has it"
                    yield _breach(trial, requirement, expected, actual)


def _fields(card: Card | None, names: tuple[str, ...]) -> list[tuple[str, Any]]:
    raw: Mapping[str, Any] = card.raw if card else {}
    return [(name, raw[name]) for name in names if name in raw]


def _of_words(trial: Trial, response: ActionResponse, rule: str) -> Iterator[Breach]:
    """Complete is sampled with its own name; the others may name the action or its outcome."""
    action = trial.action
    due = {action.value} if action is Action.COMPLETE else {action.value, action.outcome.value}
    changed = {card.card_instance_id for card in trial.changed}
    words = {one.action for one in response.results if one.card_instance_id in changed}
    if not words <= due:
        shown = ", ".join(sorted(map(brief, words - due)))
        yield _breach(trial, rule, f"action to be {action.value!r} in every result", shown)


def _of_summary(trial: Trial, response: ActionResponse, rule: str) -> Iterator[Breach]:
    summary, count = response.summary, len(trial.changed)
    if trial.cards.bystanders and (summary.updated or 0) >= count:
        return  # what other experiments left open changes as well
    whole = count == len(trial.cards.matched)
    if summary.updated != count or (whole and summary.total != count):
        actual = f"total is {summary.total} and updated {summary.updated}"
        yield _breach(trial, rule, f"a summary with total and updated {count}", actual)
