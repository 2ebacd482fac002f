"""Concurrency: what responses to overlapping actions mean, and contracts that find races."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from pytest_atomic_cards.model.card_spec import Population
from pytest_atomic_cards.model.cards import Card
from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.experiments.linearizability import is_linearizable
from pytest_atomic_cards.suite.experiments.races import Race, Racecourse, RacedAction
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.targets import SandboxTarget
from pytest_atomic_cards.targets.seeding.listing_reader import Group, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from contract_runs import RunContracts

    from pytest_atomic_cards.rules.finding import Finding

PIN = CardQuery(flow_invocation_id="invocation-1")
CARDS = tuple(Card.from_body({"cardInstanceId": f"card-{n}"}) for n in (1, 2, 3))
GROUP = Group(PIN, CARDS, ("a", "b", "c"))
SUITE = "from pytest_atomic_cards.contracts.test_concurrency import *"


def answer(status: int, body: Any = None) -> Exchange:  # noqa: ANN401 - a JSON value
    """The response to an action."""
    text = b"" if body is None else json.dumps(body).encode()
    now = datetime.now(UTC)
    return Exchange(
        "PUT", "http://x/v1/e/cards/cancel", now, 0.1, status=status, response_body=text
    )


def summed(updated: int | None, *named: str) -> Exchange:
    """A response of the sampled form."""
    data = [{"cardInstanceId": name, "action": "cancel"} for name in named]
    return answer(200, {"data": data, "summary": {"total": 3, "updated": updated}})


def attempt(
    action: Action, exchange: Exchange | None, called: float = 0.0, returned: float = 1.0
) -> RacedAction:
    """An action with its response; all overlap by default."""
    return RacedAction(action, PIN, called, returned, exchange, {})


def lost(action: Action) -> RacedAction:
    """An action without a response."""
    return attempt(action, None, returned=math.inf)


def explained(race: Race, final: Iterable[str | None]) -> bool:
    """Whether the operations on each card are linearizable."""
    return all(
        is_linearizable(Status.ACTIVE, race.history_of(card, word))
        for card, word in zip(race.cards, final, strict=True)
    )


def single(*attempts: RacedAction) -> Race:
    """A race for one card."""
    return Race(GROUP, CARDS[:1], attempts)


@pytest.mark.parametrize(
    ("exchange", "said"),
    [
        (summed(3, "card-1", "card-2", "card-3"), "updated updated updated"),
        (summed(3), "updated updated updated"),
        (summed(0), "left alone left alone left alone"),
        (summed(0, "card-1", "card-2"), "left alone left alone left alone"),
        (summed(2, "card-1", "card-3"), "updated left alone updated"),
        (summed(1, "card-1", "card-2", "card-3"), "nothing nothing nothing"),
        (summed(None, "card-1"), "nothing nothing nothing"),
        (answer(204), "nothing nothing nothing"),
        (answer(500), "nothing nothing nothing"),
        (answer(409), "refused refused refused"),
        (answer(404), "refused refused refused"),
        (None, "nothing nothing nothing"),
    ],
)
def test_what_an_answer_says(exchange: Exchange | None, said: str) -> None:
    """summary.updated decides; data only shows which cards, and only if their number agrees."""
    one = attempt(Action.CANCEL, exchange, returned=1.0 if exchange else math.inf)
    assert " ".join(one.said_of(card, 3) for card in CARDS) == said


DISMISSED, COMPLETED, CANCELLED = (
    attempt(action, summed(1, "card-1"))
    for action in (Action.DISMISS, Action.COMPLETE, Action.CANCEL)
)
NOT_DISMISSED, NOT_COMPLETED = (
    attempt(action, summed(0)) for action in (Action.DISMISS, Action.COMPLETE)
)
REFUSED = attempt(Action.CANCEL, answer(409))


@pytest.mark.parametrize(
    ("race", "final"),
    [
        (single(DISMISSED, NOT_COMPLETED, REFUSED), "dismissed"),
        (single(NOT_DISMISSED, NOT_COMPLETED, CANCELLED), "cancelled"),
        (single(NOT_DISMISSED, NOT_COMPLETED, CANCELLED), None),
        (single(NOT_DISMISSED, NOT_COMPLETED, CANCELLED), "canceled"),
        (single(REFUSED, REFUSED), "active"),
        (single(lost(Action.DISMISS), NOT_COMPLETED), "dismissed"),
        (single(lost(Action.DISMISS), COMPLETED), "completed"),
        (single(lost(Action.DISMISS), lost(Action.CANCEL)), "active"),
    ],
)
def test_races_that_an_order_explains(race: Race, final: str | None) -> None:
    """One request changes the card; the others follow it, are refused, or were lost."""
    assert explained(race, [final])


@pytest.mark.parametrize(
    ("race", "final"),
    [
        (single(DISMISSED, COMPLETED), "dismissed"),
        (single(DISMISSED, COMPLETED), "completed"),
        (single(DISMISSED, NOT_COMPLETED), "completed"),
        (single(DISMISSED, REFUSED), "active"),
        (single(NOT_DISMISSED, NOT_COMPLETED), "active"),
        (single(NOT_DISMISSED, REFUSED), "cancelled"),
        (single(lost(Action.DISMISS), COMPLETED), "dismissed"),
        (single(CANCELLED, CANCELLED), None),
    ],
)
def test_races_that_no_order_explains(race: Race, final: str | None) -> None:
    """Two requests changed the card, or none explains its final state."""
    assert not explained(race, [final])


def test_order_of_requests_that_do_not_overlap() -> None:
    """A request that changed nothing cannot precede the one that did."""
    early = attempt(Action.DISMISS, summed(0), 0.0, 1.0)
    late = attempt(Action.COMPLETE, summed(1), 2.0, 3.0)
    assert not explained(single(early, late), ["completed"])


def test_joint_actions_share_the_cards() -> None:
    """Each of several overlapping actions may change some of the cards."""
    race = Race(
        GROUP,
        CARDS,
        (
            attempt(Action.DISMISS, summed(2, "card-1", "card-2")),
            attempt(Action.CANCEL, summed(1, "card-3")),
        ),
    )
    assert explained(race, ["dismissed", "dismissed", "cancelled"])
    assert not explained(race, ["dismissed", "cancelled", "cancelled"])


def test_cards_that_appeared_later() -> None:
    """A race is not whole if a response names a card outside its group."""
    assert single(DISMISSED, REFUSED, lost(Action.CANCEL)).is_whole
    assert not single(attempt(Action.DISMISS, summed(1, "card-9"))).is_whole


def test_a_race_on_the_sandbox() -> None:
    """All actions get a response; one of them changes the card, and each lists it afterwards."""
    cards = SandboxTarget(Settings()).open_world()
    group = cards.seeder.seed(Population.of(2))[0]
    card = group.cards[0]
    with Racecourse(Probe(cards), seed=1) as course:
        race = course.run(group, [card], [(action, group.single(card)) for action in Action])
    (winner,) = (one for one in race.attempts if one.updated)
    assert [one.action for one in race.attempts] == list(Action)
    assert sum(one.updated or 0 for one in race.attempts) == 1
    assert winner.seen == {key_of(card): winner.action.outcome}
    assert all(one.called < one.returned < math.inf for one in race.attempts)
    assert cards.reader.states(group) == {
        key_of(card): winner.action.outcome,
        key_of(group.cards[1]): Status.ACTIVE,
    }
    assert explained(race, [winner.action.outcome])


def verdicts(findings: list[Finding]) -> dict[str, Verdict]:
    """The heaviest verdict on each requirement."""
    ranked = sorted(findings, key=lambda finding: finding.verdict.weight)
    return {finding.requirement: finding.verdict for finding in ranked}


@pytest.mark.parametrize("fault", ["lost-update", "action-reported-twice"])
def test_races_are_found(fault: str, run_contracts: RunContracts, findings: list[Finding]) -> None:
    """The contracts catch a sandbox in which two requests change one card, or report that."""
    run_contracts(SUITE, f"--cards-fault={fault}")
    found = verdicts(findings)
    assert found["CONC-02"] is found["CONC-03"] is Verdict.VIOLATED
    if fault == "lost-update":
        assert found["CONC-01"] is Verdict.VIOLATED
    (told,) = (one for one in findings if one.requirement == "CONC-02")
    assert ": 1 updated" in told.actual
    assert len(told.exchanges) == len(Action)


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"wrong_state": "counted", "multiple_counts": "matching", "zero_match_action": "404"},
        {"wrong_state": "409", "cancelled_cards_listed": "no", "zero_match_listing": "404"},
        {"read_after_write": "delayed", "closed_cards_listed": "only-by-status"},
    ],
)
def test_no_false_alarm(
    answers: dict[str, str], run_contracts: RunContracts, findings: list[Finding], tmp_path: Path
) -> None:
    """Races on a correct target are linearizable, whatever its answers to the open questions."""
    profile = tmp_path / "profile.toml"
    profile.write_text("\n".join(f'{name} = "{word}"' for name, word in answers.items()))
    run_contracts(SUITE, f"--cards-profile={profile}")
    assert verdicts(findings) == dict.fromkeys(
        ["CONC-01", "CONC-02", "CONC-03", "CONC-04"], Verdict.HELD
    )


def test_races_in_which_nothing_succeeds(
    run_contracts: RunContracts, findings: list[Finding]
) -> None:
    """If every action of the races is refused, the contracts are undecided."""
    run_contracts(SUITE, "--cards-fault=multiple-always-refused")
    found = verdicts(findings)
    assert found["CONC-02"] is Verdict.HELD
    assert found["CONC-03"] is Verdict.INCONCLUSIVE
