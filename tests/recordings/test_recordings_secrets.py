"""Recordings that carry secrets are refused, and no message shows one."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from recordings_of import FORMATS, har_entry, items_in
from traffic import Client

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.recordings.audit.entry import Item
from pytest_atomic_cards.recordings.audit.secret_check import without_secrets
from pytest_atomic_cards.recordings.audit.secret_prefilter import may_hold_secret, secret_in

SECRET = "q7Zk2VnX9bR4tLmW8cPd"
JWT = f"eyJhbGciOiJIUzI1NiJ9.{base64.b64encode(b'{}' * 9).decode()}.{SECRET}"
PLACES = {
    "a token in the body": {"response_body": json.dumps({"access_token": SECRET}).encode()},
    "a web token in the body": {"response_body": json.dumps({"note": JWT}).encode()},
    "a bearer token in the body": {"response_body": json.dumps([f"Bearer {SECRET}"]).encode()},
    "a secret that is sent": {"request_body": f"client_id=a&client_secret={SECRET}".encode()},
    "a secret in the URL": {"url": f"https://auth.test/oauth2/token?client_secret={SECRET}"},
    "a header": {"response_headers": {"x-note": f"Bearer {SECRET}"}},
}
BASIC = base64.b64encode(f"client:{SECRET}".encode()).decode()


@pytest.fixture
def exchange() -> Exchange:
    """A listing of one card."""
    client = Client()
    client.seed(user_id="u1")
    client.send("GET", userId="u1")
    return client.exchanges[0]


@pytest.mark.parametrize("form", [name for name in FORMATS if name != "own"])
@pytest.mark.parametrize("place", PLACES)
def test_a_recording_with_a_secret_is_refused(
    place: str,
    form: str,
    exchange: Exchange,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Kind and place are reported, never the secret; --allow-secrets continues."""
    changes = PLACES[place]
    if "ndjson" in form and "request_body" in changes:
        pytest.skip("these reports hold no body of a request")
    path = tmp_path / "recording"
    other = {"method": "POST", "url": "https://auth.test/oauth2/token"}
    FORMATS[form](path, [exchange, replace(exchange, **other | changes)])
    assert main(["audit", str(path)]) == 2
    response = capsys.readouterr()
    assert "contains a secret: " in response.err
    assert "in exchange 2, line " in response.err
    assert "--allow-secrets" in response.err
    assert SECRET not in response.out + response.err
    assert main(["audit", str(path), "--allow-secrets"]) == 0
    assert SECRET not in capsys.readouterr().out


@pytest.mark.parametrize(
    "header",
    [
        {"name": "Authorization", "value": f"Bearer {SECRET}"},
        {"name": "authorization", "value": f"Basic {BASIC}"},
        {"name": "Cookie", "value": f"session={SECRET}"},
    ],
)
def test_a_browser_recording_with_credentials_is_refused(
    header: dict[str, str],
    exchange: Exchange,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A HAR file that was saved with sensitive data is refused."""
    entry = har_entry(exchange)
    entry["request"]["headers"].append(header)
    path = tmp_path / "page.har"
    path.write_text(json.dumps({"log": {"entries": [entry]}}), "utf-8")
    assert main(["audit", str(path)]) == 2
    response = capsys.readouterr().err
    assert "in exchange 1, line 1" in response
    assert SECRET not in response
    assert BASIC not in response


def test_a_finding_shows_no_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither a cookie, nor a name in a URL, nor a value that a requirement is about."""
    client = Client(("list-ignores-userId",))
    client.seed(user_id="u1", card_template_id=SECRET)
    client.seed(user_id="u2", card_template_id=SECRET)
    client.send("GET", userId="u1")
    (one,) = client.exchanges
    one = replace(
        one,
        url=one.url.replace("://", "://wilhelmina:x@"),
        request_headers={"Cookie": "a=hidden", "x-note": f"Bearer {SECRET}"},
        response_headers={**one.response_headers, "set-cookie": "a=hidden"},
        response_body=one.response_body.replace(b'"u2"', f'"Bearer {SECRET}"'.encode()),
    )
    FORMATS["har"](tmp_path / "page.har", [one])
    arguments = ["audit", str(tmp_path / "page.har"), "--allow-secrets", "--report", str(tmp_path)]
    assert main(arguments) == 1
    shown = "".join(capsys.readouterr()) + (tmp_path / "report.json").read_text("utf-8")
    assert "QUERY-06" in shown
    assert not any(text in shown for text in ("wilhelmina", "hidden", f"Bearer {SECRET}"))


@pytest.mark.parametrize("form", FORMATS)
def test_a_redacted_recording_is_not_refused(form: str, exchange: Exchange, tmp_path: Path) -> None:
    """A placeholder is not a secret, nor is an id, however long."""
    body = exchange.json()
    body["data"][0]["definition"] = {"key": "value", "tokens": 3, "id": "0123456789abcdef" * 4}
    one = replace(
        exchange,
        request_headers={"Authorization": "Bearer abc", "Cookie": "a=b"},
        response_body=json.dumps(body).encode(),
    )
    path = tmp_path / "recording"
    FORMATS[form](path, [one])
    assert main(["audit", str(path)]) == 0


@pytest.mark.parametrize("place", [1, 16, 17, 40])
def test_a_secret_is_found_anywhere_in_a_long_recording(
    place: int, exchange: Exchange, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exchanges are searched many at once, and the one with a secret is named."""
    exchanges = [exchange] * 40
    exchanges[place - 1] = replace(exchange, response_headers={"x-note": f"Bearer {SECRET}"})
    path = tmp_path / "recording"
    FORMATS["lines"](path, exchanges)
    assert main(["audit", str(path)]) == 2
    assert f"bearer token in exchange {place}, line {place};" in capsys.readouterr().err


_PIECES = (
    "token",
    "pass",
    "Authorization",
    '"password": "',
    "client_secret=",
    "Bearer ",
    f"Basic {BASIC}",
    "[redacted]",
    "<",
    ">",
    "İ" * 30,
    " " * 20,
    SECRET,
    JWT,
    base64.b64encode(f"Bearer {SECRET}".encode()).decode(),
)


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(_PIECES), max_size=4).map("".join), max_size=5))
@example(["a secret", f'"client_secret"{" " * 50}: "{SECRET}"'])
@example([f'"password": "<{SECRET}', '>"'])
def test_what_holds_a_secret_alone_is_a_suspect_among_others(texts: list[str]) -> None:
    """No text hides a secret of another one that is searched at the same time."""
    assert may_hold_secret(texts) or not any(map(secret_in, texts))


def test_letters_that_grow_in_lower_case_hide_nothing() -> None:
    """A secret is found behind letters of which the lower case is longer."""
    assert secret_in(f'{"İ" * 200} "password": "{SECRET}"') == "value of password"


def test_few_large_exchanges_are_searched_at_once(exchange: Exchange, tmp_path: Path) -> None:
    """No exchange is read ahead of one with a large body; small ones are, as that is faster."""
    path = tmp_path / "recording"
    drawn = 0

    def entries() -> Iterator[Item]:
        nonlocal drawn
        for entry in items_in(path):
            drawn += 1
            yield entry

    for body, ahead in (("x " * 100_000, 1), ("x", 10)):
        large = replace(exchange, response_body=json.dumps([body]).encode())
        FORMATS["lines"](path, [large] * 10)
        drawn = 0
        next(without_secrets(path, entries()))
        assert drawn == ahead
