"""The time experiment: what can be concluded from a card that does not expire."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pytest_atomic_cards.cards import Card
from pytest_atomic_cards.query import CardQuery
from pytest_atomic_cards.seeding.reader import Group
from pytest_atomic_cards.verification.timed import Timed

Options = dict[str, Any]
EMBARGO: Options = {"embargo": "2030-01-02T03:04:05.678Z"}
EXPIRY: Options = {"expiresInterval": "PT4S"}


def group(options: Options) -> Group:
    """A card that shows some delivery options."""
    card = Card.from_body({"cardInstanceId": "card", "payload": {"cardOptions": options}})
    return Group(CardQuery(flow_invocation_id="invocation"), (card,), ("customer",))


@pytest.mark.parametrize(
    ("certain", "embargoed", "expiring", "honoured"),
    [
        (True, None, {}, True),
        (False, None, EXPIRY, False),
        (False, EMBARGO, EXPIRY, True),
        (False, EMBARGO, {"expires": "2030-01-02T03:04:05.678Z"}, True),
        (False, EMBARGO, {}, False),
        (False, {}, {}, True),
        (False, {}, EXPIRY, True),
    ],
    ids=[
        "known",
        "no embargo to be had",
        "both shown",
        "both shown, as a time",
        "embargo shown alone",
        "neither shown",
        "expiry shown alone",
    ],
)
def test_whether_an_expiry_was_taken(
    certain: bool,  # noqa: FBT001
    embargoed: Options | None,
    expiring: Options,
    honoured: bool,  # noqa: FBT001
) -> None:
    """A target that takes an embargo takes an expiry too, unless its cards show the first alone."""
    groups = {"expiry": group(expiring)}
    if embargoed is not None:
        groups["long embargo"] = group(embargoed)
    placement = SimpleNamespace(delivery_is_certain=certain)
    probe: Any = SimpleNamespace(cards=SimpleNamespace(placement=placement))
    assert Timed(probe, groups, {}).expiry_is_honoured == honoured
