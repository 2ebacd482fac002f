"""The rate of requests: the user's limit, and the one that the target shows by refusing."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from client_doubles import FakeTime, Reply, Target, session

from pytest_atomic_cards.client.deadline import Deadline
from pytest_atomic_cards.client.rate_limit import AcceptedRate
from pytest_atomic_cards.targets.run_context import RunContext


class Limiter:
    """Accepts a number of requests a second, and a burst, as nginx does."""

    def __init__(self, time: FakeTime, rate: float, burst: float = 20.0, status: int = 429) -> None:
        self._time, self._rate, self._burst, self._status = time, rate, burst, status
        self._room, self._last = burst, time()
        self.refused = 0

    def status(self) -> int:
        """What it answers a request that is sent now."""
        now = self._time()
        self._room = min(self._burst, self._room + (now - self._last) * self._rate)
        self._last = now
        if self._room < 1:
            self.refused += 1
            return self._status
        self._room -= 1
        return 200


def drive(rate: AcceptedRate, limiter: Limiter, time: FakeTime, accepted: int) -> float:
    """Send until so many requests were accepted; returns how many seconds that took."""
    begun, done = time(), 0
    while done < accepted:
        sent = rate.wait(time, time.sleep)
        time.sleep(0.002)  # a fast target
        status = limiter.status()
        rate.observe(sent, status)
        done += status == 200
    return time() - begun


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("limit", [2.0, 10.0, 50.0])
def test_the_rate_settles_just_below_what_the_target_accepts(limit: float, status: int) -> None:
    """A limiter without Retry-After costs few refusals, and its rate is nearly used."""
    time = FakeTime()
    rate, limiter = AcceptedRate(), Limiter(time, limit, status=status)
    seconds = drive(rate, limiter, time, 600)
    assert seconds < 600 / limit * 1.5
    assert limiter.refused < 60
    assert 0.5 * limit < rate.rate < 1.3 * limit


def test_nothing_is_spaced_while_nothing_is_refused() -> None:
    """A target without a limit is asked as fast as it answers."""
    time = FakeTime()
    rate = AcceptedRate()
    assert drive(rate, Limiter(time, 1e6), time, 1_000) == pytest.approx(2.0, rel=1e-3)
    assert rate.rate == math.inf
    assert rate.describe() == []


def test_all_requests_wait_for_retry_after() -> None:
    """After a refusal with Retry-After nobody sends before that time is over."""
    time = FakeTime()
    rate = AcceptedRate()
    rate.observe(rate.wait(time, time.sleep), 429, "7")
    begun = time()
    rate.wait(time, time.sleep)
    assert time() - begun >= 7


def test_an_endless_retry_after_is_cut() -> None:
    """A target cannot stop a run by asking for a day."""
    time = FakeTime()
    rate = AcceptedRate()
    rate.observe(rate.wait(time, time.sleep), 429, "86400")
    rate.wait(time, time.sleep)
    assert sum(time.sleeps) <= 32


def test_the_users_limit_is_never_exceeded() -> None:
    """However much the target accepts, the rate stays at most what the user allows."""
    time = FakeTime()
    rate = AcceptedRate(5.0)
    assert drive(rate, Limiter(time, 1e6), time, 101) >= 20.0
    assert rate.rate == 5.0


def test_failures_at_random_do_not_slow_a_run_down_to_nothing() -> None:
    """A 503 that comes at any rate stops counting as a limit."""
    time = FakeTime()
    rate, begun = AcceptedRate(), time.now
    for number in range(2_000):
        sent = rate.wait(time, time.sleep)
        time.sleep(0.01)
        rate.observe(sent, 200 if number % 3 else 503)
    assert rate.rate == math.inf
    assert time.now - begun < 200


def test_requests_sent_before_a_cut_do_not_cut_again() -> None:
    """Requests that overlap and are refused together are one sign, not several."""
    once, often = AcceptedRate(), AcceptedRate()
    for rate, refusals in ((once, 1), (often, 9)):
        for moment in range(20):
            rate.observe(100 + moment / 20, 200)
        for _ in range(refusals):
            rate.observe(101.0, 429)
    assert once.rate == often.rate < 20


def test_processes_share_what_they_found(tmp_path: Path) -> None:
    """What one worker process found limits the others, and each sends its share."""
    file = tmp_path / "token"
    contexts = [RunContext.of_worker(file, 2, Deadline()) for _ in range(2)]
    first, second = (context.rate for context in contexts)
    assert first
    assert second
    for moment in range(10):
        first.observe(100 + moment / 10, 200)
    first.observe(101.0, 429)
    time = FakeTime(200.0)
    for _ in range(11):
        second.wait(time, time.sleep)
    assert second.rate == first.rate
    assert time() - 200 == pytest.approx(10 * 2 / first.rate)


def test_the_run_says_what_it_settled_at() -> None:
    """The line names the statuses, the rate, and the option that starts with it."""
    time = FakeTime()
    rate = AcceptedRate()
    drive(rate, Limiter(time, 10.0, status=503), time, 300)
    (line,) = rate.describe()
    assert "HTTP 503" in line
    assert "--cards-max-rate" in line


def test_a_session_slows_down_for_all_its_requests() -> None:
    """A session that was refused spaces the requests that follow."""
    time, target = FakeTime(), Target(Reply(), Reply(429), Reply())
    cards = session(target, time)
    for _ in range(2):
        cards.send("GET", "/v1/e/cards")
    before = len(time.sleeps)
    cards.send("GET", "/v1/e/cards")
    assert cards.rate.rate < math.inf
    assert len(time.sleeps) > before
