"""Choices: the sandbox behaves as its list of choices says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_atomic_cards.sandbox.choices import CHOICES

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox_api import Api


def _raw(api: Api, query: str, method: str = "GET", **how: Any) -> Any:  # noqa: ANN401
    return api.request(method, f"{api.prefix}/cards", query, **how)


def _repeated_control(api: Api) -> bool:
    api.environment.seed([{}, {}, {}])
    return len(_raw(api, "limit=1&limit=2").ids) == 2


def _plus_sign(api: Api) -> bool:
    api.environment.seed([{"user_id": "a b"}, {"user_id": "a+b"}])
    users = [_raw(api, query).json["data"][0]["userId"] for query in ("userId=a+b", "userId=a%2Bb")]
    return users == ["a b", "a+b"]


def _leading_zeros(api: Api) -> bool:
    api.environment.seed([{}] * 7)
    return len(_raw(api, "limit=05").ids) == 5


def _parameter_names(api: Api) -> bool:
    api.environment.seed([{"user_id": "u"}])
    return len(_raw(api, "USERID=nobody").ids) == 1


def _broken_escape(api: Api) -> bool:
    return [_raw(api, query).status for query in ("userId=%zz", "userId=%FF")] == [400, 400]


def _method_before_token(api: Api) -> bool:
    return bool(_raw(api, "", "POST", headers={"Authorization": None}).status == 405)


def _token_before_query(api: Api) -> bool:
    return bool(_raw(api, "limit=x", headers={"Authorization": None}).status == 401)


def _needless_body(api: Api) -> bool:
    api.environment.seed([{"user_id": "u"}])
    return api.put("dismiss", b"not JSON", userId="u").counts == (1, 1)


def _payload_for_each(api: Api) -> bool:
    api.environment.seed([{}, {}])
    api.put("complete", b'{"n":1}', multiple=1)
    return [card.completion for card in api.environment.cards()] == [{"n": 1}] * 2


def _invalid_json(api: Api) -> bool:
    bodies = (b"{", b"[" * 300 + b"]" * 300)
    return [api.put("complete", body, userId="u").status for body in bodies] == [400, 400]


def _large_body(api: Api) -> bool:
    path = f"{api.prefix}/cards/complete"
    packed = api.request("PUT", path, body=b"{}", headers={"Content-Encoding": "gzip"})
    large = api.request("PUT", path, headers={"Content-Length": "10000001"})
    return (packed.status, large.status) == (415, 413)


def _test_users(api: Api) -> bool:
    body = {"flows": [{"target": {"usersById": ["u", "v"]}}]}
    api.start(body, mode="test")
    api.environment.test_users = frozenset({"v"})
    api.start(body, mode="test")
    return [card.user_id for card in api.environment.cards()] == ["v"]


def _all_test_users(api: Api) -> bool:
    api.environment.test_users = frozenset({"u", "v"})
    for wanted in (True, False):
        api.start({"flows": [{"target": {"allTestUsers": wanted}}]})
    return [card.user_id for card in api.environment.cards()] == ["u", "v"]


def _bulk_target(api: Api) -> bool:
    body = {"flows": [{"target": {"usersById": ["u"], "tags": ["everybody"]}}] * 5}
    statuses = [api.start(body).status for _ in range(2)]
    return statuses == [200, 200] and len(api.environment.cards()) == 10


def _started(api: Api, flow: str) -> int:
    return api.start({"flows": [{"target": {"usersById": ["u"]}}]}, flow=flow).status


def _unpublished_flow(api: Api) -> bool:
    api.environment.define_flow("draft", published=False)
    return _started(api, "draft") == 400


def _unknown_flow(api: Api) -> bool:
    return _started(api, "nothing") == 404


_PROBES: dict[str, Callable[[Api], bool]] = {
    topic: globals()[f"_{topic.lower().replace(' ', '_')}"] for topic in CHOICES
}


@pytest.mark.parametrize("topic", CHOICES)
def test_the_sandbox_behaves_as_the_list_of_choices_says(topic: str, api: Api):
    """Each listed choice is what the sandbox with the default profile does."""
    assert _PROBES[topic](api)
