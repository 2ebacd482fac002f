"""Scope: only cards that this run seeded may be acted on.

On a live environment every attribute of an action is optional, and an action without any would
touch cards of real customers. Source: Cancel cards guide (a request without filters is not
scoped).
"""

from __future__ import annotations

import re
import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from pytest_atomic_cards.errors import MisuseError, ScopeError
from pytest_atomic_cards.query import Attribute

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_atomic_cards.cards import Card

PINS: Final = (
    Attribute.FLOW_INVOCATION_ID,
    Attribute.FLOW_INSTANCE_ID,
    Attribute.LIFECYCLE_ID,
    Attribute.USER_ID,
)
"""The attributes that can hold a request to cards of one run."""

_NAMES: Final = frozenset({*Attribute, "limit", "offset", "multiple"})
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_GUARDED: Final = re.compile(r"[/\\]cards(?![\w-])", re.IGNORECASE)
_PAIR: Final = re.compile(r"([A-Za-z]+)=((?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+)")


class ScopeWarning(UserWarning):
    """The guard against acting on cards of others was switched off on purpose."""


class Scope:
    """The ids of this run, and the guard that refuses every action not pinned to one of them."""

    def __init__(self) -> None:
        self._ids: dict[Attribute, set[str]] = {attribute: set() for attribute in PINS}
        self._local = threading.local()

    def adopt(self, cards: Iterable[Card]) -> None:
        """Take in cards that this run seeded, by their flow and lifecycle ids.

        Their user ids are not taken: a customer may hold cards of others.
        """
        for card in cards:
            for attribute in PINS:
                value = card.attributes.get(attribute)
                if value is not None and attribute is not Attribute.USER_ID:
                    self._ids[attribute].add(value)

    def adopt_invocation(self, flow_invocation_id: str) -> None:
        """Take in an Action Flow invocation that this run started.

        Raises:
            MisuseError: The id is empty.
        """
        self._adopt(Attribute.FLOW_INVOCATION_ID, flow_invocation_id)

    def adopt_user(self, user_id: str) -> None:
        """Take in a user id that this run generated, so that nobody else has cards under it.

        Raises:
            MisuseError: The id is empty.
        """
        self._adopt(Attribute.USER_ID, user_id)

    def holds(self, attribute: Attribute, value: str) -> bool:
        """Whether an id belongs to this run."""
        return value in self._ids.get(attribute, ())

    def check(self, method: str, url: str) -> None:
        """Let a request pass if it cannot touch cards of others.

        Whatever could change cards is refused unless its query has only documented parameters,
        each once and not empty, in the form in which no two servers can read it differently, and
        one of :data:`PINS` with an id of this run.

        Args:
            method: HTTP method.
            url: The final URL, as it will be sent.

        Raises:
            ScopeError: The request could touch cards that this run did not seed.
        """
        parts = urlsplit(url)
        if method.upper() in _READS or not _GUARDED.search(unquote(parts.path)) or self._is_off:
            return
        objection = self._objection(parts.query)
        if objection:
            raise ScopeError(
                f"refused to send {method} {parts.path}?{parts.query}: {objection}. Pin it to a "
                f"card that this run seeded by {', '.join(PINS)}"
            )

    @contextmanager
    def unguarded(self, reason: str) -> Iterator[None]:
        """Let requests of this thread pass unchecked, with a :class:`ScopeWarning`.

        Args:
            reason: Why it is safe; it is shown in the warning.

        Raises:
            MisuseError: There is no reason.
        """
        if not reason.strip():
            raise MisuseError("say why it is safe to act on cards that this run did not seed")
        warnings.warn(f"scope guard switched off: {reason}", ScopeWarning, stacklevel=3)
        before = self._is_off
        self._local.off = True
        try:
            yield
        finally:
            self._local.off = before

    @property
    def _is_off(self) -> bool:
        return getattr(self._local, "off", False)

    def _adopt(self, attribute: Attribute, value: str) -> None:
        if not value:
            raise MisuseError(f"an empty {attribute} cannot pin anything")
        self._ids[attribute].add(value)

    def _objection(self, query: str) -> str | None:
        seen: dict[str, str] = {}
        for pair in query.split("&"):
            match = _PAIR.fullmatch(pair)
            if match is None:
                return f"{pair!r} is not one documented name, '=', and a percent-encoded value"
            name, value = match.groups()
            if name not in _NAMES:
                return f"{name!r} is not a documented parameter"
            if name in seen:
                return f"{name!r} is given more than once"
            try:
                seen[name] = unquote(value, errors="strict")
            except UnicodeDecodeError:
                return f"{name!r} is not valid UTF-8"
        if any(seen.get(pin) in ids for pin, ids in self._ids.items()):
            return None
        return "no attribute pins it to this run"
