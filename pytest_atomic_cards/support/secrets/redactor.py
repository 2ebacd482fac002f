"""Redactor: replaces secrets that are known by their value, in every spelling people meet."""

from __future__ import annotations

import base64
import html
import re
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.support.secrets.hidden import REDACTED, Hidden
from pytest_atomic_cards.support.secrets.unpacking import unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORTEST: Final = 6
"""Characters of a secret; replacing a shorter string would make nonsense of a body."""

_SHORTEST_IN_BASE64: Final = 8
"""Letters of a piece of base64 that are replaced; fewer are in other words by chance."""

_ESCAPES: Final = ("%", "\\", "&")
"""One of these is in every spelling that differs from the secret itself, but for base64."""


class Redactor:
    """Replaces known secrets wherever they turn up.

    They are found as they are, percent-encoded, escaped for JSON or HTML, each character in its own
    way and in hexadecimal digits of either case; and in base64, alone or inside a longer text. A
    compressed body that holds one is replaced by the plain one without it.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        # The longest first: one secret may be a part of another.
        known = sorted({str(s) for s in secrets if len(s) >= _SHORTEST}, key=len, reverse=True)
        encoded = sorted(
            {piece for secret in known for piece in _in_base64(secret)}, key=len, reverse=True
        )
        self._spellings = list(map(Hidden, [*known, *encoded]))
        self._bytes = [_HiddenBytes(text.encode()) for text in self._spellings]
        # The methods, because a pattern shows itself in tracebacks.
        self._hide_escaped = [re.compile(_any_spelling(secret)).sub for secret in known]
        self._shortest = min(map(len, self._spellings), default=0)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def text(self, text: str) -> str:
        """The text with every secret replaced."""
        if len(text) < self._shortest:
            return text
        for spelling in self._spellings:
            text = text.replace(spelling, REDACTED)
        if any(sign in text for sign in _ESCAPES):
            for hide in self._hide_escaped:
                text = hide(REDACTED, text)
        return text

    def content(self, content: bytes) -> bytes:
        """The bytes with every secret replaced."""
        plain = unpacked(content)
        cleaned = self._plain_content(plain)
        return content if cleaned == plain else cleaned

    def _plain_content(self, content: bytes) -> bytes:
        for spelling in self._bytes:
            content = content.replace(spelling, REDACTED.encode())
        if any(sign.encode() in content for sign in _ESCAPES):
            # Undecodable bytes come through as they are.
            text = content.decode("utf-8", "surrogateescape")
            content = self.text(text).encode("utf-8", "surrogateescape")
        return content


class _HiddenBytes(bytes):
    """A spelling of a secret, which tracebacks would show like the secret itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(REDACTED)


def _any_spelling(secret: str) -> str:
    return "".join(map(_spellings, secret))


def _spellings(character: str) -> str:
    """A pattern of one character as it is, in a URL, in JSON and in HTML."""
    code = ord(character)
    percent = "".join(rf"%(?:25)*{_hex(byte, 2)}" for byte in character.encode())
    units = character.encode("utf-16-be")
    in_json = "".join(
        rf"\\\\{{0,7}}u{_hex(high * 256 + low, 4)}"
        for high, low in zip(units[::2], units[1::2], strict=True)
    )
    in_html = rf"&#0*{code};|&#[xX]0*{_hex(code, 0)};"
    named = html.escape(character)
    others = [named] if named != character else []
    if character in '"\\/':
        others.append(r"\\\\{0,7}" + re.escape(character))
    if character == " ":
        others.append(r"\+")
    return f"(?:{'|'.join([re.escape(character), percent, in_json, in_html, *others])})"


def _hex(code: int, digits: int) -> str:
    """A pattern of a number in hexadecimal digits of either case."""
    return "".join(
        f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in f"{code:0{digits}x}"
    )


def _in_base64(secret: str) -> set[str]:
    """The letters that a secret has in base64, wherever it begins, in both alphabets."""
    found = set()
    raw = secret.encode()
    for shift in range(3):
        letters = base64.b64encode(bytes(shift) + raw).decode().rstrip("=")
        # The first and the last letter may also hold bits of what is around the secret.
        first = (shift * 8 + 5) // 6
        last = (shift + len(raw)) * 8 // 6
        piece = letters[first:last]
        if len(piece) >= _SHORTEST_IN_BASE64:
            found |= {piece, piece.replace("+", "-").replace("/", "_")}
    return found
