"""Observing as pytest sees it: a test for each question, and what its report says."""

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
"""Where a test of a question leaves what it saw."""


def arrange_questions(config: pytest.Config, items: list[pytest.Item], settings: Settings) -> None:
    """Put observations last, and deselect them where they are not asked for or tell nothing.

    Some take a token more, and token requests may be limited; some let time pass.

    Args:
        config: Hears of what is deselected.
        items: All collected tests; observations among them are selected and put last.
        settings: With ``only`` or ``fault`` nothing is observed.
    """
    questions = [item for item in items if item.get_closest_marker(MARKER)]
    items[:] = [item for item in items if not item.get_closest_marker(MARKER)]
    if settings.only or settings.fault:
        config.hook.pytest_deselected(items=questions)
    else:
        items += questions


class ObservationHooks:
    """Turns outcomes of observations into what reports carry, in the process that runs them."""

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
    """What a phase of a test saw; ``None`` where it was not about seeing.

    That the scene could not be opened, or not be left as it was found, fails the run.
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
