"""Cleaning up at the end of a user's run of pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_atomic_cards.model.lifecycle import Status

if TYPE_CHECKING:
    from live_sandbox import LiveSandbox, Serve


USERS_TESTS = """
    import signal
    import pytest
    from datetime import timedelta

    def test_that_passes(cards):
        cards.seed()

    def test_that_fails(cards):
        cards.seed(embargo=timedelta(hours=1))
        assert False, "the user's own failure"

    def test_that_is_interrupted(cards):
        cards.seed()
        cards.seed()
        signal.raise_signal(signal.SIGINT)

    def test_that_is_never_reached(cards):
        cards.seed()
"""


def test_a_failing_test_is_cleaned_up(
    serve: Serve, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cards of passing and failing tests are cancelled, and the failure is the user's own."""
    live = serve()
    live.be_the_target(monkeypatch)
    pytester.makepyfile(USERS_TESTS)
    result = pytester.runpytest_inprocess("-k", "passes or fails")
    result.assert_outcomes(passed=1, failed=1, deselected=2)
    result.stdout.fnmatch_lines(["*the user's own failure*"])
    assert statuses(live) == [Status.CANCELLED] * 2


def test_ctrl_c_is_cleaned_up(
    serve: Serve, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is interrupted in the middle of a test cancels what that test seeded."""
    live = serve()
    live.be_the_target(monkeypatch)
    pytester.makepyfile(USERS_TESTS)
    result = pytester.runpytest_subprocess("-p", "no:schemathesis", "-k", "interrupted or never")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert statuses(live) == [Status.CANCELLED] * 2


def test_cards_left_open_fail_the_test(
    serve: Serve, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test whose cards cannot be cancelled ends with an error that says so."""
    live = serve(faults=["cancel-without-effect"])
    live.be_the_target(monkeypatch)
    pytester.makepyfile(
        """
        from pytest_atomic_cards.model.card_spec import Population

        def test_two_cards(cards):
            cards.seed_all(Population.of(2))
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*SeedingError: seeded cards may be left open: *status=active*"])


def statuses(live: LiveSandbox) -> list[Any]:
    """The true states of all cards."""
    return [record.status for record in live.environment.cards()]


def test_the_sandbox_needs_no_cleaning(pytester: pytest.Pytester) -> None:
    """On the embedded sandbox nothing is cancelled: each world vanishes with its test."""
    pytester.makepyfile(
        """
        import pytest
        from pytest_atomic_cards.model.lifecycle import Status

        @pytest.fixture
        def look_afterwards(request):
            seen = {}
            yield seen
            assert [card.status for card in seen["environment"].cards()] == [Status.ACTIVE]

        def test_seeds(look_afterwards, cards):
            cards.seed()
            look_afterwards["environment"] = cards.environment
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)
