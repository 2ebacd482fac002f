"""Access experiments: every operation, with every token that must not give access.

As all of these requests must be refused, they share a few cards and one look at them afterwards.

Source: API authentication page; Cards API page (a credential of role events); Glossary ›
Environment.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import cycle
from typing import Any, Final

from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.model.request_space import (
    DIMENSIONS,
    OTHER,
    Point,
    attributes_of,
    request_point,
)
from pytest_atomic_cards.suite.experiments.experiment import Breach
from pytest_atomic_cards.suite.probing.expected_states import States
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.support.errors import AtomicCardsError, NotAvailableError
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

TOKEN_LIFETIME: Final = timedelta(hours=1)
"""How long an access token lasts. Source: API authentication page › Caching API tokens."""
SIGNATURE: Final = 12
"""Characters at the end of a token that are part of its signature, if it is a JWT."""
UNSIGNED: Final = '{"alg":"none","typ":"JWT"}', '{"sub":"events","exp":4102444800}', "signature"
"""The parts of a JWT that claims to need no signature and expires in 2100."""
_REFUSALS: Final = range(400, 500)
_NO_ACCESS: Final = frozenset({401, 403})
_PLAIN_WAYS: Final = frozenset({"no-token", "made-up-token", "expired-token"})
"""The ways for which the status is judged; a target may call the others malformed, or not found."""
_AN_INSTANT: Final = timedelta(minutes=1)
"""Past the end of a token's life, and more than clocks differ by."""

Sending = dict[str, Any]
"""How a request is sent: what is passed on to the session."""


@dataclass(frozen=True, slots=True)
class Way:
    """A token, or another credential, that must not give access.

    Args:
        name: Its name.
        requirement: The requirement that demands it.
        point: Its place in the space of requests.
        sending: How a request is sent with it.
    """

    name: str
    requirement: str
    point: Point
    sending: Callable[[Probe], Sending]


def bearer(token: str) -> Sending:
    """How to send a request with a given token."""
    return {"headers": {"Authorization": f"Bearer {token}"}}


def token_of_role(probe: Probe, role: str, environment_id: str | None = None) -> str:
    """A token of a new credential, in the environment of the probe unless another is given.

    Raises:
        NotAvailableError: The target is live.
    """
    credential = probe.cards.controls.create_credential(role, environment_id)
    source = probe.cards.authenticate(
        client_id=credential.client_id, client_secret=credential.client_secret
    )
    return source.token()


def _forged(forge: Callable[[str, str], str], probe: Probe) -> Sending:
    """With a token that was never issued, made from an issued one and an invented word."""
    issued = probe.api.session.tokens.token()
    token = forge(issued, probe.invented())
    if token == issued:
        raise NotAvailableError("altering the access token did not change it")
    return bearer(token)


def _of_another_environment(probe: Probe) -> Sending:
    foreign = f"foreign-{probe.cards.randomness.token()}"
    probe.cards.controls.create_environment(foreign)
    return bearer(token_of_role(probe, "events", foreign))


def _expired(probe: Probe) -> Sending:
    token = token_of_role(probe, "events")
    probe.cards.controls.advance(TOKEN_LIFETIME + _AN_INSTANT)
    return bearer(token)


def _header(text: str) -> Callable[[Probe], Sending]:
    return lambda _: {"authenticated": False, "headers": {"Authorization": text}}


