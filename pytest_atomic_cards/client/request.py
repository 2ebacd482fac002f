"""Building requests, before anything is sent."""

from __future__ import annotations

import json as json_codec
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_ACCEPT_ENCODING

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.query import encode_parameters
from pytest_atomic_cards.support.errors import MisuseError
from pytest_atomic_cards.support.secrets.hidden import Hidden

NO_BODY: Final[Any] = object()
"""Marks a request without a JSON body, as ``None`` is JSON's null."""

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing, so that they may be repeated."""

_PATH: Final = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2})*)+")
_HEADER_VALUE: Final = re.compile(r"[^\0\r\n\u0100-\U0010ffff]*")


@dataclass(slots=True)
class Request:
    """One request, and the token of its last attempt.

    Attributes:
        token: The token.
        renewed: Whether a refused token was replaced.
        refused: The refusal of one that had been accepted before.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    signed: bool
    token: Hidden = field(default=Hidden(), repr=False)
    renewed: bool = False
    refused: Exchange | None = None

    @property
    def access(self) -> tuple[str, str]:
        """The token, and the path that it must give access to."""
        return self.token, self.url.partition("?")[0]


def url_of(root: str, path: str, parameters: Iterable[tuple[str, str]]) -> str:
    """The URL of a path and unencoded parameters below the root of the API.

    Raises:
        MisuseError: The path is not percent-encoded.
    """
    if not _PATH.fullmatch(path):
        raise MisuseError(f"{path!r} is not a percent-encoded path that begins with a slash")
    query = encode_parameters(list(parameters))
    return f"{root}{path}?{query}" if query else f"{root}{path}"


def headers_of(
    method: str, extra: Mapping[str, str | None], user_agent: str | None
) -> dict[str, str]:
    """The headers of a request, without the token.

    Args:
        method: HTTP method.
        extra: Further headers; they override all others, and ``None`` removes one.
        user_agent: Value of ``User-Agent``; ``None`` for none.

    Raises:
        MisuseError: A header cannot be sent.
    """
    headers: CaseInsensitiveDict[str | None] = CaseInsensitiveDict(
        {"Accept": "*/*", "Accept-Encoding": DEFAULT_ACCEPT_ENCODING, "User-Agent": user_agent}
    )
    if method not in SAFE_METHODS:
        headers["Content-Type"] = "application/json"
    headers.update(extra)
    for name, value in headers.items():
        if value is not None and not _HEADER_VALUE.fullmatch(value):
            raise MisuseError(f"header {name!r} holds a character that no header can carry")
    return {name: value for name, value in headers.items() if value is not None}


def encode_json(value: Any) -> bytes:  # noqa: ANN401 - a JSON value
    """A value as UTF-8 JSON.

    Raises:
        MisuseError: It cannot be expressed in JSON (RFC 8259), such as NaN or a set.
    """
    try:
        return json_codec.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise MisuseError(f"the body cannot be sent as JSON: {error}") from None
