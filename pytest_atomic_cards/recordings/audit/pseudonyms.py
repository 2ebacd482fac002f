"""Recognizes ids that were replaced in one part of a recording and not in another.

Whoever pseudonymizes a recording may replace a customer's id in the URLs and not in the bodies, or
the other way round. Such a listing seems to show cards of somebody else, and violates nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.rules.parsed_response import PLAIN, ParsedResponse
from pytest_atomic_cards.rules.redaction_markers import is_masked

TARGETED: Final = "payload.target.usersById"
_STATUS: Final = Attribute.STATUS.value
_MOST_IDS: Final = 100_000
"""Ids of one attribute that are compared; a recording with more is taken as it is."""
_ENOUGH: Final = 2
"""Pairs of ids by which a replacement is recognized: a target that confuses two customers shows a
card of one of them under the id that was asked for."""
_PSEUDONYM: Final = re.compile(
    r"(?:[a-z]+[-_:])?(?:[0-9a-f]{8,}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})"
    r"|(?:anon\w*|pseudo\w*|hash\w*|masked|fake|person|subject)[-_ :#]?\w*",
    re.IGNORECASE,
)
"""How tools spell replaced ids: as a hash, as a UUID, or with such a word."""

Ids = set[int]


@dataclass(slots=True)
class _Uses:
    """Where the values of one attribute occur, as hashes.

    Args:
        asked: Values in queries.
        shown: Values in bodies.
        pairs: The only other value that was shown for an asked one; ``None`` if there are several.
        odd: Pairs of which only one looks like a pseudonym.
    """

    asked: Ids = field(default_factory=set)
    shown: Ids = field(default_factory=set)
    pairs: dict[int, int | None] = field(default_factory=dict)
    odd: set[tuple[int, int]] = field(default_factory=set)

    def add(self, asked: str, shown: Iterable[str]) -> None:
        key = hash(asked)
        self.asked.add(key)
        for value in shown:
            other = hash(value)
            self.shown.add(other)
            self.pairs[key] = other if self.pairs.get(key, other) == other else None
            if bool(_PSEUDONYM.fullmatch(asked)) != bool(_PSEUDONYM.fullmatch(value)):
                self.odd.add((key, other))

    def replaced(self) -> frozenset[int]:
        """The asked values that stand for others in bodies."""
        if max(len(self.asked), len(self.shown)) > _MOST_IDS:
            return frozenset()
        times = Counter(self.pairs.values())
        alone = {
            asked: shown
            for asked, shown in self.pairs.items()
            if shown is not None
            and times[shown] == 1
            and asked not in self.shown
            and shown not in self.asked
        }
        if len(alone) < _ENOUGH:
            alone = {asked: shown for asked, shown in alone.items() if (asked, shown) in self.odd}
        return frozenset(alone)


class Pseudonyms:
    """The ids of a recording that were replaced in one part of it only."""

    def __init__(self) -> None:
        self._uses: dict[str, _Uses] = {}
        self._replaced: Mapping[str, frozenset[int]] = {}

    def survey(self, response: ParsedResponse) -> None:
        """Take note of the ids of an exchange."""
        for (
            name,
            encoded,
        ) in response.asked.once.items():
            if name in response.asked.readings and name != _STATUS:
                shown = [card.get(name) for card in response.cards]
                self._add(name, unquote(encoded), shown)
        for card in response.cards:
            self._add(TARGETED, card.get("userId"), _users(card) or ())

    def _add(self, name: str, asked: Any, shown: Iterable[Any]) -> None:  # noqa: ANN401
        values = {
            str(one).casefold() for one in shown if isinstance(one, PLAIN) and not is_masked(one)
        }
        if values and isinstance(asked, PLAIN) and not is_masked(asked):
            self._uses.setdefault(name, _Uses()).add(str(asked).casefold(), values)

    def conclude(self) -> bool:
        """Decide which ids were replaced; returns whether there are any."""
        self._replaced = {name: uses.replaced() for name, uses in self._uses.items()}
        return any(self._replaced.values())

    def disregard(self, response: ParsedResponse) -> None:
        """Take from an exchange what the replaced ids make incomparable."""
        asked = response.asked
        kept = {
            name: readings
            for name, readings in asked.readings.items()
            if hash(unquote(asked.once[name]).casefold()) not in self._replaced.get(name, ())
        }
        if len(kept) < len(asked.readings):
            response.asked = asked._replace(readings=kept)
        replaced = self._replaced.get(TARGETED, ())
        for card in response.cards if replaced else ():
            if hash(str(card.get("userId")).casefold()) in replaced and _users(card):
                card["payload"]["target"]["usersById"] = None


def _users(card: Mapping[str, Any]) -> list[Any] | None:
    payload = card.get("payload")
    target = payload.get("target") if isinstance(payload, dict) else None
    users = target.get("usersById") if isinstance(target, dict) else None
    return users if isinstance(users, list) else None
