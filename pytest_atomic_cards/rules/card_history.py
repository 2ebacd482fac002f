"""CardHistory: what earlier exchanges showed of each card, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Generic, TypeVar

from pytest_atomic_cards.model.lifecycle import CLOSED, OPEN
from pytest_atomic_cards.rules.parsed_response import (
    FAILURE,
    LISTING,
    OTHER,
    Fidelity,
    ParsedResponse,
)
from pytest_atomic_cards.rules.reference_shapes import Body, Fixed, fixed_values

SETTLING: Final = 60.0
"""Seconds after which a listing can no longer be stale. How long reads may lag behind a write is an
open question; a minute also covers clock skew."""
_KEPT: Final = 10_000
"""Cards, and failed requests, that are remembered for certain: more than a usual contract run seeds
or meets, and a few megabytes at most, however long the recording."""
_NOTHING_DONE: Final = frozenset({FAILURE, OTHER})

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """A bounded mapping: keeps at least the last ``_KEPT`` entries, and at most twice as many."""

    def __init__(self) -> None:
        self._young: dict[int, Value] = {}
        self._old: dict[int, Value] = {}

    def __bool__(self) -> bool:
        return bool(self._young or self._old)

    def get(self, key: int) -> Value | None:
        """The entry of a key; ``None`` if there never was one or it was dropped."""
        value = self._young.get(key)
        return self._old.get(key) if value is None else value

    def kept(self, key: int, make: Callable[[], Value]) -> Value:
        """The entry of a key, made if it is missing, and marked as recent."""
        value = self._young.get(key)
        if value is None:
            value = self._old.get(key) or make()
            self.put(key, value)
        return value

    def put(self, key: int, value: Value) -> None:
        """Set an entry."""
        if key not in self._young and len(self._young) >= _KEPT:
            self._old, self._young = self._young, {}
        self._young[key] = value

    def drop(self, key: int) -> None:
        """Remove an entry."""
        self._young.pop(key, None)
        self._old.pop(key, None)


@dataclass(slots=True)
class Sighting:
    """What earlier exchanges showed of one card. Times are in seconds since 1970.

    Args:
        closed: The closed state in which it was first listed.
        closed_by: The earliest moment at which it is known to have been closed.
        counted_by: The earliest moment at which an action is known to have counted it as updated.
        open_at: The latest moment at which a listing that showed it open was requested.
        created: The first ``created``.
    """

    closed: str | None = None
    closed_by: float | None = None
    counted_by: float | None = None
    open_at: float | None = None
    created: object = None


class CardHistory:
    """What the exchanges so far showed. They may arrive in any order."""

    def __init__(self) -> None:
        self._sightings: Recent[Sighting] = Recent()
        self._failures: Recent[int] = Recent()
        self._first: Recent[Fixed] = Recent()

    def of(self, response: ParsedResponse, place: int) -> Sighting | None:
        """What is known of the card at an index; ``None`` if nothing is."""
        key = response.keys[place]
        return None if key is None else self._sightings.get(key)

    def seen(self, response: ParsedResponse) -> frozenset[str | None]:
        """The closed states in which its cards were listed before; ``None`` for an open card."""
        return frozenset([seen.closed for seen, _ in self.known(response)])

    def known(self, response: ParsedResponse) -> Sequence[tuple[Sighting, Body]]:
        """The cards that were seen before, with what is known of them."""
        if response.known is None:
            get = self._sightings.get
            response.known = [
                (seen, card)
                for key, card in zip(response.keys, response.cards, strict=True)
                if key is not None and (seen := get(key)) is not None
            ]
        return response.known

    def shown(self, response: ParsedResponse) -> Sequence[tuple[Body, Fixed, Fixed]]:
        """The cards whose id was listed before, with what does not change of them, then and now.

        Unlike in :meth:`known`, the id may have been of another customer's card.
        """
        if response.shown is None:
            get = self._first.get
            response.shown = [
                (card, first, fixed_values(card))
                for card in response.cards
                if (first := get(_id(response, card))) is not None
            ]
        return response.shown

    def failed(self, response: ParsedResponse) -> bool:
        """Whether the previous response to the same request was a server error too."""
        return bool(self._failures.get(_request(response)))

    def take_in(self, response: ParsedResponse) -> None:
        """Remember what an exchange shows."""
        if response.kind == LISTING:
            for key, body in zip(response.keys, response.cards, strict=True):
                if key is not None:
                    self._see(response, key, body)
                    if response.fidelity is Fidelity.WIRE:
                        self._first.kept(_id(response, body), partial(fixed_values, body))
        elif response.kind not in _NOTHING_DONE and response.counted:
            for key in response.keys:
                if key is not None:
                    sighting = self._sightings.kept(key, Sighting)
                    sighting.counted_by = _earlier(sighting.counted_by, response.ended)
        if response.kind == FAILURE:
            self._failures.put(_request(response), response.status)
        elif self._failures:
            self._failures.drop(_request(response))

    def _see(self, response: ParsedResponse, key: int, body: Body) -> None:
        sighting = self._sightings.kept(key, Sighting)
        if sighting.created is None:
            sighting.created = body.get("created")
        word = body.get("status")
        if not isinstance(word, str):
            return
        if word in CLOSED:
            sighting.closed = sighting.closed or word
            sighting.closed_by = _earlier(sighting.closed_by, response.ended)
        elif word in OPEN:
            sighting.open_at = _later(sighting.open_at, response.started)


def _id(response: ParsedResponse, card: Body) -> int:
    return hash((response.environment, str(card.get("cardInstanceId"))))


def _request(response: ParsedResponse) -> int:
    return hash((response.environment, response.action, response.query, response.request_body))


def _earlier(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else min(one, other)


def _later(one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None or other < one else other


def long_after(moment: float | None, other: float | None) -> bool:
    """Whether a moment is so long after another that no listing may still be stale."""
    return moment is not None and other is not None and moment - other > SETTLING
