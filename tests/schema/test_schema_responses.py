"""Which responses openapi.yaml allows, and what it objects to."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import schemathesis
from schemathesis.core.failures import FailureGroup

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.suite.generation.schema_document import OPERATIONS, Document
from pytest_atomic_cards.suite.generation.schema_responses import Answers
from pytest_atomic_cards.support.errors import NotAvailableError

SAMPLED_CARD = {
    "eventName": "",
    "eventSource": "live",
    "cardTemplateId": "abc",
    "cardInstanceId": "123",
    "cardTemplateName": "My card",
    "lifecycleId": "def",
    "flowInstanceId": "456",
    "flowInvocationId": "789",
    "definition": {},
    "payload": {
        "detail": {"name": "John Smith"},
        "target": {"usersById": ["123"]},
        "cardOptions": {},
        "metadata": {},
    },
    "status": "active",
    "userId": "123",
    "created": "2020-01-14T23:03:04.239Z",
    "updated": "2020-01-14T23:03:04.239Z",
}
SAMPLED_RESULT = {
    "eventName": "",
    "eventSource": "live",
    "lifecycleId": "123",
    "cardTemplateId": "abc",
    "cardInstanceId": "456",
    "userId": "user_1",
    "action": "complete",
}


@pytest.fixture(scope="module")
def document() -> Document:
    """The document that ships with the suite."""
    return Document(seed=1)


@pytest.fixture(scope="module")
def answers() -> Answers:
    """The allowed responses."""
    return Answers()


def test_a_value_of_several_forms_is_compared_with_the_expected_one(answers: Answers):
    """An error in a payload, which may be null, names what is wrong in it."""
    (objection,) = answers.objections("listCards", answer(listing(payload={"detail": {}})))[:1]
    assert "is a required property" in objection


def answer(
    body: Any = None,  # noqa: ANN401 - a JSON value
    status: int = 200,
    kind: str | None = "application/json",
    *,
    raw: bytes | None = None,
) -> Exchange:
    """A response to any operation."""
    return Exchange(
        method="GET",
        url="https://cards.test/v1/env/cards",
        started=datetime(2026, 1, 1, tzinfo=UTC),
        elapsed=0.1,
        status=status,
        response_headers={"content-type": kind} if kind else {},
        response_body=json.dumps(body).encode() if raw is None else raw,
    )


def listing(**fields: object) -> dict[str, Any]:
    """The sampled listing with some fields of its card changed."""
    return {"data": [SAMPLED_CARD | fields]}


def acted(**fields: object) -> dict[str, Any]:
    """The sampled response to an action with some fields of its result changed."""
    return {"data": [SAMPLED_RESULT | fields], "summary": {"total": 1, "updated": 1}}


ALLOWED = {
    "the sample": (listing(), acted()),
    "nothing": ({"data": []}, {"data": [], "summary": {"total": 0, "updated": 0}}),
    "nothing, and no summary of it": ({"data": None}, {"data": []}),
    "fields beyond the sample": (
        listing(priority=5) | {"next": None},
        acted(changed=True) | {"warnings": []},
    ),
    "an event name of null": (listing(eventName=None), acted(eventName=None)),
    "another state": (listing(status="dismissed"), acted(action="dismissed")),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_it_allows_what_is_sampled_or_left_open(name: str, answers: Answers):
    """The documented samples conform, and so do bodies that differ in undocumented ways."""
    listed, done = ALLOWED[name]
    assert answers.objections("listCards", answer(listed)) == []
    for action in Action:
        assert answers.objections(f"{action}Cards", answer(done)) == []


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    "given_answer",
    [
        answer(raw=b"", status=204, kind=None),
        answer(raw=b"", kind=None),
        answer(raw=b"", kind="application/json"),
        answer({"message": "no"}, status=400),
        answer([{"code": 409}], status=409),
        answer(raw=b"<h1>404</h1>", status=404, kind="text/html"),
        answer(raw=b"", status=401, kind=None),
        answer(raw=b"slow down", status=429, kind="text/plain"),
    ],
    ids=lambda found: f"{found.status} {found.response_body.decode() or 'without a body'}",
)
def test_it_allows_every_refusal_and_none(operation: str, given_answer: Exchange, answers: Answers):
    """A response without a body, and a 4xx with any body, conform."""
    assert answers.objections(operation, given_answer) == []


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/vnd.api+json"])
def test_it_allows_narrower_types_of_json(kind: str, answers: Answers):
    """A body may have a more specific JSON media type, and is validated as well."""
    assert answers.objections("listCards", answer(listing(), kind=kind)) == []
    assert answers.objections("listCards", answer({"data": {}}, kind=kind)) != []


def without(body: dict[str, Any], name: str) -> dict[str, Any]:
    """A copy of a body without a field."""
    return {key: value for key, value in body.items() if key != name}


@pytest.mark.parametrize("name", SAMPLED_CARD)
def test_it_wants_every_field_of_a_card(name: str, answers: Answers):
    """A card without a sampled field, or with a number in its place, does not conform."""
    assert answers.objections("listCards", answer({"data": [without(SAMPLED_CARD, name)]}))
    assert answers.objections("listCards", answer(listing(**{name: 7})))


@pytest.mark.parametrize("name", SAMPLED_RESULT)
def test_it_wants_every_field_of_a_result(name: str, answers: Answers):
    """A result without a sampled field, or with a number in its place, does not conform."""
    lacking = {"data": [without(SAMPLED_RESULT, name)], "summary": acted()["summary"]}
    for action in Action:
        assert answers.objections(f"{action}Cards", answer(lacking))
        assert answers.objections(f"{action}Cards", answer(acted(**{name: 7})))


@pytest.mark.parametrize(
    ("operation", "wrong", "told"),
    [
        ("listCards", answer([SAMPLED_CARD]), "is not of type"),
        ("listCards", answer({"data": {}}), "['data']"),
        ("listCards", answer(listing(created="2020-01-14")), "['data'][0]['created']"),
        ("listCards", answer(listing(), status=302), "302"),
        ("listCards", answer(listing(), kind="text/html"), "text/html"),
        ("listCards", answer(raw=b"<h1>cards</h1>"), "JSON"),
        ("completeCards", answer({"data": [SAMPLED_RESULT]}), "summary"),
        (
            "completeCards",
            answer(acted() | {"summary": {"total": "1", "updated": 1}}),
            "['summary']['total']",
        ),
    ],
)
def test_it_objects_in_sentences(operation: str, wrong: Exchange, told: str, answers: Answers):
    """An error is reported in one line with its location."""
    (objection,) = answers.objections(operation, wrong)
    assert told in objection
    assert "\n" not in objection


@pytest.mark.parametrize(
    "given_answer",
    [
        answer(listing()),
        answer(listing(), kind="APPLICATION/JSON; charset=utf-8"),
        answer(listing(), kind=None),
        answer(listing(), kind="json"),
        answer(listing(), kind="text/plain"),
        answer(listing(), status=503),
        answer(listing(userId=None, payload=None)),
        answer(listing(payload={"target": {"usersById": [1]}, "cardOptions": {}, "metadata": {}})),
        answer(listing(updated="2020-01-14 23:03:04+01")),
        answer(listing(updated="yesterday")),
        answer(None),
        answer(7, status=204),
        answer(raw=b'{"data": ['),
        answer(raw=b"\xff"),
        answer(raw=b"%PDF", kind="application/pdf"),
        answer(raw=b"", status=500, kind=None),
    ],
    ids=lambda found: f"{found.status} {found.response_headers} {found.response_body!r}"[:60],
)
def test_answers_are_judged_as_schemathesis_does(
    given_answer: Exchange, answers: Answers, document: Document
):
    """A response conforms if and only if Schemathesis's own checks accept it."""
    judged = [schemathesis.checks.status_code_conformance]
    if given_answer.response_body:
        judged += [
            schemathesis.checks.content_type_conformance,
            schemathesis.checks.response_schema_conformance,
        ]
    response = schemathesis.Response(
        status_code=given_answer.status or 0,
        headers={name: [value] for name, value in given_answer.response_headers.items()},
        content=given_answer.response_body,
        request=requests.Request(given_answer.method, given_answer.url).prepare(),
        elapsed=given_answer.elapsed,
        verify=True,
    )
    case = document.operation("listCards").Case(path_parameters={"environmentId": "-"})
    try:
        case.validate_response(response, checks=judged)
        conforms = True
    except FailureGroup:
        conforms = False
    assert (answers.objections("listCards", given_answer) == []) is conforms


def test_any_success_is_judged_by_its_body(answers: Answers):
    """As no page names the status of a success, the body of any success must conform."""
    assert answers.objections("listCards", answer(listing(), status=202)) == []
    assert answers.objections("listCards", answer({"data": {}}, status=202))


def test_answers_are_judged_without_schemathesis(monkeypatch: pytest.MonkeyPatch):
    """Validating responses does not import Schemathesis, which is slow."""
    monkeypatch.setitem(sys.modules, "schemathesis", None)
    assert Answers().objections("listCards", answer(listing())) == []
    assert Answers().objections("listCards", answer({"data": {}})) != []


def test_without_the_validator_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch):
    """If the validator is missing, the error names the extra."""
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    with pytest.raises(NotAvailableError, match=r'pip install "pytest-atomic-cards\[contracts\]"'):
        Answers().objections("listCards", answer(listing()))
