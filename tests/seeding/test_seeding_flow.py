"""Seeding through an Action Flow, against a sandbox behind a socket."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from itertools import cycle
from typing import TYPE_CHECKING, Any, Literal

import pytest

from pytest_atomic_cards.client.response_views import REPEAT
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.clock import REAL_CLOCK
from pytest_atomic_cards.support.errors import NotAvailableError, ScopeError, SeedingError
from pytest_atomic_cards.targets import live_target
from pytest_atomic_cards.targets.seeding import awaited_cards, wait_for_cards
from pytest_atomic_cards.targets.seeding.flow_backend import FlowBackend, ServerClock
from pytest_atomic_cards.targets.seeding.listing_reader import Found, Reader

if TYPE_CHECKING:
    from live_sandbox import Serve

    from pytest_atomic_cards.targets.cards_fixture import Cards

HOUR = timedelta(hours=1)
SHORTLY = timedelta(milliseconds=150)
NOW = datetime.now(UTC)


def starts(cards: Cards) -> list[list[dict[str, Any]]]:
    """The ``flows`` of every start that is sent from now on."""
    sent: list[list[dict[str, Any]]] = []

    def observe(exchange: Exchange) -> None:
        if exchange.path.endswith(("/start", "/test")):
            sent.append(json.loads(exchange.request_body)["flows"])

    cards.api.session.listeners.append(observe)
    return sent


def users_of(flow: dict[str, Any]) -> list[str]:
    """The customers that one element of ``flows`` targets."""
    users: list[str] = flow["target"]["usersById"]
    return users


# Waiting


def test_cards_that_appear_late_are_waited_for(serve: Serve) -> None:
    """A card that is created some time after the start is polled for, and returned active."""
    live = serve(creation_delay=SHORTLY)
    card = live.open_world().seed(user_id="customer-1")
    assert (card.user_id, card.status) == ("customer-1", Status.ACTIVE)
    assert live.count("GET /v1/sandbox/cards") > 1


def test_a_listing_that_fails_until_cards_appear_is_endured(serve: Serve) -> None:
    """A target that fails where no card matches can be seeded, as others judge the failure."""
    live = serve(creation_delay=SHORTLY, faults=["no-match-gives-500"])
    assert live.open_world().seed().status is Status.ACTIVE


def test_what_a_listing_failed_with_is_told(serve: Serve) -> None:
    """Where cards never appear and listings fail, the error names the failure."""
    live = serve(creation_delay=HOUR, faults=["no-match-gives-500"])
    cards = live.open_world(seed_timeout=0.3)
    with pytest.raises(SeedingError, match=r"not all visible after 0.3 s .*; listing .* HTTP 500"):
        cards.seed()


def test_a_listing_that_is_none_is_not_waited_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a success holds no listing, which no wait will mend, seeding is given up soon."""
    monkeypatch.setattr(awaited_cards, "_FEW_SECONDS", 0.2)
    cards = serve(faults=["listing-of-text"]).open_world(seed_timeout=36_000)
    with pytest.raises(SeedingError, match=r"after 0.2 s .*; listing .* must be a JSON object"):
        cards.seed()


def test_cards_that_never_appear_are_given_up(serve: Serve) -> None:
    """After the seed timeout the error says how many cards of which invocation are missing."""
    cards = serve(creation_delay=HOUR).open_world(seed_timeout=0.1)
    with pytest.raises(SeedingError, match=r"2 seeded card.* invocation-\w+.*after 0\.1 s"):
        cards.seed_all(Population.of(2))


def test_some_of_the_cards_are_not_enough(serve: Serve) -> None:
    """As long as one card of a population is not listed, none is handed over."""
    cards = serve(faults=["newest-card-missing"]).open_world(seed_timeout=0.1)
    users = ["customer-a", "customer-b", "customer-c"]
    with pytest.raises(SeedingError, match="3 seeded card"):
        cards.seed_all(Population(tuple(CardSpec(user_id=user) for user in users)))


def test_cards_that_their_invocation_does_not_list_are_found_by_customer(serve: Serve) -> None:
    """A target whose listings lack a card can be tried, so that contracts name what is wrong."""
    cards = serve(faults=["newest-card-missing"]).open_world(seed_timeout=0.1)
    assert len({card.user_id for card in cards.seed_all(Population.of(3))}) == 3


