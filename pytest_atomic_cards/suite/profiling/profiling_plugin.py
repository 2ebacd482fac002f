"""Pytest hooks for observations: one test for each question, and its report."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Generator
from typing import Final

import pytest

from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.profiling.observation import Observation, explain, failure

MARKER: Final = "question"
PROPERTY: Final = "atomic_cards_observation"
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


class ObservationHooks:
    """Attaches observations to test reports, in the process that runs the tests."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach an observation to its report, and let it decide the outcome."""
        report = yield
        marker = item.get_closest_marker(MARKER)
        if marker is None:
            return report
        observation = _observation(marker.args[0], item, call)
        if observation is None:
            return report
        item.user_properties += [
            ("question", observation.question),
            ("observed", observation.shown),
            ("verdict", observation.verdict.value),
        ]
        setattr(report, PROPERTY, json.dumps(dataclasses.asdict(observation)))
        if observation.fails:
            report.outcome = "failed"
            report.longrepr = explain(observation)
        elif observation.verdict is Verdict.NOT_EXERCISED:
            report.outcome = "skipped"
            place = (str(item.path), item.location[1] or 0)
            report.longrepr = (*place, f"Skipped: {observation.reason}")
        elif observation.verdict is Verdict.INCONCLUSIVE:
            report.outcome = "skipped"
            report.wasxfail = f"{observation.verdict} (observed): {observation.reason}"
        return report


def _observation(
    question: str, item: pytest.Item, call: pytest.CallInfo[None]
) -> Observation | None:
    """The observation of a test phase; ``None`` if the phase made none.

    An error in setup or teardown of the scene fails the run.
    """
    error = call.excinfo.value if call.excinfo else None
    if error is None:
        return item.stash[SEEN] if call.when == "call" else None
    if not isinstance(error, Exception):
        return None
    observation = failure(question, error)
    return observation if call.when == "call" else dataclasses.replace(observation, fails=True)


def observation_in(report: pytest.TestReport) -> Observation | None:
    """The observation that a report carries, from this process or another."""
    text = getattr(report, PROPERTY, None)
    if text is None:
        return None
    values = json.loads(text)
    return Observation(**values | {"verdict": Verdict(values["verdict"])})
