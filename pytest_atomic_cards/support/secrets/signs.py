"""A fast search for signs of secrets; every text that contains a secret has one.

A thorough search takes longer than everything else that is done with an exchange, and most texts
do not need it.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from typing import Final

_BEFORE: Final = 100
"""Bytes before a sign that are searched: in a list, a value may precede its name."""
_AFTER: Final = 200
"""Bytes after a sign that are searched: the rest of a name, separators, and the value."""
_LONG_AFTER: Final = 2_000
"""Bytes of a JSON web token that are searched; its first part is shorter."""
_RUN: Final = 37
"""Characters of a run that may be a key or base64: one more than a UUID has."""

_SIGNS: Final = tuple(
    map(
        re.compile,
        (
            rb"b(?:asic|earer(?! \$atomic_token)|(?<=-----b)egin)",
            rb"g(?:(?<=sig)(?:natur|[^a-z])|(?<=\bg)l[a-z]{2,5}-)",
            rb"k(?:ey|(?<=cook)ie|(?<=tok)en(?<!\$atomic_token)|[_-](?<=\b[rs]k.)|(?<=ak)ia)",
            rb"secret",
            rb"ss(?:(?<=pass)(?:w|ph)|ertion|(?<=sess)(?:id|ion[-_]?id))",
            rb"w(?:(?<=pw)d|(?<=\bw)hsec_)",
            rb'z(?<=authoriz)(?!ation(?:": "\[redacted\]"|: bearer \$atomic_token))',
            rb"=(?<=code=)",
        ),
    )
)
"""Every secret has one of these in its name or right before it; the placeholders of this package do
not match. Each pattern begins with a rare letter, for which the search is as fast as for a byte."""

_GATED: Final = {
    b"@": re.compile(rb":\\?/\\?/[^\s/?#\"'<>\\@]{1,300}@"),
    b"%": re.compile(rb"%(?:25)*(?:2d|5f|4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a])"),
    b"#": re.compile(rb"#(?<=&#)"),
    b"\\": re.compile(rb"\\(?:u00(?:2d|5f|[4-7])|x[4-7])"),
}
"""User names in URLs, and needlessly encoded letters, which may spell a name; each with the byte
that a text must have to be searched."""

_JWT: Final = re.compile(rb"j(?<=eyj)")
_LETTERS: Final = (string.ascii_letters + string.digits + "+/_-").encode()
_AS_RUNS: Final = bytes(97 if byte in _LETTERS else 32 for byte in range(256))
_LONG_RUN: Final = b"a" * _RUN


def has_sign(text: str) -> bool:
    """Whether a text may contain a secret."""
    return next(suspects(text), None) is not None


def suspects(text: str) -> Iterator[str]:
    """The pieces of a text that may contain a secret."""
    content = text.encode("utf-8", "replace")
    return (piece.decode("utf-8", "replace") for piece in _pieces(content))


def _pieces(content: bytes) -> Iterator[bytes]:
    """The context of each sign, possible JSON web tokens, and runs that may be encoded."""
    lowered = content.lower()
    gated = [sign for byte, sign in _GATED.items() if byte in content]
    for sign in (*_SIGNS, *gated):
        for found in sign.finditer(lowered):
            yield content[max(found.start() - _BEFORE, 0) : found.end() + _AFTER]
    for found in _JWT.finditer(lowered):
        yield content[found.start() - 2 : found.start() + _LONG_AFTER]
    runs = content.translate(_AS_RUNS)
    at = runs.find(_LONG_RUN)
    while at >= 0:
        end = runs.find(b" ", at)
        end = len(runs) if end < 0 else end
        yield content[max(at - _BEFORE, 0) : end]
        at = runs.find(_LONG_RUN, end)
