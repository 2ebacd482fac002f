"""DryRun: what ``atomic-cards check --cards-dry-run`` does instead of a run. Nothing is run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.suite.planning.plan import PlanHooks


class DryRun:
    """Prints the plan of a run instead of running it.

    Args:
        hooks: Make the plan when the contracts are collected.
        settings: The settings of the run.
    """

    def __init__(self, hooks: PlanHooks, settings: Settings) -> None:
        self._hooks = hooks
        self._settings = settings

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool:
        """Run nothing."""
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        """Succeed, although no test was run."""
        if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.testscollected:
            session.exitstatus = pytest.ExitCode.OK
        return (yield)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the plan."""
        terminalreporter.section("Dry run")
        for line in self.lines():
            terminalreporter.line(line)

    def lines(self) -> list[str]:
        """The lines that describe what the run would do."""
        settings, plan = self._settings, self._hooks.plan
        customers = ", ".join(settings.user_ids) or "customers that are generated for it"
        lines = [
            f"target: {settings.describe()}",
            "Nothing was sent to it. A run takes about",
            f"  {plan.footprint.starts:,} starts of flow {settings.flow_id}",
            f"  {plan.footprint.cards:,} cards, or a multiple of that, for {customers}",
            f"  {plan.footprint.requests:,} requests; actions only on those cards",
        ]
        if settings.max_rate:
            seconds = plan.footprint.requests / settings.max_rate
            lines.append(
                f"  which takes {seconds:.0f} s at {settings.max_rate:g} requests a second"
            )
        lines += [f"  {line}" for line in plan.leaves_out(settings)]
        lines.append("A target that is slow to list cards or loses responses gets more requests.")
        return lines
