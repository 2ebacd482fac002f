"""A small target to drain, with switches for what is not documented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import requests
from client_doubles import Reply, Target, session

from pytest_atomic_cards.client import CardsApi
from pytest_atomic_cards.model.lifecycle import TRANSITIONS, Action, Status


@dataclass
class Shelf:
    """A small target with cards in some states, and switches for what is not documented.

    The switches: how a request is answered that matches nothing (``zero``) or closed cards too
    (``closed``: left out, counted, or refused), whether ``summary`` is sent, whether results are
    named, how many listings are stale after an action, and which states cannot be changed though
    they should.
    """

    cards: dict[str, Status]
    zero: int = 200
    closed: str = "left out"
    summary: bool = True
    named: bool = True
    default_batch: int = 500
    lag: int = 0
    stuck: frozenset[Status] = frozenset()
    busy: list[int] = field(default_factory=list)
    lies: bool = False
    _stale: list[tuple[str, Status]] = field(default_factory=list)
    _stale_reads: int = 0

    def __call__(self, request: requests.PreparedRequest) -> Reply:
        parts = urlsplit(str(request.url))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if request.method == "GET":
            return self._list(query)
        action = Action(parts.path.rpartition("/")[2])
        assert query["multiple"] == "1"
        status = self.busy.pop(0) if self.busy else 200
        answer = self._act(action, query)
        return Reply(status) if status != 200 else answer

    def _list(self, query: dict[str, str]) -> Reply:
        cards = list(self.cards.items())
        if self._stale_reads:
            self._stale_reads -= 1
            cards = self._stale
        found = [
            {"cardInstanceId": name, "status": status}
            for name, status in cards
            if query.get("status", status) == status
        ]
        if not found and self.zero != 200:
            return Reply(404)
        return Reply(body={"data": found[:100]})

    def _act(self, action: Action, query: dict[str, str]) -> Reply:
        self._stale, self._stale_reads = list(self.cards.items()), self.lag
        matched = [n for n, s in self.cards.items() if query.get("status", s) == s]
        able = [
            name
            for name in matched
            if TRANSITIONS[self.cards[name], action].allowed and self.cards[name] not in self.stuck
        ]
        if self.closed == "refused" and len(able) < len(matched):
            return Reply(409)
        batch = (able if self.closed == "left out" else matched)[
            : int(query.get("limit", self.default_batch))
        ]
        if not batch and self.zero != 200:
            return Reply(self.zero)
        done = [name for name in batch if name in able]
        told = batch if self.lies else done
        for name in done:
            self.cards[name] = action.outcome
        results = [{"cardInstanceId": name} if self.named else {} for name in told]
        summary = {"total": len(batch), "updated": len(told)}
        return Reply(body={"data": results} | ({"summary": summary} if self.summary else {}))


def cards(**counts: int) -> dict[str, Status]:
    """Cards by the name of their state."""
    return {f"{state}-{n}": Status(state) for state, count in counts.items() for n in range(count)}


def over(shelf: Callable[[requests.PreparedRequest], Reply]) -> tuple[CardsApi, Target]:
    """The operations over a shelf, and the target that counts its requests."""
    target = Target(shelf)
    return CardsApi(session(target), "env"), target
