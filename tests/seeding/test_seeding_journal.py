"""The journal of what a live run starts: there before a request leaves, gone when all is clean."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pytest_atomic_cards.client.action_flows import ActionFlows
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import SeedingError, SettingsError
from pytest_atomic_cards.targets import LiveTarget, world_on
from pytest_atomic_cards.targets.seeding.journal import (
    Journal,
    Record,
    journal_directory,
    leftovers,
    notice,
    owned,
    target_name,
)

if TYPE_CHECKING:
    from pathlib import Path

    from live_sandbox import LiveSandbox, Serve

    from pytest_atomic_cards.targets.cards_fixture import Cards


def records(live: LiveSandbox, **changes: Any) -> list[Record]:  # noqa: ANN401
    """The journals that are on disk."""
    return [
        Record.read(path) for path in journal_directory(live.settings(**changes)).glob("*.jsonl")
    ]


def world_of(target: LiveTarget) -> Cards:
    """A world that waits little."""
    world = target.open_world()
    world.backend.settling = 1.0
    return world


def test_a_start_is_written_down_before_its_request(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the request leaves, the journal has its customers already; then the invocation."""
    live = serve()
    start = ActionFlows.start
    seen: list[Record] = []

    def watched(flows: ActionFlows, *arguments: Any, **more: Any) -> Any:  # noqa: ANN401
        seen.extend(records(live))
        return start(flows, *arguments, **more)

    monkeypatch.setattr(ActionFlows, "start", watched)
    target = LiveTarget(live.settings())
    card = world_of(target).seed()
    (before,) = seen[0].starts
    assert before.users == (card.user_id,)
    assert before.invocation is None
    (after,) = records(live)[0].starts
    assert after.invocation == card.flow_invocation_id
    assert after.complete
    assert not after.cleaned
    assert seen[0].target == target_name(live.settings())
    target.close()
    assert not records(live)


