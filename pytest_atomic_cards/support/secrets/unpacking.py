"""Removes one layer of encoding from a text, or the compression from a body."""

from __future__ import annotations

import base64
import html
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import unquote_plus

LARGEST_BODY: Final = 256 * 1024 * 1024
"""Bytes of a decompressed body, so that a small file cannot fill the memory."""

_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_CHUNK: Final = re.compile(r"""[^\s"'&=]+""")
_ESCAPED: Final = re.compile(r"\\{1,8}(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([nrtbf/\"]))")
_CONTROL: Final = {"n": "\n", "r": "\r", "t": "\t", "b": " ", "f": " "}
_PACKED: Final = {b"\x1f\x8b": 16, b"\x78\x01": 0, b"\x78\x5e": 0, b"\x78\x9c": 0, b"\x78\xda": 0}
"""The first bytes of gzip and zlib, each with the flag that selects its format.
Source: RFC 1952 › 2.3.1, RFC 1950 › 2.2."""

Layer = tuple[str, tuple[int, int], str]


def unpacked(content: bytes, largest: int = LARGEST_BODY) -> bytes:
    """A body without gzip or deflate compression; unchanged if it has none.

    Args:
        content: The body.
        largest: Bytes after which the decompressed body is cut off.
    """
    window = _PACKED.get(content[:2])
    if window is not None:
        return _inflated(content, zlib.MAX_WBITS | window, largest) or content
    if not content or _is_text(content):
        return content
    raw = _inflated(content, -zlib.MAX_WBITS, largest)
    return raw if raw and _is_text(raw) else content


def layers(text: str) -> Iterator[Layer]:
    """Each piece of a text that may be encoded: its kind, its span, and its decoded text."""
    for match in _BASE64.finditer(text):
        for inner in from_base64(match[0]):
            yield "secret in base64", match.span(), inner
    for match in _CHUNK.finditer(text) if "%" in text else ():
        inner = unquote_plus(match[0])
        if "%" in match[0] and inner != match[0]:
            yield "percent-encoded secret", match.span(), inner


def unescaped(text: str) -> Iterator[str]:
    """The whole text without the escapes of JSON, HTML and URLs, if it has any."""
    for sign, decode in _DECODERS.items():
        if sign in text and (inner := decode(text)) != text:
            yield inner


def from_base64(text: str) -> Iterator[str]:
    """The texts that base64 may encode, at each possible offset, decompressed if necessary."""
    letters = text.rstrip("=").replace("-", "+").replace("_", "/")
    for start in range(4):
        piece = letters[start:]
        try:
            content = base64.b64decode(piece[: len(piece) - (len(piece) % 4 == 1)] + "==")
            yield (unpacked(content) if content[:2] in _PACKED else content).decode()
        except ValueError:
            continue


def _inflated(content: bytes, window: int, largest: int) -> bytes:
    try:
        return zlib.decompressobj(window).decompress(content, largest)
    except zlib.error:
        return b""


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _CONTROL.get(match[3], match[3])


_DECODERS: Final[dict[str, Callable[[str], str]]] = {
    "\\": lambda text: _ESCAPED.sub(_unescaped, text),
    "&": html.unescape,
    "%": unquote_plus,
}
