"""Unasked changes: what somebody else did to a card of the run is not the target's doing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.rules.verdicts import Verdict, Violation
from pytest_atomic_cards.suite.probing.listing_history import History
from pytest_atomic_cards.suite.probing.unasked_changes import UnaskedChange

if TYPE_CHECKING:
    from contract_runs import RunContracts

    from pytest_atomic_cards.rules.finding import Finding

CARDS = "http://cards.test/v1/environment/cards"


def listing(word: str, name: str = "card-1") -> Exchange:
    """A listing of one card."""
    card = {"cardInstanceId": name, "status": word, "flowInvocationId": "run-1", "userId": "u"}
    body = json.dumps({"data": [card]}).encode()
    return Exchange(
        "GET", CARDS, datetime(2030, 1, 2, tzinfo=UTC), 0.1, status=200, response_body=body
    )


def action(word: str, query: str) -> Exchange:
    """An action that the run sent."""
    return Exchange("PUT", f"{CARDS}/{word}?{query}", datetime(2030, 1, 2, tzinfo=UTC), 0.1)


def changes(*exchanges: Exchange) -> list[UnaskedChange]:
    """The unasked changes that these exchanges show."""
    history = History()
    for exchange in exchanges:
        history.observe(exchange)
    return history.changes.found()


@pytest.mark.parametrize(
    ("between", "doubtful"),
    [
        ([], [False]),
        ([action("dismiss", "flowInvocationId=run-1&multiple=1")], []),
        ([action("dismiss", "status=active&userId=u")], []),
        ([action("dismiss", "userId=")], []),
        ([action("dismiss", "userId=another")], [True]),
        ([action("cancel", "userId=u")], [True]),
        ([action("cancel", "userId=another")], [False]),
    ],
)
def test_an_action_of_ours_explains_a_change(between: list[Exchange], doubtful: list[bool]) -> None:
    """A change is unasked unless the run sent that action for the card since it was open."""
    found = changes(listing("active"), *between, listing("dismissed"))
    assert [change.is_doubtful for change in found] == doubtful


def test_an_earlier_action_explains_nothing() -> None:
    """An action after which the card was still listed as open did not close it."""
    sent = action("dismiss", "userId=u")
    assert len(changes(sent, listing("active"), listing("dismissed"))) == 1


@pytest.mark.parametrize("word", ["expired", "snoozed", "lapsed"])
def test_only_actions_are_done_by_others(word: str) -> None:
    """A card that expires, or shows an unknown word, was not acted on by anybody."""
    assert changes(listing("active"), listing(word)) == []


def test_a_card_that_was_never_open_has_not_changed() -> None:
    """A card that is first listed as closed may have been closed by its seeding."""
    assert changes(listing("dismissed")) == []


def test_a_change_concerns_what_shows_its_card() -> None:
    """A violation is about a card if its text or its exchanges show one of the card's ids."""
    (change,) = changes(listing("active"), listing("dismissed"))
    assert change.concerns(Violation("all cards", "card-1 is missing"))
    assert change.concerns(Violation("", "", [action("cancel", "flowInvocationId=run-1")]))
    assert change.concerns(Violation("", "", [listing("active")]))
    assert not change.concerns(Violation("", "", [action("cancel", "flowInvocationId=run-2")]))


SOMEBODY_DISMISSES = """
    from pytest_atomic_cards.model.lifecycle import Action, Status

    tries = []

    @requirement("MULTI-08")
    def test_bystanders(probe, reserve, history):
        history.is_shared = {shared}
        group = reserve.take()
        probe.states(group)
        exchange = EXCHANGE
        if {ours}:
            exchange = probe.act(Action.DISMISS, reserve.take().pin.replace(multiple=True), group)
        if not tries or {always}:
            probe.api.session.listeners.remove(history.observe)
            probe.api.act_exchange(Action.DISMISS, group.single(group.cards[0]))
            probe.api.session.listeners.append(history.observe)
        tries.append(1)
        words = set(probe.states(group).values())
        found = probe.find(group.pin)
        expect(words == {{Status.ACTIVE}}, *found.exchanges, expected="no change", actual="one")
"""


@pytest.mark.parametrize(
    ("how", "verdict"),
    [
        ({"shared": True, "ours": False, "always": False}, Verdict.INCONCLUSIVE),
        ({"shared": True, "ours": False, "always": True}, Verdict.INCONCLUSIVE),
        ({"shared": True, "ours": True, "always": False}, Verdict.INCONCLUSIVE),
        ({"shared": True, "ours": True, "always": True}, Verdict.VIOLATED),
        ({"shared": False, "ours": False, "always": True}, Verdict.VIOLATED),
    ],
)
def test_somebody_elses_action_is_not_a_violation(
    how: dict[str, bool], verdict: Verdict, run_contracts: RunContracts, findings: list[Finding]
) -> None:
    """On a shared environment it is inconclusive, unless it follows from actions of ours."""
    run_contracts(SOMEBODY_DISMISSES.format(**how))
    (finding,) = findings
    assert finding.verdict is verdict
    assert "a card changed that this run did not act on" in finding.reason
