"""The page's own examples are sent to a live target only where they can change no others' cards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.rules.verdicts import Violation
from pytest_atomic_cards.suite.experiments.page_examples import (
    BY_LIFECYCLE,
    BY_WHAT_OTHERS_SHARE,
    Example,
    seed_by_lifecycle,
    try_by_lifecycle,
    try_by_what_others_share,
)
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.support.errors import NotAvailableError, SettingsError

if TYPE_CHECKING:
    from live_sandbox import LiveSandbox, Serve

pytestmark = pytest.mark.usefixtures("time_flies")

CANCEL_ALL = next(one for one in BY_WHAT_OTHERS_SHARE if not one.by)


@contextmanager
def world(live: LiveSandbox) -> Iterator[Probe]:
    """A probe of a run on a live target, after its first cards."""
    cards = live.open_world()
    cards.seeder.calibrate()
    yield Probe(cards)
    cards.clean_up()


def seed_stranger(live: LiveSandbox) -> str:
    """Seed a card of others; returns its id."""
    return live.environment.seed([{"user_id": "somebody-else"}])[0].card_instance_id


@pytest.mark.filterwarnings("ignore:scope guard switched off")
@pytest.mark.parametrize("example", BY_LIFECYCLE, ids=lambda example: example.name)
def test_by_lifecycle_where_a_start_honours_it(serve: Serve, example: Example) -> None:
    """A card is changed by a lifecycle id of ours, and a card of others is not."""
    live = serve(start_lifecycle_id="honoured")
    stranger = seed_stranger(live)
    with world(live) as probe:
        try_by_lifecycle(probe, example, seed_by_lifecycle(probe))
        assert live.environment.card(stranger).status == Status.ACTIVE
        assert any(path.endswith(f"/cards/{example.action}") for path in live.log)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:scope guard switched off")
@pytest.mark.parametrize("name", ["act-finds-nothing", "prefix-match"])
@pytest.mark.parametrize("example", BY_LIFECYCLE, ids=lambda example: example.name)
def test_an_action_that_is_wrong_by_lifecycle_alone_is_found(
    serve: Serve, example: Example, name: str
) -> None:
    """Each action by lifecycleId alone has to change the card that has it, and not to find two."""
    fault = f"{name}@operation={example.action}@by=lifecycleId"
    live = serve(start_lifecycle_id="honoured", faults=[fault])
    with world(live) as probe:
        seeded = seed_by_lifecycle(probe)
        with pytest.raises(Violation):
            try_by_lifecycle(probe, example, seeded)


@pytest.mark.parametrize("answer", ["ignored", "400", "422"])
def test_by_lifecycle_where_a_start_does_not_honour_it(serve: Serve, answer: str) -> None:
    """Nothing is sent by a lifecycle id that no card of ours got, or that a start refuses."""
    with world(serve(start_lifecycle_id=answer)) as probe, pytest.raises(NotAvailableError):
        seed_by_lifecycle(probe)


def test_what_others_share_is_not_acted_on_by_default(serve: Serve) -> None:
    """Without the setting no unpinned action is sent, and the reason names the setting."""
    live = serve()
    with world(live) as probe:
        sent = live.count("PUT")
        with pytest.raises(NotAvailableError, match="ATOMIC_CARDS_DEDICATED_ENVIRONMENT"):
            try_by_what_others_share(probe, CANCEL_ALL, None)
        assert live.count("PUT") == sent


def test_a_dedicated_environment_is_refused_if_others_have_cards_there(serve: Serve) -> None:
    """A card of others that is listed in the environment stops every unpinned action."""
    live = serve()
    stranger = seed_stranger(live)
    with world(live) as probe:
        for example in BY_WHAT_OTHERS_SHARE:
            with pytest.raises(NotAvailableError, match=r"did not seed|have no eventName"):
                try_by_what_others_share(probe, example, "declared")
            assert live.environment.card(stranger).status == Status.ACTIVE, example.name


def test_in_a_dedicated_environment_everything_is_cancelled_with_a_warning(serve: Serve) -> None:
    """An action without any attribute changes all cards of the run, and warns."""
    live = serve()
    with world(live) as probe, pytest.warns(UserWarning, match="scope guard switched off"):
        try_by_what_others_share(probe, CANCEL_ALL, "declared")
    assert live.open_cards == []


def test_a_dedicated_environment_is_the_one_in_use(serve: Serve) -> None:
    """Another id than that of the environment in use is refused, as it may be a mistake."""
    live = serve()
    assert live.settings(dedicated_environment=live.environment.environment_id)
    with pytest.raises(SettingsError, match="is not the environment in use"):
        live.settings(dedicated_environment="another")


def test_the_examples_are_those_of_the_page() -> None:
    """Dismiss and complete are tried by lifecycleId, cancel by cardTemplateId."""
    shown = {(one.action, one.by) for one in (*BY_LIFECYCLE, *BY_WHAT_OTHERS_SHARE)}
    assert {
        (Action.DISMISS, "lifecycleId"),
        (Action.COMPLETE, "lifecycleId"),
        (Action.CANCEL, "cardTemplateId"),
    } <= shown
