"""Recipe: tests that are recorded once, and replayed with no network and no credential.

``pytest --cards-cassettes record`` writes a file for each test below ``cassettes/``; commit them.
``pytest --cards-cassettes replay`` is what CI runs.
"""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

SUITE = """
from claims import REMINDER, settle_claim
from pytest_atomic_cards import Status

def test_reminder_is_cancelled_when_the_claim_is_settled(cards):
    reminder = cards.seed(user_id="customer-1", card_template_id=REMINDER)
    settle_claim(cards.api, "customer-1")
    assert cards.get(reminder).status is Status.CANCELLED
"""


def test_a_suite_is_recorded_and_replayed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    """The replay passes where nothing can be reached, and its file can be read by people."""
    pytester.makepyfile(test_claims=SUITE)
    pytester.syspathinsert(Path(__file__).parent)
    pytester.runpytest_inprocess("--cards-cassettes", "record").assert_outcomes(passed=1)

    monkeypatch.setattr(socket, "socket", None)
    pytester.runpytest_inprocess("--cards-cassettes", "replay").assert_outcomes(passed=1)

    (recording,) = (pytester.path / "cassettes").rglob("*.json")
    assert '"cardTemplateId": "claim-reminder"' in recording.read_text("utf-8")