def _part(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


_FORGERIES: Final[dict[str, Callable[[str, str], str]]] = {
    "made-up-token": lambda _, invented: invented,
    "token-in-capitals": lambda _, invented: invented.upper(),
    "altered-token": lambda token, _: token[:-SIGNATURE] + token[-SIGNATURE:][::-1],
    "token-cut-short": lambda token, _: token[:-SIGNATURE],
    "half-a-token": lambda token, _: token[: len(token) // 2],
    "token-with-more": lambda token, _: f"{token}x",
    "unsigned-token": lambda *_: ".".join(map(_part, UNSIGNED)),
}
_NONE: Final = {"token": "none", "environment": "own"}
_GARBAGE: Final = {"token": "garbage", "environment": "own"}
_ROLE: Final = {"token": "role", "environment": "own"}

WAYS: Final = (
    Way("no-token", "AUTH-01", _NONE, lambda _: {"authenticated": False}),
    Way("scheme-alone", "AUTH-01", _NONE, _header("Bearer")),
    Way("basic", "AUTH-01", _NONE, _header("Basic bm9uZTpub25l")),
    *(
        Way(name, "AUTH-02", _GARBAGE, partial(_forged, forge))
        for name, forge in _FORGERIES.items()
    ),
    Way(
        "workbench-role", "AUTH-06", _ROLE, lambda probe: bearer(token_of_role(probe, "workbench"))
    ),
    Way("auth-role", "AUTH-06", _ROLE, lambda probe: bearer(token_of_role(probe, "auth"))),
    Way(
        "other-environment",
        "AUTH-10",
        {"token": "good", "environment": OTHER},
        _of_another_environment,
    ),
    Way("expired-token", "AUTH-05", {"token": "expired", "environment": "own"}, _expired),
)
"""Requests that must be refused. The one that lets time pass comes last."""


@dataclass(frozen=True, slots=True, eq=False)
class Intrusion:
    """A request that must be refused, on one card."""

    way: Way
    point: Point
    card: Card
    exchange: Exchange


@dataclass(slots=True, repr=False, eq=False)
class Intrusions:
    """The intrusions of a run, and what they did to the cards.

    Attributes:
        made: The requests.
        before: The states of the cards before them.
        after: Those afterwards.
        absent: Why a way could not be tried.
    """

    made: list[Intrusion]
    before: States
    after: States
    absent: dict[str, AtomicCardsError]

    def check(self, rule: str) -> None:
        """Expect no request to show that a requirement is broken.

        Raises:
            Violation: One does.
            AtomicCardsError: None that concerns it could be made.
        """
        broken = [breach for breach in self.breaches() if breach.requirement == rule]
        if broken:
            broken[0].raise_as_one_of(len(broken))
        if rule in self.absent:
            raise self.absent[rule]

    def breaches(self) -> Iterator[Breach]:
        """What they show against requirements."""
        for one in self.made:
            yield from self._of_response(one)
        for one in self._suspects():
            yield _breach(one, one.way.requirement, "no card to change", "one did")

    def _of_response(self, one: Intrusion) -> Iterator[Breach]:
        exchange, actual = one.exchange, f"the response was HTTP {one.exchange.status}"
        shown = key_of(one.card).encode() in exchange.response_body
        if exchange.status not in _REFUSALS or shown:
            yield _breach(one, one.way.requirement, "HTTP 4xx without the card", actual)
        if exchange.status not in _NO_ACCESS and one.way.name in _PLAIN_WAYS:
            yield _breach(one, "AUTH-11", "HTTP 401 or 403", actual)

    def _suspects(self) -> Iterator[Intrusion]:
        """The requests that may have changed a card: those that were accepted, if there are."""
        for key, word in self.after.items():
            if word != self.before[key]:
                on_card = [one for one in self.made if key_of(one.card) == key]
                accepted = [
                    [one for one in some if one.exchange.succeeded] for some in (on_card, self.made)
                ]
                suspects = next(filter(None, accepted), on_card)
                yield from [one for one in suspects if _state_it_gives(one) == word] or suspects


def _state_it_gives(one: Intrusion) -> str | None:
    operation = one.point["operation"]
    return Action(operation).outcome if operation in set(Action) else None


def _breach(one: Intrusion, rule: str, expected: str, actual: str) -> Breach:
    named = f"{one.point['operation']} with {one.way.name}"
    return Breach(rule, f"{named} to give {expected}", actual, (one.exchange,))


def intrude(
    probe: Probe, group: Group, ways: Sequence[Way] = WAYS, sets: Sequence[str] = ()
) -> Intrusions:
    """Send each operation in each way, on cards of a group of this environment.

    Args:
        probe: Of an environment in which time may pass.
        group: At least one active card; with as many as operations, each has its own.
        ways: What to try.
        sets: Sets of attributes that each request is also sent with.
    """
    before = probe.states(group)
    made: list[Intrusion] = []
    absent: dict[str, AtomicCardsError] = {}
    for place, way in enumerate(ways):
        try:
            sending = way.sending(probe)
            aims = [
                (operation, card, query)
                for turn, (operation, card) in enumerate(
                    zip(DIMENSIONS["operation"], cycle(group.cards), strict=False), place
                )
                for query in _naming(card, group, sets, widely=turn % 2 == 1)
            ]
            sent = probe.overlap.outcomes(
                partial(_sent, probe, operation, query, sending) for operation, _, query in aims
            )
            for (operation, card, query), exchange in zip(aims, sent, strict=True):
                if isinstance(exchange, AtomicCardsError):
                    raise exchange
                by = request_point(operation, query.parameters())["by"]
                point = {**way.point, "operation": operation, "by": by}
                made.append(Intrusion(way, point, card, exchange))
        except AtomicCardsError as error:
            absent[way.requirement] = error
    after = probe.states_later(group, lambda states: states == before)
    return Intrusions(made, before, after, absent)


def _naming(card: Card, group: Group, sets: Sequence[str], *, widely: bool) -> Iterator[CardQuery]:
    """Queries that match a card: it alone, and by each set of attributes.

    Without sets there is one query, as each is a request: every other one gives all attributes, and
    a target that asks for no token if some attribute is given shows it there.
    """
    if widely and not sets:
        yield CardQuery.of(card.attributes)
        return
    yield group.single(card)
    for given in map(attributes_of, sets):
        if card.attributes.keys() >= set(given):
            values = {name: card.attributes[name] for name in given}
            yield CardQuery.of(values).replace(multiple=True)


def _sent(probe: Probe, operation: str, query: CardQuery, sending: Sending) -> Exchange:
    """A request that may be repeated, as it must do nothing."""
    method, path = ("GET", "") if operation == "list" else ("PUT", f"/{operation}")
    return probe.raw(method, f"/cards{path}", query, **sending)
