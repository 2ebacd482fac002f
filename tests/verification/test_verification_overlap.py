"""Live runs in which requests overlap, and those in which they do not, and behind a limiter."""

from __future__ import annotations

import json
from datetime import timedelta
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.targets import live_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from live_sandbox import LiveSandbox, Serve

pytestmark = pytest.mark.slow

ONLY = "AUTH-01,AUTH-02,MULTI-01,MULTI-02,MULTI-03,QUERY-06,QUERY-11,RESULT-04,STATE-06,TIME-04"
"""Requirements few enough for the requests of a quick run, and decided by requests that overlap."""
RATE = 20.0
"""Requests a second that a limited target accepts."""
BURST = 3
"""Requests that it accepts at once after a pause."""


Verdicts = tuple[int, dict[str, str]]
"""The exit code of a run, and the verdict on each requirement."""


@pytest.fixture
def verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Verdicts]:
    """Makes a quick run with at most so many requests at once."""

    def check(live: LiveSandbox, at_once: int, *more: str) -> Verdicts:
        for name, value in live.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(live_target, "AT_ONCE", at_once)
        directory = tmp_path / f"report-{at_once}"
        arguments = ("--cards-effort", "quick", "--cards-report", str(directory), *more)
        code = main(["check", "-p", "no:cacheprovider", *arguments])
        report = json.loads((directory / "report.json").read_text("utf-8"))
        return code, {rule["id"]: rule["verdict"] for rule in report["rules"]}

    return check


@pytest.mark.usefixtures("time_flies")
@pytest.mark.parametrize(
    "faults",
    [
        {},
        {
            "any-token-accepted": "AUTH-02",
            "dismiss-embargoed": "STATE-06",
            "summary-updated-one-more": "RESULT-04",
        },
        {"multiple-not-needed": "MULTI-03", "results-lack-last": "RESULT-04"},
        {"prefix-match": "QUERY-06"},
    ],
    ids=" ".join,
)
def test_verdicts_do_not_depend_on_the_overlap(
    faults: dict[str, str], serve: Serve, verdicts: Callable[..., Verdicts]
) -> None:
    """A right target and faulty ones get the same verdicts, however many requests overlap."""
    made = []
    for at_once in (1, 8):
        live = serve(faults=list(faults), creation_delay=timedelta(milliseconds=50))
        made.append(verdicts(live, at_once, "--cards-only", ONLY))
    (code, first), (other, second) = made
    assert first == second
    assert code == other
    violated = {name for name, verdict in first.items() if verdict == "violated"}
    assert violated >= set(faults.values())
    assert bool(violated) == bool(faults)


class Limiter:
    """A WSGI application that refuses requests beyond a rate, and does not say until when."""

    def __init__(self, status: HTTPStatus) -> None:
        self._status = status
        self._lock = Lock()
        self._left = float(BURST)
        self._at = REAL_CLOCK.monotonic()
        self.refused = 0

    def before(self, respond: object) -> object:
        """What responds instead of an application."""

        def limited(
            app: object, environ: WSGIEnvironment, start_response: StartResponse
        ) -> Iterable[bytes]:
            if self._accepts():
                return respond(app, environ, start_response)  # type: ignore[operator, no-any-return]
            start_response(f"{self._status.value} {self._status.phrase}", [("Content-Length", "0")])
            return []

        return limited

    def _accepts(self) -> bool:
        with self._lock:
            now = REAL_CLOCK.monotonic()
            self._left = min(BURST, self._left + (now - self._at) * RATE)
            self._at = now
            if self._left < 1:
                self.refused += 1
                return False
            self._left -= 1
            return True


@pytest.mark.parametrize("status", [HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE])
def test_a_limited_target_is_not_refused(
    status: HTTPStatus,
    serve: Serve,
    verdicts: Callable[..., Verdicts],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Requests that overlap stay below the limit of a target, which gets the usual verdicts."""
    live = serve(creation_delay=timedelta(milliseconds=50))
    limiter = Limiter(status)
    kind = type(live.sandbox)
    monkeypatch.setattr(kind, "__call__", limiter.before(kind.__call__))
    code, found = verdicts(live, 8)
    assert code == 0
    assert set(found.values()) == {"held", "not exercised"}
    assert 0 < limiter.refused < 60
