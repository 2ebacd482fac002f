"""DryRun: what ``atomic-cards check --cards-dry-run`` does instead of a run.

The suite runs as it would on the live target, but its requests go to a sandbox in this process,
and are counted. Nothing is sent to the target, not even for a token.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.sandbox import Sandbox
from pytest_atomic_cards.sandbox.server import SandboxServer
from pytest_atomic_cards.targets import LiveTarget

_OUTPUT: Final = "atomic_cards_rehearsal"
_STARTS, _CARDS, _LISTINGS = "starts", "cards", "listings"


class DryRun:
    """Counts what a run would send, over all its processes, and prints it at the end.

    Args:
        settings: The settings of the run.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._counts: Counter[str] = Counter()

    @contextmanager
    def target(self) -> Iterator[LiveTarget]:
        """A sandbox that stands in for the live target."""
        sandbox = Sandbox()
        credential = sandbox.default.create_credential()
        with SandboxServer(sandbox) as server, TemporaryDirectory() as journals:
            settings = replace(
                self._settings,
                dry_run=False,
                org_id=None,
                api_url=server.url,
                token_url=f"{server.url}{sandbox.token_path}",
                environment_id=sandbox.default.environment_id,
                client_id=credential.client_id,
                client_secret=credential.client_secret,
                flow_id=sandbox.flow_id,
                app=None,
                access="credentials",
                seeding="flow",
                headers={},
                client_cert=(),
                max_rate=None,
                journal=Path(journals),
            )
            target = LiveTarget(settings)
            target.listeners.append(self.observe)
            yield target
            target.close()

    def observe(self, exchange: Exchange) -> None:
        """Count a request."""
        if exchange.method == "GET":
            self._counts[_LISTINGS] += 1
        elif exchange.method == "PUT":
            self._counts[exchange.path.rpartition("/")[2]] += 1
        elif exchange.method == "POST":
            flows = json.loads(exchange.request_body)["flows"]
            self._counts[_STARTS] += 1
            self._counts[_CARDS] += sum(len(flow["target"]["usersById"]) for flow in flows)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 - of pytest-xdist
        """Add what a worker process has counted."""
        self._counts.update(getattr(node, "workeroutput", {}).get(_OUTPUT, {}))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send the counts to the controller, if this is a worker process."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = dict(self._counts)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what the run would do."""
        terminalreporter.section("Dry run")
        for line in self.lines():
            terminalreporter.line(line)

    def lines(self) -> list[str]:
        """The lines that describe what the run would do."""
        settings, counts = self._settings, self._counts
        customers = ", ".join(settings.user_ids) or "customers that are generated for it"
        actions = ", ".join(f"{counts[action.value]} {action}" for action in Action)
        requests_in_all = counts.total() - counts[_CARDS]
        lines = [
            f"target: {settings.describe()}",
            "Nothing was sent to it. The same run on a sandbox in this process made",
            f"  {counts[_STARTS]} starts of flow {settings.flow_id}",
            f"  {counts[_CARDS]} cards, or a multiple of that, for {customers}",
            f"  actions, all on those cards: {actions}",
            f"  {counts[_LISTINGS]} listings",
        ]
        if settings.max_rate:
            seconds = requests_in_all / settings.max_rate
            lines.append(
                f"  which takes {seconds:.0f} s at {settings.max_rate:g} requests a second"
            )
        lines.append("A target that is slow to list cards or loses responses gets more requests.")
        return lines
