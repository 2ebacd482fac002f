"""Runs that are killed: what they leave open is cleaned up after from their journals."""

from __future__ import annotations

import re
import signal
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from signalled_runs import PYTEST, clean, end, journals, killed_run, running, wait_until

if TYPE_CHECKING:
    from live_sandbox import Serve

pytestmark = pytest.mark.slow


def test_a_killed_run_is_cleaned_up_after(serve: Serve, project: Path) -> None:
    """What a killed run left open is cancelled from its journal, which holds no secret."""
    live = serve()
    stranger = live.environment.seed([{"user_id": "ann"}])[0]
    with running(live, project, *PYTEST, "-k", "takes_long") as process:
        wait_until((project / "seeded").exists, process)
        process.kill()
    (journal,) = journals()
    assert live.credential.client_secret not in journal.read_text()
    assert "Bearer" not in journal.read_text()
    code, output = clean(live, project)
    assert code == 0, output
    assert "2 starts, 2 card(s) cancelled" in output
    assert live.open_cards == [stranger]
    assert not journals()
    code, output = clean(live, project)
    assert code == 0
    assert "no run has left anything to clean up" in output


def test_a_killed_run_on_a_target_that_ignores_its_invocation(serve: Serve, project: Path) -> None:
    """What a killed run left open is cancelled, and no card of others, though all are listed."""
    live = serve()
    live.sandbox.ignored = {method: {"flowInvocationId"} for method in ("GET", "PUT")}
    strangers = live.environment.seed([{"user_id": f"real-{n}"} for n in range(7)])
    with running(live, project, *PYTEST, "-k", "kills") as process:
        assert end(process)[0] == -signal.SIGKILL
    code, output = clean(live, project)
    assert code == 0, output
    assert live.open_cards == strangers
    assert not journals()


def test_a_start_of_a_killed_run_can_be_discarded(serve: Serve, project: Path) -> None:
    """A start that never shows its card is reported with an id, and forgotten by it."""
    live = serve(creation_delay=timedelta(hours=1))
    few = {"ATOMIC_CARDS_SEED_TIMEOUT": "0.2"}
    with running(live, project, *PYTEST, "-k", "passes", **few) as process:
        code, output = end(process)
    assert code == pytest.ExitCode.TESTS_FAILED
    (name,) = re.findall(r"left waiting: start (\S+): accepted as invocation", output)
    assert "this run did not finish its clean-up" in output
    assert "earlier run" not in output
    code, output = clean(live, project, **few)
    assert (code, f"left: start {name}: accepted as" in output) == (1, True), output
    code, output = clean(live, project, "--discard", name, **few)
    assert (code, f"discarded {name}: a start of 1 card(s) for" in output) == (0, True), output
    assert not journals()


def test_later_runs_tell_of_a_journal(serve: Serve, project: Path) -> None:
    """A run against the same target names the command that finishes an earlier run's clean-up."""
    live, other = serve(), serve()
    killed_run(live, project)
    with running(live, project, *PYTEST, "-q", "-k", "passes") as process:
        code, output = end(process)
    assert code == 0
    assert re.search(
        r"earlier run did not finish its clean-up; .*atomic-cards clean \(.*jsonl\)", output
    )
    with running(other, project, *PYTEST, "-q", "-k", "passes") as process:
        assert "atomic-cards clean" not in end(process)[1]


def test_what_cannot_be_cancelled_stays_in_the_journal(serve: Serve, project: Path) -> None:
    """An embargoed card that the target keeps is told, and cleaned up once it is published."""
    live = serve(wrong_state="409", cancel_embargoed="refused")
    killed_run(live, project)
    code, output = clean(live, project)
    assert code == 1
    assert "1 card(s) cancelled" in output
    assert re.search(r"left: cards of .*status=embargoed.*409", output)
    assert "the journal is kept" in output
    (journal,) = journals()
    live.sandbox.clock.advance(timedelta(hours=2))
    code, output = clean(live, project, "--journal", str(journal))
    assert code == 0, output
    assert not live.open_cards
    assert not journals()


def test_a_killed_worker_leaves_its_journal(serve: Serve, project: Path) -> None:
    """Of several workers only the one that was killed leaves cards, and its journal has them."""
    live = serve()
    with running(live, project, *PYTEST, "-n", "2", "-k", "kills or passes") as process:
        code, output = end(process)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "atomic-cards clean" in output
    assert len(live.open_cards) == len(journals()) == 1
    assert clean(live, project)[0] == 0
    assert not live.open_cards
