"""The oracle of payloads: what analytics show of those that cards were completed with.

Source: Cards API page › Complete. That an event has the payload at ``properties.values`` is
inferred.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pytest_atomic_cards.rules.verdicts import expect
from pytest_atomic_cards.suite.experiments.experiment import Trial
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.support.printable import brief

if TYPE_CHECKING:
    from pytest_atomic_cards.client.sandbox_controls import SandboxControls

Shown = Mapping[str | None, list[Any]]
"""What the completion events of each card show as its payload; ``None`` for none."""


def payloads_shown(controls: SandboxControls) -> Shown:
    """What analytics show in an environment of a sandbox."""
    shown: defaultdict[str | None, list[Any]] = defaultdict(list)
    for event in controls.analytics_events():
        if event["eventType"] == "card-completed":
            shown[event["cardInstanceId"]].append(event["properties"].get("values"))
    return shown


def expect_payload(shown: Shown, card_id: str | None, payload: Mapping[str, Any] | None) -> None:
    """Expect exactly one completion event of a card, with its payload.

    Args:
        shown: What analytics show.
        card_id: The ``cardInstanceId`` of the card.
        payload: What the card was completed with; ``None`` if without a payload.

    Raises:
        Violation: The card has no such event, or more than one.
    """
    expect(
        shown[card_id] == [payload],
        expected=f"one card-completed event of card {card_id} with properties.values {payload}",
        actual=f"the events have {brief(shown[card_id])}",
    )


def expect_payloads(trials: Iterable[Trial]) -> None:
    """Expect the completion event of each changed card to hold the payload that was sent.

    Raises:
        Violation: An event holds another payload, or is missing.
        NotAvailableError: The target is not a sandbox.
    """
    shown: dict[Probe, Shown] = {}
    for trial in (one for one in trials if one.exchange.succeeded):
        probe, sent = trial.cards.probe, trial.exchange.request_body
        if probe not in shown:
            shown[probe] = payloads_shown(probe.cards.controls)
        for card in trial.changed:
            expect_payload(shown[probe], card.card_instance_id, json.loads(sent) if sent else None)
