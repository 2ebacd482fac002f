"""Secrets and personal data never reach the disk, and replay still matches."""

from __future__ import annotations

import base64
import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from vcr.request import Request

from pytest_atomic_cards.recordings.cassettes.cassette import Cassette
from pytest_atomic_cards.recordings.cassettes.cassette_redaction import Redaction
from pytest_atomic_cards.recordings.cassettes.metadata import Recorded, Source
from pytest_atomic_cards.support.errors import SettingsError
from pytest_atomic_cards.support.secrets.finder import secrets_in
from pytest_atomic_cards.support.secrets.names import is_secret_name

_RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
_UNLIKE_WORDS = "7qZ"
"""The end of each secret: Hypothesis also draws texts from the code, which files may contain."""
_OPAQUE = st.text(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=14
).map(lambda text: f"{text}{_UNLIKE_WORDS}")
_ODD = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=9, max_size=27).map(
    lambda text: f"{text}{_UNLIKE_WORDS}"
)


@dataclass
class Exchange:
    """An exchange to be recorded, put together by planting things in it."""

    path: str = "/v1/env/cards"
    query: list[str] = field(default_factory=lambda: ["userId=someone"])
    request_headers: dict[str, str] = field(default_factory=dict)
    request_body: bytes | None = None
    response_headers: dict[str, list[str]] = field(default_factory=dict)
    response_body: bytes = b'{"data": []}'

    @property
    def request(self) -> Request:
        url = f"https://cards.invalid{self.path}?{'&'.join(self.query)}"
        return Request("PUT", url, self.request_body, self.request_headers)

    @property
    def response(self) -> dict[str, Any]:
        return {
            "status": {"code": 200, "message": "OK"},
            "headers": self.response_headers,
            "body": {"string": self.response_body},
        }


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


_ENCODINGS: list[Callable[[str], str]] = [
    lambda text: text,
    quote_plus,
    lambda text: quote(quote(text, safe=""), safe=""),
    _base64,
    lambda text: _base64(f"before {text} after"),
    lambda text: base64.urlsafe_b64encode(f"{text}!".encode()).decode().rstrip("="),
    lambda text: quote(_base64(text), safe=""),
    lambda text: _base64(quote(text, safe="")),
    lambda text: json.dumps({"inner": text}),
    lambda text: f"told: {text}, as was asked",
]


def _lower_case(text: str) -> str:
    """A percent-encoded text with its hexadecimal digits in lower case."""
    return re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), text)


def _json(value: object, depth: int) -> bytes:
    for level in range(depth):
        value = [0, value] if level % 2 else {"inner": value, "other": 1}
    return json.dumps(value).encode()


def _plant_in_form(one: Exchange, text: str, _: int) -> None:
    one.request_body = f"a=1&text={quote_plus(text)}".encode()
    one.request_headers["content-type"] = "application/x-www-form-urlencoded"


_PLACES: list[Callable[[Exchange, str, int], None]] = [
    lambda one, text, _: setattr(one, "path", f"/v1/{quote(text, safe='')}/cards"),
    lambda one, text, _: one.query.append(f"lifecycleId={quote(text, safe='')}"),
    lambda one, text, _: one.query.append(f"x={_lower_case(quote_plus(text))}"),
    lambda one, text, _: one.query.append(f"{quote(text, safe='')}=1"),
    lambda one, text, _: one.request_headers.update({"X-ParsedResponse": quote(text)}),
    lambda one, text, _: one.response_headers.update({"x-told": ["first", quote(text)]}),
    lambda one, text, depth: setattr(one, "request_body", _json(text, depth)),
    lambda one, text, depth: setattr(one, "request_body", _json({text: depth}, depth)),
    lambda one, text, depth: setattr(one, "response_body", _json([text], depth)),
    lambda one, text, depth: setattr(one, "response_body", _json({text: None}, depth)),
    lambda one, text, _: setattr(one, "response_body", f"oh: {text}".encode()),
    lambda one, text, _: setattr(one, "response_body", b"\xff\xfe" + text.encode()),
    lambda one, text, _: setattr(one, "response_body", b'{"a": 1, "a": ' + _json(text, 0) + b"}"),
    _plant_in_form,
]


