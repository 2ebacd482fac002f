"""Query strings: decoding, attributes, limit, offset, multiple."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from pytest_atomic_cards.model.documented import DEFAULT_CANCEL, DEFAULT_PAGE, LARGEST_LIMIT
from pytest_atomic_cards.model.lifecycle import OPEN, Action, Status
from pytest_atomic_cards.model.query import CONTROLS, Attribute
from pytest_atomic_cards.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from pytest_atomic_cards.model.profile import Profile

Pairs = Sequence[tuple[str, str]]
"""Decoded names and values of a query string, in order."""
Filters = dict[str, tuple[str, ...]]
"""Attribute, by its name in the API → the values of which a card must have one."""

UNLIMITED: Final = 2**61
"""More cards than there can be; twice as many still fit SQLite's integers."""

_ATTRIBUTES: Final = frozenset(attribute.value for attribute in Attribute)
_STATUS: Final = Attribute.STATUS.value
_STATUSES: Final = tuple(status.value for status in Status)
_CANCELLED: Final = frozenset({Status.CANCELLED.value})
_EMBARGOED: Final = frozenset({Status.EMBARGOED.value})
_CLOSED: Final = frozenset(_STATUSES) - {state.value for state in OPEN} - _CANCELLED
_TRUTHY: Final = frozenset({"1", "true", "yes", "on"})
_BROKEN_ESCAPE: Final = re.compile("%(?![0-9A-Fa-f]{2})")
_LONGEST_NUMBER: Final = 18
"""Digits of a number that is surely below ``UNLIMITED``."""


