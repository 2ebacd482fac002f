"""Targets whose listings are stale, go back, or have a different order each time."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_atomic_cards.client.overlap import Overlap
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.suite.experiments.cancel_experiment import drain
from pytest_atomic_cards.suite.probing.action_responses import response_of
from pytest_atomic_cards.suite.probing.listing_stability import is_repeatable, shows_otherwise
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import ContractBrokenError, NotAvailableError, SeedingError
from pytest_atomic_cards.support.recorder import NULL_RECORDER
from pytest_atomic_cards.targets.seeding.listing_reader import Found, Group

if TYPE_CHECKING:
    from contract_runs import RunContracts
    from live_sandbox import Serve

    from pytest_atomic_cards.rules.finding import Finding

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("time_flies")]

AN_ACTION = "http://cards.test/v1/environment/cards"


@pytest.fixture
def _live(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs contracts against a served sandbox as their target."""
    serve().be_the_target(monkeypatch)


@pytest.fixture
def _live_with_two_cards(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, with a flow that creates two cards for each customer; no match is an error."""
    live = serve(cards_per_target="2", zero_match_action="404")
    live.be_the_target(monkeypatch)


@pytest.mark.usefixtures("_live")
@pytest.mark.parametrize(
    ("meanwhile", "verdict"),
    [("probe.cards.dismiss(card)", "held"), ("pass", "violated")],
    ids=["changed", "same"],
)
def test_a_listing_counts_if_it_is_still_so(
    meanwhile: str,
    verdict: str,
    run_contracts: RunContracts,
    findings: list[Finding],
) -> None:
    """A contract runs again if the listing that violated it has changed meanwhile."""
    run_contracts(
        f"""
        RUNS = []

        @requirement("PAGE-01")
        def test_documented(probe):
            RUNS.append(1)
            card = probe.cards.seed()
            pin = CardQuery(flow_invocation_id=card.flow_invocation_id)
            listing = probe.api.list_exchange(pin)
            if len(RUNS) == 1:
                {meanwhile}
                expect(False, listing, expected="one thing", actual="another")
        """
    )
    assert [finding.verdict for finding in findings] == [verdict]


@pytest.mark.usefixtures("_live")
@pytest.mark.parametrize(
    ("left_out", "verdict"),
    [("look == 0", "held"), ("look % 3 == 0", "inconclusive")],
    ids=["lags", "comes and goes"],
)
def test_a_card_that_comes_and_goes_is_no_lag(
    left_out: str,
    verdict: str,
    run_contracts: RunContracts,
    findings: list[Finding],
) -> None:
    """A pass after a violation counts only if no card keeps coming back in listings."""
    run_contracts(
        f"""
        from dataclasses import replace
        from itertools import count

        from pytest_atomic_cards.client import CardsApi

        LISTED = CardsApi.list_exchange
        LOOKS = count()
        RUNS = []

        def flickering(api, query):
            look, listing = next(LOOKS), LISTED(api, query)
            left_out = len(RUNS) == 1 and {left_out}
            return replace(listing, response_body=b'{{"data": []}}') if left_out else listing

        @requirement("PAGE-01")
        def test_documented(probe, monkeypatch):
            RUNS.append(1)
            card = probe.cards.seed()
            monkeypatch.setattr(CardsApi, "list_exchange", flickering)
            pin = CardQuery(flow_invocation_id=card.flow_invocation_id)
            listing = probe.api.list_exchange(pin)
            expect(listing.json()["data"], listing, expected="a card", actual="none is listed")
        """
    )
    assert [finding.verdict for finding in findings] == [verdict]


def test_a_query_that_is_none_is_not_repeated() -> None:
    """A request that no client would send is not repeated; its response counts."""
    listing = Exchange("GET", f"{AN_ACTION}?limit=abc", datetime.now(UTC), 0.0, status=500)
    world = SimpleNamespace(
        backend=SimpleNamespace(delivery_is_certain=False),
        seeder=SimpleNamespace(listing_lag=0.0),
        clock=REAL_CLOCK,
    )
    probe: Any = SimpleNamespace(cards=world)
    assert not shows_otherwise(probe, [listing])


@pytest.mark.parametrize("action", ["dismiss", "cancel"])
def test_an_answer_of_another_form_is_open_but_for_complete(action: str) -> None:
    """Only the response to complete is sampled, so a different one to other actions is fine."""

    def answer(name: str) -> Exchange:
        return Exchange("PUT", f"{AN_ACTION}/{name}", datetime.now(UTC), 0.0, status=204)

    with pytest.raises(NotAvailableError, match=f"response to {action} is not like that"):
        response_of(answer(action))
    with pytest.raises(ContractBrokenError):
        response_of(answer("complete"))


def probe_of_pages(*, has_order: bool) -> Probe:
    """A probe of a target that lists 90 of 100 cards, in one order or in another each time."""
    cards = [Card.from_body({"cardInstanceId": f"card-{number}"}) for number in range(100)]

    def some(query: CardQuery, *_: int) -> Found:
        chosen = cards if has_order else random.sample(cards, len(cards))
        return Found(tuple(chosen[: query.limit or 90]), ())

    world: Any = SimpleNamespace(
        api=SimpleNamespace(session=SimpleNamespace(listeners=[], overlap=Overlap(1, []))),
        reader=SimpleNamespace(find=some, page=some),
        backend=SimpleNamespace(settling=0.0),
        clock=REAL_CLOCK,
        randomness=None,
        recorder=NULL_RECORDER,
    )
    return Probe(world)


@pytest.mark.parametrize("has_order", [True, False])
def test_whether_pages_have_an_order_is_noticed(has_order: bool) -> None:  # noqa: FBT001
    """If pages have different cards each time, cancels are not counted by listing them."""
    query = CardQuery(flow_invocation_id="invocation")
    assert is_repeatable(probe_of_pages(has_order=has_order), query) is has_order


def test_a_group_that_is_listed_in_part_is_not_counted() -> None:
    """If listings show fewer cards than were seeded, a cancel cannot be counted."""
    group = Group(CardQuery(flow_invocation_id="invocation"), (), ("user",) * 100)
    with pytest.raises(SeedingError, match="listings show 90 of 100"):
        drain(probe_of_pages(has_order=True), group)


def test_pages_that_lag_unequally_are_counted_again() -> None:
    """A listing that misses cards right after a cancel does not make the cancel too large."""
    cards = [Card.from_body({"cardInstanceId": f"card-{number}"}) for number in range(2_510)]
    missed: list[Card] = []

    def listed(query: CardQuery, *_: int) -> Found:
        shown = [card for card in cards if card not in missed]
        missed.clear()
        offset = query.offset or 0
        return Found(tuple(shown[offset : offset + (query.limit or 2_510)]), ())

    def cancel(_: object, query: CardQuery) -> Exchange:
        del cards[: min(query.limit or 500, 1_000)]
        missed.extend(cards[-5:])
        return Exchange("PUT", f"{AN_ACTION}/cancel", datetime.now(UTC), 0.0, status=200)

    world: Any = SimpleNamespace(
        api=SimpleNamespace(
            act_exchange=cancel, session=SimpleNamespace(listeners=[], overlap=Overlap(1, []))
        ),
        reader=SimpleNamespace(find=listed, page=listed),
        backend=SimpleNamespace(settling=0.0, delivery_is_certain=True),
        seeder=SimpleNamespace(listing_lag=0.0),
        clock=REAL_CLOCK,
        randomness=None,
        recorder=NULL_RECORDER,
    )
    group = Group(CardQuery(flow_invocation_id="invocation"), (), ("user",) * 2_510)
    drained = drain(Probe(world), group)
    steps = (drained.default, drained.excessive, drained.raised)
    assert [step.cancelled for step in steps] == [500, 1_000, 1_000]
    assert drained.left == 0


@pytest.mark.usefixtures("_live_with_two_cards")
def test_a_customer_with_several_cards_is_cancelled_once(
    run_contracts: RunContracts, findings: list[Finding]
) -> None:
    """If a customer has two cards and no match is an error, the second card is not a failure."""
    run_contracts(
        "from pytest_atomic_cards.contracts.test_query_actions import "
        "test_actions_decode_values_as_listings_do"
    )
    assert [finding.verdict for finding in findings] == ["held"]


@pytest.mark.usefixtures("_live_with_two_cards")
def test_one_of_two_cards_of_a_flow_instance_is_selected(
    run_contracts: RunContracts, findings: list[Finding]
) -> None:
    """If a flow sends two cards to a target, an action meant for one of them selects only that."""
    run_contracts(
        "from pytest_atomic_cards.contracts.test_multiple import "
        "pairs, test_other_cards_of_the_customer_stay"
    )
    assert {finding.verdict for finding in findings} == {"held"}


@pytest.mark.usefixtures("_live")
def test_the_active_card_of_a_pair_is_acted_on(
    run_contracts: RunContracts, findings: list[Finding]
) -> None:
    """The active card of a customer is found even if its start was made after that of the other."""
    run_contracts(
        """
        from dataclasses import replace

        from pytest_atomic_cards.contracts.test_multiple import (
            pairs, test_other_cards_of_the_customer_stay
        )
        from pytest_atomic_cards.suite.supply.planned_cards import PlannedCards

        @pytest.fixture(scope="session", autouse=True)
        def _embargoed_ones_first():
            take = PlannedCards.take

            def reversed_take(planned, fixture):
                groups = take(planned, fixture)
                return [replace(group, cards=group.cards[::-1]) for group in groups]

            PlannedCards.take = reversed_take
            yield
            PlannedCards.take = take
        """
    )
    assert {finding.verdict for finding in findings} == {"held"}
