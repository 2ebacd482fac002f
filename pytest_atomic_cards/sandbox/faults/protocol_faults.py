"""Faults of robustness: unexpected server errors."""

from __future__ import annotations

from functools import partial
from typing import Any, Final, NoReturn

from pytest_atomic_cards.sandbox.faults.fault import Fault, Original
from pytest_atomic_cards.sandbox.refusal import Refusal

_AREA: Final = "protocol"


def _error_for(character: str, original: Original, text: str) -> str:
    value: str = original(text)
    if character in value:
        raise Refusal(500, "internal error")
    return value


def _error_beyond_ascii(original: Original, text: str) -> str:
    value: str = original(text)
    if not value.isascii():
        raise Refusal(500, "internal error")
    return value


def _error_for_refusal(original: Original, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
    try:
        return original(*args, **kwargs)
    except Refusal:
        raise Refusal(500, "internal error") from None


def _server_error(_: Original) -> NoReturn:
    raise Refusal(500, "internal error")


FAULTS: Final = (
    Fault(
        "quote-gives-500",
        _AREA,
        "An apostrophe in a query gives a server error.",
        {"decode": partial(_error_for, "'")},
    ),
    Fault(
        "tilde-gives-500",
        _AREA,
        "A tilde in a query gives a server error.",
        {"decode": partial(_error_for, "~")},
    ),
    Fault(
        "unicode-gives-500",
        _AREA,
        "A character beyond ASCII in a query gives a server error.",
        {"decode": _error_beyond_ascii},
    ),
    Fault(
        "bad-number-gives-500",
        _AREA,
        "A limit or offset that is not a number gives a server error.",
        {"number": _error_for_refusal},
    ),
    Fault(
        "bad-json-gives-500",
        _AREA,
        "A body that is not JSON gives a server error.",
        {"json": _error_for_refusal},
    ),
    Fault(
        "no-match-gives-500",
        _AREA,
        "A listing that matches no card gives a server error.",
        {"zero_match_listing": _server_error},
    ),
    Fault(
        "no-change-gives-500",
        _AREA,
        "An action that matches no card it may change gives a server error.",
        {"zero_match_action": _server_error},
    ),
)
