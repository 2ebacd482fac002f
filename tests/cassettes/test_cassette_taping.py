"""Environments and generated contracts, recorded once and replayed without a target."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from played_parts import Recordings
from test_cassette_cases import PAYLOADS, complete_each

from pytest_atomic_cards.model.card_spec import Population
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.settings import Mode, Settings, TargetKind
from pytest_atomic_cards.recordings.cassettes.cassette_target import CassetteTarget
from pytest_atomic_cards.recordings.cassettes.manager import CassetteManager
from pytest_atomic_cards.rules.verdicts import Inconclusive
from pytest_atomic_cards.suite.supply.card_pool import CardPool
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import CardsWarning, CassetteError, NotAvailableError
from pytest_atomic_cards.targets.cards_fixture import Cards

if TYPE_CHECKING:
    from live_sandbox import Serve


HOUR = timedelta(hours=1)


def live_a_life(cards: Cards) -> list[Any]:
    """Seed, look, act, snooze, let time pass; and what was seen."""
    first, second, third = cards.seed_all(Population.of(3))
    cards.complete(first, {"quantity": 2})
    cards.snooze(second, HOUR)
    cards.pass_time(2 * HOUR)
    awake = cards.wait_for(second, Status.ACTIVE)
    expired = cards.seed(status=Status.EXPIRED)
    events = cards.controls.analytics_events()
    return [[card.raw for card in (first, second, third, awake, expired)], events]


def test_a_world_is_replayed_without_a_sandbox(
    recordings: Recordings, no_network: Callable[[], None]
) -> None:
    """Everything that was seen of a world is seen again, although it no longer exists."""
    recorded = recordings.play(Mode.RECORD, live_a_life)
    no_network()
    assert recordings.play(Mode.REPLAY, live_a_life) == recorded


def test_a_replay_has_no_sandbox_to_reach_into(recordings: Recordings) -> None:
    """A replay has no sandbox, and the error says what to use instead."""
    recordings.play(Mode.RECORD, Cards.seed)

    def reach(cards: Cards) -> None:
        _ = cards.sandbox

    with pytest.raises(NotAvailableError, match=r"behind a recording; cards\.controls"):
        recordings.play(Mode.REPLAY, reach)


def test_waiting_takes_no_time_in_a_replay(
    recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wait that failed in the recording fails at once in the replay, after as many requests."""

    def wait(cards: Cards) -> str:
        with pytest.raises(TimeoutError) as caught:
            cards.wait_for(cards.seed(), Status.EXPIRED, timeout=0.6)
        return str(caught.value)

    recorded = recordings.play(Mode.RECORD, wait).partition("after")[2]
    count = len(recordings.document["interactions"])
    monkeypatch.setattr(REAL_CLOCK, "sleep", lambda seconds: pytest.fail(f"slept for {seconds} s"))
    assert recordings.play(Mode.REPLAY, wait).partition("after")[2] == recorded
    assert count > 8


def test_no_secret_is_recorded(recordings: Recordings) -> None:
    """The secret of the world's credential and its tokens are in no recording."""
    seen: list[str] = []

    def use(cards: Cards) -> None:
        credential = cards.controls.create_credential()
        source = cards.authenticate(
            client_id=credential.client_id, client_secret=credential.client_secret
        )
        seen.extend([str(credential.client_secret), str(source.token())])
        with pytest.warns(CardsWarning, match="no cards.sandbox"):
            seen.extend(map(str, cards.sandbox._tokens.grants))
        cards.seed()

    recordings.play(Mode.RECORD, use)
    text = (recordings.directory / "part.json").read_text("utf-8")
    assert len(seen) >= 3
    assert not [secret for secret in seen if secret in text]


