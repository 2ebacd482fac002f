"""Recordings that carry secrets are refused, and no message shows one."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from recordings_of import FORMATS, har_entry
from traffic import Client

from pytest_atomic_cards.cli import main
from pytest_atomic_cards.exchange import Exchange

SECRET = "q7Zk2VnX9bR4tLmW8cPd"
JWT = f"eyJhbGciOiJIUzI1NiJ9.{base64.b64encode(b'{}' * 9).decode()}.{SECRET}"
PLACES = {
    "a token in the body": {"response_body": json.dumps({"access_token": SECRET}).encode()},
    "a web token in the body": {"response_body": json.dumps({"note": JWT}).encode()},
    "a bearer token in the body": {"response_body": json.dumps([f"Bearer {SECRET}"]).encode()},
    "a secret that is sent": {"request_body": f"client_id=a&client_secret={SECRET}".encode()},
    "a secret in the URL": {"url": f"https://auth.test/oauth2/token?client_secret={SECRET}"},
    "a header": {"response_headers": {"x-auth-token": SECRET}},
    "another header": {"response_headers": {"x-note": f"Bearer {SECRET}"}},
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
    """Kind and place are told, never the secret; --allow-secrets goes on all the same."""
    changes = PLACES[place]
    if "ndjson" in form and "request_body" in changes:
        pytest.skip("these reports hold no body of a request")
    path = tmp_path / "recording"
    other = {"method": "POST", "url": "https://auth.test/oauth2/token"}
    FORMATS[form](path, [exchange, replace(exchange, **other | changes)])
    assert main(["audit", str(path)]) == 2
    told = capsys.readouterr()
    assert "carries a secret: " in told.err
    assert "in exchange 2, line " in told.err
    assert "--allow-secrets" in told.err
    assert SECRET not in told.out + told.err
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
    told = capsys.readouterr().err
    assert "in exchange 1, line 1" in told
    assert SECRET not in told
    assert BASIC not in told


@pytest.mark.parametrize("form", FORMATS)
def test_a_redacted_recording_is_not_refused(form: str, exchange: Exchange, tmp_path: Path) -> None:
    """What stands in for a secret is none, and ids are none, however long."""
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