class QueryDecisions:
    """Decisions on the query string. Source: Cards API page › Query attributes, Pagination."""

    profile: Profile

    def parameters(self, query_string: str) -> list[tuple[str, str]]:
        """Names and values of an encoded query string."""
        pairs = []
        for part in query_string.split("&"):
            if part:
                name, _, value = part.partition("=")
                pairs.append((self.decode(name), self.decode(value)))
        return pairs

    def decode(self, text: str) -> str:
        """A name or value of a query string: percent-encoded UTF-8, ``+`` for a space."""
        if text.isascii() and "%" not in text:
            return text.replace("+", " ") if "+" in text else text
        if _BROKEN_ESCAPE.search(text):
            raise Refusal(400, "the query string has a broken percent escape")
        try:
            return unquote_to_bytes(text.replace("+", " ").encode("latin-1")).decode()
        except UnicodeError:
            raise Refusal(400, "the query string is not UTF-8") from None

    def listing_filters(self, pairs: Pairs) -> Filters:
        """The filters of a listing."""
        return self.filters(pairs)

    def action_filters(self, pairs: Pairs) -> Filters:
        """The filters of an action."""
        return self.filters(pairs)

    def filters(self, pairs: Pairs) -> Filters:
        """The attributes of a query; a card must satisfy all of them."""
        found: Filters = {}
        for name, value in pairs:
            if name in _ATTRIBUTES:
                found[name] = self.repeated(name, found[name], value) if name in found else (value,)
            elif name not in CONTROLS:
                self.unknown_parameter(name)
        for name, values in tuple(found.items()):
            if self.profile.comma_list == "any":
                found[name] = (*values, *(part for value in values for part in value.split(",")))
            if "" in values:
                self.empty_attribute(found, name)
        if _STATUS in found:
            found[_STATUS] = tuple(map(self.status_word, found[_STATUS]))
        return found

    def repeated(self, name: str, earlier: tuple[str, ...], value: str) -> tuple[str, ...]:
        """The values of an attribute that is given once more."""
        match self.profile.repeated_attribute:
            case "first":
                return earlier
            case "last":
                return (value,)
            case "any":
                return (*earlier, value)
            case status:
                raise Refusal(int(status), f"{name} is given more than once")

    def unknown_parameter(self, name: str) -> None:
        """Refuses or ignores an unknown parameter."""
        answer = self.profile.unknown_parameter
        if answer != "ignored":
            raise Refusal(int(answer), f"unknown query parameter {name!r}")

    def empty_attribute(self, found: Filters, name: str) -> None:
        """Changes the filters for an attribute with an empty value."""
        values = tuple(value for value in found[name] if value)
        match self.profile.empty_attribute:
            case "absent" if not values:
                del found[name]
            case "absent" | "no-match":
                found[name] = values
            case status:
                raise Refusal(int(status), f"{name} is empty")

    def status_word(self, word: str) -> str:
        """The state that a word of a query stands for."""
        if self.profile.attribute_case == "insensitive":
            word = word.casefold()
        answer = self.profile.unknown_status
        if word not in _STATUSES and answer != "no-match" and "," not in word:
            raise Refusal(int(answer), f"unknown status {word!r}; known: {', '.join(_STATUSES)}")
        return word

    def listed_statuses(self, given: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """The states of the cards that a listing shows; ``None`` for all."""
        hidden = _unlisted(self.profile, by_status=given is not None)
        if not hidden:
            return given
        return tuple(word for word in (_STATUSES if given is None else given) if word not in hidden)

    def listing_window(self, pairs: Pairs) -> tuple[int, int]:
        """Limit and offset of a listing."""
        controls = self.controls(pairs)
        limit = self.number("limit", controls.get("limit"))
        offset = self.number("offset", controls.get("offset"))
        return self.page_size(limit), self.page_start(offset, limit)

    def page_size(self, limit: int | None) -> int:
        """Most cards that a listing shows."""
        if limit is None:
            return DEFAULT_PAGE
        if limit == 0:
            match self.profile.limit_zero:
                case "empty":
                    return 0
                case "default":
                    return DEFAULT_PAGE
                case status:
                    raise Refusal(int(status), "limit must be at least 1")
        return self.large_page(limit) if limit > LARGEST_LIMIT else limit

    def large_page(self, limit: int) -> int:
        """Most cards that a listing shows whose limit is above the largest documented one."""
        match self.profile.listing_limit_over_1000:
            case "clamped":
                return LARGEST_LIMIT
            case "default":
                return DEFAULT_PAGE
            case "served":
                return limit
            case status:
                raise Refusal(int(status), f"limit must be at most {LARGEST_LIMIT}")

    def page_start(self, offset: int | None, limit: int | None) -> int:  # noqa: ARG002 - for faults
        """How many cards a listing skips."""
        return offset or 0

    def action_window(self, action: Action, pairs: Pairs) -> tuple[int, int]:
        """Most cards that an action changes, and how many it skips first."""
        controls = self.controls(pairs)
        offset = 0
        if "offset" in controls and self.profile.action_offset != "ignored":
            if self.profile.action_offset != "honoured":
                raise Refusal(int(self.profile.action_offset), "an action takes no offset")
            offset = self.number("offset", controls["offset"]) or 0
        answer = "as-cancel" if action is Action.CANCEL else self.profile.other_action_limits
        limit = None
        if answer != "none":
            limit = self.number("limit", controls.get("limit"), least=1)
        if limit is None and answer != "as-cancel":
            return DEFAULT_PAGE if answer == "default-100" else UNLIMITED, offset
        return self.batch_size(limit), offset

    def batch_size(self, limit: int | None) -> int:
        """Most cards that one action changes. Source: Cards API page › Request limits."""
        if limit is None:
            return DEFAULT_CANCEL
        if limit > LARGEST_LIMIT:
            match self.profile.action_limit_over_1000:
                case "clamped":
                    return LARGEST_LIMIT
                case "default":
                    return DEFAULT_CANCEL
                case status:
                    raise Refusal(int(status), f"limit must be at most {LARGEST_LIMIT}")
        return limit

    def multiple(self, pairs: Pairs) -> bool:
        """Whether an action may change more than one card."""
        value = self.controls(pairs).get("multiple")
        if self.profile.multiple_spelling == "truthy":
            return value is not None and value.casefold() in _TRUTHY
        return value == "1"

    def controls(self, pairs: Pairs) -> Mapping[str, str]:
        """The parameters that are not attributes; the last of those given twice."""
        return {name: value for name, value in pairs if name in CONTROLS}

    def number(self, name: str, text: str | None, least: int = 0) -> int | None:
        """A whole number of the query; ``None`` if it is missing or to be ignored."""
        if text is None:
            return None
        if text.isascii() and text.isdigit():
            digits = text.lstrip("0") or "0"
            value = int(digits) if len(digits) <= _LONGEST_NUMBER else UNLIMITED
            if value >= least:
                return value
        if self.profile.bad_number == "ignored":
            return None
        raise Refusal(
            int(self.profile.bad_number),
            f"{name} must be a whole number from {least}, not {text[:40]!r}",
        )


def _unlisted(profile: Profile, *, by_status: bool) -> frozenset[str]:
    """The states whose cards a listing omits, with or without a status attribute."""
    omitting = {"no"} if by_status else {"no", "only-by-status"}
    hidden: frozenset[str] = frozenset()
    if profile.embargoed_cards_listed in omitting:
        hidden |= _EMBARGOED
    if profile.closed_cards_listed in omitting:
        hidden |= _CLOSED
    if profile.cancelled_cards_listed == "no" or not (by_status or hidden.isdisjoint(_CLOSED)):
        hidden |= _CANCELLED
    return hidden
