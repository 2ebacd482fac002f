"""Each rule catches a fault, and none objects to open questions."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest
from traffic import Client, growing_traffic, traffic, violated

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.profile import QUESTIONS, Profile
from pytest_atomic_cards.rules import RULES
from pytest_atomic_cards.rules.card_history import SETTLING
from pytest_atomic_cards.rules.requirements import catalogue

SHOWN_BY = {
    "QUERY-01": "list-ignores-eventName",
    "QUERY-02": "list-ignores-lifecycleId",
    "QUERY-03": "list-ignores-cardTemplateId",
    "QUERY-04": "list-ignores-flowInstanceId",
    "QUERY-05": "list-ignores-flowInvocationId",
    "QUERY-06": "list-ignores-userId",
    "QUERY-07": "status-index-stale",
    "QUERY-09": "escaped-plus-is-space",
    "QUERY-11": "act-ignores-userId",
    "QUERY-12": "list-ignores-status",
    "QUERY-19": "list-ignores-status",
    "QUERY-16": "only-last-attribute",
    "PAGE-01": "default-page-101",
    "PAGE-02": "limit-one-more",
    "PAGE-04": "default-page-unlimited",
    "MULTI-01": "multiple-not-needed",
    "MULTI-02": "multiple-not-needed",
    "MULTI-03": "multiple-not-needed",
    "STATE-07": "complete-dismissed",
    "STATE-08": "dismiss-completed",
    "STATE-09": "complete-cancelled",
    "STATE-10": "dismiss-expired",
    "STATE-14": "dismiss-dismissed",
    "LIMIT-01": "cancel-default-1000",
    "LIMIT-04": "action-limit-one-more",
    "LIMIT-06": "action-limit-beyond-1000",
    "RESULT-01": "results-repeat-first",
    "RESULT-02": "result-action-of-another",
    "RESULT-03": "summary-total-zero",
    "RESULT-04": "summary-missing",
    "RESULT-06": "result-action-always-update",
    "AUTH-01": "missing-token-accepted",
    "SHAPE-01": "listing-unwrapped",
    "SHAPE-02": "card-lacks-updated",
    "SHAPE-03": "card-id-number",
    "SHAPE-12": "card-definition-array",
    "SHAPE-04": "timestamps-without-zone",
    "SHAPE-05": "updated-before-created",
    "SHAPE-06": "card-payload-lacks-target",
    "SHAPE-07": "result-lacks-action",
    "SHAPE-08": "card-ids-shared",
    "SHAPE-09": "json-as-html",
    "TIME-04": "expired-comes-back",
    "TIME-05": "created-moves",
    "TIME-09": "closed-card-shows-other-lifecycle",
    "SCHEMA-01": "quote-gives-500",
    "SCHEMA-04": "card-listed-twice",
    "SCHEMA-05": "bad-number-gives-500",
}
"""A fault under which the monitor sees each requirement violated in ordinary traffic."""


def test_every_rule_is_bound_to_a_requirement_and_shown_by_a_fault() -> None:
    """The table above has a fault for exactly the requirements that have a rule."""
    assert {rule.requirement for rule in RULES} == SHOWN_BY.keys()
    assert catalogue().requirements.keys() >= SHOWN_BY.keys()


@pytest.mark.parametrize("fault", sorted(set(SHOWN_BY.values())))
def test_a_fault_is_seen_in_ordinary_traffic(fault: str) -> None:
    """The monitor reports the requirements that the fault violates."""
    due = {requirement for requirement, shown_by in SHOWN_BY.items() if shown_by == fault}
    assert any(due <= violated(exchanges).keys() for exchanges in growing_traffic((fault,)))


def profiles(count: int) -> list[Profile]:
    """Profiles that together contain every answer to every question."""
    randomness = random.Random(7)  # noqa: S311 - not for secrets
    columns = {
        name: randomness.sample(question.answers, len(question.answers))
        for name, question in QUESTIONS.items()
    }
    return [
        Profile(**{name: column[row % len(column)] for name, column in columns.items()})  # type: ignore[arg-type]
        for row in range(count)
    ]


@pytest.mark.parametrize(
    "profile", [Profile(), *profiles(max(len(q.answers) for q in QUESTIONS.values()))]
)
def test_no_legal_answer_violates_a_rule(profile: Profile) -> None:
    """Ordinary traffic violates no rule, whatever a target's answers to the open questions are."""
    exchanges = traffic(profile=profile)
    assert violated(exchanges) == {}
    randomness = random.Random(1)  # noqa: S311 - not for secrets
    assert violated(randomness.sample(exchanges, len(exchanges))) == {}


def listing(client: Client, status: str, at: float, card: str = "c1") -> None:
    """Record a listing that shows a card in a state, some seconds after the first one."""
    client.send("GET", userId="u1")
    first, last = client.exchanges[0], client.exchanges.pop()
    body = json.loads(last.response_body)
    for one in body["data"]:
        one |= {"status": status, "cardInstanceId": card}
    moment = first.started.timestamp() + at if client.exchanges else last.started.timestamp()
    started = type(last.started).fromtimestamp(moment, last.started.tzinfo)
    changed = replace(last, started=started, response_body=json.dumps(body).encode())
    client.exchanges.append(changed)


@pytest.mark.parametrize(
    ("sightings", "due"),
    [
        ([("dismissed", 0), ("active", SETTLING / 2)], set()),
        ([("active", 0), ("dismissed", 1), ("active", SETTLING)], set()),
        ([("dismissed", 0), ("active", SETTLING + 2)], {"STATE-07", "TIME-04"}),
        ([("active", 0), ("dismissed", -SETTLING - 2)], {"TIME-04"}),
        ([("dismissed", 0), ("completed", 1)], {"STATE-07", "TIME-04"}),
        ([("snoozed", 0), ("active", 99), ("embargoed", 999)], set()),
        ([("expired", 0), ("removed", 999)], set()),
    ],
)
def test_a_listing_that_lags_is_no_reopened_card(
    sightings: list[tuple[str, float]], due: set[str]
) -> None:
    """Open soon after closed may be a stale read; two closed states are always an objection."""
    client = Client()
    client.seed(user_id="u1")
    for status, at in sightings:
        listing(client, status, at)
    assert violated(client.exchanges).keys() == due


def test_a_card_of_another_environment_is_another_card() -> None:
    """The same ids on another host or in another environment are different cards."""
    client = Client()
    client.seed(user_id="u1")
    for number, status in enumerate((Status.DISMISSED, Status.COMPLETED, Status.EXPIRED)):
        listing(client, status.value, number)
        exchange = client.exchanges.pop()
        url = exchange.url.replace("/sandbox/", f"/environment-{number}/")
        client.exchanges.append(replace(exchange, url=url))
    assert violated(client.exchanges) == {}
