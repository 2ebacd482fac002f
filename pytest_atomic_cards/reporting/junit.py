"""Adds to junit.xml what pytest does not know: the causes of a run, and names that stay the same.

pytest names the class of a test after the path of its file, which for an installed suite holds that
of the environment; a CI server would take each environment for new tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

import pytest
from _pytest.junitxml import LogXML, xml_key  # the fixtures that use it need a test

from pytest_atomic_cards.reporting.causes import Cause
from pytest_atomic_cards.reporting.requirement_results import ids_of
from pytest_atomic_cards.suite.running.suite_runner import SUITE
from pytest_atomic_cards.support.printable import printable

_DIRECTORY: Final = SUITE.rpartition(".")[2]


def name_case(config: pytest.Config, report: pytest.TestReport) -> None:
    """Name the class of a contract after the suite, wherever that is installed."""
    xml = _xml_of(config)
    path = PurePosixPath(report.nodeid.partition("::")[0])
    if xml and path.parent.name == _DIRECTORY:
        xml.node_reporter(report).add_attribute("classname", f"{SUITE}.{path.stem}")


def add_causes(config: pytest.Config, found: Iterable[Cause]) -> None:
    """Add the causes of a run as properties of its test suite, the first to mend first."""
    xml = _xml_of(config)
    if xml is None:
        return
    for number, cause in enumerate(found, 1):
        finding = cause.first.findings[0]
        text = f"{ids_of(cause.roots)} {finding.verdict}: {finding.actual or finding.reason}"
        if cause.dependants:
            text += f"; depend on it: {ids_of(cause.dependants)}"
        xml.add_global_property(f"cause {number}", printable(text))


def _xml_of(config: pytest.Config) -> LogXML | None:
    return config.stash.get(xml_key, None)
