"""Faults of robustness: unexpected server errors."""

from __future__ import annotations

from functools import partial
from typing import Any, Final, NoReturn

from pytest_atomic_cards.sandbox.faults.fault import Faults, Original
from pytest_atomic_cards.sandbox.refusal import Refusal

FAULTS: Final = Faults("protocol")


def _error_for(character: str, original: Original[str], text: str) -> str:
    value = original(text)
    if character in value:
        raise Refusal(500, "internal error")
    return value


FAULTS.add(
    "quote-gives-500",
    "An apostrophe in a query gives a server error.",
    {"decode": partial(_error_for, "'")},
)
FAULTS.add(
    "tilde-gives-500",
    "A tilde in a query gives a server error.",
    {"decode": partial(_error_for, "~")},
)


@FAULTS.replacing("decode")
def unicode_gives_500(original: Original[str], text: str) -> str:
    """A character beyond ASCII in a query gives a server error."""
    value = original(text)
    if not value.isascii():
        raise Refusal(500, "internal error")
    return value


def _error_for_refusal(original: Original[Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
    try:
        return original(*args, **kwargs)
    except Refusal:
        raise Refusal(500, "internal error") from None


FAULTS.add(
    "bad-number-gives-500",
    "A limit or offset that is not a number gives a server error.",
    {"number": _error_for_refusal},
)
FAULTS.add(
    "bad-json-gives-500",
    "A body that is not JSON gives a server error.",
    {"json": _error_for_refusal},
)


@FAULTS.replacing("zero_match_listing")
def no_match_gives_500(_: Original[bool]) -> NoReturn:
    """A listing that matches no card gives a server error."""
    raise Refusal(500, "internal error")


@FAULTS.replacing("zero_match_action")
def no_change_gives_500(_: Original[bool]) -> NoReturn:
    """An action that matches no card it may change gives a server error."""
    raise Refusal(500, "internal error")
