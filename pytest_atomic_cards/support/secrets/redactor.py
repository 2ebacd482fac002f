"""Replaces known secrets, in every usual spelling."""

from __future__ import annotations

import base64
import html
import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.support.secrets.hidden import REDACTED, Hidden
from pytest_atomic_cards.support.secrets.unpacking import unpacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SHORTEST: Final = 6
"""Characters of a secret: replacing a shorter string would garble a body."""

_SHORTEST_IN_BASE64: Final = 8
"""Characters of base64 that are replaced: fewer occur elsewhere by chance."""

_ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}|\\|&(?:#|amp;|lt;|gt;|quot;)")
"""Every spelling except base64 that differs from the secret itself has one of these."""


class Redactor:
    """Replaces known secrets wherever they occur.

    They are found verbatim, percent-encoded, escaped for JSON or HTML, in any mixture of these and
    with hexadecimal digits of either case; and in base64, alone or inside a longer text. A
    compressed body that contains one is replaced by the uncompressed one without it.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        # Longest first, as one secret may be part of another.
        secrets = {str(s) for s in secrets if len(s) >= SHORTEST}
        forms = {secret.replace(" ", "+") for secret in secrets}
        known = sorted(secrets | forms, key=len, reverse=True)
        encoded = sorted(
            {piece for secret in known for piece in _in_base64(secret)}, key=len, reverse=True
        )
        self._spellings = list(map(Hidden, [*known, *encoded]))
        self._bytes = [_HiddenBytes(text.encode()) for text in self._spellings]
        self._known = list(map(Hidden, known))
        self._shortest = min(map(len, self._spellings), default=0)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def text(self, text: str) -> str:
        """The text with every secret replaced."""
        if len(text) < self._shortest:
            return text
        for spelling in self._spellings:
            text = text.replace(spelling, REDACTED)
        if _ESCAPE.search(text):
            for hide in self._hide_escaped:
                text = hide(REDACTED, text)
        return text

    @cached_property
    def _hide_escaped(self) -> list[Callable[[str, str], str]]:
        """Substitutions of every spelling, built when a text has an escape."""
        return [_hide_any_spelling(secret) for secret in self._known]

    def content(self, content: bytes) -> bytes:
        """The bytes with every secret replaced."""
        plain = unpacked(content)
        cleaned = self._plain_content(plain)
        return content if cleaned == plain else cleaned

    def _plain_content(self, content: bytes) -> bytes:
        for spelling in self._bytes:
            content = content.replace(spelling, REDACTED.encode())
        # Bytes that are not UTF-8 stay unchanged.
        text = content.decode("utf-8", "surrogateescape")
        return (
            self.text(text).encode("utf-8", "surrogateescape") if _ESCAPE.search(text) else content
        )


class _HiddenBytes(bytes):
    """A spelling of a secret that tracebacks do not show."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(REDACTED)


def _hide_any_spelling(secret: str) -> Callable[[str, str], str]:
    """A substitution of every spelling of a secret.

    The pattern of a whole token takes milliseconds to compile, so it is built only for a text in
    which the first characters occur. These are sought only if they occur verbatim, or one of them
    escaped, as their pattern begins with a letter and halts at each such letter of a long body.
    Functions, because the repr of a pattern would show the secret in tracebacks.
    """
    first = Hidden(secret[:SHORTEST])
    begins = re.compile(_any_spelling(first)).search
    escaped = [re.compile(pattern).search for pattern in _any_escaped(first)]
    whole: list[Callable[[str, str], str]] = []

    def hide(replacement: str, text: str) -> str:
        may_begin = first in text or any(occurs(text) for occurs in escaped)
        if not may_begin or not begins(text):
            return text
        if not whole:
            whole.append(re.compile(_any_spelling(secret)).sub)
        return whole[0](replacement, text)

    return hide


def _any_spelling(secret: str) -> str:
    return "".join(map(_spellings, secret))


def _any_escaped(characters: str) -> list[str]:
    """Patterns, one of which occurs wherever any of some characters is spelled otherwise.

    Each begins with an ordinary character, which is found fast.
    """
    firsts = {character.encode()[0] for character in characters}
    units = {int.from_bytes(character.encode("utf-16-be")[:2]) for character in characters}
    found = [f"%(?:25)*(?:{'|'.join(_hex(byte, 2) for byte in firsts)})", "&#"]
    found += [html.escape(character) for character in "&<>\"'" if character in characters]
    found.append(f"u00(?:{'|'.join(_hex(unit % 256, 2) for unit in units)})")
    found += [f"u{_hex(unit, 4)}" for unit in units if unit // 256]
    found += [re.escape(rf"\{character}") for character in '"\\/' if character in characters]
    return [*found, *([r"\+"] if " " in characters else [])]


def _spellings(character: str) -> str:
    """A pattern for one character: verbatim, in a URL, in JSON and in HTML."""
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
    """A pattern for a number in hexadecimal digits of either case."""
    return "".join(
        f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in f"{code:0{digits}x}"
    )


def _in_base64(secret: str) -> set[str]:
    """The base64 of a secret at each possible offset, in both alphabets."""
    found = set()
    raw = secret.encode()
    for shift in range(3):
        letters = base64.b64encode(bytes(shift) + raw).decode().rstrip("=")
        # The first and last character may also encode bits of the surrounding text.
        first = (shift * 8 + 5) // 6
        last = (shift + len(raw)) * 8 // 6
        piece = letters[first:last]
        if len(piece) >= _SHORTEST_IN_BASE64:
            found |= {piece, piece.replace("+", "-").replace("/", "_")}
    return found
