"""Time that passes again in a replay as it did in the recording."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pytest_atomic_cards.support.clock import REAL_CLOCK, CurrentClock, EventClock
from pytest_atomic_cards.support.polling import poll

BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
START = BEGAN.timestamp()


def test_time_stands_still_while_nothing_happens() -> None:
    """Between two exchanges the clock shows the end of the first, however long the machine took."""
    time = EventClock(BEGAN)
    time.happened(started=2.0, elapsed=0.5)
    assert time.monotonic() == START + 2.5
    assert time.now() == BEGAN + timedelta(seconds=2.5)
    assert time.timestamp() == BEGAN.timestamp() + 2.5


def test_an_exchange_never_turns_time_back() -> None:
    """One that began before a wait was over ends after it all the same."""
    time = EventClock(BEGAN)
    time.sleep(10)
    time.happened(started=3.0, elapsed=1.0)
    assert time.monotonic() == START + 11.0


def test_only_a_recording_waits() -> None:
    """Sleeping moves the clock in both, and takes real time only if it is given a way to wait."""
    waits: list[float] = []
    recording, replay = EventClock(BEGAN, waits.append), EventClock(BEGAN)
    for time in (recording, replay):
        time.sleep(3_600)
    assert waits == [3_600]
    assert recording.monotonic() == replay.monotonic() == START + 3_600


def test_polling_gives_up_at_the_same_question_in_a_replay() -> None:
    """As many questions are asked in a replay as were in the recording, whatever patience says."""
    asked = []
    for time in (EventClock(BEGAN, lambda _: None), EventClock(BEGAN)):
        questions: list[float] = []

        def ask(time: EventClock = time, questions: list[float] = questions) -> bool:
            time.happened(0.0, 0.2)
            questions.append(time.monotonic())
            return False

        poll(ask, bool, 2.0, time)
        asked.append(questions)
    assert asked[0] == asked[1]
    assert 3 < len(asked[0]) < 20


def test_the_current_time_is_asked_for_each_time() -> None:
    """What holds the current time sees another recording begin."""
    current = EventClock(BEGAN)
    time = CurrentClock(lambda: current)
    time.sleep(5)
    assert (time.monotonic(), time.now()) == (START + 5, BEGAN + timedelta(seconds=5))
    current = EventClock(BEGAN)
    assert time.monotonic() == START


def test_real_time_goes_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real clock moves forward, shows UTC, and waits, even if a test has patched ``time``."""
    for name in ("sleep", "time", "time_ns", "monotonic", "perf_counter"):
        monkeypatch.setattr(f"time.{name}", lambda *_: pytest.fail("a fake was called"))
    before = REAL_CLOCK.monotonic()
    REAL_CLOCK.sleep(0.01)
    assert REAL_CLOCK.monotonic() >= before + 0.01
    assert abs(REAL_CLOCK.now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert abs(REAL_CLOCK.timestamp() - datetime.now(UTC).timestamp()) < 60


def test_real_time_of_day_goes_on_within_a_millisecond() -> None:
    """Of many readings in a row none is before the last one, and most differ."""
    readings = [REAL_CLOCK.timestamp() for _ in range(5_000)]
    assert readings == sorted(readings)
    assert len(set(readings)) > len(readings) // 2
    assert readings[-1] - readings[0] < 60
