"""Verify: current responses of a target are compared with the recording, field by field."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from vcr.request import Request

from pytest_atomic_cards.recordings.cassettes.cassette import Cassette
from pytest_atomic_cards.recordings.cassettes.cassette_document import Interaction
from pytest_atomic_cards.recordings.cassettes.cassette_redaction import Redaction
from pytest_atomic_cards.recordings.cassettes.comparison import Comparison
from pytest_atomic_cards.recordings.cassettes.metadata import Recorded, Source

_LISTING = "/v1/env/cards?flowInvocationId={run}-invocation"


def _card(run: str, number: int = 1, **changes: object) -> dict[str, Any]:
    return {
        "cardInstanceId": f"{run}-card-{number}",
        "userId": f"{run}-user",
        "cardTemplateId": "template",
        "status": "active",
        "created": f"2026-0{number}-01T00:00:00.000Z" if run == "a" else "2030-01-01T09:08:07.006Z",
    } | changes


def _exchange(
    method: str, url: str, body: object = None, status: int = 200, sent: object = None
) -> Interaction:
    return Interaction(
        Request(method, f"https://cards.invalid{url}", json.dumps(sent) if sent else None, {}),
        {
            "status": {"code": status, "message": ""},
            "headers": {"content-type": ["application/json"], "x-run": [str(id(body))]},
            "body": {"string": json.dumps(body).encode()},
        },
    )


def _listed(run: str, *cards: dict[str, Any], status: int = 200) -> Interaction:
    return _exchange("GET", _LISTING.format(run=run), {"data": list(cards)}, status)


def _started(run: str, users: tuple[str, ...] = ("user",)) -> Interaction:
    return _exchange(
        "POST",
        "/v1/env/action-flow/flow/start",
        {"flowInvocationId": f"{run}-invocation"},
        sent={"users": [f"{run}-{user}" for user in users]},
    )


def _cancelled(run: str, updated: int = 1) -> Interaction:
    url = f"/v1/env/cards/cancel?cardInstanceId={run}-card-1"
    return _exchange("PUT", url, {"summary": {"total": 1, "updated": updated}})


def _compare(recorded: list[Interaction], now: list[Interaction]) -> list[str]:
    cassette = Cassette(Path("a.json"), Recorded(source=Source.LIVE), Redaction())
    for one in recorded:
        cassette.append(one.request, one.response, one.started, one.elapsed)
    comparison = Comparison(cassette)
    for one in now:
        comparison.add(one)
    return comparison.take_differences(finished=True)


def _run(run: str, **changes: object) -> list[Interaction]:
    return [_started(run), _listed(run, _card(run, **changes)), _cancelled(run)]


def test_a_run_is_like_itself() -> None:
    """The same exchanges have no differences."""
    assert not _compare(_run("a"), _run("a"))


def test_ids_and_times_may_be_others() -> None:
    """Another run has other ids and times, in requests and responses alike."""
    assert not _compare(_run("a"), _run("b"))


@pytest.mark.parametrize(
    ("now", "difference"),
    [
        (_run("b", status="snoozed"), 'response.body.data[0].status: "active" recorded, "snoozed"'),
        (_run("b", cardTemplateId="x"), 'data[0].cardTemplateId: "template" recorded, "x" now'),
        (_run("b", created="yesterday"), "response.body.data[0].created: "),
        (_run("b", created=5), "response.body.data[0].created: "),
        (_run("b", extra=1), "response.body.data[0].extra: not recorded, 1 now"),
        (_run("b", userId="b-other"), "response.body.data[0].userId: "),
        ([_started("b"), _listed("b"), _cancelled("b")], "data: 1 element(s) recorded, 0 now"),
        ([*_run("b")[:2], _cancelled("b", 0)], "response.body.summary.updated: 1 recorded, 0 now"),
        (_run("b")[:2], "PUT /v1/env/cards/cancel?cardInstanceId=a-card-1: recorded, not sent now"),
        ([_started("b"), _cancelled("b")], "flowInvocationId=a-invocation: recorded, not sent now"),
        ([*_run("b"), _cancelled("b")], "cancel?cardInstanceId=b-card-1: sent now, not recorded"),
        ([*_run("b"), _listed("b")], "flowInvocationId=b-invocation: sent now, not recorded"),
        (
            [_started("b"), _listed("b", _card("b"), status=404), _cancelled("b")],
            "response.status: 200 recorded, 404 now",
        ),
        (
            [_started("b", ("user", "more")), *_run("b")[1:]],
            "request.body.users: 1 element(s) recorded, 2 now",
        ),
    ],
)
def test_a_difference_is_reported(now: list[Interaction], difference: str) -> None:
    """The request, the field, and what was recorded and the current value are named, once."""
    (told,) = _compare(_run("a"), now)
    assert difference in told


def test_an_id_stands_for_one_id_throughout() -> None:
    """Two cards of the recording are not one card now, nor the other way round."""
    two = [_listed("a", _card("a", 1), _card("a", 2))]
    one_twice = [_listed("b", _card("b", 1), _card("b", 1))]
    assert any("cardInstanceId" in told for told in _compare(two, one_twice))
    assert any("cardInstanceId" in told for told in _compare(one_twice, two))


def _of_thread(run: str, number: int, status: str = "active") -> list[Interaction]:
    """What one of several threads sends for its card."""
    action = f"/v1/env/cards/cancel?cardInstanceId={run}-card-{number}"
    listing = f"/v1/env/cards?cardInstanceId={run}-card-{number}"
    return [
        _exchange("GET", listing, {"data": [_card(run, number)]}),
        _exchange("PUT", action, {"summary": {"total": 1, "updated": number}}),
        _exchange("GET", listing, {"data": [_card(run, number, status=status)]}),
    ]


def _threads(run: str, *threads: list[Interaction], lasting: float = 0.5) -> list[Interaction]:
    """A start, and the exchanges of threads in turns, each beginning a second after another."""
    turns = itertools.chain(*zip(*threads, strict=True))
    return [
        _started(run),
        _listed(run, _card(run, 1), _card(run, 2)),
        *(replace(one, started=float(n), elapsed=lasting) for n, one in enumerate(turns, 1)),
    ]


@pytest.mark.parametrize("lasting", [0.5, 1.5])
def test_the_order_of_threads_does_not_count(lasting: float) -> None:
    """Each request is compared with one of its kind, whether or not exchanges overlap."""
    first = _threads("a", _of_thread("a", 1), _of_thread("a", 2))
    again = _threads("b", _of_thread("b", 2), _of_thread("b", 1), lasting=lasting)
    assert not _compare(first, again)


@pytest.mark.parametrize(("recorded", "now"), [(1.5, 0.5), (0.5, 1.5)])
def test_the_order_of_overlapping_responses_does_not_count(recorded: float, now: float) -> None:
    """Which of two equal requests has the effect is a coincidence, unless one was first."""
    first = _threads("a", [_cancelled("a", 1)], [_cancelled("a", 0)], lasting=recorded)
    swapped = [_cancelled("b", 0)], [_cancelled("b", 1)]
    assert not _compare(first, _threads("b", *swapped, lasting=now))
    first = _threads("a", [_cancelled("a", 1)], [_cancelled("a", 0)])
    assert len(_compare(first, _threads("b", *swapped))) == 2


def test_differences_between_threads_are_found() -> None:
    """A response that is different, a request that is missing and one too many are named."""
    first = _threads("a", _of_thread("a", 1), _of_thread("a", 2))
    changed = _of_thread("b", 1, "cancelled")
    (found,) = _compare(first, _threads("b", _of_thread("b", 2), changed))
    assert 'status: "active" recorded, "cancelled" now' in found
    second = next(
        one for one in first if one.request.uri.endswith("cancel?cardInstanceId=a-card-2")
    )
    (missing,) = _compare(first, [one for one in first if one is not second])
    assert missing.endswith("a-card-2: recorded, not sent now")
    (more,) = _compare(first, [*first, second])
    assert more.endswith("a-card-2: sent now, not recorded")


def test_the_order_of_a_listing_does_not_count() -> None:
    """Once it is known which card is which, they may be in any order."""
    cards = {run: [_card(run, 1), _card(run, 2, status="snoozed")] for run in "ab"}
    recorded = [_listed("a", *cards["a"]), _cancelled("a"), _listed("a", *cards["a"])]
    now = [_listed("b", *cards["b"]), _cancelled("b"), _listed("b", *reversed(cards["b"]))]
    assert not _compare(recorded, now)


def test_polling_may_take_another_number_of_requests() -> None:
    """Of what is asked again until it is there, the last response counts."""
    slow = [_started("b"), *[_listed("b")] * 3, _listed("b", _card("b")), _cancelled("b")]
    assert not _compare(_run("a"), slow)
    assert not _compare(slow, _run("a"))


def test_answers_that_ask_for_patience_do_not_count() -> None:
    """A stray 503 or 429 that was tried again is not a difference."""
    first, *rest = _run("b")
    busy = [_exchange("POST", "/v1/env/action-flow/flow/start", {}, 503), first]
    assert not _compare(_run("a"), [*busy, _listed("b", status=429), *rest])


_TESTS = """
from pytest_atomic_cards import Status

def test_one(cards):
    card = cards.seed()
    cards.cancel(card)
    assert cards.get(card).status is Status.CANCELLED
"""


def test_a_target_that_changed_fails_its_tests(pytester: pytest.Pytester) -> None:
    """A test that passes on the target fails if the responses differ from the recording."""
    pytester.makepyfile(_TESTS)
    pytester.runpytest("--cards-cassettes", "record").assert_outcomes(passed=1)
    files = {path: path.read_bytes() for path in pytester.path.rglob("*.json")}
    pytester.runpytest("--cards-cassettes", "verify").assert_outcomes(passed=1)
    result = pytester.runpytest(
        "--cards-cassettes", "verify", "--cards-fault", "summary-total-zero"
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*one.json differs:*", "PUT */cancel?*: response.body.summary*"])
    assert {path: path.read_bytes() for path in pytester.path.rglob("*.json")} == files
