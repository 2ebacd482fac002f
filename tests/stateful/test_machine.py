"""The lifecycle machine, against correct sandboxes of many profiles, and faulty ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from hypothesis.stateful import rule

from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.profile import Profile
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.rules.verdicts import Inconclusive, Violation
from pytest_atomic_cards.suite.generation.state_machine import (
    USUAL,
    LifecycleMachine,
    check_lifecycle,
    step,
)
from pytest_atomic_cards.support.errors import (
    NotAvailableError,
    OutcomeUnknownError,
    TransportError,
)
from pytest_atomic_cards.targets import SandboxTarget

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from live_sandbox import Serve

    from pytest_atomic_cards.model.card_spec import Population
    from pytest_atomic_cards.model.exchange import Exchange
    from pytest_atomic_cards.model.query import CardQuery
    from pytest_atomic_cards.targets.cards_fixture import Cards
    from pytest_atomic_cards.targets.seeding.listing_reader import Group

FEW = hypothesis.settings(USUAL, max_examples=15)


def world(*faults: str) -> Cards:
    """A sandbox with faults."""
    return SandboxTarget(Settings(fault=faults)).open_world()


def violation_on(cards: Cards, **how: Any) -> Violation:  # noqa: ANN401 - passed on
    """The violation that the machine finds."""
    with pytest.raises(Violation) as caught:
        check_lifecycle(cards, settings=hypothesis.settings(USUAL, max_examples=1_000), **how)
    return caught.value


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"wrong_state": "counted", "multiple_counts": "matching"},
        {"wrong_state": "409", "zero_match_action": "404", "cancel_snoozed": "refused"},
        {"closed_cards_listed": "only-by-status", "cancelled_cards_listed": "no"},
        {"zero_match_listing": "404", "zero_match_action": "400", "cancel_embargoed": "refused"},
        {"expiry_while_embargoed": "waits", "expiry_while_snoozed": "waits"},
    ],
)
def test_every_legal_choice_is_accepted(answers: dict[str, Any], tmp_path: Path) -> None:
    """The machine finds nothing on a correct target, whatever its answers to the open questions."""
    profile = tmp_path / "profile.toml"
    profile.write_text("\n".join(f'{name} = "{answer}"' for name, answer in answers.items()))
    assert Profile.read(profile) == Profile(**answers)
    check_lifecycle(SandboxTarget(Settings(profile=profile)).open_world(), settings=FEW)


def test_stale_readings_are_accepted(tmp_path: Path) -> None:
    """A slightly stale listing is not a violation."""
    profile = tmp_path / "profile.toml"
    profile.write_text('read_after_write = "delayed"')
    cards = SandboxTarget(Settings(profile=profile)).open_world()
    check_lifecycle(cards, settings=hypothesis.settings(FEW, max_examples=5))


@pytest.mark.usefixtures("time_flies")
@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            "complete-dismissed",
            (
                "expected card 1 to be dismissed; it is completed after: 1. seed card 1 (active); "
                "2. dismiss card 1: HTTP 200; 3. complete card 1: HTTP 200"
            ),
        ),
        (
            "cancel-without-effect",
            (
                "expected card 1 to be cancelled; it is active after: 1. seed card 1 (active); "
                "2. cancel card 1: HTTP 200"
            ),
        ),
    ],
)
def test_a_violation_tells_the_fewest_steps(fault: str, told: str) -> None:
    """A long run shrinks to the steps that lead to the wrong state, on one plain card."""
    violation = violation_on(world(fault))
    assert str(violation) == told
    assert [exchange.method for exchange in violation.exchanges] == ["PUT", "GET"]


@pytest.mark.usefixtures("time_flies")
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("embargo-never-ends", "active"),
        ("snooze-ends-dismissed", "active"),
        ("expiry-cancels", "expired"),
        ("dismiss-embargoed", "embargoed"),
    ],
)
def test_faults_of_time_are_found(fault: str, expected: str) -> None:
    """A card in a wrong state is found, and the report has no other card."""
    violation = violation_on(world(fault))
    assert violation.expected == f"card 1 to be {expected}"
    assert "card 2" not in str(violation)


def test_an_action_that_must_succeed() -> None:
    """Refusing an action that is documented as allowed is a violation."""
    cards = world()
    _refuse(cards, lambda action, _: action is Action.COMPLETE)
    violation = violation_on(cards)
    assert violation.expected == "complete card 1 to succeed"
    assert violation.actual.startswith("the response was HTTP 404 after: 1. seed card 1")


def test_an_action_that_must_fail() -> None:
    """Accepting an action on several cards without multiple=1 is a violation."""
    cards = world()
    act = cards.api.act_exchange

    def generous(action: Action, query: CardQuery) -> Exchange:
        return act(action, query.replace(multiple=True))

    cards.api.act_exchange = generous  # type: ignore[method-assign, assignment]
    violation = violation_on(cards)
    assert violation.expected.endswith("card 2 to fail, as it matches 2 cards")
    assert violation.actual.startswith(
        "it succeeded after: 1. seed card 1 (active), card 2 (active)"
    )


def _refuse(cards: Cards, which: Callable[[Action, CardQuery], bool]) -> None:
    """Let the target respond to some actions with HTTP 404 without applying them."""
    act = cards.api.act_exchange

    def picky(action: Action, query: CardQuery) -> Exchange:
        if which(action, query):
            return cards.api.session.send("PUT", "/v1/nowhere")
        return act(action, query)

    cards.api.act_exchange = picky  # type: ignore[method-assign, assignment]


def test_lost_answers_leave_both_possible() -> None:
    """A lost response is not a violation, whether or not the action was applied."""
    cards = world()
    act = cards.api.act_exchange
    count = 0

    def lossy(action: Action, query: CardQuery) -> Exchange:
        nonlocal count
        count += 1
        if count % 4 == 0:
            raise OutcomeUnknownError("lost before it was applied")
        exchange = act(action, query)
        if count % 4 == 1:
            raise OutcomeUnknownError("lost after it was applied", exchange)
        return exchange

    cards.api.act_exchange = lossy  # type: ignore[method-assign, assignment]
    check_lifecycle(cards, settings=FEW)
    assert count > 20


def test_cards_that_appear_later() -> None:
    """Refusing an action because of a card that appeared later is not a violation."""
    cards = world()
    seed = cards.seeder.seed

    def twice(population: Population) -> list[Group]:
        groups = seed(population)
        cards.environment.seed(
            {"flow_instance_id": card.flow_instance_id, "user_id": card.user_id}
            for card in groups[0].cards
        )
        return groups

    cards.seeder.seed = twice  # type: ignore[method-assign, assignment]
    refused: list[Exchange] = []
    cards.api.session.listeners.append(
        lambda exchange: refused.append(exchange) if exchange.status == 400 else None
    )
    check_lifecycle(cards, settings=FEW)
    assert refused


def test_a_target_that_cannot_be_asked() -> None:
    """A transport error leaves the requirement undecided."""
    cards = world()

    def unreachable(*_: object) -> Exchange:
        raise TransportError("nobody answers")

    cards.api.act_exchange = unreachable  # type: ignore[method-assign, assignment]
    with pytest.raises(Inconclusive, match="nobody answers"):
        check_lifecycle(cards)


def test_a_target_that_cannot_give_what_a_run_needs() -> None:
    """A missing capability of the target leaves the requirement not exercised."""
    cards = world()

    def unavailable(*_: object) -> Exchange:
        raise NotAvailableError("no such cards here")

    cards.api.act_exchange = unavailable  # type: ignore[method-assign, assignment]
    with pytest.raises(pytest.skip.Exception, match="no such cards here"):
        check_lifecycle(cards)


def test_a_live_target(serve: Serve) -> None:
    """On a live target, runs act on fresh active cards, and legal choices are accepted."""
    live = serve(cards_per_target="2", wrong_state="409")
    with_cards = live.open_world()
    check_lifecycle(with_cards, settings=hypothesis.settings(FEW, max_examples=4))
    assert live.count("PUT /v1/sandbox/cards/") > 4
    assert {card.status for card in live.environment.cards()} <= {Status.ACTIVE, *_OUTCOMES}
    with_cards.clean_up()
    assert not live.open_cards


_OUTCOMES = {action.outcome for action in Action}


@pytest.mark.usefixtures("time_flies")
def test_faults_of_a_live_target(serve: Serve) -> None:
    """On a live target, a card in a wrong state is found once no read can be stale."""
    live = serve(faults=("dismiss-completed",))
    violation = violation_on(live.open_world(settling=1.0))
    assert violation.expected == "card 1 to be completed"
    assert violation.actual.startswith("it is dismissed after: 1. seed card 1 (active)")


class Forgetful(LifecycleMachine):
    """A machine with its own step, which does not update the belief about the first card."""

    @rule()
    @step
    def complete_behind_its_back(self) -> None:
        """Complete the first card."""
        first = self.members[0]
        self.cards.api.complete(first.group.single(first.card))
        self.log.append("something happens")
        self.look()


def test_a_machine_with_steps_of_its_own() -> None:
    """Rules of a subclass take part in runs and in shrinking."""
    violation = violation_on(world(), machine=Forgetful)
    assert str(violation) == (
        "expected card 1 to be active; it is completed after: 1. seed card 1 (active); "
        "2. something happens"
    )


def test_the_same_seed_gives_the_same_runs() -> None:
    """The seed determines the runs."""

    def requests(seed: int) -> list[str]:
        cards = world()
        seen: list[str] = []
        cards.api.session.listeners.append(lambda exchange: seen.append(exchange.path))
        check_lifecycle(cards, settings=FEW, seed=seed)
        return seen

    assert requests(3) == requests(3)
    assert requests(3) != requests(4)
