"""Suspects: the few pieces of a text in which a secret can be, found at the speed of a search.

Looking closely takes longer than all else that is done with an exchange, and most texts hold
nothing to look at.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from pytest_atomic_cards.cassettes.secrets import secrets_in

_BEFORE: Final = 28
_AFTER: Final = 72
_LONG_AFTER: Final = 2_000
_RUN: Final = 40
_APART: Final = '"\n' * (_BEFORE // 2)
"""Ends what a quote or a space ends; so long that no sign hides behind that of another text."""
_SIGNS: Final = tuple(
    map(
        re.compile,
        (
            rb"ass(?:ertion|(?<=pass))",
            rb"b(?:asic|earer(?! \$atomic_token))",
            rb"k(?:ey|(?<=cook)ie|(?<=tok)en(?<!\$atomic_token))",
            rb"secret",
            rb'z(?<=authoriz)(?!ation(?:": "\[redacted\]"|: bearer \$atomic_token))',
        ),
    )
)
"""Of these is one in the name of whatever holds a secret, or right before it; what this package
writes in place of a secret is none. Words that share rare letters are found in one search, which is
as fast as for those letters."""
_JWT: Final = re.compile(rb"j(?<=eyj)")
_LETTERS: Final = (string.ascii_letters + string.digits + "+/_-").encode()
_AS_RUNS: Final = bytes(97 if byte in _LETTERS else 32 for byte in range(256))
_LONG_RUN: Final = b"a" * _RUN


def may_hold_secret(texts: Iterable[str]) -> bool:
    """Whether one of several texts may hold a secret; searching them at once takes half the time.

    What is found may also be made of the end of one and the beginning of the next.
    """
    return secret_in(_APART.join(texts)) is not None


def secret_in(text: str) -> str | None:
    """What kind of secret a text holds, such as ``bearer token``; ``None`` if it holds none."""
    for piece in _suspects(text.encode("utf-8", "replace")):
        kind = _kind(piece)
        if kind is not None:
            return kind
    return None


def _suspects(content: bytes) -> Iterator[bytes]:
    """What follows a sign, what may be a web token, and runs of letters that may be encoded."""
    lowered = content.lower()
    for sign in _SIGNS:
        for found in sign.finditer(lowered):
            at = found.start()
            yield content[max(at - _BEFORE, 0) : at + _AFTER]
    for found in _JWT.finditer(lowered):
        yield content[found.start() - 2 : found.start() + _LONG_AFTER]
    runs = content.translate(_AS_RUNS)
    at = runs.find(_LONG_RUN)
    while at >= 0:
        end = runs.find(b" ", at)
        end = len(runs) if end < 0 else end
        yield content[at:end]
        at = runs.find(_LONG_RUN, end)


@lru_cache(maxsize=4_096)
def _kind(piece: bytes) -> str | None:
    found = secrets_in(piece.decode("utf-8", "replace"))
    return found[0].kind if found else None
