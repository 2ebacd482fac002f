"""Signs: one of them is in every text that holds a secret; a plain search finds them.

Looking closely takes longer than all else that is done with an exchange, and most texts hold
nothing to look at.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from typing import Final

_BEFORE: Final = 100
"""Bytes before a sign that are looked at: in a list, a value may come before its name."""
_AFTER: Final = 200
"""Bytes after a sign that are looked at: the rest of a name, what stands between, and the value."""
_LONG_AFTER: Final = 2_000
"""Bytes of a web token that are looked at; its first piece is shorter."""
_RUN: Final = 37
"""Letters that may be a key or base64; a UUID has 36."""

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
"""Of these is one in the name of whatever holds a secret, or right before it; what this package
writes in place of a secret is none. Words that share rare letters are found in one search, which is
as fast as for those letters."""

_GATED: Final = {
    b"@": re.compile(rb":\\?/\\?/[^\s/?#\"'<>\\@]{1,300}@"),
    b"%": re.compile(rb"%(?:25)*(?:2d|5f|4[1-9a-f]|5[0-9a]|6[1-9a-f]|7[0-9a])"),
    b"#": re.compile(rb"#(?<=&#)"),
    b"\\": re.compile(rb"\\(?:u00(?:2d|5f|[4-7])|x[4-7])"),
}
"""User names in URLs, and letters that are encoded for no need, so that they may spell a name; each
with the byte without which none need be searched."""

_JWT: Final = re.compile(rb"j(?<=eyj)")
_LETTERS: Final = (string.ascii_letters + string.digits + "+/_-").encode()
_AS_RUNS: Final = bytes(97 if byte in _LETTERS else 32 for byte in range(256))
_LONG_RUN: Final = b"a" * _RUN


def has_sign(text: str) -> bool:
    """Whether a text may hold a secret."""
    return next(suspects(text), None) is not None


def suspects(text: str) -> Iterator[str]:
    """The pieces of a text that may hold a secret."""
    content = text.encode("utf-8", "replace")
    return (piece.decode("utf-8", "replace") for piece in _pieces(content))


def _pieces(content: bytes) -> Iterator[bytes]:
    """What is around a sign, what may be a web token, and runs of letters that may be encoded."""
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
