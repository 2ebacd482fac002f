"""Cleaning up on a target whose listings lag behind."""

from __future__ import annotations

import copy
from urllib.parse import parse_qsl, urlsplit

import requests
from client_doubles import Reply, Target, session

from pytest_atomic_cards.client import CardsApi
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.support.clock import Clock
from pytest_atomic_cards.targets.seeding.clean_up import Cleaner
from pytest_atomic_cards.targets.seeding.listing_reader import Reader
from pytest_atomic_cards.targets.seeding.ownership import Ownership
from pytest_atomic_cards.targets.seeding.start_register import StartRegister

STARTS = 20


class Pauses(Clock):
    """Real time, but for pauses: they are kept, and a lagging target catches up in each."""

    def __init__(self, target: Lagging) -> None:
        self.kept: list[float] = []
        self._target = target

    def sleep(self, seconds: float) -> None:
        """Keep the pause."""
        self.kept.append(seconds)
        self._target.shown = copy.deepcopy(self._target.true)


class Lagging:
    """A target with an active card of each invocation, whose listings show its past."""

    def __init__(self) -> None:
        self.true = {f"inv-{number}": "active" for number in range(STARTS)}
        self.shown = dict(self.true)

    def __call__(self, request: requests.PreparedRequest) -> Reply:
        """Answer a listing or a cancel."""
        query = dict(parse_qsl(urlsplit(str(request.url)).query))
        wanted = {name: query[name] for name in query.keys() & self._card("").keys()}
        matching = [one for one in self.true if wanted.items() <= self._card(one).items()]
        if request.method == "GET":
            return Reply(body={"data": [self._card(one) for one in matching]})
        self.true |= dict.fromkeys(matching, "cancelled")
        return Reply(body={"data": [], "summary": {"total": 1, "updated": len(matching)}})

    def _card(self, invocation: str) -> dict[str, str]:
        return {
            "flowInvocationId": invocation,
            "flowInstanceId": f"instance-of-{invocation}",
            "userId": "customer",
            "status": self.shown.get(invocation, ""),
        }


def test_all_starts_share_the_time_that_listings_need() -> None:
    """Where listings lag, the pauses for many starts are those for one."""
    lagging = Lagging()
    time = Pauses(lagging)
    api = CardsApi(session(Target(lagging), clock=time), "env")
    cleaner = Cleaner(api, StartRegister(Ownership(api, Reader(api))))
    for invocation in lagging.true:
        start = cleaner.register.begin(["customer"], [], [Status.ACTIVE])
        cleaner.register.confirm(start, invocation)
    report = cleaner.clean_up(cleaner.register.starts)
    assert (report.invocations, report.left_open) == (STARTS, ())
    assert set(lagging.true.values()) == {"cancelled"}
    assert len(time.kept) == 1
