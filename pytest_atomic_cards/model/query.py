"""Card queries: the seven attributes, ``limit``, ``offset`` and ``multiple``.

Source: Cards API page › Query attributes, Pagination, Actioning multiple cards at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self, TypedDict, Unpack
from urllib.parse import parse_qsl, quote

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.support.errors import MisuseError
from pytest_atomic_cards.support.pasteable import Pasteable, ShownAsCode
from pytest_atomic_cards.support.suggestions import refuse_unknown

if TYPE_CHECKING:
    from collections.abc import Mapping


class Attribute(ShownAsCode, StrEnum):
    """A query attribute, by its name in the API. All are optional and may be combined."""

    EVENT_NAME = "eventName"
    LIFECYCLE_ID = "lifecycleId"
    CARD_TEMPLATE_ID = "cardTemplateId"
    FLOW_INSTANCE_ID = "flowInstanceId"
    FLOW_INVOCATION_ID = "flowInvocationId"
    USER_ID = "userId"
    STATUS = "status"

    @property
    def field(self) -> str:
        """The name of the corresponding field of :class:`CardQuery` and ``Card``."""
        return self.name.lower()


ATTRIBUTE_FIELDS: Final = tuple((attribute, attribute.field) for attribute in Attribute)
"""Each attribute with its field, in the order of the documentation."""

CONTROLS: Final = ("limit", "offset", "multiple")
"""The other parameters of a query."""


class QueryFields(TypedDict, total=False):
    """The keyword arguments of :class:`CardQuery` and of ``cards.list``."""

    event_name: str | None
    lifecycle_id: str | None
    card_template_id: str | None
    flow_instance_id: str | None
    flow_invocation_id: str | None
    user_id: str | None
    status: Status | str | None
    limit: int | None
    offset: int | None
    multiple: bool


@dataclass(frozen=True, slots=True, init=False, repr=False)
class CardQuery(Pasteable):
    """Which cards to list or to act on.

    Args:
        event_name: Legacy event name.
        lifecycle_id: Lifecycle id of the card.
        card_template_id: Id of the card template.
        flow_instance_id: Id of one running instance of an Action Flow.
        flow_invocation_id: Id of the request that started the Action Flow.
        user_id: Id of the customer.
        status: State of the card; a plain string is passed through unchanged.
        limit: Most cards to return or to act on, a count of cards.
        offset: How many cards to skip, a count of cards and not of pages.
        multiple: Whether an action may touch more than one card (``multiple=1``).

    Raises:
        MisuseError: A field is unknown, ``limit`` or ``offset`` is not a whole number, or an
            attribute is empty. The meaning of an empty attribute is not documented; a target that
            treats it as absent would widen an action to every card.
    """

    event_name: str | None = None
    lifecycle_id: str | None = None
    card_template_id: str | None = None
    flow_instance_id: str | None = None
    flow_invocation_id: str | None = None
    user_id: str | None = None
    status: Status | str | None = None
    limit: int | None = None
    offset: int | None = None
    multiple: bool = False

    def __init__(self, **fields: Unpack[QueryFields]) -> None:
        refuse_unknown(fields, self.__slots__, "a card query")
        for name in self.__slots__:
            default = False if name == "multiple" else None
            object.__setattr__(self, name, fields.get(name, default))
        for _, name in ATTRIBUTE_FIELDS:
            value: object = getattr(self, name)
            if value is not None and (not isinstance(value, str) or value == ""):
                raise MisuseError(
                    f"{name} must be a non-empty string or None, not {value!r}; "
                    "an empty attribute could widen the query to every card"
                )
        for name in ("limit", "offset"):
            number: object = getattr(self, name)
            if number is not None and (not isinstance(number, int) or isinstance(number, bool)):
                raise MisuseError(f"{name} must be a whole number or None, not {number!r}")

    @classmethod
    def of(cls, values: Mapping[Attribute, str]) -> Self:
        """The query that names these attribute values.

        Raises:
            MisuseError: A value is empty.
        """
        return cls(**{name.field: value for name, value in values.items()})  # type: ignore[arg-type]

    @property
    def attributes(self) -> dict[Attribute, str]:
        """The attributes that are set, in the order of the documentation."""
        pairs = ((attribute, getattr(self, field)) for attribute, field in ATTRIBUTE_FIELDS)
        return {attribute: str(value) for attribute, value in pairs if value is not None}

    def parameters(self) -> list[tuple[str, str]]:
        """The query parameters as unencoded name and value pairs."""
        pairs = [(attribute.value, value) for attribute, value in self.attributes.items()]
        pairs += [
            (name, str(number))
            for name, number in (("limit", self.limit), ("offset", self.offset))
            if number is not None
        ]
        if self.multiple:
            pairs.append(("multiple", "1"))
        return pairs

    def encode(self) -> str:
        """The percent-encoded query string, without ``?``; a space becomes ``%20``."""
        return encode_parameters(self.parameters())

    @classmethod
    def parse(cls, query_string: str) -> Self:
        """Read a query back from a percent-encoded query string.

        Raises:
            MisuseError: A parameter is unknown, repeated, or has an impossible value, or the
                string is not UTF-8.
        """
        values: dict[str, str | int | bool] = {}
        try:
            pairs = parse_qsl(query_string, keep_blank_values=True, errors="strict")
        except UnicodeDecodeError:
            raise MisuseError(f"query string {query_string!r} is not UTF-8") from None
        for name, value in pairs:
            field = _FIELDS.get(name)
            if field is None:
                raise MisuseError(f"unknown query parameter {name!r}; known: {', '.join(_FIELDS)}")
            if field in values:
                raise MisuseError(f"query parameter {name!r} is repeated")
            values[field] = _parse_value(name, value)
        return cls(**values)  # type: ignore[arg-type]

    def replace(self, **changes: Unpack[QueryFields]) -> Self:
        """A copy of this query with some fields changed.

        Raises:
            MisuseError: A field is unknown or has an impossible value.
        """
        return replace(self, **changes)

    def with_attributes(self, values: Mapping[Attribute, str]) -> Self:
        """A copy of this query that also names these attribute values.

        Raises:
            MisuseError: A value is empty.
        """
        named = {name.field: value for name, value in values.items()}
        return replace(self, **named)  # type: ignore[arg-type] # by name

    def matches(self, values: Mapping[Attribute, str]) -> bool:
        """Whether a card with these attribute values satisfies every attribute of the query."""
        return all(values.get(name) == value for name, value in self.attributes.items())

    def __str__(self) -> str:
        return f"?{self.encode()}"


def encode_parameters(parameters: list[tuple[str, str]]) -> str:
    """Percent-encode name and value pairs as UTF-8, leaving only unreserved characters bare.

    Raises:
        MisuseError: A value cannot be encoded as UTF-8 (it holds half of a surrogate pair).
    """
    try:
        return "&".join(
            f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters
        )
    except UnicodeEncodeError as error:
        raise MisuseError(f"{error.object!r} is not valid Unicode text: {error.reason}") from None


def _parse_value(name: str, value: str) -> str | int | bool:
    if name == "multiple":
        if value != "1":
            raise MisuseError(f"multiple={value!r} is not documented; only multiple=1 is")
        return True
    if name in {"limit", "offset"}:
        if not _WHOLE_NUMBER.fullmatch(value):
            raise MisuseError(f"{name}={value!r} is not a whole number")
        return int(value)
    return value


_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,4300}")  # no more digits than int() reads
_FIELDS = {attribute.value: field for attribute, field in ATTRIBUTE_FIELDS} | {
    name: name for name in CONTROLS
}
