"""Nothing is passed over in silence: every exchange is judged, or counted with the reason."""

from __future__ import annotations

import gzip
import io
import json
import sys
import types
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from manners import line_of, lines
from manners_cassettes import vcrpy
from manners_har import entry_of, har_of, packed_entry_of, playwright
from planted import traffic_of_a_day

from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.recordings.audit import bodies
from pytest_atomic_cards.recordings.audit.auditor import audit
from pytest_atomic_cards.reporting.audit_report import NOTHING_JUDGED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_atomic_cards.model.exchange import Exchange
    from pytest_atomic_cards.recordings.audit.file_count import FileCount


def _counted(content: bytes, directory: Path, **options: str) -> FileCount:
    path = directory / "recording"
    path.write_bytes(content)
    (count,) = audit([path], **options).counts  # type: ignore[arg-type]
    return count


def _of(entries: Sequence[dict[str, Any]]) -> bytes:
    return har_of(entries, "a tool")


def _without(*names: str) -> Callable[[dict[str, Any]], None]:
    def change(entry: dict[str, Any]) -> None:
        for name in names:
            entry["response"]["content"].pop(name)

    return change


def _set(part: str, **members: Any) -> Callable[[dict[str, Any]], None]:  # noqa: ANN401
    return lambda entry: entry[part].update(members)


UNJUDGED: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no body": (_without("text"), "without a body"),
    "a file that is not there": (
        _set("response", content={"_file": "gone.json"}),
        "without a body",
    ),
    "a file elsewhere": (
        _set("response", content={"_file": "../../../../etc/hostname"}),
        "without a body",
    ),
    "no response": (_set("response", status=0), "without a response"),
    "a page": (_set("response", content={"text": "<html>"}), "with a body that is not JSON"),
    "cut off": (_set("response", content={"text": '{"data": [{'}), "with a body that is cut off"),
    "bad base64": (
        _set("response", content={"text": "%%%%a", "encoding": "base64"}),
        "with a body in damaged base64 or hexadecimal digits",
    ),
    "status": (_set("response", status="fine"), "damaged"),
    "method": (_set("request", method=7), "damaged"),
    "no request": (
        lambda entry: entry.update(request={"uri": entry["request"]["url"]}),
        "damaged",
    ),
}


@pytest.mark.parametrize("what", UNJUDGED)
def test_an_exchange_that_cannot_be_judged_is_counted_with_the_reason(
    what: str, tmp_path: Path
) -> None:
    """One such exchange costs neither the file nor the other exchanges, and its place is known."""
    change, reason = UNJUDGED[what]
    entries = [entry_of(one) for one in traffic_of_a_day()]
    change(entries[3])
    count = _counted(_of(entries), tmp_path)
    assert count.judged == len(entries) - 1
    assert dict(count.unjudged) == {reason: 1}
    assert count.first[reason].startswith("exchange 4, line ")
    assert count.passed_over == 0


ODD: dict[str, Any] = {
    "text": "x",
    "nothing": {},
    "no method": {"request": {"url": "https://other.test/"}},
    "headers of numbers": {
        "request": {"method": "GET", "url": "https://other.test/", "headers": [7, [1, 2], None]},
        "response": {"status": 200, "headers": 7, "content": []},
    },
    "cookies of numbers": {
        "request": {"method": "GET", "url": "https://other.test/", "cookies": 7},
        "response": {"status": 200},
    },
    "odd host": {
        "request": {"method": "GET", "url": "https://[redacted]/x"},
        "response": {"status": "200", "content": {"text": "a", "encoding": "base64"}},
        "time": "12 ms",
    },
}


@pytest.mark.parametrize("what", ODD)
def test_an_odd_entry_of_other_traffic_costs_nothing(what: str, tmp_path: Path) -> None:
    """The exchanges around it are judged as if it were not there."""
    entries = [entry_of(one) for one in traffic_of_a_day()]
    count = _counted(_of([ODD[what], *entries, ODD[what]]), tmp_path)
    assert count.judged == len(entries)
    assert count.passed_over + count.unjudged["damaged"] == 2


