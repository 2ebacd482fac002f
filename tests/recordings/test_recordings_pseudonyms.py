"""Ids that were replaced in one part of a recording: a redaction, and not a violation."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest
from audits import audited, verdicts
from manners import MANNERS
from traffic import Client

from pytest_atomic_cards.plugin.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_atomic_cards.model.exchange import Exchange

CUSTOMERS = ("ann@home.test", "bob@home.test", "cy@home.test")


@cache
def _plain(*faults: str, customers: int = 3) -> tuple[Exchange, ...]:
    client = Client(faults)
    for number, customer in enumerate(CUSTOMERS):
        client.seed(user_id=customer, lifecycle_id=f"life-{number}", count=2)
    for number, customer in enumerate(CUSTOMERS[:customers]):
        client.send("GET", userId=customer)
        client.send("GET", lifecycleId=f"life-{number}")
        client.send("PUT", "/dismiss", userId=customer, multiple=1)
    client.pass_days()
    client.send("GET", userId=CUSTOMERS[0])
    return tuple(client.exchanges)


def _hashed(text: str) -> str:
    for customer in CUSTOMERS:
        for spelling in (customer, customer.replace("@", "%40")):
            text = text.replace(spelling, hashlib.sha256(customer.encode()).hexdigest()[:16])
    return text


def _numbered(text: str) -> str:
    for number, customer in enumerate(CUSTOMERS):
        for spelling in (customer, customer.replace("@", "%40")):
            text = text.replace(spelling, f"customer {number}")
    return text


def _in_urls(one: Exchange, change: Callable[[str], str]) -> Exchange:
    return replace(one, url=change(one.url).replace(" ", "%20"))


def _in_bodies(one: Exchange, change: Callable[[str], str]) -> Exchange:
    return replace(one, response_body=change(one.response_body.decode()).encode())


def _in_user_ids(one: Exchange, change: Callable[[str], str]) -> Exchange:
    text = one.response_body.decode()
    pieces = text.split('"userId":')
    changed = [pieces[0], *(change(piece[:20]) + piece[20:] for piece in pieces[1:])]
    return replace(one, response_body='"userId":'.join(changed).encode())


PLACES = {"URLs": _in_urls, "bodies": _in_bodies, "the field userId": _in_user_ids}
WAYS = {"hashes": _hashed, "numbers": _numbered}


@pytest.mark.parametrize("manner", ["lines", "chrome", "vcrpy"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", PLACES)
def test_ids_replaced_in_one_place_violate_nothing(
    place: str, way: str, manner: str, tmp_path: Path
) -> None:
    """Whatever replaced them, the rest of the recording is judged, and nothing is violated."""
    exchanges = [PLACES[place](one, WAYS[way]) for one in _plain()]
    done = audited(exchanges, tmp_path, manner)
    assert verdicts(done) == set()
    assert done.counts[0].is_pseudonymized
    assert done.judged == len(exchanges)


def test_one_hashed_customer_is_recognized_by_its_spelling(tmp_path: Path) -> None:
    """A single pair of ids is a replacement if only one of them looks like a pseudonym."""
    exchanges = [_in_urls(one, _hashed) for one in _plain(customers=1)]
    assert verdicts(audited(exchanges, tmp_path)) == set()


@pytest.mark.parametrize(
    "fault", ["list-ignores-userId", "act-ignores-userId", "complete-completed"]
)
def test_a_wrong_target_is_not_taken_for_a_redaction(fault: str, tmp_path: Path) -> None:
    """Cards of other customers are violations as long as no replacement explains them."""
    done = audited(_plain(fault), tmp_path)
    assert not done.counts[0].is_pseudonymized
    assert bool(verdicts(done)) is (fault != "complete-completed")


def test_two_confused_customers_are_a_violation(tmp_path: Path) -> None:
    """A target that shows one customer's cards to the other confuses ids that both exist."""

    def swapped(text: str) -> str:
        return text.replace("ann", "\0").replace("bob", "ann").replace("\0", "bob")

    exchanges = [_in_bodies(one, swapped) for one in _plain()]
    assert "QUERY-06" in verdicts(audited(exchanges, tmp_path))


def test_other_violations_of_a_pseudonymized_recording_are_found(tmp_path: Path) -> None:
    """Only the replaced ids are not compared."""
    exchanges = [_in_urls(one, _hashed) for one in _plain("timestamps-without-zone")]
    assert verdicts(audited(exchanges, tmp_path)) >= {"SHAPE-04"}


def test_a_sentence_says_that_ids_were_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody takes such a recording for a complete one."""
    path = tmp_path / "recording"
    path.write_bytes(MANNERS["lines"]([_in_urls(one, _hashed) for one in _plain()]))
    assert main(["audit", str(path)]) == 0
    assert "ids were replaced in one part of the recording" in capsys.readouterr().out
