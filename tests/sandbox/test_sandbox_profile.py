"""Profile: for every question, a sandbox behaves as its profile says."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pytest_atomic_cards.model.profile import QUESTIONS
from pytest_atomic_cards.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox_api import Api, Reply

_MINUTE = timedelta(minutes=1)
_CASES = [(name, answer) for name, question in QUESTIONS.items() for answer in question.answers]


def _status_or(reply: Reply, otherwise: str) -> str:
    return otherwise if reply.status == 200 else str(reply.status)


def _seed(api: Api, *specs: dict[str, Any]) -> list[str]:
    return [card.card_instance_id for card in api.environment.seed(specs)]


def _empty_or_status(reply: Reply) -> str:
    return _status_or(reply, "null" if b'"data":null' in reply.body else "empty")


def _zero_match_listing(api: Api) -> str:
    return _empty_or_status(api.get(userId="nobody"))


def _zero_match_action(api: Api) -> str:
    return _empty_or_status(api.put("dismiss", userId="nobody"))


def _wrong_state(api: Api) -> str:
    _seed(api, {"user_id": "u"}, {"user_id": "u", "status": "completed"})
    reply = api.put("dismiss", userId="u", multiple=1)
    if reply.status != 200:
        return str(reply.status)
    return {(1, 1): "unselected", (2, 1): "counted"}[reply.counts]


def _multiple_counts(api: Api) -> str:
    _seed(api, {"user_id": "u"}, {"user_id": "u", "status": "completed"})
    return "actionable" if api.put("dismiss", userId="u").status == 200 else "matching"


def _empty_attribute(api: Api) -> str:
    _seed(api, {})
    reply = api.get(userId="")
    return str(reply.status) if reply.status != 200 else ("absent" if reply.ids else "no-match")


def _repeated_attribute(api: Api) -> str:
    first, second = _seed(api, {"user_id": "a"}, {"user_id": "b"})
    reply = api.request("GET", f"{api.prefix}/cards", "userId=a&userId=b")
    if reply.status != 200:
        return str(reply.status)
    return {(first,): "first", (second,): "last", (first, second): "any"}[tuple(reply.ids)]


def _comma_list(api: Api) -> str:
    _seed(api, {"user_id": "a"}, {"user_id": "b"}, {"user_id": "a,b"})
    return {1: "literal", 3: "any"}[len(api.get(userId="a,b").ids)]


def _unknown_parameter(api: Api) -> str:
    return _status_or(api.get(color="red"), "ignored")


def _unknown_status(api: Api) -> str:
    return _status_or(api.get(status="sleeping"), "no-match")


def _attribute_case(api: Api) -> str:
    _seed(api, {"user_id": "Zoë"})
    return "insensitive" if api.get(userId="zOË", status="ACTIVE").ids else "sensitive"


def _multiple_spelling(api: Api) -> str:
    _seed(api, {}, {})
    return "truthy" if api.put("dismiss", multiple="true").status == 200 else "1"


def _order(api: Api) -> str:
    ids = _seed(api, *[{} for _ in range(20)])
    seen = api.get().ids
    known = {tuple(ids): "oldest-first", tuple(ids[::-1]): "newest-first"}
    return known.get(tuple(seen)) or ("by-id" if seen == sorted(ids) else "shuffled-page")


def _listing_limit_over_1000(api: Api) -> str:
    _seed(api, *[{} for _ in range(1_001)])
    reply = api.get(limit=1_001)
    if reply.status != 200:
        return str(reply.status)
    return {1_001: "served", 1_000: "clamped", 100: "default"}[len(reply.ids)]


def _limit_zero(api: Api) -> str:
    _seed(api, {})
    reply = api.get(limit=0)
    return str(reply.status) if reply.status != 200 else ("default" if reply.ids else "empty")


def _bad_number(api: Api) -> str:
    replies = [api.get(limit="-1"), api.get(offset="x"), api.put("cancel", limit="1.5")]
    assert len({reply.status for reply in replies}) == 1
    return _status_or(replies[0], "ignored")


def _embargoed_cards_listed(api: Api) -> str:
    return _listed_in(api, "embargoed")


def _closed_cards_listed(api: Api) -> str:
    (answer,) = {_listed_in(api, state) for state in ("dismissed", "completed", "expired")}
    return answer


def _listed_in(api: Api, state: str) -> str:
    (card,) = _seed(api, {"status": state})
    if card not in api.get(status=state).ids:
        assert card not in api.get().ids
        return "no"
    return "yes" if card in api.get().ids else "only-by-status"


def _cancelled_cards_listed(api: Api) -> str:
    _seed(api, {"status": "cancelled"}, {})
    return "yes" if api.get(status="cancelled").ids and len(api.get().ids) == 2 else "no"


def _read_after_write(api: Api) -> str:
    (card,) = _seed(api, {"user_id": "u"})
    api.put("dismiss", userId="u")
    seen = api.get(userId="u", status="active").ids == [card]
    assert api.put("dismiss", userId="u").counts == (0, 0)
    deadline = time.monotonic() + 5
    while api.get(userId="u").json["data"][0]["status"] == "active":
        assert time.monotonic() < deadline
    return "delayed" if seen else "immediate"


def _action_status(api: Api) -> str:
    _seed(api, {})
    return str(api.put("dismiss").status)


def _action_order(api: Api) -> str:
    ids = _seed(api, *[{} for _ in range(20)])
    changed = api.put("cancel", limit=10, multiple=1).ids
    known = {tuple(ids[:10]): "oldest-first", tuple(ids[:9:-1]): "newest-first"}
    return known.get(tuple(changed)) or ("by-id" if changed == sorted(ids)[:10] else "other")


def _payload_content_type(api: Api) -> str:
    return _accepted_as(api, "text/plain", b"{}")


def _action_content_type(api: Api) -> str:
    return _accepted_as(api, None, b"")


def _accepted_as(api: Api, kind: str | None, body: bytes) -> str:
    _seed(api, {})
    path = f"{api.prefix}/cards/complete"
    reply = api.request("PUT", path, body=body, headers={"Content-Type": kind})
    return _status_or(reply, "accepted")


def _action_limit_over_1000(api: Api) -> str:
    _seed(api, *[{} for _ in range(1_001)])
    reply = api.put("cancel", limit=1_001, multiple=1)
    if reply.status != 200:
        return str(reply.status)
    return {1_000: "clamped", 500: "default"}[reply.counts[1]]


def _other_action_limits(api: Api) -> str:
    _seed(api, *[{} for _ in range(503)])
    given = api.put("complete", multiple=1, limit=1).counts[1] == 1
    counts = {(True, 500): "as-cancel", (True, 100): "default-100", (True, 502): "only-given"}
    changed = api.put("complete", multiple=1).counts[1]
    return counts.get((given, changed), "none")


def _action_offset(api: Api) -> str:
    _, second = _seed(api, {}, {})
    reply = api.put("dismiss", offset=1, limit=1, multiple=1)
    if reply.status != 200:
        return str(reply.status)
    return "honoured" if reply.ids == [second] else "ignored"


def _summary_total(api: Api) -> str:
    _seed(api, {}, {}, {})
    return {(2, 2): "acted", (3, 2): "matched"}[api.put("cancel", limit=2, multiple=1).counts]


def _action_word(api: Api) -> str:
    _seed(api, {"user_id": "a"}, {"user_id": "b"})
    assert api.put("complete", userId="a").json["data"][0]["action"] == "complete"
    (result,) = api.put("dismiss", userId="b").json["data"]
    return {"dismiss": "imperative", "dismissed": "past"}[result["action"]]


def _non_object_payload(api: Api) -> str:
    _seed(api, {})
    return _status_or(api.put("complete", b"[1]"), "accepted")


def _cancel_in(api: Api, status: str) -> str:
    _seed(api, {"status": status})
    return "allowed" if api.put("cancel").counts == (1, 1) else "refused"


def _cancel_embargoed(api: Api) -> str:
    return _cancel_in(api, "embargoed")


def _cancel_snoozed(api: Api) -> str:
    return _cancel_in(api, "snoozed")


def _expiry_under(api: Api, field: str) -> str:
    (card,) = _seed(api, {field: 3 * _MINUTE, "expires_at": _MINUTE})
    api.sandbox.clock.advance(2 * _MINUTE)
    early = api.environment.card(card).status == "expired"
    api.sandbox.clock.advance(2 * _MINUTE)
    assert api.environment.card(card).status == "expired"
    return "expires" if early else "waits"


def _expiry_while_embargoed(api: Api) -> str:
    return _expiry_under(api, "embargo_until")


def _expiry_while_snoozed(api: Api) -> str:
    return _expiry_under(api, "snooze_until")


def _updated_by_system(api: Api) -> str:
    _seed(api, {"expires_at": _MINUTE})
    api.sandbox.clock.advance(2 * _MINUTE)
    (card,) = api.get().json["data"]
    assert card["status"] == "expired"
    return "no" if card["updated"] == card["created"] else "yes"


def _no_token(api: Api) -> str:
    path = f"{api.prefix}/cards"
    return str(api.request("GET", path, headers={"Authorization": None}).status)


def _bad_token(api: Api) -> str:
    path = f"{api.prefix}/cards"
    return str(api.request("GET", path, headers={"Authorization": "Bearer x"}).status)


def _other_scheme(api: Api) -> str:
    path = f"{api.prefix}/cards"
    return str(api.request("GET", path, headers={"Authorization": "Basic x"}).status)


def _unknown_environment(api: Api) -> str:
    api.prefix = "/v1/nowhere"
    return str(api.get().status)


def _wrong_role(api: Api) -> str:
    api.log_in("workbench")
    return str(api.get().status)


def _other_environment(api: Api) -> str:
    api.sandbox.create_environment("other")
    api.prefix = "/v1/other"
    return str(api.get().status)


def _no_user_agent(api: Api) -> str:
    reply = api.request("GET", f"{api.prefix}/cards", headers={"User-Agent": None})
    return _status_or(reply, "accepted")


def _deleted_credential(api: Api) -> str:
    credential = api.log_in()
    api.environment.delete_credential(credential.client_id)
    assert api.token(credential).status == 400
    return "lives" if api.get().status == 200 else "dies"


def _token_fields(api: Api) -> str:
    fields = set(api.token(api.environment.create_credential()).json)
    return "access_token-only" if fields == {"access_token"} else "cognito"


def _grant_type_in(api: Api) -> str:
    credential = api.environment.create_credential()
    query = api.token(credential).status == 200
    form = api.token(credential, "", b"grant_type=client_credentials").status == 200
    return {(True, True): "either", (True, False): "query", (False, True): "form"}[query, form]


def _start(api: Api, mode: str = "start", **options: Any) -> Reply:  # noqa: ANN401
    payload = {"cardOptions": options}
    return api.start({"flows": [{"target": {"usersById": ["u"]}, "payload": payload}]}, mode=mode)


def _start_response(api: Api) -> str:
    match _start(api).json:
        case {"flowInvocationId": str()}:
            return "flat"
        case {"data": {"flowInvocationId": str()}}:
            return "data-object"
        case {"data": [{"flowInvocationId": str()}]}:
            return "data-array"
    raise AssertionError


def _start_status(api: Api) -> str:
    return str(_start(api).status)


def _delivery_options(api: Api) -> str:
    _start(api, embargo="2999-01-01T00:00:00Z")
    return {"embargoed": "honoured", "active": "ignored"}[api.get().json["data"][0]["status"]]


def _creation(api: Api) -> str:
    _start(api)
    return "immediate" if api.get(userId="u").ids else "delayed"


def _start_lifecycle_id(api: Api) -> str:
    reply = api.start({"flows": [{"target": {"usersById": ["u"]}, "lifecycleId": "ours"}]})
    if reply.status != 200:
        return str(reply.status)
    return "honoured" if api.get(lifecycleId="ours").ids else "ignored"


def _cards_per_target(api: Api) -> str:
    _start(api)
    return str(len(api.get().ids))


def _test_event_source(api: Api) -> str:
    api.environment.test_users = frozenset({"u"})
    _start(api, mode="test")
    return str(api.get().json["data"][0]["eventSource"])


def _error_body(api: Api) -> str:
    reply = api.get(limit="x")
    if not reply.body:
        return "empty"
    if reply.headers["Content-Type"].startswith("text/plain"):
        return "text"
    if "problem" in reply.headers["Content-Type"]:
        return "problem"
    return next(iter(reply.json))


def _extra_fields(api: Api) -> str:
    _seed(api, {})
    return "none" if set(api.get().json) == {"data"} else "some"


def _wrong_method(api: Api) -> str:
    return str(api.request("POST", f"{api.prefix}/cards").status)


def _head(api: Api) -> str:
    return _status_or(api.request("HEAD", f"{api.prefix}/cards"), "served")


def _unknown_path(api: Api) -> str:
    return str(api.request("GET", f"{api.prefix}/tickets").status)


def _rate_limit_headers(api: Api) -> str:
    names = {"RateLimit-Limit": "ratelimit", "X-RateLimit-Limit": "x-ratelimit"}
    return next((names[name] for name in api.get().headers if name in names), "none")


def _trailing_slash(api: Api) -> str:
    return _status_or(api.request("GET", f"{api.prefix}/cards/"), "served")


_PROBES = {name: globals()[f"_{name}"] for name in QUESTIONS}


@pytest.mark.parametrize(("question", "answer"), _CASES)
def test_every_answer_is_observed_as_set(question: str, answer: str, new_api: Callable[..., Api]):
    """For every question and answer, a sandbox with that answer behaves accordingly."""
    assert _PROBES[question](new_api(**{question: answer})) == answer


@pytest.mark.parametrize(("question", "answer"), _CASES)
def test_no_answer_keeps_a_drain_from_ending(
    question: str, answer: str, new_api: Callable[..., Api]
):
    """With any answer, repeated cancels leave no active card."""
    api = new_api(**{question: answer})
    _seed(api, *[{"user_id": "u"} for _ in range(7)], {"user_id": "u", "status": "expired"})
    for _ in range(4):
        api.put("cancel", userId="u", status="active", limit=3, multiple=1)
    states = {card.status.value for card in api.environment.cards()}
    assert states == {"cancelled", "expired"}


def test_the_default_profile_is_used_if_none_is_given():
    """A sandbox without a profile has the default one."""
    assert Sandbox().profile.order == QUESTIONS["order"].default
