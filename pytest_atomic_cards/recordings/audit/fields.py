"""Reads the fields of recorded exchanges, in every spelling that tools use for them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

_STATUS: Final = re.compile(r"\s*(?:HTTP/[\d.]+\s+)?([1-9]\d\d)\b")
_STATUS_NAMES: Final = ("code", "status_code", "status")
_NAMES: Final = ("name", "key")
_ZONE_NAMES: Final = (" GMT", " UTC")
_LATEST: Final = datetime(9000, 1, 1).astimezone().timestamp()
"""The latest time that is believed: conversions of later ones overflow."""
_MILLISECONDS: Final = 1e11
"""Numbers above are milliseconds since 1970: as seconds they are beyond the year 5000."""
_LONGEST_EXCHANGE: Final = 1e6
"""Seconds of an exchange that are believed: over a week."""


def text_of(value: object) -> str:
    """A recorded text, which YAML may hold as bytes.

    Raises:
        TypeError: It is something else.
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value
    raise TypeError(f"expected text, not a {type(value).__name__}")


def method_of(value: object) -> str:
    """An HTTP method in upper case; Ruby writes it in lower case, perhaps as a symbol.

    Raises:
        TypeError: It is not text.
    """
    return text_of(value).lstrip(":").upper()


def status_of(value: object) -> int | None:
    """An HTTP status, as a number, a text or an object; ``None`` if there was no response.

    Raises:
        ValueError: It is not a status.
    """
    if value.__class__ is int and value:
        return value  # the usual case, fast
    if isinstance(value, Mapping):
        value = next((value[name] for name in _STATUS_NAMES if name in value), None)
    if isinstance(value, str) and (found := _STATUS.match(value)):
        return int(found[1])
    if value in (None, "", 0, "0"):
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("the status is not a number")


def headers_of(headers: Any) -> dict[str, str]:  # noqa: ANN401 - as recorded
    """Headers as a mapping, recorded as an object, a list or a text; different values joined."""
    merged: dict[str, list[str]] = {}
    for name, value in _pairs(headers):
        merged.setdefault(name, []).extend(
            map(_joined, value if isinstance(value, list) else [value])
        )
    return {name: ", ".join(dict.fromkeys(values)) for name, values in merged.items()}


def pairs_of(recorded: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - as recorded
    """Names and values, such as the parameters of a query."""
    return [(name, _joined(value)) for name, value in _pairs(recorded)]


def _pairs(recorded: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - as recorded
    if isinstance(recorded, Mapping):
        for name, value in recorded.items():
            yield _joined(name), value
    if isinstance(recorded, str):
        recorded = recorded.splitlines()
    for one in recorded if isinstance(recorded, list) else ():
        if isinstance(one, Mapping):
            name = next((one[name] for name in _NAMES if name in one), None)
            if name is not None and not one.get("disabled"):
                yield _joined(name), one.get("value")
        elif isinstance(one, list) and len(one) == 2:  # noqa: PLR2004 - a pair
            yield _joined(one[0]), one[1]
        elif isinstance(one, str) and ":" in one:
            name, _, value = one.partition(":")
            yield name.strip(), value.strip()


def _joined(value: Any) -> str:  # noqa: ANN401 - as recorded
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(map(_joined, value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return json.dumps(value, default=str) if isinstance(value, Mapping) else str(value)


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with lower-case names."""
    return {name.lower(): value for name, value in headers.items()}


def moment_of(value: object) -> float | None:
    """A time in seconds since 1970; ``None`` if it is malformed, impossible or has no zone."""
    if isinstance(value, str):
        try:
            moment: datetime | None = datetime.fromisoformat(value)
        except ValueError:
            moment = _moment_in(value)
        try:
            value = None if moment is None or moment.tzinfo is None else moment.timestamp()
        except (ValueError, OverflowError):
            return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    seconds = value / 1_000 if value > _MILLISECONDS else value
    return float(seconds) if 0 < seconds < _LATEST else None


def _moment_in(text: str) -> datetime | None:
    """A time as in a ``Date`` header, or with the name of its zone."""
    try:
        if text[:1].isalpha():
            return parsedate_to_datetime(text)
        if text.endswith(_ZONE_NAMES):
            return datetime.fromisoformat(f"{text[:-4]}+00:00")
    except ValueError:
        pass
    return None


def seconds_of(value: object) -> float:
    """A duration in seconds; 0 if it is malformed or impossible."""
    try:
        seconds = float(value)  # type: ignore[arg-type] # whatever was recorded
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return seconds if math.isfinite(seconds) and 0 < seconds < _LONGEST_EXCHANGE else 0.0
