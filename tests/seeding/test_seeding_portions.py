"""Seeding where a target bounds what one start may ask for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.support.errors import NotAvailableError, OutcomeUnknownError, SeedingError

if TYPE_CHECKING:
    from live_sandbox import LiveSandbox, Serve

    from pytest_atomic_cards.client.action_flows import ActionFlows, FlowTarget, Invocation
    from pytest_atomic_cards.targets.cards_fixture import Cards


REFUSED = {
    400: "Bad Request",
    409: "Conflict",
    413: "Content Too Large",
    422: "Unprocessable Content",
}


@dataclass
class Limits:
    """What the Action Flow API of a target accepts; stands before the one of a sandbox.

    Args:
        flows: The real one.
        most: The most customers of all targets of one start.
        status: The answer to more of them.
        joins: Whether a start may name the invocation that it belongs to.
        again: The answer to a start that names one; 0 if it is processed.
        lost: Numbers of the accepted starts whose answer is lost though they were processed.
        sizes: Customers of each accepted start.
    """

    flows: ActionFlows
    most: int = 1
    status: int = 400
    joins: bool = True
    again: int = 0
    lost: frozenset[int] = frozenset()
    sizes: list[int] = field(default_factory=list)

    def start(
        self,
        flow_id: str,
        targets: list[FlowTarget],
        *,
        flow_invocation_id: str | None,
        **how: Any,  # noqa: ANN401 - passed on
    ) -> Invocation:
        """Start, or refuse as too large."""
        size = sum(len(target.users) for target in targets)
        status = self.status if size > self.most else self.again if flow_invocation_id else 0
        if status:
            answer = Exchange("POST", "http://cards.test", datetime.now(UTC), 0, status=status)
            raise SeedingError(REFUSED[status], answer)
        self.sizes.append(size)
        wanted = flow_invocation_id if self.joins else None
        invocation = self.flows.start(flow_id, targets, flow_invocation_id=wanted, **how)
        if len(self.sizes) in self.lost:
            raise OutcomeUnknownError("no answer", invocation.exchange)
        return invocation


def limited(
    live: LiveSandbox,
    *,
    user_ids: tuple[str, ...] = (),
    **how: Any,  # noqa: ANN401 - fields of Limits
) -> tuple[Cards, Limits]:
    """A world on a target with limits."""
    cards = live.open_world(user_ids=user_ids)
    limits = Limits(cards.backend._flows, **how)
    cards.backend._flows = limits
    return cards, limits


def invocations(live: LiveSandbox) -> set[str]:
    """The invocations of all cards."""
    return {record.flow_invocation_id for record in live.environment.cards()}


@pytest.mark.parametrize("status", REFUSED)
@pytest.mark.parametrize(("most", "sizes"), [(1, [1] * 7), (4, [1] * 7), (6, [5, 2]), (100, [7])])
def test_further_starts_join_the_invocation(
    most: int, sizes: list[int], status: int, serve: Serve
) -> None:
    """A population is placed by fewer and larger starts if accepted, all of one invocation."""
    live = serve()
    cards, limits = limited(live, most=most, status=status)
    (group,) = cards.seeder.seed(Population.of(7))
    assert limits.sizes == sizes
    assert invocations(live) == {group.pin.flow_invocation_id}
    assert len({card.user_id for card in group.cards}) == 7


def test_customers_are_kept_in_portions(serve: Serve) -> None:
    """Given customers, also the only ones that may be targeted, get their cards in their order."""
    cards, _ = limited(serve(), user_ids=("ann", "bob"))
    specs = Population(tuple(CardSpec(user_id=user) for user in ("bob", "ann", "bob")))
    (group,) = cards.seeder.seed(specs)
    assert [card.user_id for card in group.cards] == ["bob", "ann", "bob"]
    assert {card.flow_invocation_id for card in group.cards} == {group.pin.flow_invocation_id}


@pytest.mark.parametrize("how", [{"joins": False}, {"again": 409}, {"again": 400}])
@pytest.mark.parametrize("status", [Status.ACTIVE, Status.COMPLETED, Status.EMBARGOED])
def test_invocations_of_their_own_share_a_customer(
    status: Status, how: dict[str, Any], serve: Serve
) -> None:
    """Where no start can join an invocation one customer of this run holds the cards."""
    live = serve()
    cards, _ = limited(live, **how)
    first, second = cards.seeder.seed(*[Population.of(3, CardSpec(status=status))] * 2)
    assert first.pin.user_id != second.pin.user_id
    for group in (first, second):
        assert {card.user_id for card in group.cards} == {group.pin.user_id}
        assert len({card.flow_invocation_id for card in group.cards}) == 3
        assert [card.status for card in group.cards] == [status] * 3
    cards.clean_up()
    assert not live.open_cards


def test_what_cannot_belong_together_is_told(serve: Serve) -> None:
    """Neither given customers nor allowed ones can hold a group of several invocations."""
    live = serve()
    cards, _ = limited(live, joins=False)
    with pytest.raises(NotAvailableError, match=r"its own invocation.*that are wanted"):
        cards.seed_all(Population.of(2, CardSpec(user_id="customer-1")))
    allowed, _ = limited(live, joins=False, user_ids=("ann", "bob"))
    with pytest.raises(NotAvailableError, match=r"its own invocation.*ATOMIC_CARDS_USER_IDS"):
        allowed.seed_all(Population.of(2))
    cards.clean_up()
    allowed.clean_up()
    assert not live.open_cards


def test_many_cards_come_of_many_starts(serve: Serve) -> None:
    """A bulk that is refused as a whole is one group all the same, in the largest portions."""
    cards, limits = limited(serve(), most=60)
    group = cards.seeder.seed_bulk(250)
    assert len(group.cards) == 250
    assert limits.sizes == [20] * 12 + [10]


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.EMBARGOED])
@pytest.mark.parametrize("joins", [True, False])
def test_a_lost_answer_leaves_no_card_behind(
    joins: bool,  # noqa: FBT001
    status: Status,
    serve: Serve,
) -> None:
    """No group holds cards of a start whose answer was lost, and the clean-up cancels them."""
    live = serve()
    cards, _ = limited(live, joins=joins, lost=frozenset({2}))
    (group,) = cards.seeder.seed(Population.of(3, CardSpec(status=status)))
    assert len(group.cards) == 3
    assert len(cards.list(group.pin)) == 3
    assert len(live.environment.cards()) > 3
    cards.clean_up()
    assert not live.open_cards


@pytest.mark.parametrize("flow", ["no-such-flow"])
def test_a_refusal_for_another_reason_is_not_repeated(flow: str, serve: Serve) -> None:
    """An unknown flow is not asked for in smaller portions."""
    live = serve()
    with pytest.raises(SeedingError, match="no-such-flow"):
        live.open_world(flow_id=flow).seed_all(Population.of(30))
    assert live.count("POST /v1") == 1