@pytest.mark.parametrize("coding", ["br", "zstd"])
@pytest.mark.parametrize("installed", [False, True], ids=["missing", "installed"])
def test_an_encoding_is_read_if_its_library_is_installed(
    installed: object,
    coding: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without the library the encoding is named, and what to install."""
    exchanges = traffic_of_a_day()
    packed = [b"\xff" + one.response_body for one in exchanges]
    for names in bodies._DECOMPRESSORS.values():
        for name in names:
            monkeypatch.setitem(sys.modules, name, None)
    if installed:
        brotli, zstandard = types.ModuleType("brotli"), types.ModuleType("zstandard")
        brotli.Decompressor = lambda: types.SimpleNamespace(  # type: ignore[attr-defined]
            process=lambda content: content.removeprefix(b"\xff")
        )
        zstandard.ZstdDecompressor = (
            lambda: types.SimpleNamespace(  # type: ignore[attr-defined]
                stream_reader=lambda content: io.BytesIO(content[1:])
            )
        )
        monkeypatch.setitem(sys.modules, "brotli", brotli)
        monkeypatch.setitem(sys.modules, "zstandard", zstandard)
    path = tmp_path / "page.har"
    path.write_bytes(
        _of([packed_entry_of(*pair, coding) for pair in zip(exchanges, packed, strict=True)])
    )
    code = main(["audit", str(path)])
    shown = capsys.readouterr().out
    assert code == 0
    assert (f"with a body in {coding}" in shown) is not installed
    assert ("hint: install " in shown) is not installed


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (
            lambda: _of(
                [entry_of(replace(one, url="https://a.test/x")) for one in traffic_of_a_day()]
            ),
            "--api-",
        ),
        (
            lambda: _of([entry_of(one, {"size": 9}) for one in traffic_of_a_day()[:4]]),
            "with bodies: ",
        ),
        (lambda: _of([]), "--api-url"),
    ],
    ids=["other traffic", "no bodies", "empty"],
)
def test_a_run_that_judged_nothing_is_not_a_success(
    content: Callable[[], bytes], hint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has an exit code of its own, which pytest does not use, and says what would help."""
    path = tmp_path / "page.har"
    path.write_bytes(content())
    assert main(["audit", str(path)]) == NOTHING_JUDGED
    assert NOTHING_JUDGED not in {*pytest.ExitCode}
    assert hint in capsys.readouterr().out.partition("\nhint: ")[2]


def test_a_base_url_that_is_given_is_believed(tmp_path: Path) -> None:
    """Behind a gateway, responses without any id of a card are judged if the URL is given."""
    refused = replace(
        traffic_of_a_day()[0],
        url="https://gateway.test/atomic/cards?status=active",
        status=503,
        response_body=b"",
    )
    assert _counted(lines([refused]), tmp_path).judged == 0
    assert _counted(lines([refused]), tmp_path, api_url="https://gateway.test/atomic/").judged == 1


@pytest.mark.parametrize(
    "base",
    ["https://gateway.test/atomic", "https://cards.test/v1/env", "http://127.0.0.1:8080/api"],
)
def test_exchanges_before_the_first_that_shows_the_api_are_judged(
    base: str, tmp_path: Path
) -> None:
    """The end of a recording may show what its beginning is about, and other APIs stay others."""
    first, last = traffic_of_a_day()[0], traffic_of_a_day()[2]
    silent = replace(first, status=500, response_body=b"")
    other = replace(silent, url="https://boards.test/1/boards/b/cards")
    late = replace(last, url=f"{base}/cards?{last.query}")
    early = [replace(silent, url=f"{base}/cards?status=active")] * 3
    count = _counted(lines([other, *early, late]), tmp_path)
    assert (count.judged, count.passed_over) == (4, 1)


CUT: dict[str, Callable[[], bytes]] = {
    "lines": lambda: lines(traffic_of_a_day())[:-40],
    "a HAR file": lambda: playwright(traffic_of_a_day()[:6])[:-3_000],
    "a cassette": lambda: vcrpy(traffic_of_a_day()) + b"- request: {method: 'GET",
    "not UTF-8": lambda: lines(traffic_of_a_day()) * 9 + b"\xff",
    "gzip": lambda: gzip.compress(lines(traffic_of_a_day() * 400))[:-20],
}


@pytest.mark.parametrize("what", CUT)
def test_what_is_left_of_a_recording_is_judged(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A recording that is cut off, damaged or still being written is read as far as possible."""
    path = tmp_path / "recording"
    path.write_bytes(CUT[what]())
    assert main(["audit", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "verdict: partial" in shown
    assert "\nnot judged: 1 " in shown
    assert "0 exchanges" not in shown


def test_a_damaged_line_costs_no_other(tmp_path: Path) -> None:
    """Lines are independent of each other."""
    good = [json.dumps(line_of(one)) for one in traffic_of_a_day()]
    text = "\n".join([good[0], "[]", '{"url": "https://a.test/v1/e/cards"}', "{", *good[1:], ""])
    count = _counted(text.encode(), tmp_path)
    assert count.judged == len(good)
    assert (count.passed_over, count.odd, count.unjudged["damaged"]) == (2, 2, 1)


@pytest.mark.parametrize("write", [line_of, entry_of])
def test_a_document_may_be_one_exchange(
    write: Callable[[Exchange], dict[str, Any]], tmp_path: Path
) -> None:
    """A single exchange that somebody copied from a log is read."""
    assert (
        _counted(json.dumps(write(traffic_of_a_day()[2]), indent=1).encode(), tmp_path).judged == 1
    )


def test_a_log_may_begin_in_the_middle_of_a_line(tmp_path: Path) -> None:
    """As after a rotation, or from ``tail``."""
    count = _counted(b'"status": 200}\n' + lines(traffic_of_a_day()), tmp_path)
    assert (count.judged, count.odd) == (len(traffic_of_a_day()), 1)
