"""Times reckoned from the clock of the target."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.targets.seeding.server_clock import ServerClock

HOUR = timedelta(hours=1)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "ahead"),
    [
        (format_datetime(NOW + HOUR, usegmt=True), HOUR),
        (format_datetime(NOW - HOUR, usegmt=True), -HOUR),
        (format_datetime(NOW, usegmt=True), timedelta(0)),
        ("yesterday", timedelta(0)),
        (None, timedelta(0)),
    ],
    ids=["ahead", "behind", "in step", "unreadable", "absent"],
)
def test_the_clock_of_the_target_counts(date: str | None, ahead: timedelta) -> None:
    """Times are reckoned from the target's own Date, where it differs from ours by seconds."""
    clock = ServerClock()
    headers = {} if date is None else {"date": date}
    clock.observe(
        Exchange("GET", "http://cards.test", NOW, 0.0, status=200, response_headers=headers)
    )
    assert abs(clock.now() - datetime.now(UTC) - ahead) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("created", "ahead"),
    [
        (NOW + timedelta(seconds=90), timedelta(seconds=85)),
        (NOW - timedelta(seconds=90), timedelta(seconds=-90)),
        (NOW + timedelta(seconds=3), timedelta(0)),
        (NOW - timedelta(seconds=1), timedelta(0)),
        (NOW - timedelta(days=9), timedelta(0)),
        (None, timedelta(0)),
    ],
    ids=["ahead", "behind", "between", "rounded", "no time of creation", "absent"],
)
def test_the_first_cards_show_the_time_of_a_target(
    created: datetime | None, ahead: timedelta
) -> None:
    """Without a Date, cards that were created before they were requested show a slow clock."""
    body = {} if created is None else {"created": created.isoformat()}
    for learns in (True, False):
        clock = ServerClock(learns=learns)
        clock.observe_new([Card.from_body(body)], NOW, NOW + timedelta(seconds=5))
        expected = ahead if learns else timedelta(0)
        assert abs(clock.now() - datetime.now(UTC) - expected) < timedelta(seconds=5)
        assert clock.is_guessed is bool(expected)


def test_a_date_is_better_than_cards() -> None:
    """Where responses have a Date, when cards were created says nothing of the clock."""
    clock = ServerClock()
    headers = {"date": format_datetime(NOW, usegmt=True)}
    clock.observe(
        Exchange("GET", "http://cards.test", NOW, 0.0, status=200, response_headers=headers)
    )
    slow = Card.from_body({"created": (NOW - timedelta(minutes=5)).isoformat()})
    clock.observe_new([slow], NOW, NOW)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert not clock.is_guessed


@pytest.mark.parametrize(
    ("created", "ahead"),
    [
        (NOW, timedelta(0)),
        (NOW + HOUR, HOUR),
        (NOW - HOUR, HOUR),
    ],
    ids=["agrees with ours", "agrees with the date", "agrees with none"],
)
def test_a_date_that_only_cards_contradict(created: datetime, ahead: timedelta) -> None:
    """A Date that is an hour ahead does not count if cards were created by a clock like ours."""
    clock = ServerClock()
    headers = {"date": format_datetime(NOW + HOUR, usegmt=True)}
    exchange = Exchange("GET", "http://cards.test", NOW, 0.0, status=200, response_headers=headers)
    clock.observe(exchange)
    clock.observe_new([Card.from_body({"created": created.isoformat()})], NOW, NOW)
    clock.observe(exchange)
    assert abs(clock.now() - datetime.now(UTC) - ahead) < timedelta(seconds=5)


def test_a_small_difference_of_clocks_is_none() -> None:
    """A Date is a whole second, so that one of a second ago is no sign of a slow clock."""
    clock = ServerClock()
    now = REAL_CLOCK.now()
    headers = {"date": format_datetime(now - timedelta(seconds=1), usegmt=True)}
    clock.observe(
        Exchange("GET", "http://cards.test", now, 0.0, status=200, response_headers=headers)
    )
    assert clock.now() >= now
