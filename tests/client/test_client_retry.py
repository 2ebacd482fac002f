"""How long a client waits before it repeats a request, and when it gives up."""

from __future__ import annotations

from email.utils import formatdate
from itertools import count

import pytest
from client_doubles import FakeTime

from pytest_atomic_cards.client.deadline import Deadline
from pytest_atomic_cards.client.retry import parse_retry_after, until_known
from pytest_atomic_cards.support.errors import OutcomeUnknownError

NOW = 1_700_000_000.0


def test_own_waits_double_up_to_the_cap() -> None:
    """Waits double from the base, and stay at the cap once they reach it."""
    time = FakeTime()
    backoff = time.policy(attempts=6, base=1.0, cap=5.0).begin()
    while backoff.again():
        pass
    assert time.sleeps == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_jitter_shortens_a_wait_by_half_at_most() -> None:
    """With the least jitter a wait is half as long as with the most."""
    time = FakeTime()
    time.policy(base=1.0, jitter=lambda: 0.0).begin().again()
    assert time.sleeps == [0.5]


def test_retry_after_is_honoured_up_to_its_cap() -> None:
    """A wait that the target asks for replaces our own, but not beyond the cap."""
    time = FakeTime()
    backoff = time.policy(retry_after_cap=20.0).begin()
    backoff.again("7")
    assert sum(time.sleeps) == 7.0
    backoff.again("3600")
    assert sum(time.sleeps) == 27.0


def test_no_attempt_is_started_beyond_the_budget() -> None:
    """When the next wait would end after the budget, there is no wait and no attempt."""
    time = FakeTime()
    backoff = time.policy(attempts=100, budget=25.0).begin()
    granted = [backoff.again("10") for _ in range(3)]
    assert granted == [True, True, False]
    assert sum(time.sleeps) == 20.0
    assert "25 s" in backoff.gave_up


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5.0),
        ("0.5", 0.5),
        ("-5", 0.0),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW - 90, usegmt=True), 0.0),
        ("soon", None),
        ("nan", None),
        ("Wed, 99 Foo 2020 25:61:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, seconds: float | None) -> None:
    """Both forms of Retry-After are understood, and nonsense is left aside."""
    assert parse_retry_after(value, NOW) == seconds


@pytest.mark.parametrize("value", ["0", "-1", "0.001", "-inf", formatdate(NOW - 30, usegmt=True)])
def test_retry_after_never_shortens_our_own_wait(value: str) -> None:
    """A Retry-After that is over already leaves the back-off as it is without one."""
    time = FakeTime(NOW)
    backoff = time.policy().begin()
    backoff.again(value)
    backoff.again(value)
    assert time.sleeps == [0.1, 0.2]


@pytest.mark.parametrize("value", ["1e9", "inf", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_retry_after_beyond_the_deadline_gives_up_at_once(value: str) -> None:
    """Where the time limit comes before the next attempt, there is no wait, and a reason."""
    time = FakeTime(NOW)
    deadline = Deadline()
    deadline.set(20.0, "--cards-max-time 20")
    backoff = time.policy().begin(deadline)
    assert not backoff.again(value)
    assert not time.sleeps
    assert "due in 30 s" in backoff.gave_up
    assert "--cards-max-time 20" in backoff.gave_up


def test_attempts_that_time_out_are_few() -> None:
    """After the second time-out of a request there is no further attempt."""
    backoff = FakeTime().policy().begin()
    assert backoff.again(timed_out=True)
    assert backoff.again(timed_out=False)
    assert not backoff.again(timed_out=True)


@pytest.mark.parametrize(
    ("lost", "takes_effect", "sent"), [(0, False, 1), (2, False, 3), (2, True, 1)]
)
def test_an_attempt_is_repeated_until_its_outcome_is_known(
    lost: int,
    takes_effect: bool,  # noqa: FBT001
    sent: int,
) -> None:
    """A lost response is followed by another attempt, unless the first was seen to take effect."""
    attempts = count(1)

    def attempt() -> str:
        if next(attempts) <= lost:
            raise OutcomeUnknownError("lost")
        return "known"

    found = until_known(attempt, lambda _: "seen" if takes_effect else None, tries=3)
    assert found == ("seen" if takes_effect else "known")
    assert next(attempts) == sent + 1


def test_attempts_whose_responses_are_lost_come_to_an_end() -> None:
    """After the last try the error of that one is raised."""
    numbers = count(1)

    def attempt() -> None:
        raise OutcomeUnknownError(f"lost {next(numbers)}")

    with pytest.raises(OutcomeUnknownError, match="lost 3"):
        until_known(attempt, tries=3)


def test_a_pause_ends_when_the_deadline_is_tightened() -> None:
    """Whoever waits for long notices that the run has been interrupted meanwhile."""
    deadline, slept = Deadline(), []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        deadline.set(0.0, "interrupted")

    deadline.pause(3_600.0, sleep)
    assert len(slept) == 1
    assert slept[0] < 10.0
