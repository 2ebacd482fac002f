"""A fast filter that passes only the few pieces of text which may contain a secret."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from pytest_atomic_cards.support.secrets.finder import secrets_in
from pytest_atomic_cards.support.secrets.signs import suspects

_APART: Final = '"\n' * 50
"""Separates texts: ends quotes and words, and is longer than a match looks back or ahead."""
_PIECES: Final = 4_096
"""Pieces whose result is remembered, as recordings repeat most of their headers."""


def may_hold_secret(texts: Iterable[str]) -> bool:
    """Whether one of several texts may contain a secret; one search for all takes half the time.

    A match may also span the end of one text and the beginning of the next.
    """
    return any(map(_kind, suspects(_APART.join(texts))))


def secret_in(text: str) -> str | None:
    """The kind of secret in a text, such as ``bearer token``; ``None`` if there is none."""
    if not may_hold_secret([text]):
        return None
    # The end of a piece may have cut off a placeholder, so the whole text decides.
    found = secrets_in(text)
    return found[0].kind if found else None


@lru_cache(_PIECES)
def _kind(piece: str) -> str | None:
    found = secrets_in(piece)
    return found[0].kind if found else None
