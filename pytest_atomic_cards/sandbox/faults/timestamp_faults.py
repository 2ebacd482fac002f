"""Faults of the format of timestamps."""

from __future__ import annotations

from email.utils import formatdate
from typing import Final

from pytest_atomic_cards.sandbox.faults.fault import Fault, Original, Wrapper, constant

_AREA: Final = "shape"


def _local(original: Original, milliseconds: int) -> str:
    return str(original(milliseconds)).removesuffix("Z")


_TIMESTAMPS: Final[tuple[tuple[str, str, Wrapper], ...]] = (
    ("timestamps-without-zone", "Timestamps have no time zone.", _local),
    (
        "timestamps-in-milliseconds",
        "Timestamps are numbers of milliseconds.",
        lambda _original, milliseconds: milliseconds,
    ),
    (
        "timestamps-with-space",
        "Timestamps have a space between date and time.",
        lambda original, milliseconds: original(milliseconds).replace("T", " "),
    ),
    ("timestamps-empty", "Timestamps are empty strings.", constant("")),
    (
        "timestamps-of-http",
        "Timestamps are in the format of HTTP headers.",
        lambda _original, milliseconds: formatdate(milliseconds / 1_000, usegmt=True),
    ),
    ("timestamps-null", "Timestamps are null.", constant(None)),
)

FAULTS: Final = tuple(
    Fault(name, _AREA, text, {"timestamp": wrapper}) for name, text, wrapper in _TIMESTAMPS
)
