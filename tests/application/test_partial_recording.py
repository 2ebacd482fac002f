"""What goes to the sandbox around ``cards.url``: watched and recorded, or named in the same run."""

from __future__ import annotations

import pytest

AROUND = """
import pytest, requests
from pytest_atomic_cards import SandboxAdapter, SandboxServer, Status

@pytest.fixture(params=["adapter", "server"])
def http(request, cards):
    token = cards.token()
    with requests.Session() as http:
        http.headers["Authorization"] = f"Bearer {token}"
        if request.param == "server":
            with SandboxServer(cards.sandbox) as server:
                http.base = server.url
                yield http
        else:
            http.base = "https://sandbox.test"
            http.mount(http.base, SandboxAdapter(cards.sandbox))
            yield http

def test_app(cards, http):
    card = cards.seed(user_id="customer-1")
    http.put(http.base + "/v1/sandbox/cards/cancel?userId=customer-1").raise_for_status()
    assert cards.get(card).status is Status.CANCELLED

def test_no_token(cards, http):
    del http.headers["Authorization"]
    assert http.get(http.base + "/v1/sandbox/cards").status_code == 401
"""


def test_the_monitor_sees_requests_to_the_sandbox_itself(pytester: pytest.Pytester):
    """An adapter or a server that is given the sandbox is watched as ``cards.url`` is."""
    pytester.makepyfile(AROUND)
    pytester.runpytest_inprocess().assert_outcomes(passed=4)
    result = pytester.runpytest_inprocess("--cards-fault", "result-shows-other-user")
    result.assert_outcomes(passed=2, failed=2)


def test_what_a_replay_will_lack_is_named_while_it_is_recorded(pytester: pytest.Pytester):
    """The requests are recorded, and a warning says that the sandbox itself will be missing."""
    pytester.makepyfile(AROUND)
    result = pytester.runpytest_inprocess("--cards-cassettes", "record", "-W", "always")
    result.assert_outcomes(passed=4, warnings=4)
    result.stdout.fnmatch_lines(["*a replay of this test will fail, as it has no cards.sandbox*"])
    recordings = [path.read_text("utf-8") for path in pytester.path.rglob("test_app*.json")]
    assert len(recordings) == 2
    assert all("/v1/sandbox/cards/cancel?userId=customer-1" in text for text in recordings)
    pytester.runpytest_inprocess("--cards-cassettes", "replay").assert_outcomes(errors=4)


def test_nothing_is_said_where_nothing_is_recorded(pytester: pytest.Pytester):
    """A test without a cassette may use all of the sandbox."""
    pytester.makepyfile(
        """
        import pytest

        def test_plain(cards):
            cards.environment.seed([{"user_id": "customer-1"}])

        @pytest.mark.cards_cassettes("off")
        def test_off(cards):
            cards.environment.seed([{"user_id": "customer-1"}])
        """
    )
    pytester.runpytest_inprocess("-k", "plain", "-W", "error").assert_outcomes(
        passed=1, deselected=1
    )
    arguments = ("-k", "off", "-W", "error", "--cards-cassettes", "record")
    pytester.runpytest_inprocess(*arguments).assert_outcomes(passed=1, deselected=1)


def test_controls_are_replayed(pytester: pytest.Pytester):
    """Steering through ``cards.controls`` is part of the recording, without a warning."""
    pytester.makepyfile(
        """
        from datetime import timedelta
        from pytest_atomic_cards import Status

        def test_app(cards):
            card = cards.seed(expires=timedelta(days=1))
            cards.pass_time(timedelta(days=2))
            assert cards.controls.state(card.id) is Status.EXPIRED
        """
    )
    for mode in ("record", "replay"):
        result = pytester.runpytest_inprocess("--cards-cassettes", mode, "-W", "error")
        result.assert_outcomes(passed=1)
