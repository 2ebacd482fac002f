"""The documented examples of the Cards API page, replayed through our client."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from pytest_atomic_cards.client import CardsApi, CardsSession, StaticToken
from pytest_atomic_cards.model.cards import ActionSummary
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.model.settings import Mode
from pytest_atomic_cards.recordings.cassettes.cassette_adapter import CassetteAdapter
from pytest_atomic_cards.recordings.cassettes.cassette_reader import read_content
from pytest_atomic_cards.recordings.cassettes.manager import CassetteManager
from pytest_atomic_cards.recordings.cassettes.metadata import Source
from pytest_atomic_cards.suite.generation.schema_document import DOCUMENT

RECORDINGS = Path(__file__).parents[2] / "cassettes"
PAGE = "page/cards-api"
SAMPLED_PAYLOAD = {"quantity": 2, "size": "large"}
THEIR_TEMPLATE = CardQuery(card_template_id="abc", multiple=True)


@pytest.fixture
def manager() -> Iterator[CassetteManager]:
    """Replays the page."""
    manager = CassetteManager(Mode.REPLAY, RECORDINGS)
    with manager.use_cassette(PAGE):
        yield manager


@pytest.fixture
def page(manager: CassetteManager) -> CardsApi:
    """A client whose responses come from the page."""
    http = requests.Session()
    http.mount("https://", CassetteAdapter(manager, None))
    session = CardsSession(
        base_url="https://cards.test", tokens=StaticToken("a-token-of-no-one"), http=http
    )
    return CardsApi(session, "ENVIRONMENT_ID")


def test_cards_are_retrieved_as_in_the_example(page: CardsApi) -> None:
    """The listing by userId and status gives the card of the sample, every field of it."""
    (card,) = page.list(CardQuery(user_id="123", status=Status.ACTIVE))
    assert (card.card_instance_id, card.card_template_id, card.card_template_name) == (
        "123",
        "abc",
        "My card",
    )
    assert (card.lifecycle_id, card.flow_instance_id, card.flow_invocation_id) == (
        "def",
        "456",
        "789",
    )
    assert (card.event_name, card.event_source) == ("", "live")
    assert (card.status, card.user_id) == (Status.ACTIVE, "123")
    assert card.payload["detail"] == {"name": "John Smith"}
    assert card.payload["target"] == {"usersById": ["123"]}
    assert card.created == card.updated == datetime(2020, 1, 14, 23, 3, 4, 239_000, tzinfo=UTC)


def test_a_card_is_completed_as_in_the_example(page: CardsApi) -> None:
    """The complete with the sample's payload gives its result and its summary."""
    answer = page.complete(CardQuery(lifecycle_id="1234"), SAMPLED_PAYLOAD)
    assert answer.summary == ActionSummary(total=1, updated=1)
    (result,) = answer.results
    assert (result.card_instance_id, result.lifecycle_id, result.user_id) == (
        "456",
        "123",
        "user_1",
    )
    assert (result.action, result.card_template_id) == ("complete", "abc")


@pytest.mark.parametrize(
    "ask",
    [
        lambda page: page.list_exchange(CardQuery()),
        lambda page: page.list_exchange(CardQuery(offset=100)),
        lambda page: page.list_exchange(CardQuery(limit=1000)),
        lambda page: page.act_exchange(Action.DISMISS, CardQuery(lifecycle_id="1234")),
        lambda page: page.act_exchange(Action.CANCEL, THEIR_TEMPLATE),
        lambda page: page.act_exchange(Action.CANCEL, THEIR_TEMPLATE.replace(limit=1000)),
    ],
    ids=["default page", "offset=100", "limit=1000", "dismiss", "cancel all", "cancel limit=1000"],
)
def test_requests_whose_answer_the_page_does_not_show(
    ask: Callable[[CardsApi], Exchange], page: CardsApi
) -> None:
    """Our client sends each of them as the page has it; no response is made up for them."""
    exchange = ask(page)
    assert exchange.status == 200
    assert exchange.response_body == b""


def test_no_other_request_is_answered(page: CardsApi) -> None:
    """What the page does not have is missed, loudly."""
    with pytest.raises(BaseException, match=r"cards\?limit=999 is not in .*cards-api\.json"):
        page.list(CardQuery(limit=999))


def test_every_example_is_replayed(manager: CassetteManager, page: CardsApi) -> None:
    """The recording holds the examples that these tests ask for, and no others."""
    page.list(CardQuery(user_id="123", status=Status.ACTIVE))
    page.complete(CardQuery(lifecycle_id="1234"), SAMPLED_PAYLOAD)
    for query in (CardQuery(), CardQuery(offset=100), CardQuery(limit=1000)):
        page.list_exchange(query)
    page.act_exchange(Action.DISMISS, CardQuery(lifecycle_id="1234"))
    for query in (THEIR_TEMPLATE, THEIR_TEMPLATE.replace(limit=1000)):
        page.act_exchange(Action.CANCEL, query)
    assert manager.current is not None
    assert manager.current.unplayed == []


def test_bodies_are_those_of_the_page() -> None:
    """The two bodies are the page's samples, word for word as openapi.yaml has them too."""
    document = yaml.safe_load(Path(DOCUMENT).read_text("utf-8"))
    samples = [example["value"] for example in document["components"]["examples"].values()]
    content = read_content(RECORDINGS / f"{PAGE}.json")
    bodies = [one.response["body"]["string"] for one in content.interactions]
    shown: list[Any] = [json.loads(body) for body in bodies if body]
    assert shown == [sample for sample in samples if "data" in sample]


def test_it_says_that_it_is_no_traffic() -> None:
    """Recordings of the page are labelled as transcribed, and never name versions of a client."""
    recorded = read_content(RECORDINGS / f"{PAGE}.json").recorded
    assert recorded.source is Source.PAGE
    assert not recorded.versions