@pytest.mark.parametrize("processed", [True, False])
def test_a_start_that_is_interrupted_is_cleaned_up(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, *, processed: bool
) -> None:
    """Ctrl-C in the middle of a start leaves no card open; one that may still come is noted."""
    live = serve()
    start = ActionFlows.start

    def interrupted(flows: ActionFlows, *arguments: Any, **more: Any) -> Any:  # noqa: ANN401
        if processed:
            start(flows, *arguments, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(ActionFlows, "start", interrupted)
    target = LiveTarget(live.settings())
    with pytest.raises(KeyboardInterrupt), world_on(target) as cards:
        cards.seed()
    assert len(live.environment.cards()) == processed
    assert not live.open_cards
    assert bool(target.close().waiting) != processed
    assert bool(records(live)) != processed


def test_a_refused_start_is_forgotten(serve: Serve) -> None:
    """What the target refused to start is nothing to clean up."""
    live = serve()
    live.environment.flows.clear()
    target = LiveTarget(live.settings())
    with pytest.raises(SeedingError, match="was not started"):
        world_of(target).seed()
    assert records(live)[0].starts == ()
    assert live.count("GET") == 0
    target.close()
    assert not records(live)


def test_a_lost_start_for_customers_of_others_is_told(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cards that may exist under a real customer, and that nothing tells apart, are named."""
    live = serve()

    def lost(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ActionFlows, "start", lost)
    target = LiveTarget(live.settings(user_ids=("ann",)))
    with pytest.raises(KeyboardInterrupt):
        world_of(target).seed()
    (text,) = target.close().waiting
    assert "cards of ann: the response to the start was lost" in text
    assert len(records(live)) == 1
    assert live.count("PUT") == 0


def test_a_target_on_which_nothing_was_seeded_has_no_journal(serve: Serve) -> None:
    """Without a start nothing is written."""
    live = serve()
    target = LiveTarget(live.settings())
    world_of(target).list(user_id="ann")
    assert not journal_directory(live.settings()).exists()
    target.close()


def test_a_journal_that_cannot_be_written_stops_the_run(serve: Serve, tmp_path: Path) -> None:
    """Nothing is seeded where what is seeded cannot be written down."""
    live = serve()
    (tmp_path / "file").touch()
    target = LiveTarget(live.settings(journal=tmp_path / "file"))
    with pytest.raises(SettingsError, match="ATOMIC_CARDS_JOURNAL"):
        world_of(target).seed()
    assert not live.log
    target.close()


def test_the_journal_lies_where_the_settings_say(serve: Serve, tmp_path: Path) -> None:
    """A directory of the settings is made if needed, and only its owner can read the file."""
    live = serve()
    directory = tmp_path / "some" / "where"
    target = LiveTarget(live.settings(journal=directory))
    world_of(target).seed()
    (path,) = directory.glob("*.jsonl")
    assert path.stat().st_mode & 0o077 == 0
    assert leftovers(directory, target_name(live.settings())) == []
    target.close()
    assert not list(directory.iterdir())


def test_a_torn_last_line_counts_as_not_written(tmp_path: Path) -> None:
    """Of a journal that was cut by a crash all whole lines are read, down to none at all."""
    lines = [
        {"format": 1, "target": "somewhere"},
        {"start": 1, "users": ["contract-0123456789ab"], "others": [], "states": ["active"]},
        {"start": 1, "invocation": "invocation-1"},
    ]
    text = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    path = tmp_path / "journal.jsonl"
    for length in range(len(text) + 1):
        path.write_bytes(text[:length])
        record = Record.read(path)
        whole = text[:length].count(b"\n")
        assert record.target == ("somewhere" if whole else "")
        assert len(record.starts) == (whole > 1)
        assert [start.invocation for start in record.starts] == ["invocation-1"] * (whole > 2) + [
            None
        ] * (whole == 2)


def test_a_journal_in_use_is_nobody_elses(serve: Serve) -> None:
    """Only when its run has ended can a journal be taken hold of."""
    live = serve(wrong_state="409", cancel_embargoed="refused")
    settings = live.settings()
    target = LiveTarget(settings)
    world_of(target).seed_all(Population((CardSpec(embargo=timedelta(hours=1)),)))
    (record,) = records(live)
    with owned(record.path) as free:
        assert not free
    assert target.close().waiting
    assert leftovers(journal_directory(settings), target_name(settings)) == [record.path]
    with owned(record.path) as free:
        assert free


def test_a_journal_with_a_numeric_customer_is_read(serve: Serve) -> None:
    """A generated customer id of digits only is one that a journal may hold."""
    live = serve()
    target = LiveTarget(live.settings())
    world = world_of(target)
    card = world.seed(user_id=world.backend.new_number())
    (record,) = records(live)
    assert record.starts[0].users == (card.user_id,)
    target.close()


def test_a_journal_is_gone_on_with_after_a_torn_line(tmp_path: Path) -> None:
    """A clean-up that writes into the journal of a crash leaves one that can be read."""
    path = tmp_path / "mark-20300101T000000-1-0a1b2c3d.jsonl"
    lines = [
        b'{"format": 1, "target": "t", "begun": "2030-01-01T00:00:00+00:00"}',
        b'{"start": 1, "users": ["contract-0123456789ab"], "others": [], "states": []}',
        b'{"start": 1, "invoc',
    ]
    path.write_bytes(b"\n".join(lines))
    journal = Journal.resume(Record.read(path))
    journal.write(start=1, complete=True)
    (start,) = Record.read(path).starts
    assert (journal.name, start.complete, start.before) == ("0a1b2c3d", True, None)


def test_what_existed_before_outlives_a_start_that_was_refused(tmp_path: Path) -> None:
    """Each entry adds to what was there before, also where its start is withdrawn."""
    journal = Journal(tmp_path, "target")
    for number, before in enumerate([["card-1"], ["card-1", "card-2"], ["card-2"]]):
        journal.write(
            start=number, users=[], others=["ann"], states=[], before=journal.unknown(before)
        )
    journal.write(start=0)
    journal.write(start=1)
    assert journal.path is not None
    (start,) = Record.read(journal.path).starts
    assert start.before == {"card-1", "card-2"}
    journal.close(keep=False)


@pytest.mark.parametrize(
    ("where", "command"),
    [
        ({"app": "mock:app"}, "atomic-cards clean --cards-app mock:app ("),
        ({"api_url": "https://api.example"}, "atomic-cards clean ("),
    ],
    ids=["app", "url"],
)
def test_the_notice_names_the_command_that_finds_the_target(
    where: dict[str, Any], command: str, tmp_path: Path
) -> None:
    """An application is named by an option, which the command to clean up needs as well."""
    settings = Settings(target="live", journal=tmp_path, environment_id="test", **where)
    journal = Journal(journal_directory(settings), target_name(settings))
    journal.write(start=0, users=["ann"], others=[], states=[], before=[])
    journal.close(keep=True)
    assert command in notice(settings, REAL_CLOCK.now())
