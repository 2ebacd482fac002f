"""Secrets and personal data never reach the disk, and replay still matches."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from planted_secrets import (
    ENCODINGS,
    ODD,
    OPAQUE,
    PLACES,
    RELAXED,
    Exchange,
    assert_gone,
    in_base64,
    nested_json,
    recorded,
    web_token,
)
from vcr.request import Request

from pytest_atomic_cards.recordings.cassettes.cassette import Cassette
from pytest_atomic_cards.recordings.cassettes.cassette_redaction import Redaction
from pytest_atomic_cards.recordings.cassettes.metadata import Recorded, Source
from pytest_atomic_cards.support.errors import SettingsError


@RELAXED
@given(
    secret=OPAQUE | ODD,
    encode=st.sampled_from(ENCODINGS),
    plant=st.sampled_from(PLACES),
    depth=st.integers(0, 40),
)
def test_a_known_secret_never_reaches_the_disk(
    secret: str, encode: Callable[[str], str], plant: Callable[..., None], depth: int
) -> None:
    """A client secret is removed wherever it turns up in an exchange, and however it is encoded."""
    assume(len(secret.strip()) > 8)
    exchange = Exchange()
    plant(exchange, encode(secret), depth)
    assert_gone(secret, recorded(exchange, redaction=Redaction(known=[secret])))


_SHAPES: list[Callable[[str], tuple[str, str]]] = [
    lambda text: (f"Bearer {text}", text),
    lambda text: (f"bearer  {text}", text),
    lambda text: (web_token(text), web_token(text).rpartition(".")[2]),
    lambda text: (f"Basic {in_base64(f'client:{text}')}", text),
    lambda text: (f"access_token={text}", text),
    lambda text: (json.dumps({"clientSecret": text}), text),
    lambda text: (json.dumps({"a": [{"refresh_token": text}]}), text),
]


@RELAXED
@given(
    text=OPAQUE,
    shape=st.sampled_from(_SHAPES),
    encode=st.sampled_from(ENCODINGS),
    plant=st.sampled_from(PLACES),
    depth=st.integers(0, 40),
)
def test_what_looks_like_a_secret_never_reaches_the_disk(
    text: str,
    shape: Callable[[str], tuple[str, str]],
    encode: Callable[[str], str],
    plant: Callable[..., None],
    depth: int,
) -> None:
    """A token, Basic credentials or a telling name give a secret away that nobody knew before."""
    shown, secret = shape(text)
    exchange = Exchange()
    plant(exchange, encode(shown), depth)
    assert_gone(secret, recorded(exchange))


_NAMES = [
    "Authorization",
    "PROXY-AUTHORIZATION",
    "cookie",
    "X-Api-Key",
    "access_token",
    "accessToken",
    "client-secret",
    "PASSWORD",
]


@RELAXED
@given(secret=OPAQUE | ODD, name=st.sampled_from(_NAMES), depth=st.integers(0, 40))
def test_what_is_kept_under_a_telling_name_never_reaches_the_disk(
    secret: str, name: str, depth: int
) -> None:
    """Headers of any case, parameters, form fields and members are redacted by their names."""
    assume(len(secret.strip()) > 8)
    header = Exchange(request_headers={name: quote(secret)})
    answered = Exchange(response_headers={"Set-Cookie": [f"session={quote(secret)}; HttpOnly"]})
    parameter = Exchange(query=[f"{name}={quote_plus(secret)}"])
    form = Exchange(
        request_headers={"content-type": "application/x-www-form-urlencoded"},
        request_body=f"grant_type=x&{name}={quote_plus(secret)}".encode(),
    )
    members = Exchange(
        request_body=nested_json({name: [secret]}, depth),
        response_body=nested_json({name: secret}, depth),
    )
    for exchange in (header, answered, parameter, form, members):
        assert_gone(secret, recorded(exchange))


def test_a_token_that_was_handed_out_is_known_from_then_on() -> None:
    """A token is removed from later and from earlier exchanges, where its name did not show it."""
    token = "aquitenormaltoken77"
    earlier = Exchange(query=[f"userId={token}"])
    handed_out = Exchange(response_body=json.dumps({"access_token": token}).encode())
    later = Exchange(response_body=json.dumps({"echo": f"<{token}>"}).encode())
    assert_gone(token, recorded(earlier, handed_out, later))


def test_that_there_were_credentials_remains() -> None:
    """The file shows the kind of credentials, so that rules about them can be read from it."""
    text = recorded(Exchange(request_headers={"Authorization": "Bearer abcdefgh12345678"}))
    assert '"Bearer [redacted]"' in text


@RELAXED
@given(
    email=ODD.map(lambda text: f"{text}@example.com"),
    depth=st.integers(0, 40),
    keyed=st.sampled_from(["payload.detail.email", "detail.email", "email", "payload.*.email"]),
)
@example(email="someone@example.com", depth=0, keyed="email")
def test_personal_fields_never_reach_the_disk(email: str, depth: int, keyed: str) -> None:
    """A field that a project declares personal is redacted at any depth, also through arrays."""
    value = {"payload": {"detail": [{"email": email, "kept": "as it is"}]}}
    exchange = Exchange(
        request_body=nested_json(value, depth), response_body=nested_json([value], depth)
    )
    text = recorded(exchange, redaction=Redaction(personal=[keyed]))
    assert_gone(email, text)
    assert "as it is" in text


def test_other_fields_of_the_name_are_kept() -> None:
    """A path of several names matches only that chain of names."""
    value = {"payload": {"email": "kept@example.com"}, "detail": {"email": "x@example.com"}}
    exchange = Exchange(response_body=json.dumps(value).encode())
    text = recorded(exchange, redaction=Redaction(personal=["payload.email"]))
    assert "kept@example.com" not in text
    assert "x@example.com" in text


def test_a_redacted_request_is_found_again() -> None:
    """A replay with another secret and other personal data finds what was recorded."""
    redaction = Redaction(personal=["email"])
    cassette = Cassette(Path("unused.json"), Recorded(source=Source.LIVE), redaction)

    def sent(secret: str, email: str) -> Request:
        return Exchange(
            query=[f"client_secret={secret}", f"email={email}", "limit=1"],
            request_headers={"authorization": f"Bearer {secret}"},
            request_body=json.dumps({"email": email, "text": f"Bearer {secret}"}).encode(),
        ).request

    cassette.append(sent("recordedsecret1", "a@example.com"), Exchange().response)
    assert cassette.replay(sent("anothersecret2", "b@example.com"))


def test_credentials_are_known_from_a_request_that_is_found_as_it_was_sent() -> None:
    """A replay learns the token of each request, and so finds a later one that repeats it."""
    cassette = Cassette(Path("unused.json"), Recorded(source=Source.LIVE), Redaction())

    def sent(token: str) -> list[Request]:
        plain = Exchange(query=["limit=1"], request_headers={"authorization": f"Bearer {token}"})
        return [plain.request, Exchange(query=[f"userId={token}"]).request]

    for request in sent("aquitenormaltoken77"):
        cassette.append(request, Exchange().response)
    replayed = Cassette(Path("unused.json"), Recorded(source=Source.LIVE), Redaction())
    for one in cassette.interactions:
        replayed.append(one.request, one.response)
    for request in sent("anotherplaintoken88"):
        assert replayed.replay(request)


def test_the_running_test_sees_real_values() -> None:
    """What is recorded is a copy: the exchange itself keeps its secrets."""
    exchange = Exchange(
        request_headers={"authorization": "Bearer abcdefgh12345678"},
        response_headers={"set-cookie": ["a=b"]},
        response_body=b'{"access_token": "abcdefgh12345678"}',
    )
    request, response = exchange.request, exchange.response
    cassette = Cassette(Path("unused.json"), Recorded(source=Source.LIVE), Redaction())
    cassette.append(request, response)
    assert request.headers["authorization"] == "Bearer abcdefgh12345678"
    assert response == exchange.response


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b"])
def test_a_malformed_field_to_redact_is_refused(path: str) -> None:
    """A path with an empty name is reported with a correct example."""
    with pytest.raises(SettingsError, match=r"payload\.detail\.email"):
        Redaction(personal=[path])
