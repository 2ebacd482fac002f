"""Strategies for the values in a request: attribute values and completion payloads."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from pytest_atomic_cards.strategies.shrinking import droppable, mapped, weighted

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_LONGEST: Final = 40
"""Characters: seven such values stay below 4 kB of URL even if each needs 12 bytes encoded."""
_IN_IDS: Final = string.ascii_letters + string.digits + "-_.:"
_AWKWARD: Final = (
    *("a", "0", " ", "+", "&", "%", "=", "#", "/", "?", ";", ",", "'", '"', "\\", "<", "@", "*"),
    *("%20", "%2B", "%25", "%2520", "%u0041", "&amp;", "a=b&c", "null", "1"),
    *("é", "e\u0301", "ß", "\u0131", "日本", "שלום", "\u202e", "\u200d", "😀", "\U0010fffd"),
)
"""Fragments that encoders, decoders, databases and comparisons are known to get wrong."""
_HOSTILE: Final = ("a", " ", "\t", "\n", "\r\n", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\u3000")

_LARGEST_EXACT: Final = 2**53
_LARGEST_SIGNED: Final = 2**63 - 1
_EDGE_INTEGERS: Final = (
    *(0, 1, -1, 2**31, -(2**31) - 1),
    *(_LARGEST_EXACT - 1, _LARGEST_EXACT, _LARGEST_EXACT + 1, -_LARGEST_EXACT - 1),
    *(_LARGEST_SIGNED, -_LARGEST_SIGNED - 1),
)
_EDGE_FLOATS: Final = (0.0, -0.0, 0.1, 1.0, 1e16, 1e308, -1e308, 2.2250738585072014e-308, 5e-324)
_TELLING_KEYS: Final = (
    *("", " ", "a.b", "$ref", "__proto__", "constructor", "null", "0"),
    *("data", "summary", "status", "action", "userId", "multiple", "payload", "values"),
)
"""Keys that a target may confuse with its own fields or interpret as instructions."""
_DEEPEST: Final = 24
"""Levels of nesting: more than any form has, and below the limits of common JSON parsers."""
_MOST_REPEATS: Final = 500
"""Repetitions of a text: up to 1500 characters, beyond the usual column of 255 or 1024."""


def attribute_values(*, hostile: bool = False) -> SearchStrategy[str]:
    """Values for a query attribute, of 1 to 40 characters.

    Ids, text with spaces, reserved characters (``+ & % = # / ? ; ,``), percent look-alikes
    (``%20``), quotes, and any other Unicode text except surrogates. Seven of the longest values
    take less than 4 kB of URL once encoded. Shrinks to ``"0"``.

    Args:
        hostile: Include control characters, and leading and trailing whitespace. Whether a target
            trims or refuses such a value is not documented.
    """
    tame = st.one_of(
        st.text(_IN_IDS, min_size=1, max_size=_LONGEST),
        mapped(st.uuids(), str),
        _joined(_AWKWARD),
        st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=_LONGEST),
    )
    if hostile:
        anything = st.text(min_size=1, max_size=_LONGEST)
        return st.one_of(tame, _joined(_HOSTILE), anything)
    return mapped(tame, str.strip).filter(bool)


def _joined(pieces: tuple[str, ...]) -> SearchStrategy[str]:
    return mapped(st.lists(st.sampled_from(pieces), min_size=1, max_size=6), "".join)


def payloads(max_leaves: int = 10) -> SearchStrategy[dict[str, Any]]:
    """JSON objects for the body of a completion.

    Keys and texts are any Unicode except surrogates, including empty keys and keys that a target
    could confuse with its own (``status``, ``data``). Numbers are 64-bit integers and finite
    floats, including edge cases (``-0.0``, ``2**53 + 1``, ``1e308``, ``5e-324``). Nesting goes up
    to 24 levels; some arrays and texts are long. The JSON has 2 kB on average and rarely more than
    10 kB. Shrinks to ``{}``.

    Both ``1`` and ``1.0`` occur: if that matters, compare payloads by
    ``json.dumps(..., sort_keys=True)``. A target that reads numbers as doubles cannot keep
    ``2**53 + 1``.

    Args:
        max_leaves: The approximate maximum number of values in one member, except long arrays.
    """
    numbers = st.one_of(
        st.integers(-_LARGEST_SIGNED - 1, _LARGEST_SIGNED),
        st.sampled_from(_EDGE_INTEGERS),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(_EDGE_FLOATS),
    )
    scalars = st.one_of(st.none(), st.booleans(), numbers, st.text())
    keys = st.one_of(st.sampled_from(_TELLING_KEYS), st.text())
    values = st.recursive(
        scalars,
        lambda inner: droppable(inner) | _objects(keys, inner),
        max_leaves=max_leaves,
    )
    large = st.one_of(
        _repeated(st.lists(scalars, min_size=1, max_size=2), 100),
        _repeated(st.text(min_size=1, max_size=3), _MOST_REPEATS),
        mapped(st.tuples(st.integers(1, _DEEPEST - 1), keys, scalars), _nested),
    )
    return _objects(keys, weighted((5, values), (1, large)))


def _objects(
    keys: SearchStrategy[str], values: SearchStrategy[Any]
) -> SearchStrategy[dict[str, Any]]:
    return mapped(droppable(st.tuples(keys, values), max_size=6), dict)


def _repeated(parts: SearchStrategy[Any], most: int) -> SearchStrategy[Any]:
    return mapped(st.tuples(parts, st.integers(1, most)), lambda drawn: drawn[0] * drawn[1])


def _nested(drawn: tuple[int, str, Any]) -> Any:  # noqa: ANN401 - JSON values
    depth, key, innermost = drawn
    for level in range(depth):
        innermost = {key: innermost} if level % 2 else [innermost]
    return innermost
