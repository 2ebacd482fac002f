"""The monitor in the tests of a project."""

from __future__ import annotations

import sys

import pytest
from contract_runs import OWN

SOURCE = """
import pytest

def look(cards):
    cards.seed(user_id="customer-1")
    cards.seed(user_id="customer-2")
    cards.list(user_id="customer-1")

def test_app(cards):
    look(cards)
"""
FAULT = ("--cards-fault", "list-ignores-userId")


def test_a_violation_fails_the_test_that_met_it(pytester: pytest.Pytester) -> None:
    """A test that passes by itself fails with requirement, source, difference and command."""
    pytester.makepyfile(SOURCE + "\ndef test_other(cards):\n    cards.seed(user_id='customer-1')\n")
    result = pytester.runpytest_inprocess(*FAULT)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "QUERY-06 (documented) violated",
            "  Listing by userId returns every active card of that customer and no other card.",
            "  source:    Cards API page › Query attributes “*” (https:*); * › Retrieving cards “*",
            "  expected:  only cards with userId=customer-1",
            "  actual:    card * has userId=customer-2",
            "  response:  HTTP 200 *",
            "  reproduce: curl *cards?userId=customer-1* $ATOMIC_TOKEN*",
            "Seen by the monitor*--cards-monitor off*",
        ]
    )


def test_no_violation_no_failure(pytester: pytest.Pytester) -> None:
    """On a target that keeps to the contract the monitor is not noticed."""
    pytester.makepyfile(SOURCE)
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*monitor*")


def test_faults_of_the_network_are_not_the_targets(pytester: pytest.Pytester) -> None:
    """An answer that a test's own network fault made up violates nothing."""
    pytester.makepyfile(
        """
        import pytest
        from pytest_atomic_cards import AtomicCardsError

        def test_app(cards):
            cards.faults.inject("error-after-write", times=9)
            for _ in range(3):
                with pytest.raises(AtomicCardsError):
                    cards.list(user_id="customer-1")
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_an_error_of_the_test_goes_before(pytester: pytest.Pytester) -> None:
    """A failure of the test itself is reported as such, and leaves nothing to the next."""
    pytester.makepyfile(
        SOURCE.replace("look(cards)\n", "look(cards)\n    raise KeyError('mine')\n")
        + "\ndef test_next(cards):\n    cards.list()\n"
    )
    result = pytester.runpytest_inprocess(*FAULT)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*KeyError: 'mine'"])
    result.stdout.no_fnmatch_line("*QUERY-06*")


@pytest.mark.parametrize("how", ["option", "environment", "ini", "mark"])
def test_it_is_turned_off_in_one_line(
    how: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a run by option, environment or ini file; for a test by a mark."""
    source, arguments = SOURCE, FAULT
    if how == "option":
        arguments = (*FAULT, "--cards-monitor", "off")
    elif how == "environment":
        monkeypatch.setenv("ATOMIC_CARDS_MONITOR", "off")
    elif how == "ini":
        pytester.makeini("[pytest]\natomic_cards_monitor = off\n")
    else:
        source = SOURCE.replace("def test_", '@pytest.mark.cards_monitor("off")\ndef test_')
    pytester.makepyfile(source)
    pytester.runpytest_inprocess("--strict-markers", *arguments).assert_outcomes(passed=1)


def test_an_unknown_setting_is_refused(pytester: pytest.Pytester) -> None:
    """Anything but on and off is an error before the first test."""
    result = pytester.runpytest_inprocess("--cards-monitor", "loud")
    result.stderr.fnmatch_lines(["*--cards-monitor must be one of on, off, not 'loud'"])


def test_an_inferred_violation_fails_no_test(pytester: pytest.Pytester) -> None:
    """What is only inferred is left to the contract suite."""
    pytester.makepyfile(SOURCE)
    result = pytester.runpytest_inprocess("--cards-fault", "timestamps-with-space")
    result.assert_outcomes(passed=1)


def test_each_world_is_a_history_of_its_own(pytester: pytest.Pytester) -> None:
    """Cards of two worlds that have the same ids are not taken for one card."""
    pytester.makepyfile(
        """
        from pytest_atomic_cards import Status, world_on

        def test_worlds(cards_target):
            ids = {"card_instance_id": "c1", "lifecycle_id": "l1", "user_id": "u1"}
            for status in (Status.DISMISSED, Status.COMPLETED):
                with world_on(cards_target) as world:
                    world.environment.seed([ids | {"status": status}])
                    assert [card.status for card in world.list()] == [status]
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


@pytest.mark.usefixtures("own_plugins")
def test_it_works_in_workers(pytester: pytest.Pytester) -> None:
    """Under xdist each worker watches its own tests."""
    pytester.makepyfile(SOURCE + "\ndef test_again(cards):\n    look(cards)\n")
    result = pytester.runpytest_inprocess(*OWN, *FAULT, "-n", "2")
    result.assert_outcomes(failed=2)


def test_nothing_of_it_is_imported_where_no_fixture_is_used(pytester: pytest.Pytester) -> None:
    """A run without the fixtures imports no rule, and registers no hook."""
    pytester.makepyfile(
        """
        import sys

        def test_plain(pytestconfig):
            assert not pytestconfig.pluginmanager.has_plugin("atomic-cards-monitor")
            assert not [name for name in sys.modules if "atomic_cards.verification" in name]
            assert "pytest_atomic_cards.plugin.monitor_plugin" not in sys.modules
        """
    )
    result = pytester.run(sys.executable, "-m", "pytest", "-q")
    assert result.ret == 0, result.stdout.str()


def test_the_contract_suite_has_its_own_monitor(pytester: pytest.Pytester) -> None:
    """A violation in the exchanges of a contract is reported as a finding of the suite."""
    pytester.makeconftest("from pytest_atomic_cards.contracts.conftest import *")
    pytester.makepyfile(
        """
        from pytest_atomic_cards.suite.running.contract_plugin import requirement

        @requirement("SHAPE-01")
        def test_contract(cards, pytestconfig):
            cards.seed(user_id="customer-1"), cards.seed(user_id="customer-2")
            cards.list(user_id="customer-1")
            assert not pytestconfig.pluginmanager.has_plugin("atomic-cards-monitor")
        """
    )
    result = pytester.runpytest_inprocess(*FAULT)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["QUERY-06 (documented) violated", "  contract:  test_contract"])
    result.stdout.no_fnmatch_line("Seen by the monitor*")
