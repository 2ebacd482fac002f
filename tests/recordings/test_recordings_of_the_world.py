"""Recordings as tools of the world write them: every violation is found, and none that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from audits import audited, verdicts
from manners import MANNERS
from planted import FAULTS, planted, traffic_of_a_day
from traffic import violated

from pytest_atomic_cards.rules.verdicts import Verdict

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("manner", MANNERS)
def test_ordinary_traffic_violates_nothing(manner: str, tmp_path: Path) -> None:
    """However a tool writes it down, every exchange is judged, and nothing is violated."""
    exchanges = list(traffic_of_a_day())
    done = audited(exchanges, tmp_path, manner)
    assert done.judged == len(exchanges)
    assert verdicts(done) == set()
    assert {one.requirement for one in done.findings() if one.verdict is Verdict.HELD} >= {
        "SHAPE-01",
        "QUERY-03",
        "QUERY-06",
    }


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_violation_is_found_however_it_is_written_down(
    fault: str, tmp_path: Path
) -> None:
    """What the monitor sees in the traffic, the audit sees in every recording of it."""
    exchanges = planted(traffic_of_a_day(), fault)
    expected = set(violated(exchanges))
    assert expected
    found = {manner: verdicts(audited(exchanges, tmp_path, manner)) for manner in MANNERS}
    assert found == dict.fromkeys(MANNERS, expected)
