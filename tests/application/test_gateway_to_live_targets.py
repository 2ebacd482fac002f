"""The gateway to a live target: tokens, the scope guard and the rate limit."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from gateway_requests import cards_url, get, listed, post, put

from pytest_atomic_cards import ScopeError, Status, world_on
from pytest_atomic_cards.client.rate_limit import AcceptedRate
from pytest_atomic_cards.targets import LiveTarget

if TYPE_CHECKING:
    from live_sandbox import Serve


def test_on_a_live_target_the_token_is_added_and_the_guard_applies(serve: Serve):
    """The application may change what the test seeded; the cards of others are left alone."""
    live = serve()
    live.environment.seed([{"user_id": "somebody"}])
    with closing(LiveTarget(live.settings())) as target:
        cards = target.open_world()
        card = cards.seed()
        own, foreign = f"?userId={card.user_id}", "?userId=somebody"
        assert listed(get(cards_url(cards, own))) == [card.id]
        assert put(cards_url(cards, f"/cancel{own}")).status_code == 200
        assert cards.get(card).status is Status.CANCELLED
        refused = put(cards_url(cards, f"/cancel{foreign}"))
        assert refused.status_code == 403
        assert "refused to send PUT" in refused.json()["message"]
        cards.clean_up()
        with pytest.raises(ScopeError, match="userId=somebody"):
            cards.raise_trouble()
    assert len(live.open_cards) == 1


def test_a_refused_request_fails_the_test_in_the_end(serve: Serve):
    """Even if the application takes no notice of the 403, the test does."""
    live = serve()

    def run(target: LiveTarget) -> None:
        with world_on(target) as cards:
            put(cards_url(cards, "/cancel?userId=somebody"))

    with closing(LiveTarget(live.settings())) as target, pytest.raises(ScopeError):
        run(target)


def test_on_a_live_target_no_secret_is_handed_out(serve: Serve):
    """The gateway gives tokens itself, so the application needs no credential of the target."""
    live = serve()
    with closing(LiveTarget(live.settings())) as target, world_on(target) as cards:
        environ = cards.environ
        assert live.credential.client_secret not in environ.values()
        fetched = live.count("POST /oauth2/token")
        got = post(
            environ["ATOMIC_CARDS_TOKEN_URL"],
            params={"grant_type": "client_credentials"},
            auth=(environ["ATOMIC_CARDS_CLIENT_ID"], environ["ATOMIC_CARDS_CLIENT_SECRET"]),
        ).json()
        assert got["access_token"] == cards.token()
        assert live.count("POST /oauth2/token") == fetched
        assert get(environ["ATOMIC_CARDS_TOKEN_URL"]).status_code == 405


def test_a_token_that_the_target_refuses_is_replaced(serve: Serve):
    """After a 401 the gateway renews its own token at once, and gives no refused one again."""
    live = serve()
    with closing(LiveTarget(live.settings())) as target, world_on(target) as cards:
        stale = cards.token()
        live.sandbox._tokens.grants.clear()
        header = {"Authorization": f"Bearer {stale}"}
        assert get(cards_url(cards), headers=header).status_code == 401
        renewed = cards.token()
        assert renewed != stale
        live.sandbox._tokens.grants.clear()
        assert get(cards_url(cards)).status_code == 200


def test_a_target_that_cannot_be_reached_is_a_gateway_error(serve: Serve):
    """The application gets the answer of a proxy, with the reason."""
    live = serve()
    with closing(LiveTarget(live.settings())) as target, world_on(target) as cards:
        url = cards_url(cards)
        cards.token()
        live._server.stop()
        response = get(url)
    assert response.status_code == 502
    assert "refused" in response.json()["message"]


def test_the_rate_limit_counts_the_application(serve: Serve, monkeypatch: pytest.MonkeyPatch):
    """Requests of the application and of the fixture wait for their turn at the same limit."""
    waits: list[AcceptedRate] = []
    wait = AcceptedRate.wait

    def counted(rate: AcceptedRate, *arguments: Any) -> Any:  # noqa: ANN401 - passed on
        waits.append(rate)
        return wait(rate, *arguments)

    live = serve()
    with closing(LiveTarget(live.settings(max_rate=10_000.0))) as target, world_on(target) as cards:
        url = cards_url(cards)
        monkeypatch.setattr(AcceptedRate, "wait", counted)
        cards.list(user_id="customer-1")
        assert get(url).status_code == 200
        monkeypatch.undo()
    assert waits == [cards.api.session.rate] * 2
