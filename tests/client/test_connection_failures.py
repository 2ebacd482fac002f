"""Why there is no response: each failure names the setting to correct."""

from __future__ import annotations

import json
import socket
import ssl
from functools import partial
from pathlib import Path

import pytest
import requests
from client_doubles import SECRET, FakeTime, Reply, Target, hostile_server
from hostile_servers import Serve, after_request, drip, flood, hang, limited_session

from pytest_atomic_cards.client import ClientCredentials
from pytest_atomic_cards.client.connection_failures import Failure, failure_of
from pytest_atomic_cards.support.errors import TransportError


def test_an_unknown_host_is_named_at_once() -> None:
    """A host name that does not exist is an error of the setting, and not retried."""
    error = requests.ConnectionError(socket.gaierror(socket.EAI_NONAME, "unknown"))
    target = Target(error)
    client = limited_session("http://cards.test", http=target.http(), retry=FakeTime().policy())
    with pytest.raises(TransportError, match=r"cannot be resolved; correct ATOMIC_CARDS_API_URL"):
        client.send("GET", "/v1/e/cards")
    assert len(target.requests) == 1


def test_a_missing_certificate_file_is_named_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bundle that is not there is an error of its setting, and not retried."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    time = FakeTime()
    with (
        limited_session("https://127.0.0.1:9", retry=time.policy()) as client,
        pytest.raises(TransportError, match=r"missing\.pem.*correct REQUESTS_CA_BUNDLE"),
    ):
        client.send("GET", "/v1/e/cards")
    assert not time.sleeps


def test_a_server_without_tls_is_named_at_once() -> None:
    """An https URL to a server that speaks HTTP names the setting, and is not retried."""
    time = FakeTime()
    serve = partial(flood, start=b"", again=b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with (
        hostile_server(serve) as url,
        limited_session(
            url.replace("http:", "https:"), timeout=30.0, retry=time.policy()
        ) as client,
        pytest.raises(TransportError, match=r"check scheme and port in ATOMIC_CARDS_API_URL"),
    ):
        client.send("GET", "/v1/e/cards")
    assert not time.sleeps


def test_a_refused_proxy_login_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that wants a login is an error of the proxy's setting, and not retried."""
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    time = FakeTime()
    with hostile_server(after_request(lambda it: it.sendall(refusal))) as proxy:
        monkeypatch.setenv("https_proxy", proxy)
        monkeypatch.delenv("no_proxy", raising=False)
        with (
            limited_session("https://cards.invalid", timeout=30.0, retry=time.policy()) as client,
            pytest.raises(TransportError, match=r"refuses the login.*HTTPS_PROXY"),
        ):
            client.send("PUT", "/v1/e/cards/cancel")
    assert not time.sleeps


@pytest.mark.parametrize("serve", [hang, partial(drip, start=b"HTTP/1.1 200 O")])
def test_a_proxy_that_delays_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tunnel through a proxy belongs to the time of the exchange."""
    with hostile_server(serve) as proxy:
        monkeypatch.setenv("https_proxy", proxy)
        monkeypatch.delenv("no_proxy", raising=False)
        with (
            limited_session("https://cards.invalid") as client,
            pytest.raises(TransportError, match="timed out"),
        ):
            client.send("GET", "/v1/e/cards")


def test_a_handshake_that_hangs_is_given_up() -> None:
    """TLS belongs to the time of the exchange as well."""
    with (
        hostile_server(hang) as url,
        limited_session(url.replace("http:", "https:")) as client,
        pytest.raises(TransportError, match="timed out"),
    ):
        client.send("GET", "/v1/e/cards")


def test_a_redirect_of_the_token_endpoint_names_its_location() -> None:
    """Where a token endpoint redirects to is in the error."""
    target = Target(Reply(302, b"", {"Location": "https://login.test/\x1b"}))
    source = ClientCredentials(
        token_url="http://auth.test", client_id="c", client_secret=SECRET, http=target.http()
    )
    with pytest.raises(Exception, match=r"redirects to 'https://login\.test/\\x1b'"):
        source.token()


@pytest.mark.parametrize(
    ("alert", "remedy"),
    [
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "set ATOMIC_CARDS_CLIENT_CERT"),
        ("TLSV1_ALERT_UNKNOWN_CA", "does not trust the issuer of ATOMIC_CARDS_CLIENT_CERT"),
        ("SSLV3_ALERT_BAD_CERTIFICATE", "refuses ATOMIC_CARDS_CLIENT_CERT"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "expired"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "or ATOMIC_CARDS_CLIENT_CERT"),
    ],
)
def test_what_a_server_holds_against_a_client_certificate_is_named(alert: str, remedy: str) -> None:
    """An alert about the client's certificate names its setting, and is not retried."""
    error = ssl.SSLError(1, f"[SSL: {alert}] alert (_ssl.c:1)")
    error.reason = alert
    kind, reason = failure_of(requests.exceptions.SSLError(error), "THE_URL")
    assert kind is Failure.PERMANENT
    assert remedy in reason


def test_any_other_failure_may_be_retried() -> None:
    """A connection that breaks is no matter of a setting."""
    kind, reason = failure_of(requests.ConnectionError(OSError("broken")), "THE_URL")
    assert kind is Failure.BROKEN
    assert json.loads(json.dumps(reason)) == "OSError: broken"
