"""Recording and replaying the tests of a project, as its users do."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from live_sandbox import Serve

_TESTS = """
import pytest
from datetime import timedelta
from pytest_atomic_cards import CardSpec, Population, Status, world_on

@pytest.fixture(scope="module")
def shared(cards_target):
    with world_on(cards_target) as world:
        yield world, world.seed()

def test_cancelled(cards):
    card = cards.seed(card_template_id="claim-reminder") if {sandbox} else cards.seed()
    cards.cancel(card)
    assert cards.get(card).status is Status.CANCELLED

def test_completed(cards):
    card = cards.seed(expires=timedelta(days=2))
    cards.complete(card, {{"email": "someone@example.com"}})
    assert cards.get(card).status is Status.COMPLETED
    assert cards.list(user_id=card.user_id)[0].status is Status.COMPLETED

@pytest.mark.parametrize("count", [1, 2])
def test_shared(shared, cards, count):
    world, card = shared
    assert world.get(card).status is Status.ACTIVE
    assert len(cards.seed_all(Population.of(count))) == count
"""


@pytest.mark.parametrize("target", ["sandbox", "live"])
def test_a_recorded_suite_replays_without_network_and_settings(
    pytester: pytest.Pytester,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    no_network: Callable[[], None],
    target: str,
) -> None:
    """What was recorded on either target is replayed with no socket, credential or setting."""
    pytester.makepyfile(test_claims=_TESTS.format(sandbox=target == "sandbox"))
    with monkeypatch.context() as recording:
        if target == "live":
            live = serve(creation_delay=timedelta(seconds=0.05))
            live.be_the_target(recording)
        pytester.runpytest("--cards-cassettes", "record").assert_outcomes(passed=4)
    files = sorted(path.name for path in pytester.path.rglob("*.json"))
    assert files == [
        "fixture-shared.json",
        "test_cancelled.json",
        "test_completed.json",
        "test_shared[1].json",
        "test_shared[2].json",
    ]
    if target == "live":
        texts = [path.read_text("utf-8") for path in pytester.path.rglob("*.json")]
        assert not any(live.credential.client_secret in text for text in texts)
        assert json.loads(texts[0])["recorded"]["source"] == "live"
    no_network()
    pytester.runpytest("--cards-cassettes", "replay").assert_outcomes(passed=4)
    pytester.runpytest("--cards-cassettes", "replay", "-k", "2 or completed").assert_outcomes(
        passed=2, deselected=2
    )


def test_declared_fields_are_redacted_and_the_replay_still_matches(
    pytester: pytest.Pytester,
) -> None:
    """The recording test sees real values, the file does not, and a replay finds its requests."""
    pytester.makeini("[pytest]\natomic_cards_redact = email, userId, usersById\n")
    pytester.makepyfile(
        test_it="""
        import os

        def test_one(cards):
            address = os.environ["ADDRESS"]
            card = cards.seed(user_id=address)
            if os.environ["ATOMIC_CARDS_CASSETTES"] == "record":
                assert card.user_id == address
            assert cards.list(user_id=address)
            cards.complete(card, {"email": address})
        """
    )
    for mode, address in (("record", "someone@example.com"), ("replay", "other@example.org")):
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("ADDRESS", address)
            environment.setenv("ATOMIC_CARDS_CASSETTES", mode)
            pytester.runpytest().assert_outcomes(passed=1)
    (path,) = pytester.path.rglob("test_one.json")
    assert "someone" not in path.read_text("utf-8")


def test_a_malformed_field_to_redact_ends_the_run(pytester: pytest.Pytester) -> None:
    """The setting is reported with its allowed values, before anything runs."""
    result = pytester.runpytest("--cards-cassettes", "record", "--cards-redact", "a..b")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--cards-redact: a field to redact is a name*not 'a..b'*"])


def test_the_header_shows_the_mode(pytester: pytest.Pytester) -> None:
    """The first lines of a run say what is done with cassettes and where they are."""
    result = pytester.runpytest("--cards-cassettes", "replay", "--cards-cassettes-dir", "kept")
    result.stdout.fnmatch_lines(["atomic-cards: cassettes replay in kept; *"])
