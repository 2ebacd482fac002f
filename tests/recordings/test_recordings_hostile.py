"""Recordings that are damaged, huge or hostile: one line or a counted entry, never a traceback."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import random
import subprocess
import zipfile
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from command_line import COMMAND
from manners import MANNERS, line_of, lines
from manners_har import entry_of, har_of
from planted import traffic_of_a_day

from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.recordings.audit import containers, json_lines, json_stream, yaml_stream
from pytest_atomic_cards.recordings.audit.auditor import audit
from pytest_atomic_cards.recordings.audit.bodies import LARGEST, TOO_LARGE
from pytest_atomic_cards.reporting.audit_report import NOTHING_JUDGED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


_SMALL = 100_000
"""Bytes of an exchange in these tests, so that what is too large is small."""


@cache
def _written(manner: str) -> bytes:
    return MANNERS[manner](traffic_of_a_day())


def _is_fine(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> int:
    """Audit a file; whatever it holds, there is a verdict or one line."""
    code = main(["audit", str(path), *options])
    response = capsys.readouterr()
    assert code in {0, 1, 2, NOTHING_JUDGED}
    assert response.err.count("\n") == (code == 2)
    return code


@pytest.mark.parametrize("manner", MANNERS)
def test_a_recording_may_be_cut_off_anywhere(
    manner: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is left violates nothing, as the whole does not."""
    whole, path = _written(manner), tmp_path / "recording"
    for length in random.Random(manner).sample(range(len(whole)), 8):  # noqa: S311 - no secret
        path.write_bytes(whole[:length])
        assert _is_fine(path, capsys) != 1


_PIECES = (
    *(b'"', b"{", b"}", b"[", b"]", b":", b",", b"\n", b"\\", b"\\ud83d", b"null", b"-1"),
    *(b"1e999", b"[]", b"{}", b"\xff", b"\x00", b"&a", b"*a", b"!!python/object:x.y ", b"- "),
    *(b"9" * 30, b"NaN", b"http://[", b"[redacted]", b"0000-00-00", b"\xe2\x80\xa8"),
)


