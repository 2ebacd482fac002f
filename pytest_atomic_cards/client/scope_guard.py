"""Scope: actions only on cards that this run seeded.

Every attribute of an action is optional, and on a live environment an action without any would
change cards of real customers. Source: Cancel cards guide (a request without filters is not
scoped).

A request that could change cards must have one plain form, which all servers read alike.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from pytest_atomic_cards.client.disguised_requests import PINS, disguise, plain_text
from pytest_atomic_cards.client.request import SAFE_METHODS
from pytest_atomic_cards.client.unguarded import Permission, ScopeWarning
from pytest_atomic_cards.model.query import CONTROLS, Attribute
from pytest_atomic_cards.support.errors import MisuseError, NotAvailableError, ScopeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from pytest_atomic_cards.model.cards import Card

__all__ = ["PINS", "Evidence", "Scope", "ScopeWarning"]

_NAMES: Final = frozenset({*Attribute, *CONTROLS})
_PLAIN_PATH: Final = re.compile(r"(?:/[^/\\;?#%\x00-\x1f\x7f]+)*/?")
_RELATIVE: Final = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")
_FLOW_START: Final = re.compile(r"(?:/[^/]+)*/v1/[^/]+/action-flow/[^/]+/(?:start|test)")
_CARDS: Final = re.compile(r"(?:/[^/]+)*/v1/[^/]+/cards(?:/[a-z]+)?/?")
_PAIR: Final = re.compile(r"([A-Za-z]+)=((?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+)")
_LONGEST_QUERY: Final = 4_000
"""Characters that every server takes: common limits for a whole URL begin at 8,000."""


class Evidence(Protocol):
    """Knows what listings showed about ids that this run claims; see ``Ownership``."""

    def check(
        self,
        action: str,
        values: Mapping[Attribute, str],
        pins: Sequence[Attribute],
        *,
        multiple: bool,
    ) -> None:
        """Let an action pass if one of its pins is shown to limit it to cards of this run.

        Raises:
            ScopeError: The cards listed under them are not shown to be this run's.
            NotAvailableError: The target was not seen to honour them in such an action.
            TransportError: The cards under them cannot be listed.
        """


class Scope:
    """The ids of this run, and the guard that refuses every action not pinned to one of them.

    Attributes:
        evidence: Shows whether the ids select cards of this run only; without it they are trusted.
    """

    def __init__(self) -> None:
        self.evidence: Evidence | None = None
        self._ids: dict[Attribute, set[str]] = {attribute: set() for attribute in PINS}
        self._permission = Permission()

    def adopt(self, cards: Iterable[Card]) -> None:
        """Claim cards that this run seeded, by their flow ids.

        Their user ids are not claimed: a customer may hold cards of others.
        """
        for card in cards:
            for attribute in PINS:
                value = card.attributes.get(attribute)
                if value is not None and attribute is not Attribute.USER_ID:
                    self._ids[attribute].add(value)

    def adopt_invocation(self, flow_invocation_id: str) -> None:
        """Claim an Action Flow invocation that this run started.

        Raises:
            MisuseError: The id is empty.
        """
        self._adopt(Attribute.FLOW_INVOCATION_ID, flow_invocation_id)

    def adopt_user(self, user_id: str) -> None:
        """Claim a user id that this run generated, so that nobody else has cards under it.

        Raises:
            MisuseError: The id is empty.
        """
        self._adopt(Attribute.USER_ID, user_id)

    def holds(self, attribute: Attribute, value: str) -> bool:
        """Whether an id belongs to this run."""
        return value in self._ids.get(attribute, ())

    def check(self, method: str, url: str, headers: Iterable[str] = (), body: bytes = b"") -> None:
        """Let a request pass if it cannot change cards of others.

        Listings pass, and so does the start of a flow. Any other request is refused unless it is
        an action on cards. Its query must have only documented parameters, each once and not empty,
        in a form that no two servers can read differently, and one of :data:`PINS` with an id that
        is shown to select cards of this run only. A request that may be taken for another one, by
        its method, headers or body, is always refused (see
        :mod:`pytest_atomic_cards.client.disguised_requests`).

        Args:
            method: HTTP method.
            url: The final URL, as it will be sent.
            headers: Names of its headers.
            body: The body, as it will be sent.

        Raises:
            ScopeError: The request could change cards that this run did not seed.
            NotAvailableError: It could do so on a target that combines attributes by *or*, or
                ignores one, and this one was not seen to honour them and combine them by *and*.
            TransportError: The cards under the id cannot be listed.
        """
        if self._permission.is_granted:
            return
        objection = disguise(method, url, headers, body) or self._objection(method, url)
        if objection:
            parts = urlsplit(url)
            raise ScopeError(
                f"refused to send {method} {parts.path}?{parts.query}: {objection}. Pin it to a "
                f"card that this run seeded by {', '.join(PINS)}{self._hint}"
            )
        if method.upper() not in SAFE_METHODS:
            self._check_evidence(method, url)

    def unguarded(self, reason: str) -> AbstractContextManager[None]:
        """Let the requests of a ``with`` block pass unchecked, with a :class:`ScopeWarning`.

        This applies to the code in the block and to what it calls. Anything else that runs while
        the block is open stays guarded: other threads, other asyncio tasks (even those that the
        block starts), and code that resumes a generator waiting inside the block, such as the
        tests that use a fixture. A context manager may be built on this one.

        If warnings are errors, as with ``-W error``, the guard cannot be switched off.

        Args:
            reason: Why it is safe; it is shown in the warning.

        Raises:
            MisuseError: There is no reason.
        """
        return self._permission.granted(reason)

    @property
    def _hint(self) -> str:
        return (
            ". The open block of unguarded() is not a caller of this code"
            if self._permission.is_open
            else ""
        )

    def _adopt(self, attribute: Attribute, value: str) -> None:
        if not value:
            raise MisuseError(f"an empty {attribute} cannot pin anything")
        self._ids[attribute].add(value)

    def _check_evidence(self, method: str, url: str) -> None:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        values = {name: query[name] for name in Attribute if name in query}
        if self.evidence is None or not values:
            return
        action = parts.path.rstrip("/").rpartition("/")[2]
        pins = [name for name in PINS if self.holds(name, values.get(name, ""))]
        try:
            self.evidence.check(action, values, pins, multiple="multiple" in query)
        except (ScopeError, NotAvailableError) as error:
            raise type(error)(
                f"did not send {method} {parts.path}?{parts.query}: {error}"
            ) from None

    def _objection(self, method: str, url: str) -> str | None:
        parts = urlsplit(url)
        query = parts.query
        if method.upper() in SAFE_METHODS:
            return None
        path = unicodedata.normalize("NFKC", unquote(parts.path))
        if not _PLAIN_PATH.fullmatch(path) or _RELATIVE.search(path):
            return "servers may read its path in different ways"
        if not query and _FLOW_START.fullmatch(path):
            return None
        if not _CARDS.fullmatch(path):
            return "it is neither an action on cards nor the start of a flow"
        if len(query) > _LONGEST_QUERY:
            return f"its query is longer than {_LONGEST_QUERY} characters, which may be cut"
        return self._objection_to_query(query)

    def _objection_to_query(self, query: str) -> str | None:
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
            text = plain_text(value)
            if text is None:
                return f"the value of {name!r} may be read in different ways"
            seen[name] = text
        if any(seen.get(pin) in ids for pin, ids in self._ids.items()):
            return None
        return "no attribute pins it to this run"
