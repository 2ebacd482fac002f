"""Recognizes placeholders for secrets, so that a redacted recording passes."""

from __future__ import annotations

import html
import re
from typing import Final
from urllib.parse import unquote

_SCHEME: Final = re.compile(
    r"\A(?:bearer|basic|digest|token|apikey)(?:\s+|%20|\+|$)", re.IGNORECASE
)
_MASK: Final = re.compile(
    r"""[*•●█▇.…_\#?-]+ | [xX]+ | [*xX•.-]{3,} \w{0,4}
    | \w{0,12} (?:\.{3,} | … | \*{3,}) \w{0,4} | (?:(?P<letter>\w)(?P=letter){2,}[._-]?)+ | n/a
    | \$[A-Z][A-Z0-9_]* | \$\{[\w.:-]+\} | \$\(\w+\) | \{\{[\w\s.:|$-]*\}\} | %[A-Z][A-Z0-9_]*%
    | <%=\s*[\w.:\[\]'"]+\s*%> | \#\{[\w.:-]+\} | @@?\w+@@?""",
    re.VERBOSE,
)
"""A masked value, perhaps with its first or last characters; one letter repeated; or a variable of
a shell, a template or a batch file."""
_BRACKETED: Final = re.compile(
    r"\[(.*?)\]?|<(.*?)>?|\{(.*?)\}?|\((.*?)\)?|\*+(.*?)\**|_+(.*?)_*", re.DOTALL
)
"""Words in brackets, or emphasized; the end may be cut off at a space."""
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|(?<!\d)\d{1,4}(?!\d)")
_BETWEEN_WORDS: Final = re.compile(r"[\s_.:!-]*")

_STANDS_IN: Final = re.compile(
    r"""redacted | filtered | removed | hidden | masked | omitted | stripped | sanitized | sanitised
    | scrubbed | censored | anonymized | anonymised | obfuscated | dummy | fake | example | sample
    | placeholder | mock | changeme | change | replace | replaceme | insert | your | todo | none
    | null | nil | undefined | true | false | yes | no | on | off""",
    re.VERBOSE,
)
"""Words of which one is enough for a placeholder, such as ``your-api-key`` and ``DUMMY``."""

_SAYS_WHAT: Final = re.compile(
    r"""the | an? | my | me | here | it | this | with | by | from | for | of | in | to | and | not
    | is | was | be | has | been | value | data | string | text | secrets? | tokens? | access
    | refresh | id | api | app | keys? | client | user | name | username | password | passwd | pass
    | pwd | credentials? | auth | authorization | oauth | bearer | basic | cookies? | session
    | header | jwt | signature | private | public | code | test | testing | sensitive | pii
    | personal | information | vcr | polly | har | proxy | recorder | env
    | var | variable | atomic | cards | org""",
    re.VERBOSE,
)
"""Words that describe the secret; in brackets they are a placeholder on their own."""

_COOKIE_ATTRIBUTES: Final = frozenset(
    {"path", "domain", "expires", "max-age", "samesite", "httponly", "secure", "partitioned"}
)


def is_placeholder(value: str) -> bool:
    """Whether a value is a placeholder for a secret.

    Placeholders are ``[redacted]``, ``***``, ``Bearer {{token}}``, ``<your-token>``, ``$TOKEN`` and
    ``DUMMY``; ``<hunter2>``, ``[correct horse battery staple]`` and ``$ecret`` are not: only words
    that are usual in placeholders count between brackets.
    """
    plain = _decoded(value).strip("\"'")
    plain = _SCHEME.sub("", plain, count=1).strip()
    return not plain or _MASK.fullmatch(plain) is not None or _is_named(plain)


def is_placeholder_cookie(value: str) -> bool:
    """Whether every value in a ``Cookie`` or ``Set-Cookie`` header is a placeholder."""
    pairs = [pair.partition("=") for pair in _decoded(value).split(";")]
    return is_placeholder(value) or all(
        name.strip().lower() in _COOKIE_ATTRIBUTES or (sign and is_placeholder(one))
        for name, sign, one in pairs
    )


def _decoded(value: str) -> str:
    """The decoded value: a placeholder may be encoded with its context, and again when quoted."""
    return html.unescape(unquote(unquote(value))).strip()


def _is_named(text: str) -> bool:
    bracketed = _BRACKETED.fullmatch(text)
    if bracketed:
        inner = next(filter(None, bracketed.groups()), "")
        return is_placeholder(inner) or _is_of_known_words(inner)
    return _is_of_known_words(text) and any(map(_STANDS_IN.fullmatch, _words(text)))


def _is_of_known_words(text: str) -> bool:
    """Whether a text consists of words of placeholders and short numbers."""
    return _BETWEEN_WORDS.fullmatch(_WORD.sub(" ", text)) is not None and all(
        word.isdigit() or _STANDS_IN.fullmatch(word) or _SAYS_WHAT.fullmatch(word)
        for word in _words(text)
    )


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]
