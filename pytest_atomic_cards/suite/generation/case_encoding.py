"""Cases as JSON: generated values in a form that needs no Hypothesis to read back.

The set of forms is closed: a value without a form cannot be written, and reading only ever builds
the types below. Nothing is imported, evaluated or unpickled. Plain JSON stays plain JSON. Anything
else becomes an object with one key: its kind, which begins with ``$``.
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from pytest_atomic_cards.model.card_spec import OLD_NAMES, CardSpec, Population
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.suite.generation.command_sequences import Step
from pytest_atomic_cards.suite.generation.schema_document import Generated
from pytest_atomic_cards.support.errors import MisuseError

_MARK: Final = "$"
_KINDS: Final[Mapping[str, type]] = {
    "$action": Action,
    "$status": Status,
    "$query": CardQuery,
    "$card": CardSpec,
    "$population": Population,
    "$request": Generated,
    "$step": Step,
    "$seconds": timedelta,
    "$tuple": tuple,
    "$bytes": bytes,
    "$object": dict,
}
"""The name of each type without a JSON form; ``$object`` is a dict with such names as keys."""
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}


def as_json(value: Any) -> Any:  # noqa: ANN401 - a case and its JSON
    """A generated value as JSON.

    Raises:
        MisuseError: There is no form for a value of this type.
    """
    kind = type(value)
    if value is None or kind in {bool, int, float, str}:
        return value
    if kind is list:
        return [as_json(element) for element in value]
    if kind is dict and not any(key.startswith(_MARK) for key in value):
        return {key: as_json(element) for key, element in value.items()}
    if kind not in _NAMES:
        raise MisuseError(
            f"a generated {kind.__name__} cannot be recorded; supported are JSON values, "
            f"{', '.join(sorted(one.__name__ for one in _NAMES))}"
        )
    return {_NAMES[kind]: _FORMS[kind][0](value)}


def from_json(form: Any) -> Any:  # noqa: ANN401 - JSON and a case
    """The inverse of :func:`as_json`.

    Raises:
        MisuseError: The JSON is not a known form.
    """
    if isinstance(form, list):
        return [from_json(element) for element in form]
    if not isinstance(form, dict):
        return form
    marked = [key for key in form if key.startswith(_MARK)]
    if not marked:
        return {key: from_json(element) for key, element in form.items()}
    ((name, content),) = form.items() if len(form) == 1 else ((marked[0], None),)
    kind = _KINDS.get(name)
    if kind is None or len(form) > 1:
        raise MisuseError(f"a recorded case has {name!r} where a known form should be")
    try:
        return _FORMS[kind][1](content)
    except (MisuseError, TypeError, ValueError, AttributeError, KeyError, OverflowError) as error:
        raise MisuseError(f"a recorded case has a {name} that cannot be read: {error}") from None


def _fields(value: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass
    """The fields of a dataclass that differ from their defaults."""
    given = {}
    for field in dataclasses.fields(value):
        content = getattr(value, field.name)
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        if default is dataclasses.MISSING or content != default:
            given[field.name] = as_json(_plain(content))
    return given


def _plain(value: Any) -> Any:  # noqa: ANN401
    return dict(value) if isinstance(value, Mapping) else value


def _spec_fields(spec: CardSpec) -> dict[str, Any]:
    """The fields of a spec by the names that recordings have had from the beginning."""
    recorded = {name: old for old, name in OLD_NAMES.items()}
    return {recorded.get(name, name): value for name, value in _fields(spec).items()}


def _made(kind: type, names: Mapping[str, str] = {}) -> Callable[[Any], Any]:
    return lambda form: kind(
        **{names.get(name, name): from_json(field) for name, field in form.items()}
    )


def _text_or_base64(content: bytes) -> Any:  # noqa: ANN401 - a JSON value
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


def _bytes(form: Any) -> bytes:  # noqa: ANN401 - a JSON value
    if isinstance(form, str):
        return form.encode()
    return base64.b64decode(form["base64"], validate=True)


def _elements(value: Any) -> list[Any]:  # noqa: ANN401
    return [as_json(element) for element in value]


_FORMS: Final[Mapping[type, tuple[Callable[[Any], Any], Callable[[Any], Any]]]] = {
    Action: (str, Action),
    Status: (str, Status),
    CardQuery: (_fields, _made(CardQuery)),
    CardSpec: (_spec_fields, _made(CardSpec, OLD_NAMES)),
    Population: (_elements, lambda form: Population(tuple(map(from_json, form)))),
    Generated: (_fields, _made(Generated)),
    Step: (_fields, _made(Step)),
    timedelta: (timedelta.total_seconds, lambda form: timedelta(seconds=form)),
    tuple: (_elements, lambda form: tuple(map(from_json, form))),
    bytes: (_text_or_base64, _bytes),
    dict: (
        lambda value: [[key, as_json(element)] for key, element in value.items()],
        lambda form: {key: from_json(element) for key, element in form},
    ),
}
"""How to write and read a value of each type."""
