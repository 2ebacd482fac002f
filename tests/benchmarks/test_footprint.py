"""What live runs take: cards and requests are asserted, and their wall time is shown."""

from __future__ import annotations

import json
import os
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command_line import COMMAND

if TYPE_CHECKING:
    from live_sandbox import LiveSandbox, Serve

pytestmark = pytest.mark.benchmark

_LIMITS = {"quick": (100, 290), "default": (1_700, 1_500)}
"""Most cards and requests at each effort; 1,207 cards are for the two largest cancels."""
_LEAST_HELD = {"quick": 41, "default": 56}
"""Documented requirements that are decided at each effort."""
_LATENCY = 0.1
"""Seconds that each response of a slow target takes."""


def check(live: LiveSandbox, effort: str, directory: Path) -> tuple[int, float]:
    """Run the suite on a served sandbox; its exit code and seconds."""
    begun = time.monotonic()
    arguments = ["check", "--cards-effort", effort, "--cards-report", str(directory)]
    done = subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, *arguments],
        env=os.environ | live.environ,
        check=False,
    )
    return done.returncode, time.monotonic() - begun


@pytest.mark.parametrize("delay", [0.0, _LATENCY])
@pytest.mark.parametrize("effort", list(_LIMITS))
def test_a_live_run_is_affordable(  # noqa: PLR0917 - fixtures
    effort: str,
    delay: float,
    serve: Serve,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A conformant target gets no more cards and requests than the effort allows."""
    seconds = 1.0 if delay else 0.05
    live = serve(creation_delay=timedelta(seconds=seconds))
    kind = type(live.sandbox)
    respond = kind.__call__

    def late(*arguments: object) -> object:
        time.sleep(delay)
        return respond(*arguments)

    monkeypatch.setattr(kind, "__call__", late)
    code, wall = check(live, effort, tmp_path)
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    footprint = report["footprint"]["actual"]
    held = sum(
        rule["level"] == "documented" and rule["verdict"] == "held" for rule in report["rules"]
    )
    in_a_row = delay * footprint["requests"] / wall
    with capsys.disabled():
        print(  # noqa: T201 - the numbers are what a benchmark is for
            f"\n{effort} at {1000 * delay:.0f} ms: {wall:.0f} s, {footprint}, {held} held; "
            f"requests in a row would wait for their responses {in_a_row:.1f} times as long"
        )
    cards, requests = _LIMITS[effort]
    assert code == 0
    assert footprint["cards"] == len(live.environment.cards()) <= cards
    assert footprint["requests"] <= requests
    assert held >= _LEAST_HELD[effort]