def _mutated(content: bytes, randomness: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(randomness.choice((1, 1, 3))):
        place = randomness.randrange(len(changed))
        removed = randomness.choice((0, 1, 5, 50))
        changed[place : place + removed] = randomness.choice((b"", *_PIECES))
    return bytes(changed)


@pytest.mark.parametrize("manner", MANNERS)
def test_a_recording_may_be_damaged_anywhere(
    manner: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Characters that are lost, doubled or replaced lead to no traceback, in a copy neither."""
    randomness, path = random.Random(manner), tmp_path / "recording"  # noqa: S311 - no secret
    for number in range(8):
        path.write_bytes(_mutated(_written(manner), randomness))
        options = ("--redact", str(tmp_path / "copy")) if number % 4 == 3 else ()
        _is_fine(path, capsys, *options)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exchanges of more than ``_SMALL`` bytes are too large."""
    for module in (json_stream, yaml_stream):
        monkeypatch.setattr(module, "LARGEST", _SMALL)
    monkeypatch.setattr(json_lines, "LARGEST", _SMALL)


_HUGE = 'a\\"]}' * _SMALL
_LAYERS = ", ".join(f"&l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12))


def _huge_entry() -> bytes:
    content = har_of(
        [entry_of(traffic_of_a_day()[0]), {"x": "MARK"}, entry_of(traffic_of_a_day()[1])], "a tool"
    )
    return content.replace(b"MARK", _HUGE.encode())


def _huge_line() -> bytes:
    one, other = (json.dumps(line_of(one)) for one in traffic_of_a_day()[:2])
    huge = f'{{"url": "https://a.test/v1/e/cards", "responseBody": "{_HUGE}"}}'
    return f"{one}\n{huge}\n{other}".encode()


def _aliases() -> bytes:
    bomb = f"- request: {{method: GET, uri: x, body: [&l0 [ha], {_LAYERS}]}}\n"
    return _written("vcrpy").replace(b"interactions:\n", f"interactions:\n{bomb}".encode())


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("make", [_huge_entry, _huge_line, _aliases])
def test_an_exchange_that_is_too_large_is_counted(
    make: Callable[[], bytes], tmp_path: Path
) -> None:
    """It is not kept in memory, nor is anything that an alias multiplies; the others are judged."""
    (tmp_path / "recording").write_bytes(make())
    (count,) = audit([tmp_path / "recording"]).counts
    assert count.unjudged == {TOO_LARGE: 1}
    assert count.judged in {2, len(traffic_of_a_day())}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "content", [b"a" * 9 * _SMALL, b"x: [" + b"a, " * 9 * _SMALL], ids=["letters", "a list"]
)
def test_a_text_without_an_end_is_refused(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only so much of it is read."""
    (tmp_path / "recording").write_bytes(content)
    assert _is_fine(tmp_path / "recording", capsys) == 2


@pytest.mark.parametrize("kind", ["gzip", "zip"])
def test_a_container_that_unpacks_without_measure_is_refused(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is a multiple of its size, beyond what recordings reach."""
    monkeypatch.setattr(containers, "_FREE", _SMALL)
    content = b'{"log": {"entries": [' + b" " * 99 * _SMALL
    packed = io.BytesIO(gzip.compress(content))
    if kind == "zip":
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.har", content)
    (tmp_path / "recording").write_bytes(packed.getvalue())
    assert main(["audit", str(tmp_path / "recording")]) == 2
    assert "unpacks to more than 300 times its size" in capsys.readouterr().err


def test_a_body_that_unpacks_without_measure_is_counted(tmp_path: Path) -> None:
    """A small file cannot fill the memory through its bodies."""
    packed = base64.b64encode(gzip.compress(b"a" * 2 * LARGEST)).decode()
    entries = [
        entry_of(traffic_of_a_day()[2], {"text": packed, "encoding": "base64"}),
        entry_of(traffic_of_a_day()[2]),
    ]
    (tmp_path / "recording").write_bytes(har_of(entries, "a tool"))
    (count,) = audit([tmp_path / "recording"]).counts
    assert (count.judged, count.unjudged) == (1, {TOO_LARGE: 1})


HALF = "\ud83d"
ODD: dict[str, dict[str, Any]] = {
    "half an emoji in the URL": {"url": f"https://a.test/v1/e/cards?userId={HALF}"},
    "half an emoji in a card": {"responseBody": {"data": [{"cardInstanceId": HALF}]}},
    "half an emoji in a header": {"requestHeaders": {HALF: HALF}},
    "a redacted host": {"url": "https://[redacted]/v1/e/cards?userId=u2"},
    "a host in half a bracket": {"url": "https://[::1/v1/e/cards?userId=u2"},
    "a method of another world": {"method": "\x1b[2J"},
    "a header that is a list": {
        "responseHeaders": {"content-type": ["application/json"], "a": [7]}
    },
    "headers of objects": {"responseHeaders": {"content-type": {"a": 1}}},
    "a time in year 0": {"started": "0000-00-00T00:00:00Z"},
    "a time in year 1 with a zone": {"started": "0001-01-01T00:00:00+14:00"},
    "a time in year 9999": {"started": "9999-12-31T23:59:59-12:00", "elapsed": 1e300},
    "infinite": {"elapsed": float("inf"), "started": float("nan")},
    "a status beyond measure": {"status": 10**30},
    "a huge number": {"responseBody": {"data": [], "summary": {"total": 10**400}}},
    "NaN": {"responseBody": {"data": [{"cardInstanceId": float("nan")}]}},
}


@pytest.mark.parametrize("what", ODD)
def test_an_odd_value_is_no_matter(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is judged or counted, shown if it violates something, and written to the report."""
    path = tmp_path / "recording"
    odd = line_of(traffic_of_a_day()[3], **ODD[what])
    path.write_text(
        f"{json.dumps(odd)}\n{json.dumps(odd)}\n" + lines(traffic_of_a_day()).decode(), "utf-8"
    )
    assert _is_fine(path, capsys, "--strict", "--report", str(tmp_path)) in {0, 1}
    json.loads((tmp_path / "report.json").read_text("utf-8"))


def test_a_terminal_that_cannot_encode_is_no_matter(tmp_path: Path) -> None:
    """What it lacks is escaped, and the exit code is that of the verdict."""
    path = tmp_path / "recording"
    text = json.dumps(line_of(traffic_of_a_day()[2], responseBody=["ä", HALF, "日本"]))
    path.write_text(text, "utf-8")
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [*COMMAND, "audit", str(path)],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 1
    assert done.stderr == b""
    assert b"SHAPE-01" in done.stdout
