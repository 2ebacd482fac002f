"""The time limit of a run: its tests, their clean-up, its patience, and signals."""

from __future__ import annotations

import math
import os
import signal
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.client.deadline import Deadline, DeadlineClock
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.support.clock import Clock
from pytest_atomic_cards.support.errors import TimeLimitError
from pytest_atomic_cards.support.interruption import Interruption
from pytest_atomic_cards.targets.time_limit import TimeLimit

if TYPE_CHECKING:
    from collections.abc import Callable


class _Clock(Clock):
    """A time that passes on request."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> _Clock:
    """The time of a limit."""
    return _Clock()


def limit_on(clock: _Clock, **limits: float) -> TimeLimit:
    """A limit, with a deadline by the same clock."""
    return TimeLimit(Deadline(clock), clock=clock, **limits)


def test_tests_end_at_the_limit_and_clean_up_later(clock: _Clock) -> None:
    """After the limit no test is run, the reason names the option, and clean-up still runs."""
    limit = limit_on(clock, seconds=60)
    limit.refuse_test()
    clock.sleep(60)
    with pytest.raises(TimeLimitError, match=r"limit of 60 s reached \(--cards-max-time\)"):
        limit.refuse_test()
    assert limit.refused == 1
    limit.begin_clean_up()
    assert limit.deadline.left == 90
    limit.begin_test()
    assert limit.deadline.has_passed


def test_without_a_limit_there_is_no_deadline(clock: _Clock) -> None:
    """A run of user's tests may take as long as it does, and so may its clean-up."""
    limit = limit_on(clock)
    clock.sleep(1e6)
    limit.begin_clean_up()
    assert limit.deadline.left == math.inf
    assert not limit.reason


def test_patience_passes_with_time_and_grows_with_results(clock: _Clock) -> None:
    """A result gives back some patience, up to what there was at first, and never the limit."""
    limit = limit_on(clock, seconds=1_000, patience=100, refill=20)
    for _ in range(10):
        limit.take_result()
    limit.begin_test()
    assert limit.deadline.left == 100
    clock.sleep(60)
    limit.take_result()
    limit.begin_test()
    assert limit.deadline.left == 60
    clock.sleep(60)
    with pytest.raises(TimeLimitError, match="target takes too long: 11 results"):
        limit.refuse_test()
    assert "11 results" in limit.reason


@pytest.mark.parametrize("wasted", [61.0, 100.0])
def test_a_target_that_wastes_time_is_given_up(clock: _Clock, wasted: float) -> None:
    """Results between tests whose waits fail do not keep a run going for longer than 5 minutes."""
    limit = TimeLimit.of_check(Deadline(clock), Settings())
    limit = limit_on(clock, seconds=1_800, patience=limit._patience, refill=limit._refill)
    while not limit.deadline.has_passed:
        clock.sleep(min(wasted, limit.deadline.left))
        clock.sleep(1)
        if not limit.deadline.has_passed:
            limit.take_result()
            limit.begin_test()
    limit.begin_clean_up()
    assert clock.monotonic() + limit.deadline.left < 300


@pytest.mark.parametrize(
    ("settings", "seconds", "patience"),
    [
        ({}, 1_800, 120),
        ({"effort": "thorough"}, 18_000, 1_200),
        ({"max_time": 7.0}, 7, math.inf),
        ({"max_rate": 1.0}, 1_800, math.inf),
    ],
)
def test_a_check_has_limits_of_its_own(
    settings: dict[str, object], seconds: float, patience: float
) -> None:
    """More cases get more time; a limit of the user's own or a pace is never cut short."""
    limit = TimeLimit.of_check(Deadline(), Settings(**settings))  # type: ignore[arg-type]
    assert (limit._seconds, limit._patience) == (seconds, patience)


def test_a_signal_replaces_every_other_limit(clock: _Clock) -> None:
    """After a signal only some seconds are left, whatever begins then."""
    limit = limit_on(clock, seconds=1_000)
    limit.interrupt("SIGTERM")
    limit.begin_clean_up()
    limit.begin_test()
    assert limit.deadline.left == 10
    clock.sleep(10)
    with pytest.raises(TimeLimitError, match="interrupted by SIGTERM"):
        limit.deadline.check()


def test_a_wait_ends_with_the_time(clock: _Clock) -> None:
    """A wait is as long as was asked for, unless there is less time left, even from now on."""
    deadline = Deadline(clock)
    waits = DeadlineClock(clock, deadline)
    waits.sleep(20)
    assert clock.seconds == 20
    shorten = iter([lambda: None, lambda: deadline.set(2, "a signal")])

    class _Shortened(_Clock):
        def sleep(self, seconds: float) -> None:
            next(shorten, lambda: None)()
            clock.sleep(seconds)

    DeadlineClock(_Shortened(), deadline).sleep(20)
    assert clock.seconds == 22.25


@pytest.fixture
def raised(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Signals that would end this process, in place of its end."""
    sent: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _pid, number: sent.append(number))
    return sent


def swallowed(act: Callable[[], object]) -> bool:
    """Whether something raises KeyboardInterrupt."""
    try:
        act()
    except KeyboardInterrupt:
        return True
    return False


def test_the_first_signal_interrupts_and_the_second_ends(raised: list[int]) -> None:
    """The first raises KeyboardInterrupt and shortens the time, the second ends the process."""
    names: list[str] = []
    interruption = Interruption(names.append)
    with interruption.handled():
        assert swallowed(lambda: signal.raise_signal(signal.SIGHUP))
        assert (names, raised) == (["SIGHUP"], [])
        assert swallowed(interruption.raise_if_due)
        assert not swallowed(lambda: signal.raise_signal(signal.SIGINT))
        assert (names, raised) == (["SIGHUP"], [signal.SIGINT])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_clean_up_is_not_interrupted(raised: list[int]) -> None:
    """A signal in the middle of clean-up shortens it, and is raised after it."""
    names: list[str] = []
    interruption = Interruption(names.append)
    with interruption.handled():
        with interruption.shielded():
            assert not swallowed(lambda: signal.raise_signal(signal.SIGTERM))
        assert swallowed(interruption.raise_if_due)
        interruption.shield()
        assert not swallowed(interruption.raise_if_due)
    assert (names, raised) == (["SIGTERM"], [])


def test_a_worker_ignores_a_second_ctrl_c(raised: list[int]) -> None:
    """The SIGINT that execnet sends during a worker's clean-up does not end it, SIGTERM does."""
    interruption = Interruption(lambda _: None, repeated=False)
    with interruption.handled():
        assert swallowed(lambda: signal.raise_signal(signal.SIGINT))
        signal.raise_signal(signal.SIGINT)
        assert not raised
        signal.raise_signal(signal.SIGTERM)
        assert raised == [signal.SIGTERM]


def test_what_the_parent_ignores_stays_ignored() -> None:
    """Under nohup SIGHUP ends nothing."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        interruption = Interruption(lambda _: None)
        with interruption.handled():
            signal.raise_signal(signal.SIGHUP)
        assert not interruption.signal
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
