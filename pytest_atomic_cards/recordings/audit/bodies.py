"""Decodes recorded bodies: their form in a file, their compression, and JSON."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, Final, NamedTuple

from pytest_atomic_cards.rules.parsed_response import EMPTY, UNREADABLE
from pytest_atomic_cards.support.secrets.unpacking import unpacked

LARGEST: Final = 16 * 1024 * 1024
"""Bytes of one exchange, and of a body when it is decompressed: the largest documented page, of
1,000 cards, has a tenth of them, and no recording can fill the memory."""
TOO_LARGE: Final = f"larger than {LARGEST // 1024 // 1024} MB"
OVERSIZED: Final[Any] = object()
"""Stands for a value of a recording that is too large, and was not kept."""
NOT_JSON: Final = "with a body that is not JSON"
CUT_OFF: Final = "with a body that is cut off"
NOT_DECODED: Final = "with a body in "
"""Goes on with the name of an encoding."""

_STEP: Final = 16
"""Bytes that brotli decodes at once if it cannot limit its output, as before version 1.2: so few
become no more than some blocks of 16 MB."""
_HEX_LETTERS: Final = frozenset("0123456789abcdefABCDEF")


class Body(NamedTuple):
    """A recorded body.

    Args:
        content: Its bytes, decompressed if possible.
        value: As a JSON value; ``EMPTY`` or ``UNREADABLE``.
        problem: Why it is unreadable, to go on after a number of exchanges.
    """

    content: bytes
    value: Any
    problem: str = ""


_ABOUT_A_BODY: Final = frozenset({"encoding", "file", "mimeType", "size", "type"})
"""What is recorded beside a body; alone if there was none, or if a recording is cut off."""
NO_BODY: Final = Body(b"", EMPTY)


def body_in(recorded: Any, coding: str = "") -> Body:  # noqa: ANN401 - as recorded
    """A body in any form in which a tool writes it.

    Args:
        recorded: Text, bytes, a JSON value, or an object that names its encoding.
        coding: The ``Content-Encoding`` of the message.
    """
    if recorded is None or recorded == "":
        return NO_BODY
    if isinstance(recorded, Mapping):
        try:
            recorded = _unwrapped(recorded)
        except ValueError:  # also of base64
            return Body(b"", UNREADABLE, f"{NOT_DECODED}damaged base64 or hexadecimal digits")
    if isinstance(recorded, str):
        recorded = recorded.encode("utf-8", "surrogatepass")
    if isinstance(recorded, bytes):
        return decoded(recorded, coding)
    if recorded is None:
        return NO_BODY
    return Body(json.dumps(recorded, default=str).encode(), recorded)


def decoded(content: bytes, coding: str = "") -> Body:
    """A body as it was sent, decompressed if necessary."""
    if not content.strip():
        return NO_BODY
    with suppress(ValueError, RecursionError):
        return Body(content, json.loads(content))
    plain = unpacked(content, LARGEST)
    for name in reversed(coding.lower().replace(" ", "").split(",")):
        if plain is content and name in _DECOMPRESSORS:
            try:
                plain = _decompressed(content, name)
            except ImportError:
                return Body(b"", UNREADABLE, f"{NOT_DECODED}{name}")
    if len(plain) >= LARGEST:
        return Body(b"", UNREADABLE, TOO_LARGE)
    try:
        return Body(plain, json.loads(plain)) if plain.strip() else NO_BODY
    except (ValueError, RecursionError):
        start, end = plain.lstrip()[:1], plain.rstrip()[-1:]
        is_cut = start in (b"{", b"[") and end not in (b"}", b"]")
        return Body(plain, UNREADABLE, CUT_OFF if is_cut else NOT_JSON)


# The form in a file


def _unwrapped(body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as recorded
    """The content of an object that names its form; the object itself if it names none.

    Raises:
        ValueError: It is not in the encoding that it names.
    """
    for name in ("$base64", "base64_string", "base64"):
        if isinstance(body.get(name), str | bytes):
            return _of_base64(body[name])
    if body.get("type") in _OF_TYPE and body.keys() <= {"type", "content", "data"}:
        return _OF_TYPE[body["type"]](body.get("content", body.get("data")))
    for name in ("string", "text"):
        if name in body and isinstance(body[name], str | bytes | None):
            return _OF_ENCODING.get(body.get("encoding") or "", _same)(body[name] or b"")
    if "mode" in body:
        return body.get("raw")
    return None if body.keys() <= _ABOUT_A_BODY else body


def _of_base64(text: str | bytes) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error:  # a text without the padding, or cut off
        return base64.b64decode(text[: len(text) // 4 * 4], validate=True)


def _of_hex(text: str | bytes) -> bytes:
    return bytes.fromhex(text if isinstance(text, str) else text.decode())


def _of_buffer(data: Any) -> bytes:  # noqa: ANN401 - as recorded
    """A ``Buffer`` of Node.js, as a list of numbers or in base64."""
    return bytes(data) if isinstance(data, list) else _of_base64(data)


def _same(content: Any) -> Any:  # noqa: ANN401 - as recorded
    return content


_OF_ENCODING: Final[Mapping[str, Callable[[Any], Any]]] = {"base64": _of_base64, "hex": _of_hex}
_OF_TYPE: Final[Mapping[object, Callable[[Any], Any]]] = {
    "json": _same,
    "text": _same,
    "none": lambda _: None,
    "binary": _of_hex,
    "Buffer": _of_buffer,
}
"""Types of bodies of cassetter and of Node.js."""


def of_chunks(text: str) -> bytes | None:
    """The chunks of a compressed response that Polly.JS keeps as a JSON array of texts."""
    try:
        chunks = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(chunks, list) or not all(isinstance(one, str) for one in chunks):
        return None
    read = _of_hex if all(map(_HEX_LETTERS.issuperset, chunks)) else _of_base64
    with suppress(ValueError):
        return b"".join(map(read, chunks))
    return None


# Compression


def _brotli(library: Any, content: bytes) -> bytes:  # noqa: ANN401 - a module
    decompressor = library.Decompressor()
    step = getattr(decompressor, "process", None) or decompressor.decompress
    with suppress(TypeError):
        limited: bytes = step(content, output_buffer_limit=LARGEST)
        return limited
    out = bytearray()
    for at in range(0, len(content), _STEP):
        out += step(content[at : at + _STEP])
        if len(out) >= LARGEST:
            break
    return bytes(out)


def _zstandard(library: Any, content: bytes) -> bytes:  # noqa: ANN401 - a module
    read: bytes = library.ZstdDecompressor().stream_reader(content).read(LARGEST)
    return read


def _zstd(library: Any, content: bytes) -> bytes:  # noqa: ANN401 - a module
    read: bytes = library.ZstdDecompressor().decompress(content, LARGEST)
    return read


_DECOMPRESSORS: Final[Mapping[str, Mapping[str, Callable[[Any, bytes], bytes]]]] = {
    "br": {"brotli": _brotli, "brotlicffi": _brotli},
    "zstd": {"compression.zstd": _zstd, "zstandard": _zstandard, "backports.zstd": _zstd},
}
"""Libraries for each encoding beside gzip and deflate, which Python always has."""


def _decompressed(content: bytes, coding: str) -> bytes:
    """A body without compression; unchanged if it has none.

    Raises:
        ImportError: No library for it is installed.
    """
    for name, decompress in _DECOMPRESSORS[coding].items():
        try:
            library = import_module(name)
        except ImportError:
            continue
        try:
            return decompress(library, content)
        except Exception:  # noqa: BLE001 - each library has errors of its own
            return content
    raise ImportError(coding)
