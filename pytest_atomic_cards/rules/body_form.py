"""The form of a body: its names and kinds of values, to show an expected one beside the actual.

It shows names and no values, so that it is short and holds nobody's data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sized
from itertools import islice
from typing import Any, Final

LISTING_FORM: Final = '{"data": [{"cardInstanceId": string, …}, …]}'
"""The documented form of a listing."""
RESULT_FORM: Final = '{"data": [{"cardInstanceId": string, …}, …], "summary": {"total": number, …}}'
"""The documented form of the result of an action."""
_NAMES: Final = 4
"""Names of an object that are shown: the first ones show its kind and its spelling."""
_LONGEST_NAME: Final = 30
"""Characters of a name: no documented one is longer than 16."""
_DEPTH: Final = 3
"""Levels that are shown: a wrapper, an array and its cards."""
_KINDS: Final[Mapping[type, str]] = {
    str: "string",
    bool: "true or false",
    int: "number",
    float: "number",
    type(None): "null",
}


def form_of(body: Any, depth: int = _DEPTH) -> str:  # noqa: ANN401 - a JSON value
    """The form of a JSON value on one line, such as ``[{"user_id": string, …}, …]``."""
    if isinstance(body, dict):
        if not depth:
            return "{…}"
        shown = [
            f'"{name[:_LONGEST_NAME]}": {form_of(value, depth - 1)}'
            for name, value in islice(body.items(), _NAMES)
        ]
        return f"{{{', '.join([*shown, *_more(body, _NAMES)])}}}"
    if isinstance(body, list):
        inside = [form_of(body[0], depth - 1)] if body and depth else []
        return f"[{', '.join([*inside, *_more(body, len(inside))])}]"
    return _KINDS.get(type(body), "a value")


def _more(body: Sized, shown: int) -> list[str]:
    return ["…"] if len(body) > shown else []


def kind_of(body: Any) -> str:  # noqa: ANN401 - a JSON value
    """A JSON value in words, with its form."""
    if isinstance(body, dict):
        return f"an object without an array data: {form_of(body)}"
    if isinstance(body, list):
        return f"an array instead of an object: {form_of(body)}"
    return f"a {_KINDS.get(type(body), 'value')}"
