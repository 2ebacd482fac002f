"""Suggestions: what a mistyped name was probably meant to be."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from pytest_atomic_cards.support.errors import MisuseError


def suggestion(name: str, known: Collection[str]) -> str:
    """The known name that resembles a mistyped one, or all names, to go on after an error."""
    near = get_close_matches(name, known, n=1)
    return f"did you mean {str(near[0])!r}?" if near else f"known: {', '.join(known)}"


def nearby(name: str, known: Iterable[str]) -> str:
    """The known names that resemble a mistyped one in any case, to go on after an error."""
    by_word = {one.lower(): one for one in known}
    near = [by_word[one] for one in get_close_matches(name.lower(), by_word, n=3)]
    return f"; did you mean {' or '.join(near)}?" if near else ""


def refuse_unknown(given: Iterable[str], known: Collection[str], owner: str) -> None:
    """Raise for the first name that is not a known one.

    Args:
        given: Names that the caller used.
        known: Names that there are.
        owner: What has those names, such as ``a card query``.

    Raises:
        MisuseError: A name is unknown.
    """
    for name in given:
        if name not in known:
            raise MisuseError(f"{owner} has no {name!r}; {suggestion(name, known)}")