def test_one_start_seeds_a_whole_population(serve: Serve) -> None:
    """All cards of a population come from one start, in the order of its specs."""
    live = serve()
    cards = live.open_world()
    users = ["customer-b", "customer-a", "customer-c"]
    seeded = cards.seed_all(Population(tuple(CardSpec(user_id=user) for user in users)))
    assert [card.user_id for card in seeded] == users
    assert live.count("POST /v1/sandbox/action-flow") == 1


def test_a_flow_that_sends_several_cards_is_taken_whole(serve: Serve) -> None:
    """All cards that a flow sends to its targets belong to the group and go along in its state."""
    live = serve()
    live.environment.define_flow(live.sandbox.flow_id, ("bill", "reminder"))
    cards = live.open_world()
    (group,) = cards.seeder.seed(Population.of(3, CardSpec(status=Status.DISMISSED)))
    assert len(group.cards) == 6
    assert {card.card_template_id for card in group.cards} == {"bill", "reminder"}
    assert {card.status for card in live.environment.cards()} == {Status.DISMISSED}


def test_a_flow_that_sends_several_cards_still_gives_one_for_one_spec(serve: Serve) -> None:
    """Seeding one card returns one card, which can be acted on alone."""
    live = serve(cards_per_target="2")
    cards = live.open_world()
    card = cards.seed()
    cards.dismiss(card)
    assert cards.get(card).status is Status.DISMISSED
    states = sorted(record.status.value for record in live.environment.cards())
    assert states == ["active", "dismissed"]


