"""Files that are no recording, or of no format that is read, are named."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from pytest_atomic_cards.plugin.cli import main

FOREIGN: dict[str, tuple[bytes, str]] = {
    "WireMock": (
        b'{"request": {"method": "GET", "urlPath": "/x"}, "response": {"status": 200}}',
        "a WireMock mapping; record",
    ),
    "WireMock mappings": (b'{\n"mappings": []}', "a set of WireMock mappings"),
    "Pact": (
        b'{"consumer": {}, "provider": {}, "interactions": [{"request": {}}]}',
        "a Pact contract",
    ),
    "Postman": (b'{\n"info": {"name": "x"}, "item": []}', "a Postman collection; run it with new"),
    "OpenAPI": (b'{\n"openapi": "3.1.0", "paths": {}}', "an OpenAPI document"),
    "Hoverfly": (b'{\n"data": {"pairs": []}, "meta": {}}', "a Hoverfly simulation"),
    "nock": (
        b'[{"scope": "https://a.test:443", "method": "GET", "path": "/", "status": 200}]',
        "a fixture of nock",
    ),
    "Charles": (b'[{"status": "COMPLETE", "method": "GET"}]', "a session of Charles; export it"),
    "mitmproxy": (b"2231:9:websocket;0:~8:response;", "a flow file of mitmproxy; convert it with"),
    "Burp": (b'<?xml version="1.0"?>\n<items burpVersion="1">', "an export of Burp Suite"),
    "HTTP": (b"GET /cards HTTP/1.1\r\nHost: a\r\n", "a raw HTTP message"),
    "SQLite": (b"SQLite format 3\0rest", "an SQLite database"),
    "pcap": (b"\xd4\xc3\xb2\xa1\0\0", "a packet capture"),
    "zstd": (b"\x28\xb5\x2f\xfd\0", "a file packed by zstd; unpack it"),
    "a report": (b'{\n"tool": "x", "conclusion": "y", "rules": []}', "a report of this package"),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_file_of_another_kind_is_named(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says what the file is, and what to do instead."""
    content, name = FOREIGN[what]
    path = tmp_path / "recording"
    path.write_bytes(content)
    assert main(["audit", str(path)]) == 2
    response = capsys.readouterr()
    assert response.err.startswith(f"atomic-cards: {path} is {name}")
    assert response.err.count("\n") == 1


def test_archives_without_a_recording_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """So are those that are damaged."""
    for member, name in (
        ("raw/1_c.txt", "an archive of Fiddler; export"),
        ("trace.trace", "a trace of Playwright; record"),
        ("notes.txt", "a zip file without a recording"),
    ):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr(member, "x")
        assert main(["audit", str(tmp_path / "a.zip")]) == 2
        assert f"a.zip is {name}" in capsys.readouterr().err
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and nothing else")
    assert main(["audit", str(tmp_path / "a.zip")]) == 2
    assert "a.zip is a damaged zip file" in capsys.readouterr().err
