"""Parsers: how the text of a setting becomes its value.

Each raises ``ValueError`` with what it expects, phrased to follow "must be".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_atomic_cards.model.settings import APP_FIXTURE, MEGABYTE, Mode, TargetKind
from pytest_atomic_cards.support.json_values import refuse_constant
from pytest_atomic_cards.support.secrets.hidden import Hidden

_VISIBLE: Final = re.compile(r"[\x21-\x7e]+")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE: Final = re.compile(r"[\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?")

_DAY: Final = 86_400
"""Seconds of a day."""

SHORTCOMINGS: Final = ("orphaned", "unplayed", "expired")
"""What can be wrong with cassettes although all tests pass."""


def one_of(*choices: str) -> Callable[[str], str]:
    """A parser that accepts one of some words."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return text

    return parse


def target(text: str) -> TargetKind:
    """Read what the tests run against."""
    return TargetKind(one_of(*TargetKind)(text))


def mode(text: str) -> Mode:
    """Read what to do with cassettes."""
    return Mode(one_of(*Mode)(text))


def shortcomings(text: str) -> tuple[str, ...]:
    """Read several of :data:`SHORTCOMINGS`, separated by commas."""
    wanted = words(text)
    for word in wanted:
        one_of(*SHORTCOMINGS)(word)
    return wanted


def truth(text: str) -> bool:
    """Read a yes or no."""
    if text.lower() in {"1", "true", "yes", "on"}:
        return True
    if text.lower() in {"0", "false", "no", "off", ""}:
        return False
    raise ValueError("true or false")


def seconds(text: str) -> float:
    """Read a duration in seconds, of less than a day."""
    return _positive(text, _DAY, "seconds")


def rate(text: str) -> float:
    """Read a number of requests a second."""
    return _positive(text, math.inf, "requests a second")


def _positive(text: str, below: float, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < below:
        raise ValueError(f"a number of {what} above 0")
    return number


def size(text: str) -> int:
    """Read a number of bytes, or of megabytes if ``MB`` follows."""
    number, unit = (text[:-2], MEGABYTE) if text.upper().endswith("MB") else (text, 1)
    try:
        return count(number.strip()) * unit
    except ValueError:
        raise ValueError("a number of bytes above 0, or of megabytes such as 16MB") from None


def whole(text: str) -> int:
    """Read a whole number from 0."""
    if not text.isascii() or not text.isdigit():
        raise ValueError("a whole number from 0")
    return int(text)


def count(text: str) -> int:
    """Read a whole number from 1."""
    number = whole(text)
    if not number:
        raise ValueError("a whole number from 1")
    return number


def url(text: str) -> str:
    """Read the address of a server, without credentials, query and final slash."""
    if "@" in text:
        raise ValueError("a URL without user name and password")
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(character in text for character in "?# \t\n"):
        raise ValueError("an http or https URL without a query")
    return text.rstrip("/")


def path(text: str) -> Path:
    """Read the path of a file or a directory."""
    return Path(some_text(text))


def segment(text: str) -> str:
    """Read what stands between two slashes of a URL."""
    if text in {"", ".", ".."} or any(character in text for character in "/?#% \t\n"):
        raise ValueError("one segment of a URL path")
    return text


def label(text: str) -> str:
    """Read a name that can be a part of a host name."""
    if not text.replace("-", "").replace("_", "").isalnum() or not text.isascii():
        raise ValueError("letters, digits, hyphens and underscores")
    return text


def words(text: str) -> tuple[str, ...]:
    """Read several texts, separated by commas."""
    found = tuple(filter(None, (word.strip() for word in text.split(","))))
    if not found:
        raise ValueError("at least one id, several separated by commas")
    return found


def json_object(text: str) -> dict[str, Any]:
    """Read a JSON object (RFC 8259)."""
    try:
        value = json.loads(text, parse_constant=refuse_constant)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ValueError("a JSON object")  # noqa: TRY004 - parsers raise ValueError
    return value


def some_text(text: str) -> str:
    """Read any text that is not blank."""
    if not text.strip():
        raise ValueError("some text")
    return text


def app(text: str) -> str:
    """Read where an application is: ``module:attribute``, or the fixture."""
    module, _, attribute = text.partition(":")
    names = [*module.split("."), *attribute.split(".")]
    if text != APP_FIXTURE and not all(name.isidentifier() for name in names):
        raise ValueError(f"module:attribute, such as tests.mock:app, or {APP_FIXTURE}")
    return text


def token(text: str) -> Hidden:
    """Read an access token (RFC 6750 › 2.1)."""
    if not _VISIBLE.fullmatch(text):
        raise ValueError("visible ASCII characters without a space")
    return Hidden(text)


def headers(text: str) -> dict[str, Hidden]:
    """Read headers from a JSON object of texts (RFC 9110 › 5.5)."""
    with suppress(ValueError):
        fields = json_object(text)
        if all(map(_HEADER_NAME.fullmatch, fields)) and all(
            isinstance(value, str) and _HEADER_VALUE.fullmatch(value) for value in fields.values()
        ):
            return {name: Hidden(value) for name, value in fields.items()}
    raise ValueError("a JSON object of header names and their texts")


def paths(text: str) -> tuple[Path, ...]:
    """Read the path of a file with a certificate and its key, or those of two files."""
    found = tuple(map(Path, words(text)))
    if len(found) > 2:  # noqa: PLR2004 - certificate and key
        raise ValueError("one PEM file, or certificate and key, separated by a comma")
    return found


def client_id(text: str) -> str:
    """Read a client id, which must not contain a colon (RFC 7617 › 2)."""
    if ":" in some_text(text):
        raise ValueError("some text without a colon")
    return text
