"""The fixtures in projects of users."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from contract_runs import OWN

from pytest_atomic_cards.model.lifecycle import Status

if TYPE_CHECKING:
    from live_sandbox import Serve


def test_the_example_of_the_readme(pytester: pytest.Pytester) -> None:
    """An application that cancels a card through the API is tested as the README shows it."""
    pytester.makepyfile(
        my_app="""
            import requests

            from pytest_atomic_cards import SandboxAdapter

            class MyApp:
                def __init__(self, sandbox):
                    credential = sandbox.default.create_credential()
                    self.http = requests.Session()
                    self.http.mount("https://cards.test", SandboxAdapter(sandbox))
                    token = self.http.post(
                        f"https://cards.test{sandbox.token_path}",
                        params={"grant_type": "client_credentials"},
                        auth=(credential.client_id, credential.client_secret),
                    ).json()["access_token"]
                    self.http.headers["Authorization"] = f"Bearer {token}"

                def settle_claim(self, customer):
                    self.http.put(
                        "https://cards.test/v1/sandbox/cards/cancel",
                        params={"userId": customer, "cardTemplateId": "claim-reminder"},
                    ).raise_for_status()
        """,
        conftest="""
            import pytest
            from my_app import MyApp

            @pytest.fixture
            def my_app(cards_sandbox):
                return MyApp(cards_sandbox)
        """,
        test_claims="""
            from pytest_atomic_cards import Status

            def test_claim_reminder_is_cancelled(cards, my_app):
                reminder = cards.seed(user_id="customer-1", card_template_id="claim-reminder")
                other = cards.seed(user_id="customer-1", card_template_id="newsletter")

                my_app.settle_claim("customer-1")

                assert cards.get(reminder).status is Status.CANCELLED
                assert cards.get(other).status is Status.ACTIVE

            def test_a_reminder_that_is_not_cancelled(cards, my_app):
                reminder = cards.seed(user_id="customer-1", card_template_id="claim-reminder")

                my_app.settle_claim("customer-2")

                assert cards.get(reminder).status is Status.CANCELLED
        """,
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*<Status.ACTIVE: 'active'> is <Status.CANCELLED: *"])


def test_each_test_has_a_world_of_its_own(pytester: pytest.Pytester) -> None:
    """What one test seeds no other test sees; within a test all fixtures are of one world."""
    pytester.makepyfile(
        """
        import pytest

        sandboxes = []

        @pytest.mark.parametrize("time", [1, 2])
        def test_world(time, cards, cards_api, cards_sandbox, cards_target, cards_settings):
            assert cards.list() == []
            cards.seed(user_id="customer-1")
            assert len(cards_api.list()) == len(cards_sandbox.default.cards()) == 1
            assert cards_api is cards.api
            assert cards_sandbox is cards.sandbox
            assert cards_sandbox not in sandboxes
            sandboxes.append(cards_sandbox)
            assert cards_target.open_world().list() == []
            assert cards_settings.target == "sandbox"
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=2)


def test_a_generated_test_opens_worlds_itself(pytester: pytest.Pytester) -> None:
    """A property test takes the session's target and opens a fresh world for each example."""
    pytester.makepyfile(
        """
        from hypothesis import given, settings

        from pytest_atomic_cards import strategies, world_on

        @settings(max_examples=5, deadline=None, database=None)
        @given(payload=strategies.payloads())
        def test_completion(cards_target, payload):
            with world_on(cards_target) as cards:
                assert cards.list() == []
                cards.complete(cards.seed(), payload)
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_the_settings_are_frozen(pytester: pytest.Pytester) -> None:
    """A test cannot change the settings of the run for others."""
    pytester.makepyfile(
        """
        import dataclasses
        import pytest

        def test_frozen(cards_settings):
            with pytest.raises(dataclasses.FrozenInstanceError):
                cards_settings.strict = True
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_the_fixtures_work_on_a_live_target(
    pytester: pytest.Pytester, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a live target the same tests run on seeded cards; what needs the sandbox is skipped."""
    live = serve()
    live.environment.seed([{"user_id": "stranger"}])
    live.be_the_target(monkeypatch)
    pytester.makepyfile(
        """
        import pytest
        from pytest_atomic_cards import CardQuery, Population, ScopeError, Status

        def test_completing(cards):
            card, other = cards.seed_all(Population.of(2))
            cards.complete(card, {"quantity": 2})
            assert cards.get(card).status is Status.COMPLETED
            assert cards.get(other).status is Status.ACTIVE

        def test_strangers(cards_api):
            assert cards_api.list(CardQuery(user_id="stranger"))
            with pytest.raises(ScopeError):
                cards_api.cancel(CardQuery(user_id="stranger"))

        def test_steering(cards_sandbox):
            raise AssertionError("never reached")
        """
    )
    result = pytester.runpytest_inprocess("-rs")
    result.assert_outcomes(passed=2, skipped=1)
    result.stdout.fnmatch_lines(["*SKIPPED*a live target cannot be steered as the sandbox can*"])
    assert sorted(record.status for record in live.environment.cards()) == [
        Status.ACTIVE,
        Status.CANCELLED,
        Status.COMPLETED,
    ]
    assert live.count("POST /oauth2/token") == 1


@pytest.mark.usefixtures("own_plugins")
def test_workers_share_a_token_and_nothing_else(
    pytester: pytest.Pytester, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under xdist one token serves all workers, and each test still has a world of its own."""
    live = serve()
    live.be_the_target(monkeypatch)
    pytester.makepyfile(
        """
        import os
        import pytest

        @pytest.mark.parametrize("number", range(8))
        def test_world(number, cards, record_property):
            first, second = cards.seed(), cards.seed()
            cards.dismiss(first)
            assert cards.clean_up().invocations == 2
            open(f"{os.environ['PYTEST_XDIST_WORKER']}.used", "w").close()
        """
    )
    result = pytester.runpytest_subprocess(*OWN, "-n", "2")
    result.assert_outcomes(passed=8)
    assert {path.name for path in pytester.path.glob("*.used")} == {"gw0.used", "gw1.used"}
    assert live.count("POST /oauth2/token") == 1
    assert len(live.environment.cards()) == 16
    assert not live.open_cards
