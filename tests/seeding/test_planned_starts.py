"""Which cards of many customers share a start."""

from __future__ import annotations

from pytest_atomic_cards.model.card_spec import CardSpec
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.targets.seeding.planned_starts import by_state, planned_starts

ACTIVE = CardSpec()
DISMISSED = CardSpec(status=Status.DISMISSED)
EMBARGOED = CardSpec(status=Status.EMBARGOED)


def states(*customers: list[CardSpec], apart: bool = True) -> list[list[str]]:
    """The states of the cards of each start that customers take."""
    wanted = {f"user-{number}": specs for number, specs in enumerate(customers)}
    return [[spec.status.value for spec in start] for start in planned_starts(wanted, apart=apart)]


def test_one_start_serves_many_customers() -> None:
    """Customers with a card each take one start, also in different states."""
    assert states([ACTIVE], [DISMISSED], [ACTIVE]) == [["active", "dismissed", "active"]]


def test_cards_of_a_customer_are_in_different_starts() -> None:
    """A start has one card of a customer, unless cards that are alike may share one."""
    assert len(states([ACTIVE, ACTIVE], [ACTIVE, ACTIVE])) == 2
    assert len(states([ACTIVE, ACTIVE], apart=False)) == 1
    assert len(states([ACTIVE, DISMISSED], apart=False)) == 2


def test_cards_in_one_state_are_together() -> None:
    """A card joins the start of its state, so that one action closes all cards of the start."""
    assert states([ACTIVE, DISMISSED], [DISMISSED], [ACTIVE]) == [
        ["active", "active"],
        ["dismissed", "dismissed"],
    ]


def test_cards_that_may_be_hidden_have_a_start_of_their_own() -> None:
    """Embargoed cards, which a target may refuse or never list, do not endanger others."""
    assert states([EMBARGOED], [ACTIVE]) == [["embargoed"], ["active"]]


def test_a_start_is_parted_by_state() -> None:
    """If a start fails, each state is tried alone."""
    (start,) = planned_starts({"a": [ACTIVE], "b": [DISMISSED], "c": [ACTIVE]})
    assert [[spec.user_id for spec in part] for part in by_state(start)] == [["a", "c"], ["b"]]
