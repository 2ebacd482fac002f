"""The gateway: what an application sends reaches the target as everything else does."""

from __future__ import annotations

import io
import socket
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import httpx
import pytest
import requests
from gateway_requests import TIMEOUT, cards_url, get, listed, post

from pytest_atomic_cards import MisuseError, SandboxAdapter, SandboxServer, Status, sandbox_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_atomic_cards import Cards


@pytest.fixture
def cards() -> Iterator[Cards]:
    """An isolated sandbox."""
    with sandbox_world() as world:
        yield world


def test_a_request_without_a_token_gets_one(cards: Cards):
    """Any client reaches the cards of the test at the URL, with nothing else to set up."""
    card = cards.seed(user_id="customer-1")
    assert listed(get(cards_url(cards, "?userId=customer-1"))) == [card.id]


def test_a_token_of_the_application_is_passed_on_as_it_is(cards: Cards):
    """What the application authenticates with decides: a wrong token is refused by the target."""
    wrong = {"Authorization": "Bearer wrong"}
    assert get(cards_url(cards), headers=wrong).status_code == 401
    right = {"Authorization": f"Bearer {cards.token()}"}
    assert listed(get(cards_url(cards), headers=right)) == []


def test_the_application_fetches_tokens_with_what_the_environment_names(cards: Cards):
    """The credential in ``environ`` is one of the sandbox, and another one is refused."""
    environ = cards.environ
    login = (environ["ATOMIC_CARDS_CLIENT_ID"], environ["ATOMIC_CARDS_CLIENT_SECRET"])
    for password, status in ((login[1], 200), ("wrong", 400)):
        response = post(
            environ["ATOMIC_CARDS_TOKEN_URL"],
            params={"grant_type": "client_credentials"},
            auth=(login[0], password),
        )
        assert response.status_code == status
        assert ("access_token" in response.json()) == (status == 200)


def test_the_environment_names_url_environment_and_a_valid_token(cards: Cards):
    """The variables alone are enough for a request."""
    environ = cards.environ
    root = f"{environ['ATOMIC_CARDS_API_URL']}/v1/{environ['ATOMIC_CARDS_ENVIRONMENT_ID']}"
    token = {"Authorization": f"Bearer {environ['ATOMIC_CARDS_TOKEN']}"}
    assert listed(get(f"{root}/cards", headers=token)) == []


@pytest.mark.parametrize("known", ["", "internal.example"])
def test_the_environment_keeps_a_child_from_using_a_proxy(
    cards: Cards, monkeypatch: pytest.MonkeyPatch, known: str
):
    """Where a proxy is configured, loopback is excluded from it, beside what already is."""
    assert "NO_PROXY" not in cards.environ
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", known)
    assert cards.environ["NO_PROXY"].split(",") == [*filter(None, [known]), "127.0.0.1"]


def test_an_adapter_needs_no_socket(cards: Cards, monkeypatch: pytest.MonkeyPatch):
    """A session of ``requests`` reaches the target in this process, at any host."""
    card = cards.seed(user_id="customer-1")
    monkeypatch.setattr(socket, "socket", None)
    with requests.Session() as http:
        http.mount("https://", cards.requests_adapter())
        url = f"https://api.example/v1/{cards.environment_id}/cards/cancel?userId=customer-1"
        assert http.put(url).json()["summary"]["updated"] == 1
    assert cards.get(card).status is Status.CANCELLED


def test_the_server_starts_when_it_is_needed_and_stops_with_the_test():
    """Nothing listens before ``url`` is used, nor after the end."""
    before = threading.active_count()
    with sandbox_world() as cards:
        cards.seed()
        assert threading.active_count() == before
        url = cards_url(cards)
        assert get(url).status_code == 200
        assert cards.url in url
    with pytest.raises(requests.ConnectionError):
        get(url)


def test_the_path_arrives_as_it_was_sent(cards: Cards):
    """Nothing between application and target decodes or encodes: the values stay intact."""
    odd = "a%2F+ü&b/c"
    card = cards.seed(user_id=odd)
    assert listed(get(cards_url(cards), params={"userId": odd})) == [card.id]
    seen: list[str] = []
    cards.api.session.listeners.append(lambda exchange: seen.append(exchange.url))
    urlopen(cards_url(cards, "?userId=a%2fb")).close()  # noqa: S310 - requests would send %2F
    assert seen[0].endswith("/cards?userId=a%2fb")


