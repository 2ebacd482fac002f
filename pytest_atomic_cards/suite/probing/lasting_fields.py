"""Fields of a card that neither an action nor a timer changes."""

from __future__ import annotations

from typing import Final

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.rules.reference_shapes import FIXED_FIELDS

_LASTING: Final = ("created", "eventName", "cardTemplateName", *FIXED_FIELDS)
"""Their names: of a card's body, or of its payload."""


def changed_fields(before: Card, after: Card) -> list[str]:
    """The names of those that differ."""
    return [name for name in _LASTING if _value(before, name) != _value(after, name)]


def _value(card: Card, name: str) -> object:
    return card.raw[name] if name in card.raw else card.payload.get(name)
