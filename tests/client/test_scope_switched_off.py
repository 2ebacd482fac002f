"""The guard is switched off for some calls, with a warning, and comes back."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
from client_doubles import Reply, Target, session
from test_client_scope import CANCEL

from pytest_atomic_cards.client import CardsApi, Scope, ScopeWarning
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.errors import MisuseError, ScopeError


def test_the_guard_can_be_switched_off_loudly() -> None:
    """Inside ``unguarded`` an action passes, a warning has the reason, and afterwards it ends."""
    scope = Scope()
    reason = "clean-up of a scratch environment"
    with pytest.warns(ScopeWarning, match=reason) as caught, scope.unguarded(reason):
        scope.check("PUT", f"{CANCEL}?multiple=1")
    assert caught[0].filename == __file__
    with pytest.raises(ScopeError):
        scope.check("PUT", f"{CANCEL}?multiple=1")


@pytest.mark.parametrize("guard", [None, Scope()])
def test_the_client_can_switch_it_off_for_some_calls(guard: Scope | None) -> None:
    """``CardsApi.unguarded`` lets the calls inside it through, as loudly without any guard."""
    target = Target(Reply(body={"data": [], "summary": {"total": 0, "updated": 0}}))
    api = CardsApi(session(target, guard=guard), "env")
    everyone = CardQuery(user_id="ann", multiple=True)
    reason = "a scratch environment"
    with pytest.warns(ScopeWarning, match=reason) as caught, api.unguarded(reason):
        api.cancel(everyone)
    assert caught[0].filename == __file__
    assert len(target.requests) == 1
    if guard:
        with pytest.raises(ScopeError):
            api.cancel(everyone)


def test_the_guard_comes_back_after_an_error() -> None:
    """An exception inside ``unguarded`` switches the guard on again."""
    scope = Scope()
    with pytest.warns(ScopeWarning), pytest.raises(RuntimeError), scope.unguarded("a test"):
        raise RuntimeError
    with pytest.raises(ScopeError):
        scope.check("PUT", f"{CANCEL}?multiple=1")


def test_the_guard_stays_on_for_other_threads() -> None:
    """Switching it off in one thread does not let another one through."""
    scope = Scope()
    with ThreadPoolExecutor(1) as pool, pytest.warns(ScopeWarning), scope.unguarded("a test"):
        other = pool.submit(scope.check, "PUT", f"{CANCEL}?multiple=1")
    with pytest.raises(ScopeError):
        other.result()


def test_where_warnings_are_errors_the_guard_stays_on() -> None:
    """A run that forbids warnings cannot switch the guard off."""
    scope = Scope()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ScopeWarning), scope.unguarded("a test"):
            pytest.fail("the body must not run")
    with pytest.raises(ScopeError):
        scope.check("PUT", CANCEL)


@pytest.mark.parametrize("reason", ["", "  "])
def test_switching_off_needs_a_reason(reason: str) -> None:
    """Without a reason the guard stays on."""
    with pytest.raises(MisuseError), Scope().unguarded(reason):
        pytest.fail("the body must not run")
