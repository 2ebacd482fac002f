"""Every channel of output against a target whose texts want to act on whoever reads them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from contract_runs import OWN
from werkzeug.wrappers import Request, Response

from pytest_atomic_cards.support.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from live_sandbox import Serve

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_plugins")]

COMMAND = Path(sys.executable).with_name("atomic-cards")
NASTY = (
    "\x1b]0;x\x07\x1b[2J ##[stop-commands]zzz \n::error::x\r\n::add-mask::a\n##vso[task.setvariable"
    " variable=a]b\x85\x9b2J\u2028::warning::y\u202egpj\u2066\u200b\ud83d |`*<img src=x>@a"
)
LARGE = NASTY + "x" * 200_000
"""Longer than all that any channel shows of one text."""
HUGE = NASTY + "x" * 1_000_000
"""More than a report holds of a body. Searching it for secrets takes long, so one case has it."""
OURS = re.compile(r"::(error|warning|notice) title=[^:]*::[^%]*(%25[^%]*)*")
LONGEST = 15
"""Seconds of a check: where states are never as expected it would wait for minutes."""
LONG_ENOUGH = 120
"""Seconds in which a check has shown what it is to show, though other tests keep it waiting."""
MEGABYTES = 5
"""Most of what a report may take: it shows few exchanges, each with less than one of bodies."""


def in_cards(name: str, text: str) -> Callable[[Request, bytes], bytes]:
    """Gives each card of a listing a text in a field; the first one that is given."""

    def change(request: Request, body: bytes) -> bytes:
        if request.method != "GET" or not request.path.endswith("/cards"):
            return body
        document = json.loads(body)
        for number, card in enumerate(document.get("data", [])):
            if name != "status" or card[name] != "active":  # else nothing could be seeded
                card[name] = f"{NASTY} {number}" if number else text
        return json.dumps(document).encode()

    return change


def instead(method: str, path: str, text: str) -> Callable[[Request, bytes], bytes]:
    """Responds with text that is not JSON."""

    def change(request: Request, body: bytes) -> bytes:
        if request.method == method and path in request.path:
            return text.encode("utf-8", "surrogatepass")
        return body

    return change


FEW = ("-k", "not experiments", "--cards-only")
"""Experiments end at the time limit here, before anything is shown."""
TARGETS: dict[str, tuple[Callable[[Request, bytes], bytes], tuple[str, ...]]] = {
    "state word": (in_cards("status", NASTY), ("--cards-only", "STATE-01,SHAPE-02")),
    "long id": (in_cards("cardInstanceId", LARGE), (*FEW, "QUERY-01")),
    "template": (in_cards("cardTemplateName", LARGE), (*FEW, "SHAPE-02,QUERY-03")),
    "customer": (in_cards("userId", NASTY), (*FEW, "QUERY-02,SHAPE-04")),
    "error page": (instead("PUT", "/cards/", LARGE), (*FEW, "SHAPE-07,MULTI-01")),
    "listing": (instead("GET", "/cards", NASTY), (*FEW, "SHAPE-01")),
    "numbers": (instead("GET", "/cards", '{"data": [{"a": 1e400, "b": NaN}]}'), (*FEW, "SHAPE-01")),
    "depth": (instead("GET", "/cards", "[" * 900 + "]" * 900), (*FEW, "SHAPE-01")),
    "token": (instead("POST", "/oauth2", NASTY), (*FEW, "AUTH-01")),
    "start": (instead("POST", "/action-flow/", NASTY), (*FEW, "SHAPE-01")),
}
SHOWN = {"long id", "template", "customer", "error page", "listing"}
"""Targets whose texts a report shows."""


def commands_of(text: str) -> list[str]:
    """The lines of an output that GitHub takes for commands."""
    return [line for line in re.split(r"\r\n|\r|\n", text) if line.lstrip().startswith("::")]


def expect_harmless(text: str, name: str, *, longest: int = len(LARGE)) -> None:
    """Expect that an output holds nothing that acts on a terminal or a CI server."""
    odd = {character for character in text if not character.isprintable()} - {"\n"}
    assert not odd, name
    assert not re.search(r"##\w*\[", text), name
    assert len(text) < longest, name


@pytest.mark.parametrize(
    ("target", "arguments"),
    [
        *((target, ()) for target in TARGETS),
        ("error page", ("--tb=short", "-rA", "-v")),
        ("customer", ("-n", "2")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_no_channel_of_a_check_acts_on_its_reader(
    target: str,
    arguments: tuple[str, ...],
    serve: Serve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Output, annotations, summary, JUnit, JSON and page show the texts of a target as data."""
    change, only = TARGETS[target]
    live = serve()
    answer = type(live.sandbox).__call__

    changed = []

    def hostile(self: Any, environ: Any, start_response: Any) -> Any:  # noqa: ANN401 - WSGI
        response = Response.from_app(lambda *own: answer(self, *own), environ)
        data = change(Request(environ), response.data)
        changed.append(data != response.data)
        response.data = data
        return response(environ, start_response)

    monkeypatch.setattr(type(live.sandbox), "__call__", hostile)
    summary, report = tmp_path / "summary.md", tmp_path / "out"
    limit = LONG_ENOUGH if target in SHOWN else LONGEST
    environ = live.environ | {
        "ATOMIC_CARDS_SEED_TIMEOUT": "2",
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    result = subprocess.run(  # noqa: S603 - our own command
        [
            *(COMMAND, "check", *OWN, *only),
            *("--cards-report", str(report), "--cards-max-time", str(limit), *arguments),
        ],
        cwd=tmp_path,
        env=os.environ | environ,
        capture_output=True,
        check=False,
    )
    output = (result.stdout + result.stderr).decode()
    assert any(changed)
    assert "verdict: " in output
    assert "Traceback" not in output or "--tb=short" in arguments
    expect_harmless(output, "output")
    assert all(OURS.fullmatch(line) for line in commands_of(output)), commands_of(output)
    expect_harmless(summary.read_text("utf-8"), "summary")
    assert not re.search("<img|[^&]`", summary.read_text("utf-8"))
    page = (report / "report.html").read_text("utf-8")
    expect_harmless(page, "page", longest=MEGABYTES * 1_000_000)
    assert "<img" not in page
    assert ("[stop-commands]" in page) == (target in SHOWN)
    junit = (report / "junit.xml").read_text("utf-8")
    expect_harmless(junit, "JUnit")
    ET.fromstring(junit)  # noqa: S314 - our own file
    values = (report / "report.json").read_text("utf-8")
    expect_harmless(values, "JSON", longest=MEGABYTES * 1_000_000)
    json.loads(values, parse_constant=pytest.fail)


LINE = {
    "method": "GET",
    "requestHeaders": {"User-Agent": NASTY},
    "requestBody": None,
    "status": 200,
    "responseHeaders": {"content-type": f"text/html {NASTY}"},
    "started": "2024-01-31T12:00:00+00:00",
    "elapsed": 0.1,
    "error": None,
}


@pytest.mark.parametrize(
    ("encoding", "long"),
    [("utf-8", HUGE), ("ascii", LARGE), ("latin-1", LARGE)],
    ids=["utf-8", "ascii", "latin-1"],
)
def test_no_channel_of_an_audit_acts_on_its_reader(
    encoding: str, long: str, tmp_path: Path
) -> None:
    """Output and report.json of an audit show recorded texts as data, in any encoding."""
    url = "https://cards.test/v1/e/cards?cardInstanceId=a&userId=%1B%5B2J"
    card = dict.fromkeys(("cardInstanceId", "userId", "status", "created", "updated"), long)
    bodies = [{"data": [card]}, {"data": [card | {"created": NASTY}]}, long, {"data": [1e400]}]
    bodies.append({"data": [card | {"payload": {"target": {"usersById": [long]}}}]})
    recording = tmp_path / "lines\x1b[2J\n::error::x.jsonl"
    lines = [json.dumps(LINE | {"url": url, "responseBody": body}) for body in bodies]
    recording.write_text("\n".join(lines), "utf-8")
    result = subprocess.run(  # noqa: S603 - our own command
        [COMMAND, "audit", recording, "--allow-secrets", "--report", tmp_path / "out"],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    output = (result.stdout + result.stderr).decode(encoding)
    assert result.returncode == 1, output
    assert "verdict: violated" in output
    assert "Traceback" not in output
    expect_harmless(output, "output")
    assert not commands_of(output)
    values = (tmp_path / "out" / "report.json").read_text("utf-8")
    expect_harmless(values, "JSON", longest=MEGABYTES * 1_000_000)
    json.loads(values, parse_constant=pytest.fail)


@pytest.mark.parametrize(
    "content", [NASTY, f'{{"{NASTY}": 1}}', json.dumps({NASTY: 1}), "{" * 9_000]
)
def test_what_is_no_recording_is_named_as_data(content: str, tmp_path: Path) -> None:
    """The error about a file that is no recording shows what stands in it as data."""
    recording = tmp_path / "recording\u202e"
    recording.write_text(content, "utf-8", "backslashreplace")
    result = subprocess.run(  # noqa: S603 - our own command
        [COMMAND, "audit", recording], capture_output=True, check=False
    )
    assert result.returncode == 2
    expect_harmless((result.stdout + result.stderr).decode(), "output", longest=2_000)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--cards-only", "PAGE-06"),
        ("check", "--cards-fault", "offset-counts-pages", "-k", "offset"),
        ("explain", "PAGE-04", "order"),
        ("explain", "n\u00f6thing-\u65e5"),
    ],
    ids=" ".join,
)
def test_a_terminal_that_cannot_encode_ends_nothing(
    arguments: tuple[str, ...], encoding: str, tmp_path: Path
) -> None:
    """Characters that the encoding of the output lacks are escaped, and no traceback is shown."""
    result = subprocess.run(  # noqa: S603 - our own command
        [COMMAND, *arguments],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": encoding, "GITHUB_ACTIONS": "true"},
        capture_output=True,
        check=False,
    )
    output = (result.stdout + result.stderr).decode(encoding)
    assert result.returncode in {0, 1, 2}
    assert "Traceback" not in output
    assert "INTERNALERROR" not in output
    assert "UnicodeEncodeError" not in output


def test_the_nasty_text_is_nasty() -> None:
    """The text of these tests holds all that they look for."""
    assert commands_of(NASTY)
    assert printable(NASTY) != NASTY
    with pytest.raises(AssertionError):
        expect_harmless("##vso[x", "command")
