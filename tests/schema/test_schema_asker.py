"""The asker: generated actions affect only the cards that were seeded for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.suite.generation.generated_cases import Effort
from pytest_atomic_cards.suite.generation.schema_document import OPERATIONS, Document
from pytest_atomic_cards.suite.generation.schema_fuzzer import Asker
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.suite.supply.card_pool import CardPool

if TYPE_CHECKING:
    from live_sandbox import LiveSandbox, Serve


def asker_on(live: LiveSandbox, examples: int) -> Asker:
    """An asker of a live target, in its own run."""
    world = live.open_world()
    reserve = CardPool(world.seeder)
    return Asker(Document(1), Probe(world), reserve, Effort(fixed=examples))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_cards_of_others_stay_as_they_are(operation: str, serve: Serve):
    """Documented and malformed requests pass the scope guard, and leave bystanders alone."""
    live = serve()
    bystanders = live.environment.seed([{"user_id": "123", "lifecycle_id": "1234"}] * 20)
    asker = asker_on(live, examples=15)
    asked = [*asker.asked(operation), *asker.asked_malformed(operation)]
    assert len(asked) > 30
    states = {live.environment.card(card.card_instance_id).status for card in bystanders}
    assert states == {Status.ACTIVE}


def test_actions_reach_cards_in_several_ways(serve: Serve):
    """The responses to an action include a refusal, a single card, several cards, and none."""
    exchanges = [asked.exchange for asked in asker_on(serve(), 10).asked("dismissCards")]
    counts = {found.json()["summary"]["updated"] for found in exchanges if found.succeeded}
    assert {0, 1, 2} <= counts
    assert 400 in {found.status for found in exchanges}


def test_each_operation_is_asked_once(serve: Serve):
    """Contracts on the same operation share its responses."""
    live = serve()
    asker = asker_on(live, 3)
    first = asker.asked("cancelCards")
    before = len(live.log)
    assert asker.asked("cancelCards") is first
    assert len(live.log) == before


def test_a_server_error_must_be_one_each_time(serve: Serve):
    """A request is sent three times before HTTP 500 counts as its response."""
    live = serve(faults=["unicode-gives-500"])
    asker = asker_on(live, 1)
    group = [asked for asked in asker.asked("listCards") if asked.exchange.status == 500]
    before = live.count("GET")
    assert asker.again(group[0]).exchange.status == 500
    assert live.count("GET") == before + 3


def test_without_schemathesis_nothing_is_exercised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Without the extra the suite runs, and reports how to install it."""
    tmp_path.joinpath("schemathesis.py").write_text("raise ModuleNotFoundError(__name__)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    check = "import sys, pytest_atomic_cards.plugin.cli as cli; sys.exit(cli.main())"
    options = ["check", "-p", "no:schemathesis", "--cards-only", "SCHEMA-01,SCHEMA-02"]
    run = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", check, *options, "-k", "not test_experiments"],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert "5 skipped" in run.stdout
    assert 'pip install "pytest-atomic-cards[contracts]"' in run.stdout
