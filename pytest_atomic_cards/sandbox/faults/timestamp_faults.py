"""Faults of the format of timestamps."""

from __future__ import annotations

from email.utils import formatdate
from typing import Final

from pytest_atomic_cards.sandbox.faults.fault import Faults, Original, constant

FAULTS: Final = Faults("shape")


@FAULTS.replacing("timestamp")
def timestamps_without_zone(original: Original[str], milliseconds: int) -> str:
    """Timestamps have no time zone."""
    return original(milliseconds).removesuffix("Z")


@FAULTS.replacing("timestamp")
def timestamps_in_milliseconds(_: Original[str], milliseconds: int) -> int:
    """Timestamps are numbers of milliseconds."""
    return milliseconds


@FAULTS.replacing("timestamp")
def timestamps_with_space(original: Original[str], milliseconds: int) -> str:
    """Timestamps have a space between date and time."""
    return original(milliseconds).replace("T", " ")


FAULTS.add("timestamps-empty", "Timestamps are empty strings.", {"timestamp": constant("")})


@FAULTS.replacing("timestamp")
def timestamps_of_http(_: Original[str], milliseconds: int) -> str:
    """Timestamps are in the format of HTTP headers."""
    return formatdate(milliseconds / 1_000, usegmt=True)


FAULTS.add("timestamps-null", "Timestamps are null.", {"timestamp": constant(None)})
