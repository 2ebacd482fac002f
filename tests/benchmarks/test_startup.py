"""What the plugin adds to the start of pytest where it is installed and not used."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytestmark = pytest.mark.benchmark

_ROUNDS = 25
_ALLOWED = 0.010
_OWN = "atomic_cards"
_COLLECT = (sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider")


def _block(*plugins: str) -> list[str]:
    return [argument for plugin in plugins for argument in ("-p", f"no:{plugin}")]


def _processor_time() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _seconds(directory: Path, *blocked: str) -> tuple[float, float]:
    """Seconds of processor time, and of real time, that one collection of nothing takes."""
    processor, real = _processor_time(), time.perf_counter()
    run = subprocess.run(  # noqa: S603 - our own interpreter
        [*_COLLECT, *_block(*blocked)], cwd=directory, capture_output=True, check=False
    )
    taken = _processor_time() - processor, time.perf_counter() - real
    assert run.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, run.stderr
    return taken


def test_the_plugin_adds_little_to_the_start_of_pytest(tmp_path: Path) -> None:
    """Collecting nothing takes at most 10 ms longer with the plugin than without, but for noise.

    All other plugins are left out of both. The run without ours is made twice in each round,
    before and after the one with it; how far the medians of these two are apart is the noise.
    Processor time counts, as other processes do not add to it.
    """
    others = [point.name for point in entry_points(group="pytest11") if point.name != _OWN]
    kinds = ([*others, _OWN], others, [*others, _OWN])
    rounds = [[_seconds(tmp_path, *kind) for kind in kinds] for _ in range(_ROUNDS + 1)][1:]
    results = []
    for clock, name in enumerate(("processor time", "real time")):
        first, used, last = (
            statistics.median(one[kind][clock] for one in rounds) for kind in range(len(kinds))
        )
        without, noise = (first + last) / 2, abs(first - last)
        results.append((without, used, noise))
        print(  # noqa: T201 - the numbers are what a benchmark is for
            f"\n{name}: {without * 1e3:.1f} ms without the plugin, {used * 1e3:.1f} ms with it, "
            f"{(used - without) * 1e3:+.1f} ms; noise {noise * 1e3:.1f} ms"
        )
    without, used, noise = results[0]
    assert used / without <= 1 + (_ALLOWED + noise) / without