def test_network_faults_affect_the_application(cards: Cards):
    """A reset reaches a client on the socket and one in this process; both acted nevertheless."""
    first, second = cards.seed(user_id="customer-1"), cards.seed(user_id="customer-2")
    with requests.Session() as http:
        http.mount("https://", cards.requests_adapter())
        hosts = (cards.url, "https://api.example")
        for host, card in zip(hosts, (first, second), strict=True):
            cards.faults.inject("reset-after", method="PUT")
            path = f"/v1/{cards.environment_id}/cards/cancel?userId={card.user_id}"
            with pytest.raises(requests.ConnectionError):
                http.put(f"{host}{path}")
            assert cards.get(card).status is Status.CANCELLED
    assert [fault.method for fault in cards.faults.fired] == ["PUT", "PUT"]


def test_pages_of_a_website_get_nothing(cards: Cards):
    """A page whose host name resolves to loopback must not act with the token of the run."""
    headers = {"Host": "evil.example", "Origin": "http://evil.example"}
    response = get(cards_url(cards), headers=headers)
    assert (response.status_code, "data" in response.json()) == (403, False)


def test_the_controls_are_not_reachable(cards: Cards):
    """An application cannot steer the sandbox it is tested with."""
    assert get(f"{cards.url}/_sandbox/analytics").status_code == 404


def test_a_server_that_does_not_show_the_raw_path(cards: Cards):
    """Any WSGI server may serve the gateway, also one that has only the decoded path."""
    card = cards.seed(user_id="ü")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": f"/v1/{cards.environment_id}/cards",
        "QUERY_STRING": "userId=%C3%BC",
        "wsgi.input": io.BytesIO(),
        "HTTP_USER_AGENT": "an-application",
    }
    body = b"".join(cards._gateway(environ, lambda *_: lambda _: None))
    assert card.id.encode() in body


@pytest.mark.parametrize("client", ["httpx", "requests", "sandbox", "url"])
def test_what_is_kept_after_its_test_says_that_the_test_has_ended(client: str):
    """A client that outlives its cards gets one clear error, not the cards of a past test."""
    with sandbox_world() as cards, ExitStack() as opened:
        path = f"/v1/{cards.environment_id}/cards"
        over_httpx = opened.enter_context(httpx.Client(transport=cards.httpx_transport()))
        over_requests = opened.enter_context(requests.Session())
        over_requests.mount("https://", cards.requests_adapter())
        to_sandbox = opened.enter_context(
            httpx.Client(transport=httpx.WSGITransport(app=cards.sandbox))
        )
        uses: dict[str, Any] = {
            "httpx": lambda: over_httpx.get(f"https://api.example{path}"),
            "requests": lambda: over_requests.get(f"https://api.example{path}", timeout=TIMEOUT),
            "sandbox": lambda: to_sandbox.get(f"https://api.example{path}"),
            "url": lambda: cards.url,
        }
        before = uses[client]()
        assert client == "url" or before.status_code in {200, 401}
        cards.clean_up()
        with pytest.raises(MisuseError, match="has ended"):
            uses[client]()


@pytest.mark.parametrize("client", ["wsgi", "server", "adapter"])
def test_network_faults_affect_requests_to_the_sandbox_itself(cards: Cards, client: str):
    """Whatever calls the sandbox as an application meets each fault once, and is recorded."""
    seen: list[str] = []
    cards.api.session.listeners.append(lambda exchange: seen.append(exchange.method))
    header = {"Authorization": f"Bearer {cards.token()}"}
    path = f"/v1/{cards.environment_id}/cards"
    cards.faults.inject("rate-limited", times=2)
    with ExitStack() as opened:
        http: Any
        if client == "wsgi":
            transport = httpx.WSGITransport(app=cards.sandbox)
            base = "http://sandbox.test"
            http = opened.enter_context(httpx.Client(transport=transport))
        elif client == "server":
            base = opened.enter_context(SandboxServer(cards.sandbox)).url
            http = opened.enter_context(httpx.Client())
        else:
            base = "http://sandbox.test"
            http = opened.enter_context(requests.Session())
            http.mount(base, SandboxAdapter(cards.sandbox))
        statuses = [http.get(f"{base}{path}", headers=header).status_code for _ in range(3)]
    assert statuses == [429, 429, 200]
    assert seen == ["GET"]


def test_a_reset_without_a_socket_is_an_exception(cards: Cards):
    """A test client of WSGI gets the error of a connection that was reset, after the action."""
    card = cards.seed(user_id="customer-1")
    cards.faults.inject("reset-after", method="PUT")
    with httpx.Client(transport=httpx.WSGITransport(app=cards.sandbox)) as http:
        url = f"http://sandbox.test/v1/{cards.environment_id}/cards/cancel?userId=customer-1"
        with pytest.raises(ConnectionResetError):
            http.put(url, headers={"Authorization": f"Bearer {cards.token()}"})
    assert cards.get(card).status is Status.CANCELLED
