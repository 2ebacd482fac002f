"""Stores each card of long listings once, in tables whose columns are the fields that differ."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, Final, TypeVar

_LIKE: Final = "like"
_COLUMNS: Final = "columns"
ROWS: Final = "rows"
"""The member of a table that has one row per card."""

Card = dict[str, Any]
Path = tuple[str, ...]
T = TypeVar("T")


class CardTable:
    """The cards of the long listings of a recording."""

    def __init__(self) -> None:
        self._cards: list[Card] = []
        self._places: dict[str, int] = {}

    def places(self, cards: Iterable[Card]) -> str:
        """The row numbers of cards, such as ``0-99 4 7``."""
        places = [self._place(card) for card in cards]
        runs = groupby(enumerate(places), key=lambda pair: pair[1] - pair[0])
        ends = [[place for _, place in run] for _, run in runs]
        return " ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in ends)

    def _place(self, card: Card) -> int:
        place = self._places.setdefault(json.dumps(card), len(self._cards))
        if place == len(self._cards):
            self._cards.append(card)
        return place

    def as_json(self) -> list[dict[str, Any]]:
        """Tables, each with the common fields of its cards and a row for the rest of each card."""
        runs = groupby(map(_leaves, self._cards), key=list)
        return [_table(list(run)) for _, run in runs]


def cards_in(tables: Iterable[dict[str, Any]]) -> list[Card]:
    """The cards of all tables, in order.

    Raises:
        KeyError, TypeError, ValueError: A table is malformed.
    """
    return [card for table in tables for card in _cards_of(table)]


def at(places: str, cards: list[T]) -> Iterator[T]:
    """The cards with given row numbers, such as ``0-99 4 7``.

    Raises:
        ValueError: A number is out of range.
    """
    for run in places.split():
        first, _, last = run.partition("-")
        start, end = int(first), int(last or first)
        if not 0 <= start <= end < len(cards):
            raise ValueError(f"there are no cards {run}")
        yield from cards[start : end + 1]


def _leaves(value: Card, path: Path = ()) -> dict[Path, Any]:
    """The leaves of an object by their paths; an empty object is a leaf."""
    found: dict[Path, Any] = {}
    for name, member in value.items():
        if isinstance(member, dict) and member:
            found |= _leaves(member, (*path, name))
        else:
            found[*path, name] = member
    return found


def _table(cards: list[dict[Path, Any]]) -> dict[str, Any]:
    first = cards[0]
    columns = [
        path
        for path, leaf in first.items()
        if any(json.dumps(card[path]) != json.dumps(leaf) for card in cards)
    ]
    like: Card = {}
    for path, leaf in first.items():
        if path not in columns:
            _put(like, path, leaf)
    return {
        _LIKE: like,
        _COLUMNS: [list(path) if len(path) > 1 else path[0] for path in columns],
        ROWS: [[card[path] for path in columns] for card in cards],
    }


def _cards_of(table: dict[str, Any]) -> Iterator[Card]:
    paths = [tuple(path) if isinstance(path, list) else (path,) for path in table[_COLUMNS]]
    for row in table[ROWS]:
        card = dict(table[_LIKE])
        for path, leaf in zip(paths, row, strict=True):
            _put(card, path, leaf)
        yield card


def _put(card: Card, path: Path, leaf: Any) -> None:  # noqa: ANN401 - a JSON value
    """Put a leaf in; objects on its path may be shared with other cards, so they are copied."""
    *way, name = path
    for step in way:
        card[step] = card = dict(card.get(step, ()))
    card[name] = leaf
