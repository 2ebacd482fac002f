"""How tools of the world write the same exchanges down.

Each manner gives the content of a file; the members that an audit does not read are as the tool
writes them, as far as they could mislead it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from manners_cassettes import (
    CASSETTE_MANNERS,
)
from manners_har import (
    HAR_MANNERS,
    as_json,
    entry_of,
)
from manners_reports import REPORT_MANNERS

from pytest_atomic_cards.model.exchange import Exchange

Manner = Callable[[Sequence[Exchange]], bytes]


def line_of(one: Exchange, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """An exchange as this package writes it, with changes."""
    return {**one.as_dict(), **changes}


def lines_of(documents: Iterable[dict[str, Any]]) -> bytes:
    """A document on each line."""
    return b"".join(as_json(document) + b"\n" for document in documents)


def lines(all_: Sequence[Exchange]) -> bytes:
    """JSON lines of this package."""
    return lines_of(map(line_of, all_))


def lines_growing(all_: Sequence[Exchange]) -> bytes:
    """JSON lines that are still being written."""
    return lines([*all_, all_[0]])[:-40]


def lines_of_texts(all_: Sequence[Exchange]) -> bytes:
    """JSON lines with bodies and statuses as text, methods in lower case."""
    return lines_of(
        line_of(
            one,
            responseBody=one.response_body.decode(),
            status=f"{one.status} OK",
            method=one.method.lower(),
        )
        for one in all_
    )


def lines_of_lists(all_: Sequence[Exchange]) -> bytes:
    """JSON lines with lists of headers, and a year that no clock shows."""
    headers = [["Content-Type", "application/json"], {"name": "Vary", "value": ["a", "b"]}]
    return lines_of(
        line_of(one, responseHeaders=headers, requestHeaders=["Accept: */*"]) for one in all_
    )


def lines_of_another(all_: Sequence[Exchange]) -> bytes:
    """JSON lines of a logger with other names, times in milliseconds."""
    return lines_of(
        {
            "url": one.url,
            "method": one.method,
            "status_code": one.status,
            "request_body": one.request_body.decode(),
            "response_headers": {"Content-Type": "application/json"},
            "response_body": one.response_body.decode(),
            "timestamp": one.started.timestamp() * 1000,
            "duration": None,
        }
        for one in all_
    )


def lines_nested(all_: Sequence[Exchange]) -> bytes:
    """JSON lines of entries of a HAR file, such as a proxy streams them."""
    return lines_of(map(entry_of, all_))


def array(all_: Sequence[Exchange]) -> bytes:
    """A JSON array of exchanges."""
    return as_json([line_of(one) for one in all_], 1)


LINE_MANNERS = (
    lines,
    lines_growing,
    lines_of_texts,
    lines_of_lists,
    lines_of_another,
    lines_nested,
    array,
)
MANNERS: dict[str, Manner] = {
    manner.__name__: manner
    for manner in (*HAR_MANNERS, *REPORT_MANNERS, *CASSETTE_MANNERS, *LINE_MANNERS)
}
