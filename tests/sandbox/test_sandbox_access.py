"""Tokens, credentials, roles and environments."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.sandbox import Credential
from pytest_atomic_cards.support.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox_api import Api

_GRANT = "grant_type=client_credentials"


def test_a_token_response_says_how_long_the_token_lives(new_api: Callable[..., Api]):
    """A token response has the token, its type and its lifetime in seconds."""
    api = new_api(token_lifetime=timedelta(minutes=5))
    body = api.token(api.environment.create_credential()).json
    assert (body["expires_in"], body["token_type"]) == (300, "Bearer")


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("", "invalid_request"),
        ("grant_type=", "invalid_request"),
        ("grant_type=%", "invalid_request"),
        ("grant_type=password", "unsupported_grant_type"),
        (f"{_GRANT}&client_id=other", "invalid_client"),
    ],
)
def test_a_bad_token_request_has_an_oauth_error(query: str, error: str, api: Api):
    """A token request that cannot be served is a 400 with the error code of OAuth 2."""
    reply = api.token(api.environment.create_credential(), query)
    assert (reply.status, reply.json) == (400, {"error": error})


@pytest.mark.parametrize(
    "header", [None, "Basic", "Basic !", "Basic bm9jb2xvbg==", "Bearer x", "Basic /w=="]
)
def test_a_token_request_without_a_client_is_refused(header: str | None, api: Api):
    """A token request without usable Basic authorization is an invalid client."""
    reply = api.request("POST", "/oauth2/token", _GRANT, headers={"Authorization": header})
    assert (reply.status, reply.json) == (400, {"error": "invalid_client"})


def test_a_wrong_secret_gives_no_token(api: Api):
    """A known client with another secret is an invalid client."""
    credential = api.environment.create_credential()
    forged = Credential(credential.client_id, "wrong-sécret", "events", "sandbox")
    assert api.token(forged).json == {"error": "invalid_client"}


def test_a_secret_does_not_appear_in_a_repr(api: Api):
    """The repr of a credential hides its secret."""
    credential = api.environment.create_credential()
    assert credential.client_secret not in repr(credential)
    assert credential.client_id in repr(credential)


def test_a_token_expires_by_the_clock(api: Api):
    """A token is valid for its hour, and refused afterwards."""
    api.sandbox.clock.freeze()
    api.log_in()
    api.sandbox.clock.advance(timedelta(minutes=59, seconds=59))
    assert api.get().status == 200
    api.sandbox.clock.advance(timedelta(seconds=1))
    assert api.get().status == 401


def test_too_many_token_requests_are_refused_for_a_while(new_api: Callable[..., Api]):
    """Beyond the rate limit the response is 429 with Retry-After, until the minute is over."""
    api = new_api(token_rate_limit=3)
    api.sandbox.clock.freeze()
    credential = api.environment.create_credential()
    replies = [api.token(credential) for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    wait = int(replies[-1].headers["Retry-After"])
    api.sandbox.clock.advance(timedelta(seconds=wait))
    assert api.token(credential).status == 200


def test_a_refusal_names_the_scheme(api: Api):
    """A 401 has a WWW-Authenticate header."""
    reply = api.request("GET", f"{api.prefix}/cards", headers={"Authorization": None})
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_the_scheme_is_compared_without_case(api: Api):
    """The word bearer may be written in any case."""
    token = api.headers["Authorization"].partition(" ")[2]
    reply = api.request("GET", f"{api.prefix}/cards", headers={"Authorization": f"bearer {token}"})
    assert reply.status == 200


def test_discovery_lists_the_environment_of_the_token(api: Api):
    """GET /v1/environments lists the environment of the token."""
    api.sandbox.create_environment("other")
    data = api.request("GET", "/v1/environments").json["data"]
    assert [environment["id"] for environment in data] == ["sandbox"]


def test_an_environment_that_does_not_exist_is_refused(api: Api):
    """A token gives no access to an environment that does not exist."""
    assert api.request("GET", "/v1/nowhere/cards").status == 403


def test_environment_ids_may_be_any_path_segment(api: Api):
    """An environment id with non-ASCII characters is served under its path."""
    other = api.sandbox.create_environment("Zoë 1")
    credential = other.create_credential()
    token = api.token(credential).json["access_token"]
    path = "/v1/Zoë 1/cards".encode().decode("latin-1")
    reply = api.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    assert reply.status == 200


@pytest.mark.parametrize("environment_id", ["", "a/b", "a\n", "sandbox"])
def test_impossible_environments_are_refused(environment_id: str, api: Api):
    """An id that is taken, or impossible in a path, is refused."""
    with pytest.raises(MisuseError, match="environment"):
        api.sandbox.create_environment(environment_id)


def test_credentials_belong_to_their_environment(api: Api):
    """A credential is deleted only through its own environment, and roles must exist."""
    other = api.sandbox.create_environment("other")
    credential = api.environment.create_credential()
    with pytest.raises(MisuseError, match="no credential"):
        other.delete_credential(credential.client_id)
    with pytest.raises(MisuseError, match="role"):
        api.environment.create_credential("admin")


def test_expired_tokens_are_not_kept_for_ever(api: Api):
    """Many tokens can be issued over a long time."""
    credential = api.environment.create_credential()
    for _ in range(3):
        for _ in range(600):
            reply = api.token(credential)
        api.sandbox.clock.advance(timedelta(hours=2))
    assert reply.status == 200
