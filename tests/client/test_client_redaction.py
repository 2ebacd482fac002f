"""No exchange and no error of a session shows a secret."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable
from urllib.parse import quote

import pytest
import requests
from client_doubles import (
    SECRET,
    TOKEN,
    TOKEN_URL,
    Reply,
    Target,
    session,
)

from pytest_atomic_cards.client import (
    ClientCredentials,
    StaticToken,
)
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
)
from pytest_atomic_cards.support.secrets.redactor import Redactor


@pytest.mark.parametrize(
    "echo",
    [
        lambda secret: secret,
        lambda secret: json.dumps({"sent": f"Bearer {secret}"}),
        lambda secret: json.dumps({"sent": secret}).replace("/", "\\/"),
        lambda secret: quote(secret, safe=""),
    ],
)
@pytest.mark.parametrize("leaked", [TOKEN, SECRET])
def test_an_echoed_secret_is_in_no_part_of_an_exchange(
    echo: Callable[[str], str], leaked: str
) -> None:
    """A target that repeats token or secret in headers and body cannot make them visible."""
    body = echo(leaked).encode()
    api = Target(Reply(200, b"before " + body + b" after", {"X-Echo": echo(leaked)}))
    http = api.http()
    http.mount(TOKEN_URL, Target(Reply(body={"access_token": TOKEN})))
    tokens = ClientCredentials(token_url=TOKEN_URL, client_id="c", client_secret=SECRET, http=http)
    exchange = session(api, http=http, tokens=tokens).send(
        "PUT", "/v1/e/cards", [("userId", leaked)], json={"value": leaked}
    )
    shown = json.dumps(exchange.as_dict()) + repr(exchange) + exchange.describe()
    assert exchange.status == 200
    assert b"[redacted]" in exchange.response_body
    for spelling in (leaked, quote(leaked, safe=""), leaked.replace("/", "\\/")):
        assert spelling not in shown


def test_a_token_given_by_header_is_redacted_too() -> None:
    """A token that the caller sends for one request is hidden like our own."""
    target = Target(Reply(403, {"token": "another-token-1"}))
    exchange = session(target).send(
        "GET", "/v1", headers={"Authorization": "Bearer another-token-1"}
    )
    assert "another-token-1" not in json.dumps(exchange.as_dict())


def test_a_secret_that_is_part_of_another_leaves_no_rest() -> None:
    """Where one secret begins another, the longer one is hidden whole."""
    redactor = Redactor(["abcdef", "abcdefghij"])
    assert redactor.text("abcdefghij abcdef") == "[redacted] [redacted]"


def test_short_words_are_left_as_they_are() -> None:
    """A token too short to be one does not make nonsense of the body."""
    target = Target(Reply(401, {"message": "bad token"}))
    exchange = session(target, tokens=StaticToken("bad")).send("GET", "/v1")
    assert exchange.json() == {"message": "bad token"}


@pytest.mark.parametrize("outcome", [Reply(503, TOKEN.encode()), requests.ReadTimeout(TOKEN)])
def test_no_error_shows_the_token(
    outcome: Reply | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither message nor chain nor log nor local variables hold the token."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(AtomicCardsError) as caught:
        session(Target(outcome)).send("PUT", "/v1/env/cards/cancel")
    trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    own_frames = [str(f.locals) for f in trace.stack if "pytest_atomic_cards" in f.filename]
    assert own_frames
    assert trace.__context__ is None
    assert TOKEN not in str(caught.value) + caplog.text + "".join(own_frames)
