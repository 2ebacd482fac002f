"""Suspects: the few pieces of recordings that are looked at closely, as a secret may be in them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from pytest_atomic_cards.support.secrets.finder import secrets_in
from pytest_atomic_cards.support.secrets.signs import suspects

_APART: Final = '"\n' * 50
"""Ends what a quote or a space ends; so long that no sign hides behind that of another text."""
_PIECES: Final = 4_096
"""Pieces whose answer is remembered: recordings repeat most of their headers."""


def may_hold_secret(texts: Iterable[str]) -> bool:
    """Whether one of several texts may hold a secret; searching them at once takes half the time.

    What is found may also be made of the end of one and the beginning of the next.
    """
    return any(map(_kind, suspects(_APART.join(texts))))


def secret_in(text: str) -> str | None:
    """What kind of secret a text holds, such as ``bearer token``; ``None`` if it holds none."""
    if not may_hold_secret([text]):
        return None
    # A placeholder may have been cut off at the end of a piece.
    found = secrets_in(text)
    return found[0].kind if found else None


@lru_cache(_PIECES)
def _kind(piece: str) -> str | None:
    found = secrets_in(piece)
    return found[0].kind if found else None