def _recorded(*exchanges: Exchange, redaction: Redaction | None = None) -> str:
    """The text of the file that these exchanges make."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "one.json"
        cassette = Cassette(path, Recorded(source=Source.LIVE), redaction or Redaction())
        for exchange in exchanges:
            cassette.append(exchange.request, exchange.response)
        cassette.save()
        return path.read_text("utf-8")


def _traces(secret: str) -> set[str]:
    """How a secret would look in a file, plain and encoded."""
    raw = secret.encode()
    in_base64 = {
        base64.b64encode(b"?" * shift + raw).decode()[shift + 2 : -4] for shift in range(3)
    }
    in_base64 |= {text.replace("+", "-").replace("/", "_") for text in in_base64}
    spellings = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return spellings | {quote(secret, safe=""), quote_plus(secret)} | in_base64


def _assert_gone(secret: str, text: str) -> None:
    lower = text.lower()
    for trace in _traces(secret):
        assert trace.lower() not in lower


@_RELAXED
@given(
    secret=_OPAQUE | _ODD,
    encode=st.sampled_from(_ENCODINGS),
    plant=st.sampled_from(_PLACES),
    depth=st.integers(0, 40),
)
def test_a_known_secret_never_reaches_the_disk(
    secret: str, encode: Callable[[str], str], plant: Callable[..., None], depth: int
) -> None:
    """A client secret is removed wherever it turns up in an exchange, and however it is encoded."""
    assume(len(secret.strip()) > 8)
    exchange = Exchange()
    plant(exchange, encode(secret), depth)
    _assert_gone(secret, _recorded(exchange, redaction=Redaction(known=[secret])))


def _jwt(text: str) -> str:
    pieces = ['{"alg":"RS256","typ":"JWT"}', json.dumps({"sub": text}), f"{text}signature"]
    return ".".join(
        base64.urlsafe_b64encode(piece.encode()).decode().rstrip("=") for piece in pieces
    )


_SHAPES: list[Callable[[str], tuple[str, str]]] = [
    lambda text: (f"Bearer {text}", text),
    lambda text: (f"bearer  {text}", text),
    lambda text: (_jwt(text), _jwt(text).rpartition(".")[2]),
    lambda text: (f"Basic {_base64(f'client:{text}')}", text),
    lambda text: (f"access_token={text}", text),
    lambda text: (json.dumps({"clientSecret": text}), text),
    lambda text: (json.dumps({"a": [{"refresh_token": text}]}), text),
]


@_RELAXED
@given(
    text=_OPAQUE,
    shape=st.sampled_from(_SHAPES),
    encode=st.sampled_from(_ENCODINGS),
    plant=st.sampled_from(_PLACES),
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
    _assert_gone(secret, _recorded(exchange))


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


@_RELAXED
@given(secret=_OPAQUE | _ODD, name=st.sampled_from(_NAMES), depth=st.integers(0, 40))
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
        request_body=_json({name: [secret]}, depth), response_body=_json({name: secret}, depth)
    )
    for exchange in (header, answered, parameter, form, members):
        _assert_gone(secret, _recorded(exchange))


def test_a_token_that_was_handed_out_is_known_from_then_on() -> None:
    """A token is removed from later and from earlier exchanges, where its name did not show it."""
    token = "aquitenormaltoken77"
    earlier = Exchange(query=[f"userId={token}"])
    handed_out = Exchange(response_body=json.dumps({"access_token": token}).encode())
    later = Exchange(response_body=json.dumps({"echo": f"<{token}>"}).encode())
    _assert_gone(token, _recorded(earlier, handed_out, later))


def test_that_there_were_credentials_remains() -> None:
    """The file shows the kind of credentials, so that rules about them can be read from it."""
    text = _recorded(Exchange(request_headers={"Authorization": "Bearer abcdefgh12345678"}))
    assert '"Bearer [redacted]"' in text


@_RELAXED
@given(
    email=_ODD.map(lambda text: f"{text}@example.com"),
    depth=st.integers(0, 40),
    keyed=st.sampled_from(["payload.detail.email", "detail.email", "email", "payload.*.email"]),
)
@example(email="someone@example.com", depth=0, keyed="email")
def test_personal_fields_never_reach_the_disk(email: str, depth: int, keyed: str) -> None:
    """A field that a project declares personal is redacted at any depth, also through arrays."""
    value = {"payload": {"detail": [{"email": email, "kept": "as it is"}]}}
    exchange = Exchange(request_body=_json(value, depth), response_body=_json([value], depth))
    text = _recorded(exchange, redaction=Redaction(personal=[keyed]))
    _assert_gone(email, text)
    assert "as it is" in text


def test_other_fields_of_the_name_are_kept() -> None:
    """A path of several names matches only that chain of names."""
    value = {"payload": {"email": "kept@example.com"}, "detail": {"email": "x@example.com"}}
    exchange = Exchange(response_body=json.dumps(value).encode())
    text = _recorded(exchange, redaction=Redaction(personal=["payload.email"]))
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


# The scanner


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Authorization: Bearer abc123def456", "bearer token"),
        ('{"authorization": ["Bearer abc123def456"]}', "bearer token"),
        (f"Basic {_base64('id:secret')}", "Basic credentials"),
        (_jwt("someone"), "JSON web token"),
        ('"access_token": "short1"', "value of access_token"),
        ("https://x/?client_secret=abcdef", "value of client_secret"),
        (r'"{\"id_token\": \"abcdef\"}"', "value of id_token"),
        (_base64('{"access_token": "abcdefghi"}'), "secret in base64"),
        ("userId=Bearer%20abc123def456", "bearer token"),
        (quote('{"password": "hunter22"}', safe=""), "percent-encoded secret"),
    ],
)
def test_secrets_are_found_by_shape(text: str, kind: str) -> None:
    """The scanner reports the kind of a secret and its place."""
    found = secrets_in(f"told: {text} and more")
    assert kind in [secret.kind for secret in found]
    assert all(secret.start < secret.end for secret in found)


@pytest.mark.parametrize(
    "text",
    [
        "Bearer [redacted]",
        "Basic [redacted]",
        '"authorization": ["Bearer [redacted]"]',
        '"access_token": "[redacted]"',
        "client_secret=%5Bredacted%5D",
        "-H 'Authorization: Bearer $ATOMIC_TOKEN'",
        "Bearer authentication is used",
        'WWW-Authenticate: Bearer realm="cards", error="invalid_token"',
        "Basic authentication, as of RFC 7617",
        "the access_token of the response",
        '"token_type": "Bearer"',
        "0b0f6c3e-7d0a-4c56-9a43-0a4d1f5a2a11",
        "contract-0123456789abcdef0123456789abcdef",
        "2030-01-02T03:04:05.678Z",
        "grant_type=client_credentials",
    ],
)
def test_what_is_no_secret_is_no_false_alarm(text: str) -> None:
    """Placeholders, and what people write about secrets, is left alone."""
    assert not secrets_in(text)


@pytest.mark.parametrize(
    "text", ["[" * 50_000, "eyJ-" * 50_000, "%" * 50_000, "a-" * 50_000, "\\" * 50_000]
)
def test_a_hostile_text_is_scanned_in_a_moment(text: str) -> None:
    """The time for a long text that is made to be slow ends; a quadratic scan would take hours."""
    assert not secrets_in(text)


@pytest.mark.parametrize("name", ["access_token", "Access-Token", "accessToken", "X-API-KEY"])
def test_telling_names_are_told_however_they_are_written(name: str) -> None:
    """The case of a name and what divides its words do not count."""
    assert is_secret_name(name)
    assert not is_secret_name("token_type")
