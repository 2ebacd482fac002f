"""Several worker processes against one live target: one token, one rate, no id twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from contract_runs import OWN

if TYPE_CHECKING:
    from live_sandbox import Serve

USERS_TESTS = """
import pytest

@pytest.mark.parametrize("number", range(6))
def test_seeds(cards, number):
    cards.seed()
    cards.seed()

@pytest.mark.parametrize("number", range(2))
def test_shares_the_rate(cards, number):
    assert cards.api.session.rate.rate == 500
    assert cards.api.session.rate._workers == 2
"""


@pytest.mark.usefixtures("own_plugins")
def test_workers_share_token_and_rate_and_no_ids(
    serve: Serve, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers fetch one token, halve the rate between them, and target distinct customers."""
    live = serve()
    live.be_the_target(monkeypatch)
    pytester.makepyfile(USERS_TESTS)
    arguments = (*OWN, "-n", "2", "--cards-max-rate", "500")
    result = pytester.runpytest_subprocess(*arguments)
    result.assert_outcomes(passed=8)
    assert live.count(f"POST {live.sandbox.token_path}") == 1
    users = [card.user_id for card in live.environment.cards()]
    assert len(users) == len(set(users)) == 12
    assert not live.open_cards
