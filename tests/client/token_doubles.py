"""Token endpoints and sources for tests."""

from __future__ import annotations

from time import sleep

import requests
from client_doubles import SECRET, TOKEN, TOKEN_URL, FakeTime, Reply, Target

from pytest_atomic_cards.client import ClientCredentials

ISSUED = Reply(body={"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})


def credentials(
    target: Target, time: FakeTime | None = None, **changes: object
) -> ClientCredentials:
    """A token source of which the target is the endpoint."""
    time = time or FakeTime()
    values = {
        "token_url": TOKEN_URL,
        "client_id": "client-1",
        "client_secret": SECRET,
        "http": target.http(),
        "clock": time,
        "retry": time.policy(),
    }
    return ClientCredentials(**values | changes)


def numbered(expires_in: object = 3600, delay: float = 0.0) -> Target:
    """A token endpoint that never issues the same token twice, and takes its time."""
    count = iter(range(1, 1000))

    def answer(_: requests.PreparedRequest) -> Reply:
        sleep(delay)
        return Reply(body={"access_token": f"token-{next(count)}", "expires_in": expires_in})

    return Target(answer)
