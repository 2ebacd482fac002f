"""Views of bodies take what comes: they tolerate extras, gaps and wrong types, and keep it raw."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_atomic_cards.model.cards import ActionResponse, ActionResult, Card, cards_of, data_of
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.support.errors import ContractBrokenError

CARD = {
    "eventName": "",
    "eventSource": "live",
    "cardTemplateId": "template-1",
    "cardInstanceId": "card-1",
    "cardTemplateName": "Claim reminder",
    "lifecycleId": "life-1",
    "flowInstanceId": "instance-1",
    "flowInvocationId": "invocation-1",
    "definition": {},
    "payload": {"detail": {"name": "value"}, "metadata": {}},
    "status": "active",
    "userId": "user-1",
    "created": "2024-01-31T23:59:58.123Z",
    "updated": "2024-02-01T01:00:00+01:00",
}
TEXTS = {
    "eventName": "event_name",
    "eventSource": "event_source",
    "cardTemplateId": "card_template_id",
    "cardInstanceId": "card_instance_id",
    "cardTemplateName": "card_template_name",
    "lifecycleId": "lifecycle_id",
    "flowInstanceId": "flow_instance_id",
    "flowInvocationId": "flow_invocation_id",
    "userId": "user_id",
}
RESULT = {
    "eventName": "",
    "eventSource": "live",
    "lifecycleId": "life-1",
    "cardTemplateId": "template-1",
    "cardInstanceId": "card-1",
    "userId": "user-1",
    "action": "complete",
}
RESPONSE = {"data": [RESULT], "summary": {"total": 1, "updated": 1}}
NOT_OBJECTS: list[tuple[object, str]] = [
    (None, "null, missing or not JSON"),
    ([], "an array"),
    ("{}", "a string"),
    (True, "a boolean"),
    (7, "a number"),
    (0.5, "a number"),
]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def test_a_card_shows_every_sampled_field() -> None:
    """Each field of the sample is under its own name, with times and status as such."""
    card = Card.from_body(CARD)
    for name, field in TEXTS.items():
        assert getattr(card, field) == CARD[name]
    assert card.status is Status.ACTIVE
    assert card.created == datetime(2024, 1, 31, 23, 59, 58, 123_000, tzinfo=UTC)
    assert card.updated == datetime(2024, 2, 1, tzinfo=UTC)
    assert card.payload == {"detail": {"name": "value"}, "metadata": {}}


def test_an_empty_card_is_a_card() -> None:
    """Where every field is missing, every view is ``None`` and nothing is an error."""
    card = Card.from_body({})
    views = [*TEXTS.values(), "status", "created", "updated"]
    assert {getattr(card, view) for view in views} == {None}
    assert card.attributes == {}
    assert card.payload == {}


@pytest.mark.parametrize(("name", "field"), TEXTS.items())
@pytest.mark.parametrize("value", [None, True, 0.5, [], ["x"], {}, {"id": "x"}])
def test_a_text_of_a_wrong_type_is_none(name: str, field: str, value: object) -> None:
    """A field that holds no text is ``None``, and the body keeps what it held."""
    card = Card.from_body(CARD | {name: value})
    assert getattr(card, field) is None
    assert card.raw[name] == value


@pytest.mark.parametrize(("name", "field"), TEXTS.items())
def test_a_whole_number_is_read_as_text(name: str, field: str) -> None:
    """Older copies of the documentation type ids as integers, so they are understood."""
    assert getattr(Card.from_body(CARD | {name: 1_234}), field) == "1234"


def test_unknown_fields_are_kept_raw() -> None:
    """A field that nobody sampled disturbs nothing and can be read from the body."""
    card = Card.from_body(CARD | {"priority": 5, "links": [{"a": None}]})
    assert card == Card.from_body(CARD)
    assert card.raw["links"] == [{"a": None}]


def test_the_body_is_kept_unchanged() -> None:
    """The raw body is the very object that was viewed."""
    assert Card.from_body(CARD).raw is CARD


def test_the_body_is_not_shown() -> None:
    """The representation of a card has its views, not the whole body, which may be private."""
    assert "Claim reminder" in repr(Card.from_body(CARD))
    assert "detail" not in repr(Card.from_body(CARD))


@pytest.mark.parametrize("status", Status)
def test_a_known_state_is_a_status(status: Status) -> None:
    """Each of the seven words becomes its member."""
    assert Card.from_body({"status": status.value}).status is status


@pytest.mark.parametrize("word", ["canceled", "ACTIVE", "removed", ""])
def test_an_unknown_state_stays_a_word(word: str) -> None:
    """A word that is none of the seven is shown as it is."""
    card = Card.from_body({"status": word})
    assert card.status == word
    assert not isinstance(card.status, Status)


@pytest.mark.parametrize("value", [None, True, {}, ["active"]])
def test_a_state_of_a_wrong_type_is_none(value: object) -> None:
    """A status that is no text is ``None``."""
    assert Card.from_body({"status": value}).status is None


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2024-01-31T23:59:58.123", "2024-01-31", "2024-13-01T00:00:00Z", 1706745598],
)
def test_what_is_no_moment_is_none(text: object) -> None:
    """Text that is no time, a time without a zone, and a number are not guessed at."""
    card = Card.from_body({"created": text, "updated": text})
    assert card.created is None
    assert card.updated is None


def test_a_moment_keeps_its_zone() -> None:
    """A numeric offset is as good as Z, and times with different ones compare."""
    card = Card.from_body({"created": "2024-02-01T01:00:00+01:00"})
    assert card.created is not None
    assert card.created.utcoffset() == timedelta(hours=1)
    assert card.created == datetime(2024, 2, 1, tzinfo=UTC)


def test_the_attributes_are_those_present_and_not_empty() -> None:
    """An empty event name, as cards of Action Flows have it, is no attribute to ask for."""
    assert Card.from_body(CARD).attributes == {
        Attribute.LIFECYCLE_ID: "life-1",
        Attribute.CARD_TEMPLATE_ID: "template-1",
        Attribute.FLOW_INSTANCE_ID: "instance-1",
        Attribute.FLOW_INVOCATION_ID: "invocation-1",
        Attribute.USER_ID: "user-1",
        Attribute.STATUS: "active",
    }


def test_attribute_values_are_plain_text() -> None:
    """A status is given as its word, which can be compared, stored and sent."""
    assert type(Card.from_body(CARD).attributes[Attribute.STATUS]) is str


@pytest.mark.parametrize(
    ("payload", "variables"),
    [
        ({"detail": {"a": 1}, "variables": {"b": 2}}, {"a": 1, "b": 2}),
        ({"detail": {"a": 1}, "variables": {"a": 2}}, {"a": 2}),
        ({"detail": ["a"], "variables": None}, {}),
        (None, {}),
    ],
)
def test_variables_are_those_of_both_objects(payload: object, variables: dict[str, int]) -> None:
    """The variables of detail and variables are shown together, and what is no object is not."""
    assert Card.from_body(CARD | {"payload": payload}).variables == variables


@pytest.mark.parametrize("payload", [None, [], "x", 7])
def test_a_payload_of_a_wrong_type_is_empty(payload: object) -> None:
    """A payload that is no object is shown as an empty one."""
    assert Card.from_body(CARD | {"payload": payload}).payload == {}


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(CARD)), ANY_JSON))
def test_any_object_is_a_card(body: dict[str, Any]) -> None:
    """Whatever the fields of an object hold, it can be viewed and printed."""
    card = Card.from_body(body)
    assert card.raw is body
    assert set(card.attributes) <= set(Attribute)
    assert repr(card)


@pytest.mark.parametrize(("body", "kind"), NOT_OBJECTS)
def test_what_is_no_object_is_no_card(body: object, kind: str) -> None:
    """Anything but an object is a broken contract, and the error says what it is."""
    with pytest.raises(ContractBrokenError) as broken:
        Card.from_body(body)
    assert str(broken.value) == f"a card must be a JSON object, not {kind}"


def test_a_listing_gives_its_cards_in_order() -> None:
    """The cards of a listing come as they were listed."""
    body = {"data": [CARD | {"cardInstanceId": name} for name in ("b", "a", "b")], "next": None}
    assert [card.card_instance_id for card in cards_of(body)] == ["b", "a", "b"]


@pytest.mark.parametrize("data", [[], None])
def test_an_empty_listing_has_no_cards(data: object) -> None:
    """An empty array is a listing without cards, and so is null, which some encoders make of it."""
    assert cards_of({"data": data}) == []


@pytest.mark.parametrize(("body", "kind"), NOT_OBJECTS)
def test_a_listing_is_an_object(body: object, kind: str) -> None:
    """A listing that is anything else breaks the contract."""
    with pytest.raises(ContractBrokenError) as broken:
        cards_of(body)
    assert str(broken.value) == f"a listing must be a JSON object, not {kind}"


@pytest.mark.parametrize(
    ("data", "kind"),
    [pair for pair in NOT_OBJECTS if pair[0] not in ([], None)] + [({}, "an object")],
)
def test_data_is_an_array(data: object, kind: str) -> None:
    """Data of another type breaks the contract."""
    with pytest.raises(ContractBrokenError) as broken:
        data_of({"data": data})
    assert str(broken.value) == f"'data' must be an array, not {kind}"


def test_data_must_be_there() -> None:
    """An object without data is no listing."""
    with pytest.raises(ContractBrokenError, match="'data' must be an array, not null or missing"):
        cards_of({"cards": []})


def test_a_listing_of_something_else_is_broken() -> None:
    """One element that is no object breaks the whole listing."""
    with pytest.raises(ContractBrokenError, match="a card must be a JSON object, not a string"):
        cards_of({"data": [CARD, "card-2"]})


def test_an_action_response_shows_results_and_summary() -> None:
    """Each sampled field of a result, and both counts, are under their own names."""
    response = ActionResponse.from_body(RESPONSE)
    (result,) = response.results
    assert result == ActionResult(
        action="complete",
        card_instance_id="card-1",
        card_template_id="template-1",
        event_name="",
        event_source="live",
        lifecycle_id="life-1",
        user_id="user-1",
        raw={},
    )
    assert (response.summary.total, response.summary.updated) == (1, 1)
    assert response.raw is RESPONSE
    assert result.raw is RESULT


@pytest.mark.parametrize("summary", [None, [], "1", 1, {}, {"total": "1", "updated": 1.0}])
def test_a_summary_that_counts_nothing_is_none(summary: object) -> None:
    """A missing summary, or counts that are no whole numbers, are ``None``."""
    response = ActionResponse.from_body({"data": [], "summary": summary})
    assert response.summary.total is None
    assert response.summary.updated is None


def test_a_boolean_is_no_count() -> None:
    """``true`` is not taken for 1."""
    response = ActionResponse.from_body({"data": [], "summary": {"total": True, "updated": 0}})
    assert response.summary.total is None
    assert response.summary.updated == 0


def test_an_empty_result_is_a_result() -> None:
    """Where every field of a result is missing, every view is ``None``."""
    result = ActionResult.from_body({"extra": 1})
    assert result.action is result.card_instance_id is result.user_id is None
    assert result.raw == {"extra": 1}


@pytest.mark.parametrize(("body", "kind"), NOT_OBJECTS)
def test_an_action_response_is_an_object(body: object, kind: str) -> None:
    """An action response that is anything else breaks the contract, and so does a result."""
    with pytest.raises(ContractBrokenError) as broken:
        ActionResponse.from_body(body)
    assert str(broken.value) == f"an action response must be a JSON object, not {kind}"
    with pytest.raises(ContractBrokenError) as broken:
        ActionResponse.from_body({"data": [body]})
    assert str(broken.value) == f"an action result must be a JSON object, not {kind}"


def test_an_action_response_has_data() -> None:
    """A summary alone is no action response."""
    with pytest.raises(ContractBrokenError, match="'data' must be an array"):
        ActionResponse.from_body({"summary": {"total": 0, "updated": 0}})
