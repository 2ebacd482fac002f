"""The error for a request that a cassette does not contain, and its message."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.rules.verdicts import Inconclusive
from pytest_atomic_cards.support.printable import cut, printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from vcr.request import Request  # type: ignore[import-untyped]

    from pytest_atomic_cards.recordings.cassettes.indexed_cassette import IndexedCassette

_SHOWN: Final = 3
"""Closest requests in a message: usually the first is the one that was meant."""
_LONGEST: Final = 300
"""Characters of a request or a difference in a message: a query with every attribute fits."""


class NotRecordedError(Inconclusive):
    """A replayed test sent a request that was not recorded; nothing left the process.

    It says nothing about the target, and Hypothesis has nothing to shrink.

    Args:
        describe: Makes the message; called only when the message is read, as it takes time.
    """

    def __init__(self, describe: Callable[[], str]) -> None:
        super().__init__("")
        self._describe = cache(describe)

    def __str__(self) -> str:
        return printable(self._describe(), lines=True)


def describe_mismatch(cassette: IndexedCassette, request: Request) -> str:
    """The request, the cassette, the closest recorded requests, and the remedy."""
    request = cassette.filter_request(request)
    closest = cassette.find_requests_with_most_matches(request)
    lines = [
        f"{_shown(request)} is not in {cassette.file}, which contains {len(cassette)} exchange(s)."
    ]
    if closest and not closest[0][2]:
        lines[0] = (
            f"{_shown(request)} was sent more often than the {len(closest)} time(s) that it "
            f"is recorded in {cassette.file}."
        )
    else:
        for recorded, _, differences in closest[:_SHOWN]:
            lines.append(f"  recorded: {_shown(recorded)}")
            lines += [f"    {name}: {_short(difference)}" for name, difference in differences]
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
    return cut(text or "", _LONGEST)
