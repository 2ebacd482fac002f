"""Rules that one request and its answer can show by themselves, without knowing any card.

They see what no schema can: that a filter was ignored, a limit passed, a card acted on that should
not have been. Each takes every choice that the documentation leaves open: letters of either case,
an attribute that is given twice or empty, a value with commas read as a list, a limit that is none,
cards in a wrong state counted or not.

Source: Cards API page › Query attributes, Pagination, Card actions (the samples of answers). That
several attributes are joined by *and*, what the counts mean, and the words of other actions than
complete are inferred.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, unquote_plus

from pytest_atomic_cards.cards import ActionResponse, ActionResult, Card, cards_of
from pytest_atomic_cards.errors import ContractBrokenError
from pytest_atomic_cards.exchange import Exchange
from pytest_atomic_cards.lifecycle import Action, Status
from pytest_atomic_cards.query import Attribute

_DEFAULT_LIMITS: Final = {None: 100, Action.CANCEL: 500}
"""Most cards where no limit is given. Source: Cards API page › Pagination, Request limits."""
_LARGEST_LIMIT: Final = 1_000
_STATUSES: Final = frozenset(Status)


@dataclass(frozen=True, slots=True)
class Told:
    """What a successful answer says, beside what was asked.

    Args:
        action: What was to be done; ``None`` for a listing.
        given: The values of each query parameter, still encoded.
        cards: The cards that are listed, or the results of the action.
        response: The answer to an action.
    """

    action: Action | None
    given: Mapping[str, Sequence[str]]
    cards: Sequence[Card | ActionResult]
    response: ActionResponse | None

    def once(self, name: str) -> str | None:
        """The encoded value of a parameter; ``None`` unless it is given once and not empty."""
        values = self.given.get(name, ())
        return values[0] if len(values) == 1 and values[0] else None


def told_by(exchange: Exchange) -> Told | None:
    """What an exchange says; ``None`` where it is none of the Cards API, or no readable success."""
    action = _action_of(exchange)
    if not exchange.succeeded or (action is None and not _is_listing(exchange)):
        return None
    given: dict[str, list[str]] = {}
    for pair in exchange.query.split("&"):
        name, _, value = pair.partition("=")
        given.setdefault(unquote_plus(name), []).append(value)
    try:
        body = exchange.json()
        if action is None:
            return Told(None, given, cards_of(body), None)
        response = ActionResponse.from_body(body)
    except ContractBrokenError:
        return None
    return Told(action, given, response.results, response)


def _is_listing(exchange: Exchange) -> bool:
    return exchange.method == "GET" and exchange.path.endswith("/cards")


def _action_of(exchange: Exchange) -> Action | None:
    collection, _, word = exchange.path.rpartition("/")
    if exchange.method != "PUT" or not collection.endswith("/cards"):
        return None
    return next((action for action in Action if action.value == word), None)


Rule = Callable[[Told], str | None]
"""Says what is wrong with an answer, in one sentence; ``None`` if nothing is."""


def cards_match_query(told: Told) -> str | None:
    """Every card that is listed or acted on has each attribute that was asked for."""
    for attribute in Attribute:
        allowed = _readings(told.once(attribute))
        if attribute is Attribute.STATUS and not allowed <= _STATUSES:
            continue
        for card in told.cards if allowed else ():
            held = getattr(card, attribute.field, None)
            if held is not None and str(held).casefold() not in allowed:
                return f"{_name(card)} has {attribute}={held}, which was not asked for"
    return None


def _readings(encoded: str | None) -> set[str]:
    """Every value that a server may take an encoded one for; none where that cannot be known."""
    if encoded is None:
        return set()
    try:
        whole = {
            unquote(encoded, errors="strict"),
            unquote_plus(encoded, errors="strict"),
        }
    except UnicodeDecodeError:
        return set()
    parts = {part.strip() for value in whole for part in value.split(",")}
    return {value.casefold() for value in whole | parts}


def cards_within_limit(told: Told) -> str | None:
    """No more cards are listed, or updated by a cancel, than the limit or its default says."""
    if told.action not in _DEFAULT_LIMITS:
        return None
    limit = _DEFAULT_LIMITS[told.action]
    if "limit" in told.given:
        text = told.once("limit") or ""
        limit = int(text) if text.isascii() and text.isdigit() else 0
        if not 1 <= limit <= _LARGEST_LIMIT:
            return None
    count = _updated(told) if told.response else len(told.cards)
    if count is not None and count > limit:
        return f"there are {count} cards, and the limit is {limit}"
    return None


def cards_not_repeated(told: Told) -> str | None:
    """No card is listed, or acted on, twice in one answer."""
    counts = Counter(card.card_instance_id for card in told.cards if card.card_instance_id)
    for card, count in counts.most_common(1):
        if count > 1:
            return f"card {card} is there {count} times"
    return None


def cards_one_without_multiple(told: Told) -> str | None:
    """An action without ``multiple`` updates one card at most."""
    updated = _updated(told)
    if "multiple" not in told.given and updated is not None and updated > 1:
        return f"{updated} cards were updated without multiple=1"
    return None


def cards_action_word(told: Told) -> str | None:
    """A result names the action that was asked for."""
    if told.action is None:
        return None
    words = {told.action.value}
    if told.action is not Action.COMPLETE:
        words.add(told.action.outcome.value)
    for result in told.cards:
        if isinstance(result, ActionResult) and result.action not in {None, *words}:
            return f"{_name(result)} has action={result.action} after {told.action}"
    return None


def cards_summary_adds_up(told: Told) -> str | None:
    """The summary updates no more cards than there are results, and totals no fewer."""
    if told.response is None:
        return None
    total, updated, results = told.response.summary.total, _updated(told), len(told.cards)
    if updated is not None and updated > results:
        return f"summary.updated is {updated}, and there are {results} results"
    if total is not None and total < results:
        return f"summary.total is {total}, and there are {results} results"
    return None


RULES: Final[tuple[Rule, ...]] = (
    cards_match_query,
    cards_within_limit,
    cards_not_repeated,
    cards_one_without_multiple,
    cards_action_word,
    cards_summary_adds_up,
)
"""Every rule; the name of the function is the name of the rule."""


def objections(exchange: Exchange) -> Iterator[str]:
    """What the rules hold against an answer, a sentence each."""
    told = told_by(exchange)
    if told is not None:
        yield from filter(None, (rule(told) for rule in RULES))


def _updated(told: Told) -> int | None:
    return told.response.summary.updated if told.response else None


def _name(card: Card | ActionResult) -> str:
    what = "card" if isinstance(card, Card) else "the result of card"
    return f"{what} {card.card_instance_id or 'without an id'}"
