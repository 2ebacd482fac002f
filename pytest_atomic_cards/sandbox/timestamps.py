"""Times in the format of the API, and in the store's: milliseconds since 1970.

Source: Working with dates › Timestamps, Durations.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from pytest_atomic_cards.sandbox.sandbox_clock import EPOCH
from pytest_atomic_cards.support.errors import MisuseError

_MILLISECOND: Final = timedelta(milliseconds=1)
LATEST: Final = (datetime.max.replace(tzinfo=UTC) - EPOCH) // _MILLISECOND
"""The end of the year 9999, the last moment that a timestamp can express."""
_TIMESTAMP: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII
)
_NUMBER: Final = r"(\d{1,9}(?:[.,]\d{1,9})?)"
_DURATION: Final = re.compile(
    rf"P(?=[\dT])(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?"
    rf"(?:T(?=\d)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?",
    re.ASCII,
)
_UNITS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (365 * 86_400, 30 * 86_400, 7 * 86_400, 86_400, 3_600, 60, 1)
)
"""Years, months, weeks, days, hours, minutes, seconds. That a year has 365 days and a month 30 is
the sandbox's own choice."""


def to_milliseconds(moment: datetime) -> int:
    """A moment in milliseconds.

    Raises:
        MisuseError: The moment has no time zone.
    """
    if moment.tzinfo is None:
        raise MisuseError(f"{moment} has no time zone; pass an aware datetime, preferably in UTC")
    return (moment - EPOCH) // _MILLISECOND


def from_milliseconds(milliseconds: int) -> datetime:
    """Milliseconds as a datetime in UTC."""
    return EPOCH + timedelta(milliseconds=milliseconds)


def format_milliseconds(milliseconds: int) -> str:
    """Milliseconds in the format of the API: ``2020-01-14T23:03:04.239Z``."""
    seconds, rest = divmod(milliseconds, 1_000)
    return f"{_format_second(seconds)}.{rest:03d}Z"


def parse_timestamp(text: str) -> int:
    """A timestamp of a request in milliseconds.

    Raises:
        ValueError: It is not a four-digit year, date, 24-hour time with seconds, and ``Z`` or an
            offset; or it is a moment beyond the year 9999.
    """
    if not _TIMESTAMP.fullmatch(text):
        raise ValueError(f"{text!r} is not an ISO-8601 timestamp with a time zone")
    milliseconds = (datetime.fromisoformat(text) - EPOCH) // _MILLISECOND
    if milliseconds > LATEST:
        raise ValueError(f"{text!r} lies beyond the year 9999")
    return milliseconds


def parse_duration(text: str) -> int:
    """A duration of a request in milliseconds.

    Raises:
        ValueError: It is not an ISO-8601 duration, or longer than 9999 years.
    """
    match = _DURATION.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not an ISO-8601 duration")
    try:
        length = sum(
            (
                unit * float(number.replace(",", "."))
                for number, unit in zip(match.groups(), _UNITS, strict=True)
                if number
            ),
            timedelta(0),
        )
    except OverflowError:
        raise ValueError(f"{text!r} is too long a duration") from None
    return length // _MILLISECOND


@lru_cache(maxsize=4_096)
def _format_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
