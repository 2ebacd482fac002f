"""Files that are not recordings, or not complete: one clear line each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from recordings_of import FORMATS, items_in
from traffic import Client

from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.recordings.audit.formats import LINE_MEMBERS
from pytest_atomic_cards.reporting.audit_report import NOTHING_JUDGED

LINE = json.dumps(
    {
        "method": "GET",
        "url": "https://o.customer-api.atomic.io/v1/e/cards",
        "status": 200,
        "responseBody": {"data": []},
    }
)
DEEP = 100_000
ENTRY_IN_BAD_BASE64 = {
    "request": {"method": "GET", "url": "u"},
    "response": {"status": 200, "content": {"text": "a", "encoding": "base64"}},
}
BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "the file is empty"),
    "only spaces": (b" \n\n", "the file is empty"),
    "binary": (b"\x00\x01\x02" * 99, "this is not text"),
    "binary that is not UTF-8": (b"\x89PNX\xff\xfe", "this is not UTF-8 text"),
    "UTF-16": (LINE.encode("utf-16"), "this is not UTF-8 text"),
    "an array": (b"[1, 2]", "an exchange must be in braces"),
    "a string": (b'"text"', "the document must be an object"),
    "an empty object": (b"{}", "there is no member entries or"),
    "another object": (b'{"name": "x"}', "there is no member entries or"),
    "a web page": (b"<!doctype html><p>404", "recording is a web page; "),
    "prose": (b"Dear reader, this is no recording.", "the document must be a mapping"),
    "a line without url": (b'{"method": "GET"}', "line 1: 'url' is missing"),
    "a HAR cut off": (b'{"log": {"entries": [{"request": {', "line 1: "),
    "a HAR cut off between": (b'{"log": {"entries": [', "the file ends too early"),
    "a HAR without entries": (b'{"log": {"version": "1.2"}}', "there is no member entries"),
    "a HAR with no array": (b'{"log": {"entries": {}}}', "expected '[', not '{'"),
    "a HAR entry of nothing": (b'{"log": {"entries": [{}]}}', "exchange 1, line 1: 'request'"),
    "a HAR entry of text": (
        b'{"log": {"entries":\n["x"]}}',
        "exchange 1, line 2: an exchange must be in",
    ),
    "a deep HAR": (
        b'{"log": {"entries": [' + b"[" * DEEP + b"]" * DEEP + b"]}}",
        "it is nested too deep",
    ),
    "a HAR with more behind": (b'{"log": {"entries": []}} x', "something follows after the end"),
    "a missing comma": (b'{"log": {"version": 1 "entries": []}}', "expected ',', not"),
    "a cassette cut off": (b'{"version": 1, "interactions": [{"request"', "line 1"),
    "a cassette without exchanges": (b'{"version": 1}', "there is no member entries or interact"),
    "a cassette with no array": (b'{"version": 1, "interactions": 7}', "expected '['"),
    "a cassette of texts": (b'{"version": 1, "interactions": ["x"]}', "exchange 1, line 1"),
    "metadata of another kind": (
        b'{"version": 1, "recorded": 7, "interactions": [{"request": {}}]}',
        "exchange 1, line 1",
    ),
    "YAML of another kind": (b"name: value\n", "there is no member http_interactions"),
    "YAML of a list": (b"- 1\n- 2\n", "an exchange must be in braces"),
    "YAML cut off": (b'interactions:\n- request: {method: "GE', "line "),
    "YAML with a tab": (b"interactions:\n\t- x: 1\n", "line 2"),
    "YAML that makes an object": (
        b"interactions:\n- !!python/object/apply:os.system ['touch hacked']\n",
        "line 2: the tag tag:yaml.org,2002:python/object/apply:os.system is not supported",
    ),
    "YAML with a name of Python": (
        b"interactions:\n- request: !!python/name:os.system\n",
        "line 2: the tag tag:yaml.org,2002:python/name:os.system is not supported",
    ),
    "YAML with a tag of its own": (b"interactions:\n- !card {a: 1}\n", "line 2: the tag !card"),
    "YAML with a bad alias": (b"interactions:\n- request: *nothing\n", "line 2"),
    "YAML that refers to itself": (b"interactions:\n- &a [*a]\n", "line 2"),
    "YAML with a mapping for a key": (b"interactions:\n- {{a: 1}: 2}\n", "line 2"),
    "deep YAML": (b"interactions:\n- " + b"[" * 5_000, "line 2"),
    "YAML with bad base64": (b"interactions:\n- request: !!binary 'a'\n", "line 2: this is not b"),
    "YAML of texts": (b"interactions:\n- x\n", "exchange 1, line 2"),
    "an event of something else": (b'{"Initialize": {}}\n7\n', "line 2: each line must be an obj"),
    "an event without a request": (
        b'{"ScenarioFinished": {"recorder": {"interactions": {"1": {}}}}}',
        "line 1: 'request' is missing",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_gives_one_clear_line(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """File, place and problem are reported on one line, and the exit code is 2."""
    content, problem = BAD[what]
    monkeypatch.chdir(tmp_path)
    Path("recording").write_bytes(content)
    assert main(["audit", "recording"]) == 2
    response = capsys.readouterr()
    assert response.out == ""
    assert response.err.count("\n") == 1
    assert response.err.startswith("atomic-cards: recording ")
    assert problem in response.err
    assert [path.name for path in tmp_path.iterdir()] == ["recording"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [("missing.har", "No such file"), (".", "Is a directory")],
)
def test_what_cannot_be_opened_gives_one_clear_line(
    name: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is not there, and a directory, are reported as such."""
    assert main(["audit", str(tmp_path / name)]) == 2
    response = capsys.readouterr().err
    assert response.count("\n") == 1
    assert problem in response


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_may_be_cut_off_anywhere(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """However much of a recording is left, there is a verdict or one clear line."""
    client = Client()
    client.seed(user_id="ü1")
    client.send("GET", userId="ü1")
    client.send("PUT", "/complete", {"size": "L"}, userId="ü1")
    path = tmp_path / "recording"
    FORMATS[form](path, client.exchanges)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 53):
        path.write_bytes(whole[:length])
        code = main(["audit", str(path)])
        response = capsys.readouterr()
        assert (code, response.err.count("\n")) in {(0, 0), (NOTHING_JUDGED, 0), (2, 1)}
        assert "Traceback" not in response.err


