"""How much faster a thorough check is on two worker processes than on one."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.benchmark

_ROUNDS = 2
_COMMAND = Path(sys.executable).with_name("atomic-cards")
_CHECK = (_COMMAND, "check", "--cards-effort", "thorough")


@dataclass(frozen=True, order=True)
class Taken:
    """Seconds of real time, and of processor time over all processes, that a run has taken."""

    real: float
    processor: float


def _processor_time() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _check(directory: Path, workers: int) -> Taken:
    real, processor = time.perf_counter(), _processor_time()
    run = subprocess.run(  # noqa: S603 - our own command
        [*_CHECK, "-n", str(workers)], cwd=directory, capture_output=True, text=True, check=False
    )
    taken = Taken(time.perf_counter() - real, _processor_time() - processor)
    assert "verdict: conformant" in run.stdout, run.stdout
    return taken


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two workers need two processors")
def test_two_workers_are_faster_than_one(tmp_path: Path) -> None:
    """A thorough check is done sooner by two workers than by one, the better of two rounds each.

    How much sooner hangs on what else the machine does: the real time shows it, if both processors
    are free. The processor time shows what working side by side costs, as each worker seeds for
    itself; if that were all, the speed-up would be twice the time of one over that of two.
    """
    rounds = [(_check(tmp_path, 1), _check(tmp_path, 2)) for _ in range(_ROUNDS)]
    one, two = (min(each) for each in zip(*rounds, strict=True))
    print(  # noqa: T201 - the numbers are what a benchmark is for
        f"\none worker: {one.real:.1f} s ({one.processor:.1f} s of processor time); "
        f"two: {two.real:.1f} s ({two.processor:.1f} s); speed-up {one.real / two.real:.2f}, "
        f"by processor time {2 * one.processor / two.processor:.2f}; "
        f"load {', '.join(f'{number:.1f}' for number in os.getloadavg())}"
    )
    assert one.real / two.real > 1
