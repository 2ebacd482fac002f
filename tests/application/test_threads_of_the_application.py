"""An application with several threads: its traffic is recorded, replayed and compared."""

from __future__ import annotations

import pytest

THREADS = """
from concurrent.futures import ThreadPoolExecutor
import requests
from pytest_atomic_cards import CardSpec, Population

USERS = [f"customer-{number}" for number in range(8)]

def test_each_thread_has_its_own_customer(cards):
    cards.seed_all(Population(tuple(CardSpec(user_id=user) for user in USERS)))
    url = f"{cards.url}/v1/{cards.environment_id}/cards"

    def settle(user):
        with requests.Session() as http:
            before = http.get(url, params={"userId": user}).json()["data"]
            done = http.put(f"{url}/cancel", params={"userId": user}).json()["summary"]
            after = http.get(url, params={"userId": user, "status": "active"}).json()["data"]
        return len(before), done["updated"], len(after)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(settle, USERS)) == [(1, 1, 0)] * len(USERS)

def test_only_one_of_many_succeeds(cards):
    cards.seed(user_id="customer-1")
    url = f"{cards.url}/v1/{cards.environment_id}/cards/cancel"

    def settle(_):
        with requests.Session() as http:
            return http.put(url, params={"userId": "customer-1"}).json()["summary"]["updated"]

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(settle, range(4))) == [0, 0, 0, 1]
"""


def test_threads_are_recorded_replayed_and_verified(pytester: pytest.Pytester):
    """The order in which threads happen to send does not matter, a different response does."""
    pytester.makepyfile(THREADS)
    for mode in ("record", "replay", "verify", "verify"):
        result = pytester.runpytest_inprocess("--cards-cassettes", mode)
        result.assert_outcomes(passed=2)
    arguments = ("--cards-fault", "result-shows-other-user", "--cards-monitor", "off")
    result = pytester.runpytest_inprocess("--cards-cassettes", "verify", *arguments)
    outcomes = result.parseoutcomes()  # without an overlap, a difference fails the call itself
    assert outcomes.get("failed", 0) + outcomes.get("errors", 0) == 2
    result.stdout.fnmatch_lines(["*.userId: *recorded*now"])
