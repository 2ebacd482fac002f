"""Recipes are to be read and copied: what only makes them fast is here."""

from __future__ import annotations

import pytest

WAITING = frozenset({"test_recipe_network", "test_recipe_wrong_api"})
"""Modules in which applications wait for cards."""


@pytest.fixture(autouse=True)
def _at_once(request: pytest.FixtureRequest) -> None:
    """Where a recipe waits, the time flies."""
    if request.module.__name__ in WAITING:
        request.getfixturevalue("time_flies")