def test_each_part_has_a_stock_of_its_own(tmp_path: Path) -> None:
    """A reserve hands out other cards in each part, so that one replays without the other."""
    kept = {}
    for mode, parts in ((Mode.RECORD, ("one", "two", "three")), (Mode.REPLAY, ("three", "one"))):
        manager = CassetteManager(mode, tmp_path)
        target = CassetteTarget(Settings(), manager)
        with manager.use_cassette("shared"):
            cards = target.open_world()
            cards.seeder.calibrate()
            reserve = CardPool(cards.seeder, cards.recorder)
        for part in parts:
            with manager.use_cassette(part):
                kept[mode, part] = [reserve.take().pin for _ in range(4)]
    for part in ("one", "three"):
        assert kept[Mode.REPLAY, part] == kept[Mode.RECORD, part]
    assert kept[Mode.RECORD, "one"] != kept[Mode.RECORD, "two"]


def test_what_cannot_be_replayed_says_why(recordings: Recordings) -> None:
    """It reaches the target past the recording, and is not available in a replay."""

    def race(cards: Cards) -> str:
        cards.seed()
        with cards.recorder.unrecorded("requests overlap"):
            return str(cards.seed().card_instance_id)

    lost = recordings.play(Mode.RECORD, race)
    assert lost not in json.dumps(recordings.document)
    with pytest.raises(NotAvailableError, match="not replayed: requests overlap"):
        recordings.play(Mode.REPLAY, race)


def test_a_live_target_is_replayed_without_settings(
    recordings: Recordings, serve: Serve, no_network: Callable[[], None]
) -> None:
    """A recording names the target, so that its replay needs neither settings nor credentials."""

    def use(cards: Cards) -> list[Any]:
        first, second = cards.seed_all(Population.of(2))
        cards.dismiss(first)
        return [card.raw for card in (first, second, cards.wait_for(first, Status.DISMISSED))]

    live = serve(creation_delay=timedelta(seconds=0.3))
    recorded = recordings.play(Mode.RECORD, use, live.settings())
    text = (recordings.directory / "part.json").read_text("utf-8")
    assert live.credential.client_secret not in text
    assert live._server.url not in text
    assert recordings.document["recorded"]["source"] == "live"
    no_network()
    assert recordings.play(Mode.REPLAY, use) == recorded


def test_settings_of_a_replay_are_the_recorded_ones(tmp_path: Path, serve: Serve) -> None:
    """What decides which requests are sent comes from the recording, whatever is set now."""
    live = serve()
    manager = CassetteManager(Mode.RECORD, tmp_path)
    target = CassetteTarget(live.settings(effort="quick", seed=7), manager)
    with manager.use_cassette("part"):
        target.open_world().seed()
    settings = CassetteTarget(
        Settings(effort="thorough"), CassetteManager(Mode.REPLAY, tmp_path)
    ).settings
    assert (settings.effort, settings.seed) == ("quick", 7)
    assert settings.target is TargetKind.LIVE
    assert settings.environment_id == live.environment.environment_id
    assert settings.client_secret != live.credential.client_secret


def test_no_recording_at_all_is_reported(tmp_path: Path) -> None:
    """To replay an empty directory is an error that names it and says how to record."""
    with pytest.raises(CassetteError, match=r"no recording in .*--cards-cassettes record"):
        _ = CassetteTarget(Settings(), CassetteManager(Mode.REPLAY, tmp_path)).settings


def test_a_miss_is_no_verdict(recordings: Recordings) -> None:
    """A request that was not recorded ends a generated contract at once, unshrunk."""
    recordings.play(Mode.RECORD, lambda cards: complete_each(cards.recorder, cards, PAYLOADS, []))
    document = recordings.document
    document["interactions"] = document["interactions"][:6]
    (recordings.directory / "part.json").write_text(json.dumps(document), "utf-8")
    seen: list[Any] = []
    with pytest.raises(Inconclusive, match=r"is not in .*part\.json"):
        recordings.play(
            Mode.REPLAY, lambda cards: complete_each(cards.recorder, cards, PAYLOADS, seen)
        )
    assert len(seen) < 3
