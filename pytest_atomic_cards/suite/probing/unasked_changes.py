"""Unasked changes: cards of this run that were closed although the run did not act on them.

On a shared environment somebody else may act on any card, and what a contract then sees is not the
target's doing. Only open cards can be acted on, and a card that expires does so by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.lifecycle import OPEN, Action
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.errors import MisuseError
from pytest_atomic_cards.support.printable import brief
from pytest_atomic_cards.targets.seeding.listing_reader import key_of

if TYPE_CHECKING:
    from pytest_atomic_cards.model.exchange import Exchange
    from pytest_atomic_cards.rules.verdicts import Violation

_ACTIONS: Final[Mapping[str, Action]] = MappingProxyType(
    {action.outcome.value: action for action in Action}
)
_PATHS: Final = {f"/cards/{action}": action for action in Action}


@dataclass(frozen=True, slots=True)
class UnaskedChange:
    """A card that was listed as open and later as closed by an action that was not ours.

    Args:
        card: The card when it was first listed as closed.
        is_doubtful: Whether the run meanwhile sent that action for other cards, or another action
            for this one: then the target may have applied it wrongly.
    """

    card: Card
    is_doubtful: bool

    def __str__(self) -> str:
        name, word = brief(key_of(self.card)), brief(str(self.card.status))
        return f"a card changed that this run did not act on: card {name} is {word}"

    def concerns(self, violation: Violation) -> bool:
        """Whether a violation shows the card, or was found with a query that selects it."""
        card = self.card
        ids = (card.flow_invocation_id, card.flow_instance_id, card.lifecycle_id)
        known = {key_of(card), *filter(None, ids)}
        texts = [str(violation)]
        for exchange in violation.exchanges:
            texts += [unquote(exchange.url), exchange.response_body.decode(errors="replace")]
        return any(name in text for name in known for text in texts)


class UnaskedChanges:
    """Compares what listings show with the actions that a session sent.

    An exchange is reported when its response has arrived, so another thread may list its effect
    earlier. Therefore changes are judged when they are asked for, and not when they are seen.
    """

    def __init__(self) -> None:
        self._count = 0
        self._open: dict[str, int] = {}
        self._closed: dict[str, tuple[int, Card]] = {}
        self._acted: list[tuple[int, Action, CardQuery | None]] = []

    def acted(self, exchange: Exchange) -> None:
        """Note an action."""
        self._count += 1
        action = next((one for end, one in _PATHS.items() if exchange.path.endswith(end)), None)
        if exchange.method == "PUT" and action:
            self._acted.append((self._count, action, _attributes_of(exchange)))

    def listed(self, card: Card) -> None:
        """Note a listed card."""
        self._count += 1
        key, word = key_of(card), card.status
        if word in OPEN:
            self._open[key] = self._count
        elif word in _ACTIONS and key in self._open and key not in self._closed:
            self._closed[key] = (self._open[key], card)

    def found(self) -> list[UnaskedChange]:
        """The changes that this run did not ask for, in the order in which they were seen."""
        changes = []
        for opened, card in [*self._closed.values()]:  # another thread may note more
            action = _ACTIONS[str(card.status)]
            sent = [(one is action, query) for at, one, query in self._acted if at > opened]
            hits = [same for same, query in sent if _selects(query, card)]
            if not any(hits):
                doubtful = bool(hits) or any(same for same, _ in sent)
                changes.append(UnaskedChange(card, is_doubtful=doubtful))
        return changes


def _selects(query: CardQuery | None, card: Card) -> bool:
    return query is None or query.matches(card.attributes)


def _attributes_of(action: Exchange) -> CardQuery | None:
    """Which cards an action selects, in whatever state; ``None`` if that cannot be read."""
    try:
        return CardQuery.parse(action.query).replace(status=None)
    except MisuseError:
        return None
