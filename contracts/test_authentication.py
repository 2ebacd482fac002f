"""Authentication and roles: which credentials are accepted, and which are rejected."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.rules.verdicts import Violation, expect, not_exercised
from pytest_atomic_cards.suite.batched_setup import ActionTrial, BatchedSetup
from pytest_atomic_cards.suite.card_pool import CardPool
from pytest_atomic_cards.suite.contract_plugin import requirement
from pytest_atomic_cards.suite.probe import Probe
from pytest_atomic_cards.suite.shared_population import SharedPopulation
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    ContractBrokenError,
    NotAvailableError,
    TransportError,
)
from pytest_atomic_cards.targets import Target
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

TOKEN_LIFETIME = timedelta(hours=1)
TIMES_USED = 5
"""Requests with one token: enough to notice tokens for single use, or for a few uses."""
CLIENT_ERRORS = range(400, 500)
UNAUTHORIZED = 401
NO_ACCESS = {401, 403}
SIGNATURE = 12
"""Characters at the end of a token that are part of its signature, if it is a JWT."""
UNSIGNED = '{"alg":"none","typ":"JWT"}', '{"sub":"events","exp":4102444800}', "signature"
REQUESTS = [("GET", "/cards"), ("PUT", "/cards/cancel")]

each_request = pytest.mark.parametrize(("method", "path"), REQUESTS)

Way = Callable[[Probe], dict[str, Any]]
"""How a request is sent: what a probe passes on to the session."""


def bearer(token: str) -> dict[str, Any]:
    """How to send a request with a given token."""
    return {"headers": {"Authorization": f"Bearer {token}"}}


def forged(forge: Callable[[str, str], str]) -> Way:
    """With a token that was never issued, made from an issued one and an invented word."""

    def way(probe: Probe) -> dict[str, Any]:
        issued = probe.api.session.tokens.token()
        token = forge(issued, probe.invented())
        if token == issued:
            raise NotAvailableError("altering the access token did not change it")
        return bearer(token)

    return way


def of_another_environment(probe: Probe) -> dict[str, Any]:
    """With a token that was issued for another environment."""
    foreign = f"foreign-{probe.cards.randomness.token()}"
    probe.cards.controls.create_environment(foreign)
    return bearer(token_of_role(probe, "events", foreign))


def header(text: str) -> Way:
    """With an Authorization header that is not a bearer token."""
    return lambda _: {"authenticated": False, "headers": {"Authorization": text}}


WAYS: dict[str, tuple[str, Way]] = {
    "no-token": ("AUTH-01", lambda _: {"authenticated": False}),
    "scheme-alone": ("AUTH-01", header("Bearer")),
    "basic": ("AUTH-01", header("Basic bm9uZTpub25l")),
    "made-up-token": ("AUTH-02", forged(lambda _, invented: invented)),
    "token-in-capitals": ("AUTH-02", forged(lambda _, invented: invented.upper())),
    "altered-token": (
        "AUTH-02",
        forged(lambda token, _: token[:-SIGNATURE] + token[-SIGNATURE:][::-1]),
    ),
    "unsigned-token": (
        "AUTH-02",
        forged(
            lambda *_: ".".join(
                urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in UNSIGNED
            )
        ),
    ),
    "workbench-role": ("AUTH-06", lambda probe: bearer(token_of_role(probe, "workbench"))),
    "auth-role": ("AUTH-06", lambda probe: bearer(token_of_role(probe, "auth"))),
    "other-environment": ("AUTH-10", of_another_environment),
}
"""Requests that must be rejected, and the requirement that demands it."""


def need_credentials(target: Target) -> None:
    """Skip a contract about tokens that credentials obtain, if the run was given another access."""
    if target.settings.way_in != "credentials":
        not_exercised("this target is accessed without client credentials")


@pytest.fixture(autouse=True)
def _asks_for_a_token(request: pytest.FixtureRequest, cards_target: Target) -> None:
    """Skip the contracts about tokens on a target that, by the settings, asks for none."""
    marker = request.node.get_closest_marker("requirement")
    if cards_target.settings.way_in == "none" and marker.args[0] != "AUTH-09":
        not_exercised("this target is accessed without a token (ATOMIC_CARDS_ACCESS=none)")


def intrude(probe: Probe, group: Group, method: str, path: str, how: dict[str, Any]) -> ActionTrial:
    """List or cancel the first card of a group in a way that must be refused."""
    before = probe.states(group)
    exchange = probe.raw(method, path, group.single(group.cards[0]), **how)
    return ActionTrial(group, before, exchange)


def check_refused(probe: Probe, intrusion: ActionTrial) -> None:
    """Expect a request to be refused, without showing or changing a card."""
    exchange, before = intrusion.exchange, intrusion.before
    shown = key_of(intrusion.group.cards[0]).encode() in exchange.response_body
    expect(
        exchange.status in CLIENT_ERRORS and not shown,
        exchange,
        expected="HTTP 4xx without the card",
        actual=f"HTTP {exchange.status}",
    )
    after = probe.states_later(intrusion.group, lambda states: states == before)
    expect(after == before, exchange, expected="no card to change", actual="one did")


@pytest.fixture(scope="module")
def intrusions(probe: Probe, reserve: CardPool) -> BatchedSetup[ActionTrial]:
    """A request with each method in each way, each on its own group."""

    def trial(way: Way, method: str, path: str) -> ActionTrial:
        return intrude(probe, reserve.take(), method, path, way(probe))

    return BatchedSetup(
        {
            (name, method): partial(trial, way, method, path)
            for name, (_, way) in WAYS.items()
            for method, path in REQUESTS
        }
    )


@pytest.mark.parametrize("method", [method for method, _ in REQUESTS])
@pytest.mark.parametrize(
    "way", [pytest.param(name, marks=requirement(rule)) for name, (rule, _) in WAYS.items()]
)
def test_nobody_gets_in(
    way: str, method: str, probe: Probe, intrusions: BatchedSetup[ActionTrial]
) -> None:
    """Without a token of this environment and role, cards are not accessible."""
    check_refused(probe, intrusions[way, method])


@requirement("AUTH-09")
@each_request
def test_no_user_agent(method: str, path: str, probe: Probe, reserve: CardPool) -> None:
    """Without a User-Agent header a request is served, or refused without changing a card."""
    trial = intrude(probe, reserve.take(), method, path, {"user_agent": False})
    if not trial.exchange.succeeded:
        check_refused(probe, trial)


@requirement("AUTH-11")
@each_request
def test_refusal_is_401_or_403(method: str, path: str, probe: Probe, reserve: CardPool) -> None:
    """Missing access gets HTTP 401 or 403, and no other client error."""
    group = reserve.take()
    query = group.single(group.cards[0])
    for how in ({"authenticated": False}, bearer(probe.invented())):
        exchange = probe.raw(method, path, query, **how)
        expect(
            exchange.status in NO_ACCESS,
            exchange,
            expected="HTTP 401 or 403 without a valid token",
            actual=f"HTTP {exchange.status}",
        )


@requirement("AUTH-03")
def test_credentials_obtain_a_token(bare: Probe, cards_target: Target) -> None:
    """The credentials obtain a token that the Cards API accepts."""
    need_credentials(cards_target)
    try:
        exchange = bare.raw("GET", "/cards", CardQuery(user_id=bare.invented()))
    except ContractBrokenError as error:
        exchanges = (error.exchange,) if error.exchange else ()
        raise Violation("an access token for these credentials", str(error), exchanges) from None
    expect(
        exchange.status not in NO_ACCESS,
        exchange,
        expected="the Cards API to accept the token of these credentials",
        actual=f"HTTP {exchange.status}",
    )


@requirement("AUTH-04")
def test_tokens_live_side_by_side(probe: Probe, cards_target: Target) -> None:
    """A token is still accepted after the same credential obtained another."""
    need_credentials(cards_target)
    tokens = probe.api.session.tokens
    first = tokens.token()
    try:
        tokens.renew(first)
    except AtomicCardsError as error:
        not_exercised(f"the token endpoint issued no second token: {error}")
    exchange = probe.raw("GET", "/cards", CardQuery(user_id=probe.invented()), **bearer(first))
    expect(
        exchange.status not in NO_ACCESS,
        exchange,
        expected="the earlier token to be accepted until it expires",
        actual=f"HTTP {exchange.status}",
    )


@requirement("AUTH-04")
def test_token_serves_many_requests(probe: Probe, population: SharedPopulation) -> None:
    """At most one of many requests needs a new token, as the old one may expire in between."""
    refused: list[Exchange] = []

    def observe(exchange: Exchange) -> None:
        if exchange.status == UNAUTHORIZED:
            refused.append(exchange)

    probe.api.session.listeners.append(observe)
    try:
        for _ in range(TIMES_USED):
            probe.page(population.plain[0].pin)
    finally:
        probe.api.session.listeners.remove(observe)
    expect(
        len(refused) <= 1,
        *refused,
        expected=f"one token to serve {TIMES_USED} requests",
        actual=f"it was refused {len(refused)} times",
    )


@requirement("AUTH-04")
def test_token_lasts_its_hour(fresh: Probe) -> None:
    """A token is still accepted five minutes before its hour is over."""
    token = token_of_role(fresh, "events")
    fresh.cards.controls.advance(TOKEN_LIFETIME - timedelta(minutes=5))
    exchange = fresh.raw("GET", "/cards", CardQuery(user_id=fresh.invented()), **bearer(token))
    expect(
        exchange.status not in NO_ACCESS,
        exchange,
        expected="a token to be accepted for its hour",
        actual=f"HTTP {exchange.status} after 55 minutes",
    )


@requirement("AUTH-05")
@each_request
def test_expired_token(method: str, path: str, fresh: Probe) -> None:
    """A token is rejected after its hour."""
    token = token_of_role(fresh, "events")
    fresh.cards.controls.advance(TOKEN_LIFETIME + timedelta(minutes=1))
    group = CardPool(fresh.cards.seeder, fresh.cards.recorder).take()
    check_refused(fresh, intrude(fresh, group, method, path, bearer(token)))


@requirement("AUTH-07")
def test_deleted_credential(probe: Probe) -> None:
    """A deleted credential obtains no token."""
    controls = probe.cards.controls
    credential = controls.create_credential()
    controls.delete_credential(credential.client_id)
    check_no_token(probe, credential.client_id, credential.client_secret)


@requirement("AUTH-08")
def test_wrong_secret(probe: Probe) -> None:
    """A valid client id with an invented secret obtains no token."""
    check_no_token(probe, probe.cards.client_id, probe.invented())


def token_of_role(probe: Probe, role: str, environment_id: str | None = None) -> str:
    """A token of a new credential, in the environment of the probe unless another is given."""
    credential = probe.cards.controls.create_credential(role, environment_id)
    source = probe.cards.authenticate(
        client_id=credential.client_id, client_secret=credential.client_secret
    )
    return source.token()


def check_no_token(probe: Probe, client_id: str, client_secret: str) -> None:
    """Expect the token endpoint to refuse."""
    source = probe.cards.authenticate(client_id=client_id, client_secret=client_secret)
    try:
        source.token()
    except TransportError:
        raise
    except AtomicCardsError:
        return
    raise Violation("no token for these credentials", "one was issued")
