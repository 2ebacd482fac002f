"""Misses: a request that a cassette does not hold, and what to say of it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.rules.verdicts import Inconclusive
from pytest_atomic_cards.support.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from vcr.request import Request  # type: ignore[import-untyped]

    from pytest_atomic_cards.recordings.cassettes.indexed_cassette import IndexedCassette

_SHOWN: Final = 3
_LONGEST: Final = 300


class NotRecordedError(Inconclusive):
    """A replayed test sent a request that was not recorded; nothing left the process.

    Nothing can be told of the target then, and Hypothesis has nothing to shrink.

    Args:
        tell: Says what was sent and what was recorded; asked for when it is read only, as it takes
            time.
    """

    def __init__(self, tell: Callable[[], str]) -> None:
        super().__init__("")
        self._tell = cache(tell)

    def __str__(self) -> str:
        return printable(self._tell(), lines=True)


def describe_mismatch(cassette: IndexedCassette, request: Request) -> str:
    """Name the request, the cassette, the closest recorded requests, and the cure."""
    request = cassette.filter_request(request)
    closest = cassette.find_requests_with_most_matches(request)
    lines = [
        f"{_shown(request)} is not in {cassette.path}, which holds {len(cassette)} exchange(s)."
    ]
    if closest and not closest[0][2]:
        lines[0] = (
            f"{_shown(request)} was sent more often than the {len(closest)} time(s) that "
            f"{cassette.path} holds it."
        )
    else:
        for recorded, _, differences in closest[:_SHOWN]:
            lines.append(f"  recorded: {_shown(recorded)}")
            lines += [f"    {name}: {_short(told)}" for name, told in differences]
        more = len(closest) - _SHOWN
        lines += [f"  and {more} more like these"] if more > 0 else []
    return "\n".join([*lines, HOW_TO_RECORD])


HOW_TO_RECORD: Final = (
    "Record it with --cards-cassettes record, or let the test reach its target with "
    "--cards-cassettes off."
)


def _shown(request: Request) -> str:
    return _short(f"{request.method} {request.path}{_query(request)}")


def _query(request: Request) -> str:
    query = request.parsed_uri.query
    return f"?{query}" if query else ""


def _short(text: str | None) -> str:
    text = text or ""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
