"""Authentication and roles: which credentials are accepted, and which are rejected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.model.request_space import SETS_WITHOUT_PAIRS, attributes_of
from pytest_atomic_cards.rules.verdicts import Violation, expect, not_exercised
from pytest_atomic_cards.suite.experiments.access_experiments import (
    TOKEN_LIFETIME,
    WAYS,
    Intrusions,
    Way,
    bearer,
    intrude,
    token_of_role,
)
from pytest_atomic_cards.suite.experiments.claims import OF_ACCESS
from pytest_atomic_cards.suite.generation.generated_cases import Effort
from pytest_atomic_cards.suite.probing.batched_setup import ActionTrial
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.running.contract_plugin import in_the_end, requirement
from pytest_atomic_cards.suite.supply.card_pool import CardPool
from pytest_atomic_cards.suite.supply.planned_cards import INTRUDED, PlannedCards
from pytest_atomic_cards.suite.supply.shared_population import SharedPopulation
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    ContractBrokenError,
    NotAvailableError,
    SeedingError,
    TransportError,
)
from pytest_atomic_cards.targets import Target, world_on
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

TIMES_USED = 5
"""Requests with one token: enough to notice tokens for single use, or for a few uses."""
UNAUTHORIZED = 401
NO_ACCESS = {401, 403}
CLIENT_ERRORS = range(400, 500)
REQUESTS = [("GET", "/cards"), ("PUT", "/cards/cancel")]
OPERATIONS = [("GET", "/cards"), *(("PUT", f"/cards/{action}") for action in Action)]

each_request = pytest.mark.parametrize(("method", "path"), REQUESTS)


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


def intrude_on(
    probe: Probe, group: Group, method: str, path: str, how: dict[str, Any]
) -> ActionTrial:
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
def intrusions(
    probe: Probe,
    cards_target: Target,
    planned: PlannedCards,
    effort: Effort,
    every_set: bool,  # noqa: FBT001
) -> Iterator[Intrusions]:
    """A request with each operation in each way that must be refused."""
    if not probe.cards.backend.delivery_is_certain:
        with suppress(NotAvailableError, SeedingError):
            group = planned.take("intrusions")[0]
            if isinstance(group, Group):
                yield intrude(probe, group, ways_of(effort))
                return
    with world_on(cards_target) as cards:
        cards.seeder.learn_from(probe.cards.seeder)
        spec = CardSpec(event_name="intrusion") if cards.is_steerable else CardSpec()
        group = cards.seeder.seed(Population.of(INTRUDED, spec))[0]
        yield intrude(Probe(cards), group, sets=SETS_WITHOUT_PAIRS if every_set else ())


def ways_of(effort: Effort) -> Sequence[Way]:
    """The ways to try; if requests are counted, the first of each requirement."""
    firsts = {way.requirement: way for way in reversed(WAYS)}
    return [*firsts.values()] if effort.is_sparing else WAYS


@pytest.mark.parametrize(
    "rule",
    [pytest.param(rule, marks=requirement(rule)) for rule in OF_ACCESS],
)
def test_nobody_gets_in(rule: str, probe: Probe, intrusions: Intrusions) -> None:
    """Without a valid token of this environment and role, no operation shows or changes a card."""
    del probe
    intrusions.check(rule)


@requirement("AUTH-09")
@each_request
def test_no_user_agent(method: str, path: str, probe: Probe, reserve: CardPool) -> None:
    """Without a User-Agent header a request is served, or refused without changing a card."""
    trial = intrude_on(probe, reserve.take(), method, path, {"user_agent": False})
    if not trial.exchange.succeeded:
        check_refused(probe, trial)


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


@in_the_end
@requirement("AUTH-04")
def test_no_token_ended_early(probe: Probe, cards_target: Target) -> None:
    """No token that had been accepted was refused before its end, however long the run took."""
    need_credentials(cards_target)
    if probe.cards.is_steerable:
        not_exercised("contracts let the time of a sandbox pass, so its tokens end")
    refusals = probe.api.session.early_refusals
    expect(
        not refusals,
        *refusals[:1],
        expected="a token to be accepted until it expires",
        actual=f"{len(refusals)} were refused while another token of the credential was accepted",
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
    """A token is still accepted five minutes before its hour is over, for every operation."""
    token = token_of_role(fresh, "events")
    fresh.cards.controls.advance(TOKEN_LIFETIME - timedelta(minutes=5))
    for (method, path), by in product(OPERATIONS, SETS_WITHOUT_PAIRS):
        query = CardQuery.of({name: fresh.invented() for name in attributes_of(by)})
        exchange = fresh.raw(method, path, query, **bearer(token))
        expect(
            exchange.status not in NO_ACCESS,
            exchange,
            expected="a token to be accepted for its hour",
            actual=f"HTTP {exchange.status} after 55 minutes",
        )


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