@pytest.mark.parametrize("rehearsed", [True, False])
def test_a_flow_that_sends_some_targets_more_is_taken_whole(
    rehearsed: bool,  # noqa: FBT001
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where more cards come than targets were named, the group is handed over once no more do."""
    monkeypatch.setattr(wait_for_cards, "_LEAST_WATCH", 0.1)
    live = serve()
    live.environment.define_flow(live.sandbox.flow_id, ("bill", "reminder"))
    cards = live.open_world()
    find, shown = Reader.find, iter([5] if rehearsed else [])

    def some_late(reader: Reader, query: CardQuery, most_pages: int = 6, **how: float) -> Found:
        found = find(reader, query, most_pages, **how)
        return Found(found.cards[: next(shown, None)], found.exchanges)

    monkeypatch.setattr(Reader, "find", some_late)
    if rehearsed:
        cards.seeder.calibrate()
    shown = iter([4, 4, 5])
    (group,) = cards.seeder.seed(Population.of(3))
    assert len(group.cards) == 6


def test_cards_on_changing_pages_are_found(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each listing leaves out another card, all are found as soon as each was listed once."""
    cards = serve().open_world(seed_timeout=5.0)
    page = Reader.page
    left_out = cycle(range(3))

    def changing(reader: Reader, query: CardQuery) -> Found:
        found = page(reader, query)
        hidden = next(left_out)
        return Found((*found.cards[:hidden], *found.cards[hidden + 1 :]), found.exchanges)

    monkeypatch.setattr(Reader, "page", changing)
    (group,) = cards.seeder.seed(Population.of(3))
    assert len(group.cards) == 3


@pytest.mark.parametrize("flickers", [True, False])
def test_listings_that_go_back_are_given_time(
    flickers: bool,  # noqa: FBT001
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where a rehearsal has seen a card vanish from listings, seeding waits until all is steady."""
    monkeypatch.setattr(live_target, "AT_ONCE", 1)  # so that it is known who gets which listing
    cards = serve().open_world()
    page = Reader.page
    shown = iter([True, True, *[not flickers] * 4])

    def flickering(reader: Reader, query: CardQuery) -> Found:
        return page(reader, query) if next(shown, True) else Found((), ())

    monkeypatch.setattr(Reader, "page", flickering)
    cards.seeder.calibrate()
    began = time.monotonic()
    cards.seed()
    assert (cards.seeder.listing_lag >= 1.0) == flickers
    assert time.monotonic() - began >= cards.seeder.listing_lag


# What is asked for


@pytest.mark.parametrize(
    ("specs", "targeted"),
    [
        ([{"user_id": "a"}, {"user_id": "b"}, {"user_id": "c"}], [["a", "b", "c"]]),
        ([{"user_id": "a"}, {"user_id": "a"}, {"user_id": "b"}], [["a", "b"], ["a"]]),
        ([{"user_id": "a"}, {"user_id": "b", "priority": 1}], [["a"], ["b"]]),
        ([{"user_id": "a", "variables": {"n": 1}}, {"user_id": "b"}], [["a"], ["b"]]),
        ([{"user_id": "a", "metadata": {"n": 1}}, {"user_id": "b"}], [["a"], ["b"]]),
        ([{"user_id": "a", "expires": HOUR}, {"user_id": "b", "expires": HOUR}], [["a", "b"]]),
        ([{"user_id": "a", "expires": HOUR}, {"user_id": "b"}], [["a"], ["b"]]),
    ],
)
def test_targets_hold_cards_that_are_alike(
    specs: list[dict[str, Any]], targeted: list[list[str]], serve: Serve
) -> None:
    """One target of a start names all customers whose cards are alike, and none of them twice."""
    cards = serve().open_world()
    sent = starts(cards)
    seeded = cards.seed_all(Population(tuple(CardSpec(**spec) for spec in specs)))
    assert [users_of(flow) for flow in sent[0]] == targeted
    assert sorted(str(card.user_id) for card in seeded) == sorted(spec["user_id"] for spec in specs)


def test_everything_that_a_card_is_given_is_sent(serve: Serve) -> None:
    """Variables, metadata, priority and expiry of a spec arrive at the card."""
    live = serve()
    card = live.open_world(flow_variables={"name": "of the settings", "due": "today"}).seed(
        variables={"name": "of the spec"}, metadata={"run": 7}, priority=2, expires=HOUR
    )
    assert card.payload["detail"] == {"name": "of the spec", "due": "today"}
    assert card.payload["metadata"] == {"run": 7}
    assert card.payload["cardOptions"]["priority"] == 2
    (record,) = live.environment.cards()
    assert record.expires_at is not None


def test_users_are_generated_and_never_repeated(serve: Serve) -> None:
    """Cards without a user get customers that no other run has, one each."""
    live = serve()
    for _ in range(2):
        live.open_world().seed_all(Population.of(3))
    assert len({record.user_id for record in live.environment.cards()}) == 6


def test_only_the_allowed_users_are_targeted(serve: Serve) -> None:
    """With ATOMIC_CARDS_USER_IDS cards go to those customers in turn, and to no others."""
    cards = serve().open_world(user_ids=("ann", "bob"))
    seeded = cards.seed_all(Population.of(3))
    assert sorted(str(card.user_id) for card in seeded) == ["ann", "ann", "bob"]
    assert cards.seed(user_id="bob").user_id == "bob"
    with pytest.raises(NotAvailableError, match=r"ATOMIC_CARDS_USER_IDS.*'eve'"):
        cards.seed(user_id="eve")
    for generate in (cards.backend.new_user, cards.backend.new_number):
        with pytest.raises(NotAvailableError, match="ATOMIC_CARDS_USER_IDS"):
            generate()


def test_a_live_customer_can_be_a_number(serve: Serve) -> None:
    """A generated id of digits only is one that the run may act on."""
    cards = serve().open_world()
    card = cards.seed(user_id=cards.backend.new_number())
    assert card.user_id is not None
    assert card.user_id.isdecimal()
    cards.api.cancel(CardQuery(user_id=card.user_id))
    assert cards.get(card).status is Status.CANCELLED


def test_a_flow_that_is_not_published_can_be_tested(serve: Serve) -> None:
    """In flow mode test the flow's test endpoint is used, and its cards are found all the same."""
    live = serve()
    live.environment.define_flow("draft", published=False)
    live.environment.test_users = frozenset({"tester"})
    card = live.open_world(flow_id="draft", flow_mode="test", user_ids=("tester",)).seed()
    assert card.event_source == "test"
    assert live.count("POST /v1/sandbox/action-flow/draft/test") == 1


def test_a_user_who_is_no_test_user_is_told(serve: Serve) -> None:
    """Where test mode ignores a customer the error names the setting that should be checked."""
    live = serve()
    live.environment.test_users = frozenset({"tester"})
    users = ("customer-1", "tester")
    cards = live.open_world(flow_mode="test", user_ids=users, seed_timeout=0.1)
    with pytest.raises(SeedingError, match=r"all visible.*flow mode test.*ATOMIC_CARDS_USER_IDS"):
        cards.seed(user_id="customer-1")
    assert cards.seed(user_id="tester").user_id == "tester"


# Refusals


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


def test_a_start_names_lifecycle_ids(serve: Serve) -> None:
    """Cards get the lifecycle ids that their specs name, and others get ids of the target."""
    live = serve()
    specs = [CardSpec(lifecycle_id="one"), CardSpec(lifecycle_id="two"), CardSpec()]
    group = live.open_world().seeder.seed(Population(tuple(specs)))[0]
    first, second, third = [card.lifecycle_id for card in group.cards]
    assert (first, second) == ("one", "two")
    assert third not in {None, "one", "two"}


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


# States


@pytest.mark.parametrize("state", [Status.DISMISSED, Status.COMPLETED, Status.CANCELLED])
@pytest.mark.parametrize("closed_cards_listed", ["yes", "only-by-status"])
def test_closed_cards_are_made_by_acting(
    state: Status, closed_cards_listed: str, serve: Serve
) -> None:
    """A card is brought to a closed state through the API, wherever closed cards are listed."""
    live = serve(closed_cards_listed=closed_cards_listed)
    assert live.open_world().seed(status=state).status is state
    assert [record.status for record in live.environment.cards()] == [state]


def test_cancelled_cards_may_leave_all_listings(serve: Serve) -> None:
    """Where cancelled cards are never listed they can be seeded all the same."""
    live = serve(cancelled_cards_listed="no")
    cards = live.open_world()
    card = cards.seed(status=Status.CANCELLED)
    assert card.status is Status.CANCELLED
    assert cards.get(card).status is None
    assert [record.status for record in live.environment.cards()] == [Status.CANCELLED]


def test_cards_of_one_population_can_be_in_different_states(serve: Serve) -> None:
    """Each card is in the state that its own spec asks for."""
    states = [Status.COMPLETED, Status.ACTIVE, Status.DISMISSED, Status.EMBARGOED]
    live = serve()
    specs = Population(tuple(CardSpec(status=state) for state in states))
    assert [card.status for card in live.open_world().seed_all(specs)] == states
    assert sorted(record.status for record in live.environment.cards()) == sorted(states)


def test_embargo_and_expiry_are_asked_for_and_read_back(serve: Serve) -> None:
    """An embargoed card is embargoed; one that expires is waited for until it has."""
    cards = serve().open_world()
    assert cards.seed(embargo=HOUR).status is Status.EMBARGOED
    expired = cards.seed(status=Status.EXPIRED, expires=SHORTLY)
    assert cards.get(expired).status is Status.EXPIRED


def test_cards_that_expire_before_they_are_listed_are_found(serve: Serve) -> None:
    """Where closed cards are listed by their state alone, an expired one is looked for so."""
    live = serve(creation_delay=2 * SHORTLY, closed_cards_listed="only-by-status")
    card = live.open_world(seed_timeout=5.0).seed(status=Status.EXPIRED, expires=SHORTLY)
    assert card.status is Status.EXPIRED


@pytest.mark.parametrize(
    "wanted",
    [{"embargo": HOUR}, {"status": Status.EXPIRED, "expires": SHORTLY}],
    ids=["embargo", "expiry"],
)
def test_delivery_options_that_are_not_honoured_are_told(
    wanted: dict[str, Any], serve: Serve
) -> None:
    """A flow that overrides embargo or expiry makes such cards unavailable, not wrong."""
    cards = serve(delivery_options="ignored").open_world(settling=0.1)
    with pytest.raises(NotAvailableError, match=r"did not honour.*delivery options"):
        cards.seed(**wanted)


@pytest.mark.parametrize("status", [400, 403, 500])
def test_delivery_options_that_are_refused_are_told(
    status: int, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flow that starts without options, and refuses them, makes such cards unavailable."""
    cards = serve().open_world()
    cards.seed()

    def refuse(*_: object) -> str:
        raise SeedingError("not started", Exchange("POST", "http://x", NOW, 0.0, status=status))

    monkeypatch.setattr(FlowBackend, "place", refuse)
    with pytest.raises(SeedingError):
        cards.seed()
    refused = NotAvailableError if status < HTTPStatus.INTERNAL_SERVER_ERROR else SeedingError
    with pytest.raises(refused, match="not started"):
        cards.seed(embargo=HOUR)


def test_another_world_knows_that_starts_without_options_succeed(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a new environment a refusal of options is not mistaken for a refusal of every start."""
    live = serve()
    first, second = live.open_world(), live.open_world()
    first.seed()
    second.seeder.learn_from(first.seeder)

    def refuse(*_: object) -> str:
        raise SeedingError("not started", Exchange("POST", "http://x", NOW, 0.0, status=400))

    monkeypatch.setattr(FlowBackend, "place", refuse)
    with pytest.raises(NotAvailableError, match="embargo and expiry are refused: not started"):
        second.seed(embargo=HOUR)


@pytest.mark.parametrize("way", ["interval", "timestamp"])
def test_an_expiry_is_told_in_one_of_two_ways(
    way: Literal["interval", "timestamp"], serve: Serve
) -> None:
    """A start tells when cards expire as an interval, or as a timestamp by the target's clock."""
    cards = serve().open_world()
    sent = starts(cards)
    card = cards.seed(expires=HOUR, expiry_as=way)
    ((flow,),) = sent
    options = flow["payload"]["cardOptions"]
    if way == "interval":
        assert options == {"expiresInterval": "PT3600S"}
    else:
        assert card.created is not None
        assert abs(datetime.fromisoformat(options["expires"]) - card.created - HOUR) < HOUR / 60


def test_an_action_without_effect_is_a_seeding_error(serve: Serve) -> None:
    """A target on which dismissing changes nothing cannot give dismissed cards."""
    cards = serve(faults=["dismiss-without-effect"]).open_world(settling=0.1)
    with pytest.raises(SeedingError, match="should be dismissed are active"):
        cards.seed(status=Status.DISMISSED)


def test_an_action_that_is_refused_is_a_seeding_error(serve: Serve) -> None:
    """A target that refuses to act on several cards cannot give groups of closed ones."""
    cards = serve(faults=["multiple-always-refused"]).open_world(settling=0.1)
    with pytest.raises(SeedingError, match=r"complete .*flowInvocationId=.*HTTP 400"):
        cards.seed_all(Population.of(2, CardSpec(status=Status.COMPLETED)))


def test_cards_are_seen_once_the_target_shows_them(serve: Serve) -> None:
    """A target whose listings lag behind is polled until they show the state asked for."""
    cards = serve(read_after_write="delayed").open_world()
    assert cards.get(cards.seed(status=Status.COMPLETED)).status is Status.COMPLETED


# Time


NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "ahead"),
    [
        (format_datetime(NOW + HOUR, usegmt=True), HOUR),
        (format_datetime(NOW - HOUR, usegmt=True), -HOUR),
        (format_datetime(NOW, usegmt=True), timedelta(0)),
        ("yesterday", timedelta(0)),
        (None, timedelta(0)),
    ],
    ids=["ahead", "behind", "in step", "unreadable", "absent"],
)
def test_the_clock_of_the_target_counts(date: str | None, ahead: timedelta) -> None:
    """Times are reckoned from the target's own Date, where it differs from ours by seconds."""
    clock = ServerClock()
    headers = {} if date is None else {"date": date}
    clock.observe(
        Exchange("GET", "http://cards.test", NOW, 0.0, status=200, response_headers=headers)
    )
    assert abs(clock.now() - datetime.now(UTC) - ahead) < timedelta(minutes=5)


def test_a_small_difference_of_clocks_is_none() -> None:
    """A Date is a whole second, so that one of a second ago is no sign of a slow clock."""
    clock = ServerClock()
    now = REAL_CLOCK.now()
    headers = {"date": format_datetime(now - timedelta(seconds=1), usegmt=True)}
    clock.observe(
        Exchange("GET", "http://cards.test", now, 0.0, status=200, response_headers=headers)
    )
    assert clock.now() >= now


# Scope


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
