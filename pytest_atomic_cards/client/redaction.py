"""Secrets are replaced before anyone sees them: in text, in bodies, and in tracebacks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from pytest_atomic_cards.exchange import REDACTED

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORTEST: Final = 6
"""A shorter string is no secret, and replacing it would make nonsense of a body."""


class Hidden(str):
    """A string that hides in its ``repr``, by which tracebacks show local variables."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(REDACTED)


class Redactor:
    """Replaces known secrets wherever they turn up, also percent-encoded or inside JSON."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {
            spelling
            for secret in secrets
            if len(secret) >= _SHORTEST
            for spelling in _spellings(str(secret))
        }
        # The longest first: one secret may be a part of another.
        self._spellings = [Hidden(text) for text in sorted(spellings, key=len, reverse=True)]

    def text(self, text: str) -> str:
        """The text with every secret replaced."""
        for spelling in self._spellings:
            text = text.replace(spelling, REDACTED)
        return text

    def content(self, content: bytes) -> bytes:
        """The bytes with every secret replaced."""
        for spelling in self._spellings:
            content = content.replace(spelling.encode(), REDACTED.encode())
        return content


def _spellings(secret: str) -> set[str]:
    in_json = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return {secret, quote(secret, safe="")} | in_json | {s.replace("/", "\\/") for s in in_json}
