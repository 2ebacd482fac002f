"""How fast recordings are audited, in what memory, and what the monitor costs a test."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.plugin.monitor_plugin import MonitorPlugin
from pytest_atomic_cards.recordings.audit.auditor import audit
from pytest_atomic_cards.targets import SandboxTarget

pytestmark = pytest.mark.benchmark

_BATCH = 500
_ROUNDS = 40
_PARSES = 6
_LOOKS = 10
_AUDIT_AGAINST_JSON = 6.0
_MEMORY_GROWTH = 1.15
_WATCHED_AGAINST_PLAIN = 1.75
_MEASURE = """
import resource, sys
from pathlib import Path
from pytest_atomic_cards.recordings.audit.auditor import audit
done = audit([Path(sys.argv[1])])
print(done.counts[0].judged, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def _templates() -> tuple[list[str], str]:
    """Lines of a listing of one card, of its completion, and what is its own in its ids."""
    world = SandboxTarget(Settings()).open_world()
    exchanges: list[Exchange] = []
    world.api.session.listeners.append(exchanges.append)
    card = world.seed(user_id="customer-1")
    world.complete(card, {"size": "L"})
    world.get(card)
    own = (card.card_instance_id or "").removeprefix("card-")
    return [json.dumps(one.as_dict()) for one in exchanges], own


def _write(path: Path, count: int) -> None:
    """A recording of so many exchanges about a third as many cards, each with ids of its own."""
    templates, own = _templates()
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            template = templates[number % len(templates)]
            file.write(template.replace(own, f"{number // len(templates):012x}") + "\n")


def _best(*works: Callable[[], object]) -> list[float]:
    """The least time that each work takes: that of a moment without other processes.

    They take turns, so that all meet the same moments.
    """
    least = [math.inf] * len(works)
    for _ in range(_ROUNDS):
        for place, work in enumerate(works):
            began = time.perf_counter()
            work()
            least[place] = min(least[place], time.perf_counter() - began)
    return least


def test_an_audit_takes_a_few_times_as_long_as_reading_the_json(tmp_path: Path) -> None:
    """Judging an exchange by all rules, and looking for secrets, costs a few ``json.loads``."""
    path = tmp_path / "recording.jsonl"
    _write(path, _BATCH)

    def parse() -> None:
        for _ in range(_PARSES):  # so that both take about as long, and meet as many interruptions
            with path.open(encoding="utf-8") as file:
                for line in file:
                    json.loads(line)

    parses, audited = _best(parse, lambda: audit([path]))
    parsed = parses / _PARSES
    print(  # noqa: T201 - the numbers are what a benchmark is for
        f"\n{path.stat().st_size / _BATCH:.0f} bytes a line; json.loads "
        f"{parsed / _BATCH * 1e6:.1f} µs, audit {audited / _BATCH * 1e6:.1f} µs "
        f"({audited / parsed:.1f} times), {_BATCH / audited:,.0f} exchanges a second"
    )
    assert audited < _AUDIT_AGAINST_JSON * parsed


def test_memory_stays_flat(tmp_path: Path) -> None:
    """A recording ten times as long is audited in the same memory."""
    peaks = []
    for count in (100_000, 1_000_000):
        path = tmp_path / "recording.jsonl"
        _write(path, count)
        began = time.perf_counter()
        done = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", _MEASURE, str(path)], capture_output=True, text=True, check=True
        )
        judged, peak = map(int, done.stdout.split())
        assert judged == count
        peaks.append(peak)
        print(  # noqa: T201
            f"\n{count:,} exchanges, {path.stat().st_size / 1e6:,.0f} MB: peak "
            f"{peak / 1024:.0f} MB, {time.perf_counter() - began:.0f} s"
        )
    assert peaks[1] < _MEMORY_GROWTH * peaks[0]


def test_the_monitor_costs_a_fraction_of_an_exchange() -> None:
    """A listing of one card from the embedded sandbox takes little longer when it is watched."""

    def listing(target: SandboxTarget, watch: MonitorPlugin | None) -> float:
        world = (watch.over(target) if watch else target).open_world()
        card = world.seed(user_id="customer-1")

        def look() -> None:
            for _ in range(_LOOKS):
                assert world.list(user_id=card.user_id or "")[0].status is Status.ACTIVE

        return _best(look)[0] / _LOOKS

    plain = listing(SandboxTarget(Settings()), None)
    watched = listing(SandboxTarget(Settings()), MonitorPlugin())
    print(  # noqa: T201
        f"\nexchange {plain * 1e6:.0f} µs, watched {watched * 1e6:.0f} µs "
        f"({watched / plain:.2f} times)"
    )
    assert watched < _WATCHED_AGAINST_PLAIN * plain
