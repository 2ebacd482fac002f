"""Fixtures of the sandbox's own tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sandbox_api import Api

from pytest_atomic_cards.model.profile import Profile
from pytest_atomic_cards.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def new_api() -> Iterator[Callable[..., Api]]:
    """Creates logged-in callers of sandboxes, from keywords of Sandbox and of Profile."""
    made: list[Sandbox] = []
    own = {"faults", "db", "creation_delay", "clock", "token_lifetime", "token_rate_limit"}

    def make(**settings: Any) -> Api:  # noqa: ANN401
        answers = {name: settings.pop(name) for name in settings.keys() - own}
        sandbox = Sandbox(Profile(**answers), **settings)
        made.append(sandbox)
        api = Api(sandbox)
        api.log_in()
        return api

    yield make
    for sandbox in made:
        sandbox.close()


@pytest.fixture
def api(new_api: Callable[..., Api]) -> Api:
    """A logged-in caller of a new sandbox with the default profile."""
    return new_api()