def test_aliases_cost_nothing(tmp_path: Path) -> None:
    """A document that refers to its parts again and again is read as fast as it is long."""
    layers = [f"- &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 40)]
    text = "\n".join(["laughs:", "- &l0 [ha]", *layers, "interactions: []", ""])
    (tmp_path / "recording").write_text(text, "utf-8")
    assert list(items_in(tmp_path / "recording")) == []


def test_a_byte_order_mark_and_spaces_are_no_matter(tmp_path: Path) -> None:
    """Files that an editor of another system has saved are read."""
    path = tmp_path / "recording"
    path.write_bytes(b"\xef\xbb\xbf\r\n" + LINE.encode() + b"\r\n\r\n" + LINE.encode())
    assert [(one.number, one.line) for one in items_in(path)] == [(1, 2), (2, 4)]


@pytest.mark.parametrize("value", [7, "x", [], [[]], {}, {"data": 7}, True, None], ids=repr)
@pytest.mark.parametrize("member", sorted(LINE_MEMBERS))
def test_a_member_of_an_unexpected_type_is_read_or_reported(
    member: str, value: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever stands in a member of a line, it is checked, or reported on one line."""
    path = tmp_path / "recording.jsonl"
    path.write_text(json.dumps(json.loads(LINE) | {member: value}) + "\n", "utf-8")
    code = main(["audit", str(path)])
    response = capsys.readouterr()
    assert code in {0, 1, NOTHING_JUDGED} or (code == 2 and response.err.count("\n") == 1)
