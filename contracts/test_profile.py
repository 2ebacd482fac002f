"""The profile: how this target behaves where the documentation leaves a question open.

No answer is wrong. If a profile is pinned (``--cards-profile``), an answer that differs from it is
drift, and fails.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress

import pytest

from pytest_atomic_cards.model.profile import QUESTIONS, read_answers
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.profiling import WAITING, ProfilingContext
from pytest_atomic_cards.suite.profiling.observation import observe
from pytest_atomic_cards.suite.profiling.profiling_plugin import MARKER, SEEN
from pytest_atomic_cards.suite.profiling.timers import Timers
from pytest_atomic_cards.support.errors import AtomicCardsError
from pytest_atomic_cards.targets import Target

LAST = sorted(QUESTIONS, key=WAITING.__contains__)


@pytest.fixture(scope="module")
def context(probe: Probe, cards_target: Target) -> Iterator[ProfilingContext]:
    """A separate environment to observe in; on a live target its timers start now.

    Cards that cannot be cancelled at the end may be legal behaviour, so they only cause a warning.
    """
    cards = cards_target.open_world()
    context = ProfilingContext(cards, cards_target.settings)
    cards.seeder.learn_from(probe.cards.seeder)
    try:
        if context.is_live:
            with suppress(AtomicCardsError):
                context.once(Timers)
        yield context
    finally:
        context.close()
        for left in cards.clean_up().left_open:
            warnings.warn(f"seeded cards may be left open: {left}", stacklevel=1)


@pytest.fixture(scope="module")
def pinned(cards_settings: Settings) -> Mapping[str, str]:
    """The pinned answers."""
    return read_answers(cards_settings.profile) if cards_settings.profile else {}


@pytest.mark.parametrize(
    "question",
    [pytest.param(name, marks=getattr(pytest.mark, MARKER)(name)) for name in LAST],
)
def test_question(
    question: str,
    context: ProfilingContext,
    pinned: Mapping[str, str],
    request: pytest.FixtureRequest,
) -> None:
    """The target's answer is recorded, and compared with the pinned one if there is one."""
    request.node.stash[SEEN] = observe(question, context, pinned.get(question))
