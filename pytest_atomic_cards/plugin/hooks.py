"""Hooks that a project may implement in its ``conftest.py``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_atomic_cards.model.card_spec import CardSpec


@pytest.hookspec(firstresult=True)
def pytest_atomic_cards_seed(
    cards: Sequence[CardSpec], flow_invocation_id: str, environment_id: str, config: pytest.Config
) -> str | None:
    """Create cards on the target, with ``ATOMIC_CARDS_SEEDING=hook``.

    The cards must be listed by the Cards API within ``ATOMIC_CARDS_SEED_TIMEOUT`` seconds, each for
    the customer in ``user_id``, and all with the same ``flowInvocationId``. They are active, or
    embargoed for the time in ``embargo``; ``expires`` is the time after which they expire. Raise
    :class:`~pytest_atomic_cards.NotAvailableError` for what the back end cannot create.

    An implementation may leave out parameters that it does not need.

    Args:
        cards: What to create, one card each.
        flow_invocation_id: The invocation that the cards should have.
        environment_id: The environment of the target.
        config: The pytest configuration.

    Returns:
        The ``flowInvocationId`` of the cards: the given one, unless the back end chooses its own.
    """
