"""No shape of a secret passes an audit in any format, and every placeholder of people does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from secret_shapes import (
    FORMATS,
    IN_HAR,
    SECRET,
    SHAPES,
    URL,
    Raw,
    _or_bytes,
    _values,
    _vcr,
    _write,
)

from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.recordings.audit.auditor import audit
from pytest_atomic_cards.support.errors import CassetteError


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_of_a_secret_passes(shape: str, form: str, tmp_path: Path) -> None:
    """A recording with a secret is refused, and the message does not show the value."""
    if shape == "Authorization twice" and form == "lines":
        pytest.skip("this format holds each header once")
    _write(tmp_path / "recording", form, SHAPES[shape])
    with pytest.raises(CassetteError, match=r"contains a secret: .* in exchange 1") as refusal:
        audit([tmp_path / "recording"])
    assert not any(value in str(refusal.value) for value in _values(SHAPES[shape]))


@pytest.mark.parametrize("place", IN_HAR)
def test_no_field_of_a_har_file_hides_a_secret(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cookies, parameters and fields that tools add are searched like headers."""
    _write(tmp_path / "page.har", "har", Raw(har=IN_HAR[place]))
    assert main(["audit", str(tmp_path / "page.har")]) == 2
    shown = "".join(capsys.readouterr())
    assert "contains a secret: " in shown
    assert SECRET not in shown


@pytest.mark.parametrize(
    "changes",
    [
        {"sent": (("Cookie", [f"session={SECRET}"]),)},
        {"sent": ((f"Cookie: session={SECRET}", {}),)},
    ],
)
def test_a_message_on_a_damaged_file_shows_no_value(
    changes: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A value that should be a text is described by its type."""
    _write(tmp_path / "page.har", "har", replace(Raw(), **changes))
    assert main(["audit", str(tmp_path / "page.har")]) == 2
    assert SECRET not in "".join(capsys.readouterr())


@pytest.mark.parametrize("body", [{"access_token": SECRET}, {"string": {"access_token": SECRET}}])
def test_a_body_that_is_recorded_as_a_mapping_hides_nothing(
    body: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A body that somebody wrote as YAML is read as JSON and searched."""
    document = _vcr(Raw(), _or_bytes)
    document["interactions"][0]["response"]["body"] = body
    (tmp_path / "vcr.yaml").write_text(yaml.safe_dump(document), "utf-8")
    assert main(["audit", str(tmp_path / "vcr.yaml")]) == 2
    shown = "".join(capsys.readouterr())
    assert "value of access_token in exchange 1" in shown
    assert SECRET not in shown


PLACEHOLDERS = (
    "REDACTED",
    "redacted",
    "[redacted]",
    "[REDACTED]",
    "<redacted>",
    "(redacted)",
    "**REDACTED**",
    "__REDACTED__",
    "[Filtered]",
    "***",
    "••••",
    "xxxxx",
    "XXXXXXXX",
    "{{token}}",
    "{{ access_token }}",
    "${TOKEN}",
    "$TOKEN",
    "$ATOMIC_TOKEN",
    "%TOKEN%",
    "<TOKEN>",
    "<token>",
    "<your-access-token>",
    "<your api key here>",
    "YOUR_API_KEY",
    "your-token-here",
    "DUMMY",
    "dummy",
    "dummy-token",
    "fake",
    "fake_token_123",
    "example",
    "changeme",
    "CHANGE_ME",
    "placeholder",
    "...",
    "…",
    "-",
    "none",
    "null",
    "",
    "****1234",
    "%5Bredacted%5D",
    "&lt;token&gt;",
    "redacted_by_polly",
    "VCR_REDACTED",
    "xxx.yyy.zzz",
    "00000000-0000-0000-0000-000000000000",
    "eyJhbGciOi...",
    "@@TOKEN@@",
)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("value", PLACEHOLDERS)
def test_placeholders_pass(value: str, form: str, tmp_path: Path) -> None:
    """A recording from which people took the secrets is read to its end."""
    for scheme in ("", "Bearer ", "Basic "):
        one = Raw(
            url=f"{URL}?userId=u1&token={quote(value)}",
            sent=(("Authorization", f"{scheme}{value}"), ("X-Api-Key", value)),
            received=(("set-cookie", f"session={value}; Path=/; HttpOnly"),),
            answer=json.dumps({"data": [], "access_token": value}, ensure_ascii=False).encode(),
        )
        _write(tmp_path / "recording", form, one)
        assert audit([tmp_path / "recording"]).counts[0].passed_over == 1


@pytest.mark.parametrize("form", FORMATS)
def test_what_only_sounds_like_a_secret_passes(form: str, tmp_path: Path) -> None:
    """Counts of tokens, cursors of pages, ids and what people write are not secrets."""
    harmless = {
        "tokenCount": 1234567,
        "tokens": "several",
        "token_type": "Bearer",
        "flowInstanceId": "instance-q7Zk2VnX9bR4tLmW8cPd",
        "cardTemplateId": "template-q7Zk2VnX9bR4",
        "secretary": "q7Zk2VnX9bR4tLmW8cPd",
        "nextPageToken": "q7Zk2VnX9bR4tLmW8cPd",
        "keyboard": "q7Zk2VnX9bR4tLmW8cPd",
        "passenger": "q7Zk2VnX9bR4tLmW8cPd",
        "code": "card_not_found_in_environment_7",
        "requiresPassword": True,
        "note": "Invalid token: expired. Bearer authentication is used. Mail a@b.test",
        "trace": "0b0f6c3e-7d0a-4c56-9a43-0a4d1f5a2a11",
        "sha256": "0123456789abcdef" * 4,
    }
    one = Raw(
        url=f"{URL}?userId=a%40b.test&code=DE&countryCode=q7Zk2VnX9b",
        sent=(("Sec-WebSocket-Key", "q7Zk2VnX9bR4tLmW8cPd=="), ("User-Agent", "a/1.0")),
        answer=json.dumps({"data": [], "payload": harmless}).encode(),
    )
    _write(tmp_path / "recording", form, one)
    assert audit([tmp_path / "recording"]).counts[0].passed_over == 1
