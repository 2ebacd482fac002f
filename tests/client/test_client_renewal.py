"""A token that the target refuses is renewed, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from client_doubles import (
    SECRET,
    TOKEN_URL,
    Renewing,
    Reply,
    Target,
    session,
)

from pytest_atomic_cards.client import (
    ClientCredentials,
)


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_refused_token_is_renewed_once(method: str) -> None:
    """A 401 leads to one renewal and one repetition, also of an action."""
    tokens, target = Renewing(), Target(Reply(401), Reply())
    exchange = session(target, tokens=tokens).send(method, "/v1/env/cards/cancel")
    assert exchange.status == 200
    sent = [request.headers["Authorization"] for request in target.requests]
    assert sent == ["Bearer token-0", "Bearer token-1"]


def test_a_renewal_that_does_not_help_is_not_repeated() -> None:
    """A target that always answers 401 on a path costs one renewal, not one a request."""
    tokens, target = Renewing(), Target(Reply(401))
    cards = session(target, tokens=tokens)
    statuses = [cards.send("GET", "/v1/other/cards").status for _ in range(5)]
    assert statuses == [401] * 5
    assert tokens.renewals == 1


def test_a_token_that_opened_a_path_is_renewed_when_it_expires() -> None:
    """A 401 that no token cures, as for a request without User-Agent, does not bar later ones."""
    tokens, valid = Renewing(), {"token-0", "token-1"}

    def answer(request: requests.PreparedRequest) -> Reply:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return Reply() if "User-Agent" in request.headers and token in valid else Reply(401)

    cards = session(Target(answer), tokens=tokens)
    assert cards.send("GET", "/v1/mine/cards", user_agent=False).status == 401
    assert cards.send("GET", "/v1/mine/cards").status == 200
    valid.clear()
    valid.add("token-2")
    assert cards.send("GET", "/v1/mine/cards").status == 200


def test_a_token_that_ends_early_is_noted() -> None:
    """A refusal counts if the token had given access before and only another one does now."""
    tokens, valid = Renewing(), {"token-0"}

    def answer(request: requests.PreparedRequest) -> Reply:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return Reply() if "/mine/" in str(request.url) and token in valid else Reply(401)

    cards = session(Target(answer), tokens=tokens)
    assert cards.send("GET", "/v1/mine/cards").status == 200
    assert cards.send("GET", "/v1/other/cards").status == 401
    valid.add("token-1")
    assert cards.send("GET", "/v1/mine/cards").status == 200
    assert not cards.early_refusals
    valid.clear()
    valid.add("token-2")
    assert cards.send("GET", "/v1/mine/cards").status == 200
    assert [refusal.status for refusal in cards.early_refusals] == [401]


def test_a_new_token_that_is_not_accepted_at_once_is_not_noted() -> None:
    """A refusal of a token that never gave access says nothing of how long tokens last."""
    cards = session(Target(Reply(401), Reply()), tokens=Renewing())
    assert cards.send("GET", "/v1/env/cards").status == 200
    assert not cards.early_refusals


def test_a_path_that_is_refused_does_not_stop_renewals_elsewhere() -> None:
    """After a 401 that no token cures, an expired token is still renewed on another path."""
    tokens, valid = Renewing(), {"token-1"}

    def answer(request: requests.PreparedRequest) -> Reply:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return Reply() if "/mine/" in str(request.url) and token in valid else Reply(401)

    cards = session(Target(answer), tokens=tokens)
    assert cards.send("GET", "/v1/other/cards").status == 401
    valid.add("token-2")
    valid.remove("token-1")
    assert cards.send("GET", "/v1/mine/cards").status == 200


def test_threads_with_a_refused_token_fetch_one_new() -> None:
    """Eight threads whose token was revoked cause one request to the token endpoint."""
    count = iter(range(1, 100))
    endpoint = Target(lambda _: Reply(body={"access_token": f"issued-token-{next(count)}"}))
    api = Target(
        lambda request: Reply(401 if request.headers["Authorization"].endswith("-1") else 200)
    )
    http = api.http()
    http.mount(TOKEN_URL, endpoint)
    tokens = ClientCredentials(token_url=TOKEN_URL, client_id="c", client_secret=SECRET, http=http)
    cards = session(api, http=http, tokens=tokens)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: cards.send("GET", "/v1/e/cards").status, range(8)))
    assert statuses == [200] * 8
    assert len(endpoint.requests) == 2
