"""What a start of an Action Flow is refused for, and what a live target cannot do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.client.response_views import REPEAT
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.errors import NotAvailableError, ScopeError, SeedingError

if TYPE_CHECKING:
    from live_sandbox import Serve

HOUR = timedelta(hours=1)


def test_a_missing_token_endpoint_is_named_and_no_flow_is_suspected(serve: Serve) -> None:
    """A target without one may need none: the error says so, and nothing else."""
    live = serve()
    cards = live.open_world(token_url=f"{live.settings().api_url}/no-such-path")
    with pytest.raises(SeedingError, match=r"ACCESS=none if none is needed$") as raised:
        cards.seed()
    assert "ATOMIC_CARDS_FLOW_ID" not in str(raised.value)


@pytest.mark.parametrize("flow", ["no-such-flow", "draft"])
def test_a_refused_start_names_the_settings(flow: str, serve: Serve) -> None:
    """Where a flow cannot be started the error names what to check, and holds the exchange."""
    live = serve()
    live.environment.define_flow("draft", published=False)
    with pytest.raises(SeedingError) as caught:
        live.open_world(flow_id=flow).seed()
    message = str(caught.value)
    for part in (flow, "ATOMIC_CARDS_FLOW_ID", "published", "ATOMIC_CARDS_FLOW_VARIABLES"):
        assert part in message
    assert message.splitlines()[-1].startswith(REPEAT)
    assert caught.value.exchange is not None
    assert not live.environment.cards()


def test_a_target_without_flows_is_told_of_the_hook(serve: Serve) -> None:
    """Where nothing answers to a start, the error names the other way to create cards."""
    with pytest.raises(SeedingError, match="ATOMIC_CARDS_SEEDING=hook"):
        serve().open_world(flow_id="missing").seed()


@pytest.mark.parametrize(
    ("field", "attribute"),
    [
        ("card_template_id", "cardTemplateId"),
        ("event_name", "eventName"),
        ("flow_instance_id", "flowInstanceId"),
        ("flow_invocation_id", "flowInvocationId"),
    ],
)
def test_the_flow_decides_over_attributes(field: str, attribute: str, serve: Serve) -> None:
    """An attribute that a live target chooses itself cannot be asked for; nothing is started."""
    live = serve()
    with pytest.raises(NotAvailableError, match=f"{attribute}.*leave {field} out"):
        live.open_world().seed(**{field: "chosen"})
    assert live.count("POST /v1") == 0


def test_an_ignored_lifecycle_id_is_not_available(serve: Serve) -> None:
    """If the target chooses its own lifecycle ids, asking for one is not available."""
    cards = serve(start_lifecycle_id="ignored").open_world()
    with pytest.raises(NotAvailableError, match=r"'ours'.*chooses its own"):
        cards.seed(lifecycle_id="ours")


def test_nobody_can_snooze_over_the_public_api(serve: Serve) -> None:
    """Neither a snoozed card nor the snoozing of one is to be had from a live target."""
    cards = serve().open_world()
    with pytest.raises(NotAvailableError, match="no way to snooze"):
        cards.seed(status=Status.SNOOZED)
    with pytest.raises(NotAvailableError, match="no way to snooze"):
        cards.snooze(cards.seed(), HOUR)


def test_a_live_target_cannot_be_steered(serve: Serve) -> None:
    """There is no sandbox behind a live target to reach for."""
    cards = serve().open_world()
    with pytest.raises(NotAvailableError, match="live target"):
        _ = cards.sandbox
    with pytest.raises(NotAvailableError, match="live target"):
        _ = cards.environment


def test_nothing_but_seeded_cards_can_be_acted_on(serve: Serve) -> None:
    """An action that is not pinned to cards of this run never leaves the process."""
    live = serve()
    live.environment.seed([{"user_id": "stranger"}])
    cards = live.open_world()
    own = cards.seed()
    for query in (
        CardQuery(user_id="stranger"),
        CardQuery(status=Status.ACTIVE, multiple=True),
        CardQuery(card_template_id=own.card_template_id, multiple=True),
    ):
        with pytest.raises(ScopeError, match="refused to send PUT"):
            cards.api.cancel(query)
    assert live.count("PUT") == 0
    cards.cancel(own)
    assert live.count("PUT") == 1


def test_a_generated_customer_pins_an_action(serve: Serve) -> None:
    """All cards of a customer that this run made up are its own; those of a given one are not."""
    live = serve()
    cards = live.open_world()
    generated, given = cards.seed(), cards.seed(user_id="customer-1")
    cards.api.cancel(CardQuery(user_id=generated.user_id))
    with pytest.raises(ScopeError):
        cards.api.cancel(CardQuery(user_id=given.user_id))
    assert [record.user_id for record in live.open_cards] == ["customer-1"]
