"""Cards that come late, and starts whose response was lost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from shared_target import IGNORING, SharedTarget, in_words

from pytest_atomic_cards.support.errors import AtomicCardsError, SeedingError

if TYPE_CHECKING:
    from live_sandbox import Serve

    from pytest_atomic_cards.targets.cards_fixture import Cards


def seed_and_lose_the_response(world: Cards, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupt the run as soon as the target has taken a start."""
    place = world.backend.place

    def lost(*arguments: Any) -> None:  # noqa: ANN401 - passed on
        place(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(world.backend, "place", lost)
    with pytest.raises(KeyboardInterrupt):
        world.seed()


def test_a_late_card_is_kept_in_the_journal(serve: Serve) -> None:
    """A card that comes after its run has ended is reported, waited for, and cancelled."""
    shared = SharedTarget(serve(creation_delay=timedelta(hours=1)))
    target = shared.target()
    with pytest.raises(SeedingError, match="not all visible"):
        target.open_world().seed()
    (text,) = target.close().waiting
    assert "accepted as invocation" in text
    assert not shared.clean()
    assert any("0 of its 1 card(s)" in line for line in shared.said)
    shared.live.sandbox.clock.advance(timedelta(hours=2))
    assert len(shared.own_open) == 1
    assert shared.clean(), shared.said
    assert (shared.touched, shared.own_open, shared.journals) == (0, [], 0)


def test_a_card_that_comes_during_a_clean_up_is_cancelled(serve: Serve) -> None:
    """A clean-up waits as long as the settings say for cards that are late."""
    shared = SharedTarget(serve(creation_delay=timedelta(seconds=2)))
    target = shared.target()
    with pytest.raises(SeedingError):
        target.open_world().seed()
    shared.kill(target)
    shared.settings = shared.live.settings(seed_timeout=30.0)
    assert shared.clean(), shared.said
    assert (shared.touched, shared.own_open, shared.journals) == (0, [], 0)


def test_a_start_can_be_discarded(serve: Serve) -> None:
    """A start that never shows its card is given up by the id that the report names."""
    shared = SharedTarget(serve(creation_delay=timedelta(hours=1)))
    target = shared.target()
    for _ in range(2):
        with pytest.raises(SeedingError):
            target.open_world().seed()
    target.close()
    assert not shared.clean()
    first, second = [line.split()[2].rstrip(":") for line in shared.said if "left: start" in line]
    with pytest.raises(AtomicCardsError, match=f"did you mean {first}"):
        shared.clean(f"{first}x")
    assert not shared.clean(first)
    assert any(line.startswith(f"discarded {first}: a start of 1 card") for line in shared.said)
    assert not any(f"left: start {first}" in line for line in shared.said)
    assert shared.clean(second)
    assert shared.journals == 0


def test_a_start_whose_response_was_lost_is_kept(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that dies while it starts is cleaned up after, however late the card comes."""
    shared = SharedTarget(serve(creation_delay=timedelta(hours=1)))
    target = shared.target()
    world = target.open_world()
    seed_and_lose_the_response(world, monkeypatch)
    assert "may or may not have been made" in str(target.close().waiting)
    shared.live.sandbox.clock.advance(timedelta(hours=2))
    assert shared.clean(), shared.said
    assert (shared.touched, shared.own_open, shared.journals) == (0, [], 0)


@pytest.mark.parametrize("ignored", [{}, *IGNORING], ids=in_words)
def test_a_lost_response_costs_no_card_of_others(
    ignored: dict[str, set[str]], serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card whose invocation is not known is found by its customer, and cancelled alone."""
    shared = SharedTarget(serve())
    shared.live.sandbox.ignored = ignored
    target = shared.target()
    world = target.open_world()
    seed_and_lose_the_response(world, monkeypatch)
    shared.kill(target)
    assert shared.clean(), shared.said
    assert (shared.touched, shared.own_open, shared.journals) == (0, [], 0)
