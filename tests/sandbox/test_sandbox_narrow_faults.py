"""A narrow fault shows under its conditions, and nowhere else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fault_scenario import SMALL, differs, transcript
from sandbox_api import Api

from pytest_atomic_cards.model.request_space import DIMENSIONS
from pytest_atomic_cards.sandbox import Sandbox
from pytest_atomic_cards.support.errors import MisuseError


def faulty(name: str) -> Api:
    """A sandbox with one fault, and five cards of customer u: two snoozed, the others active."""
    api = Api(Sandbox(faults=[name]))
    api.log_in()
    snoozed = {"user_id": "u", "status": "snoozed"}
    api.environment.seed([{"user_id": "u"}, *[snoozed] * 2, *[{"user_id": "u"}] * 2])
    return api


def listed(api: Api, **query: object) -> int:
    """The number of cards that a listing shows."""
    return len(api.get(**query).json["data"] or [])


def test_operation_narrows_to_one_operation() -> None:
    """An access check that is missing for one operation is there for the others."""
    api = faulty("token-not-checked@operation=dismiss")
    api.headers["Authorization"] = "Bearer nonsense"
    assert api.put("dismiss", userId="u", multiple=1).status == 200
    assert api.put("cancel", userId="u", multiple=1).status == 401
    assert api.get().status == 401


def test_by_narrows_to_requests_with_exactly_these_attributes() -> None:
    """A fault by userId leaves requests with more or other attributes alone."""
    api = faulty("list-ignores-userId@by=userId")
    assert listed(api, userId="nobody") == 5
    assert listed(api, userId="nobody", status="active") == 0


def test_limit_multiple_and_offset_narrow() -> None:
    """Conditions on limit, offset and multiple look at the parameters."""
    assert listed(faulty("limit-ignored@limit=1"), limit=1) == 5
    assert listed(faulty("limit-ignored@limit=1"), limit=2) == 2
    assert listed(faulty("offset-ignored@offset=inside"), offset=3) == 5
    assert listed(faulty("offset-ignored@offset=page"), offset=3) == 2
    for multiple, status in ((0, 200), ("no", 400)):
        api = faulty("multiple-not-needed@multiple=0")
        assert api.put("cancel", userId="u", multiple=multiple).status == status


def test_state_narrows_to_cards_in_a_state() -> None:
    """A decision about one card looks at the state of that card."""
    cards = faulty("card-lacks-userId@state=snoozed").get(userId="u").json["data"]
    assert {card["status"]: "userId" in card for card in cards} == {
        "snoozed": False,
        "active": True,
    }


def test_state_narrows_to_requests_whose_cards_are_all_in_it() -> None:
    """A decision about a whole request looks at the states of all matching cards."""
    api = faulty("offset-ignored@state=snoozed")
    assert listed(api, status="snoozed", offset=1) == 2
    assert listed(api, status="active", offset=1) == 2
    assert listed(faulty("offset-ignored@state=mixed"), offset=1) == 5


def test_matches_narrows_to_a_number_of_matching_cards() -> None:
    """The number of cards that have the values given decides."""
    api = faulty("offset-ignored@matches=2")
    assert listed(api, status="snoozed", offset=1) == 2
    assert listed(api, offset=1) == 4


def test_an_action_allowed_under_a_condition_is_refused_elsewhere() -> None:
    """What an action does in a state is decided anew for each request."""
    api = faulty("dismiss-snoozed-refused@by=userId")
    assert api.put("dismiss", userId="u", status="snoozed", multiple=1).counts == (2, 2)
    api = faulty("dismiss-snoozed-refused@by=userId")
    assert api.put("dismiss", userId="u", multiple=1).counts == (3, 3)


def test_token_and_environment_narrow_to_a_kind_of_token() -> None:
    """Each kind of token is recognized."""
    for kind, status in (("none", 401), ("garbage", 200)):
        api = faulty(f"token-not-checked@token={kind}")
        api.headers["Authorization"] = "Bearer nonsense"
        assert api.get().status == status
    api = faulty("token-not-checked@token=expired")
    api.sandbox.clock.advance(timedelta(hours=2))
    assert api.get().status == 200
    api = faulty("token-not-checked@token=role")
    api.log_in("workbench")
    assert api.get().status == 200
    api = faulty("token-not-checked@environment=other")
    api.sandbox.create_environment("other")
    assert api.request("GET", "/v1/other/cards").status == 200
    api = faulty("token-not-checked@token=deleted")
    api.environment.delete_credential(api.log_in().client_id)
    assert api.get().status == 200


def test_body_narrows_to_a_form_of_body() -> None:
    """A condition on the body looks at what complete was sent."""
    api = faulty("complete-without-effect@body=empty")
    api.put("complete", b"{}", userId="u", status="snoozed", multiple=1)
    assert listed(api, status="completed") == 0
    api.put("complete", b'{"a": 1}', userId="u", status="snoozed", multiple=1)
    assert listed(api, status="completed") == 2


def test_all_conditions_must_hold() -> None:
    """Of two conditions one alone does not show the fault."""
    name = "limit-ignored@by=userId@state=mixed"
    assert listed(faulty(name), userId="u", limit=1) == 5
    assert listed(faulty(name), limit=1) == 1


def test_a_narrow_fault_can_be_narrowed() -> None:
    """A fault that shows only by lifecycleId shows under a further condition as well."""
    for lifecycle_ids, word in ((("l", "l"), "dismissed"), (("l",), "cancelled")):
        api = Api(Sandbox(faults=["cancel-by-lifecycle-ends-dismissed@matches=2"]))
        api.log_in()
        api.environment.seed([{"lifecycle_id": one} for one in lifecycle_ids])
        api.put("cancel", lifecycleId="l", multiple=1)
        assert listed(api, status=word) == len(lifecycle_ids)


def test_outside_of_its_conditions_a_sandbox_is_sound() -> None:
    """A fault that no request can meet changes nothing, with every dimension observed."""
    never = [
        f"token-not-checked@{dimension}={values[-1]}@body=other"
        for dimension, values in DIMENSIONS.items()
        if dimension != "body"
    ]
    assert not differs(tuple(never), SMALL, list(transcript((), SMALL)))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("limit-ignore@by=userId", "limit-ignored"),
        ("limit-ignored@operations=list", "did you mean 'operation'"),
        ("limit-ignored@by=user", "did you mean 'userId'"),
        ("limit-ignored@operation", "operation is never ''; known: list, dismiss"),
        ("limit-ignored@limit=1@limit=some", "limit is given twice"),
    ],
)
def test_an_unknown_fault_or_condition_is_refused_with_a_suggestion(name: str, hint: str) -> None:
    """The error names the wrong part, and the nearest right one."""
    with pytest.raises(MisuseError, match=hint):
        Sandbox(faults=[name])
