"""Pytest hooks for observations: one test for each question, and its report."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.profiling.observation import Observation, failure
from pytest_atomic_cards.suite.running.result_hooks import ResultHooks

MARKER: Final = "question"
SEEN: Final = pytest.StashKey[Observation]()
"""Where the test of a question stores its observation."""


def arrange_questions(config: pytest.Config, items: list[pytest.Item], settings: Settings) -> None:
    """Put observations last, and deselect them if the run is about requirements or a fault.

    Some request another token, which a target may rate-limit; some let time pass.

    Args:
        config: Is notified of deselected tests.
        items: All collected tests; the observations among them are put last.
        settings: With ``only`` or ``fault`` nothing is observed.
    """
    questions = [item for item in items if item.get_closest_marker(MARKER)]
    items[:] = [item for item in items if not item.get_closest_marker(MARKER)]
    if settings.only or settings.fault:
        config.hook.pytest_deselected(items=questions)
    else:
        items += questions


class ObservationHooks(ResultHooks[Observation]):
    """Attaches observations to test reports, in the process that runs the tests."""

    marker = MARKER

    def result(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Observation | None:
        """The observation of a phase; an error before the question is asked fails the run."""
        error = call.excinfo.value if call.excinfo else None
        if error is None:
            return item.stash[SEEN] if call.when == "call" else None
        marker = item.get_closest_marker(MARKER)
        if marker is None or not isinstance(error, Exception):
            return None
        observation = failure(marker.args[0], error)
        if call.when == "call" or observation.verdict is Verdict.NOT_EXERCISED:
            return observation
        return replace(observation, fails=True)

    def fails(self, result: Observation) -> bool:
        """Whether an observation fails the run."""
        return result.fails
