"""Redacted copies: in the same format, without a secret, and with the same verdicts."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest
import yaml
from manners import MANNERS, line_of
from planted import planted, traffic_of_a_day
from test_recordings_secret_shapes import FORMATS, IN_HAR, SHAPES, Raw, _values, _write

from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.recordings.audit.auditor import audit
from pytest_atomic_cards.reporting.audit_report import NOTHING_JUDGED
from pytest_atomic_cards.rules.verdicts import Verdict

if TYPE_CHECKING:
    from pathlib import Path

_TEXTS = [name for name in MANNERS if name not in {"playwright_zip", "cassetter_toml"}]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_of_a_secret_is_copied(
    shape: str, form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The copy audits without a refusal, and neither it nor the output holds the secret."""
    _write(tmp_path / "recording", form, SHAPES[shape])
    assert main(["audit", str(tmp_path / "recording"), "--redact", str(tmp_path / "copy")]) in {
        0,
        NOTHING_JUDGED,
    }
    shown = "".join(capsys.readouterr()) + (tmp_path / "copy").read_text("utf-8")
    assert not any(value in shown for value in _values(SHAPES[shape]))


@pytest.mark.parametrize("place", IN_HAR)
def test_no_field_of_a_har_file_is_copied_with_a_secret(place: str, tmp_path: Path) -> None:
    """Cookies, parameters and fields that tools add are redacted as well."""
    one = Raw(har=IN_HAR[place])
    _write(tmp_path / "page.har", "har", one)
    main(["audit", str(tmp_path / "page.har"), "--redact", str(tmp_path / "copy.har")])
    copy = (tmp_path / "copy.har").read_text("utf-8")
    assert not any(value in copy for value in _values(one))
    assert json.loads(copy)["log"]["version"] == "1.2"


@pytest.mark.parametrize("manner", _TEXTS)
def test_a_copy_has_the_verdicts_of_the_recording(manner: str, tmp_path: Path) -> None:
    """Whatever format it is in, a copy without anything to redact shows the same."""
    path, copy = tmp_path / "recording", tmp_path / "copy"
    path.write_bytes(MANNERS[manner](planted(traffic_of_a_day(), "times without a zone")))
    assert main(["audit", str(path), "--redact", str(copy)]) == 1
    verdicts = [[one.verdict for one in audit([file]).findings()] for file in (path, copy)]
    assert verdicts[0] == verdicts[1]
    assert Verdict.VIOLATED in verdicts[0]


def test_a_compressed_body_is_copied_as_text(tmp_path: Path) -> None:
    """A secret inside a compressed body goes, and the rest of the body is still judged."""
    one = traffic_of_a_day()[2]
    body = {**one.json(), "access_token": "q7Zk2VnX9bR4tLmW8cPd"}
    packed = gzip.compress(json.dumps(body).encode())
    response = {"status": {"code": 200}, "headers": {}, "body": {"string": packed}}
    document = {
        "interactions": [{"request": {"method": "GET", "uri": one.url}, "response": response}]
    }
    (tmp_path / "recording").write_text(yaml.safe_dump(document), "utf-8")
    assert main(["audit", str(tmp_path / "recording"), "--redact", str(tmp_path / "copy")]) == 0
    copied = yaml.safe_load((tmp_path / "copy").read_text("utf-8"))
    text = copied["interactions"][0]["response"]["body"]["string"].decode()
    assert json.loads(text)["access_token"] == "[redacted]"
    assert "q7Zk2" not in text


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{"log": {"entries": [', "cannot be redacted: "),
        (b"interactions: [&a [*a]]", "cannot be redacted: "),
        (b"\xff", "cannot be redacted: "),
        (MANNERS["playwright_zip"]([]), "is a zip file; unpack it"),
    ],
    ids=["cut off", "alias", "not text", "zip"],
)
def test_what_cannot_be_copied_is_reported(
    content: bytes, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If no copy can be written, one line gives the reason."""
    (tmp_path / "a.zip").write_bytes(content)
    assert main(["audit", str(tmp_path / "a.zip"), "--redact", str(tmp_path / "copy")]) == 2
    response = capsys.readouterr().err
    assert problem in response
    assert response.count("\n") == 1
    assert not (tmp_path / "copy").exists()


def test_one_copy_is_of_one_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With several files it would be unclear what is copied."""
    path = tmp_path / "recording"
    path.write_text(json.dumps(line_of(traffic_of_a_day()[0])), "utf-8")
    assert main(["audit", str(path), str(path), "--redact", str(tmp_path / "copy")]) == 2
    assert "name a single FILE" in capsys.readouterr().err
