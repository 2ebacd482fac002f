"""Every operation is tried with every token that must not give access."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.request_space import SETS_WITHOUT_PAIRS
from pytest_atomic_cards.suite.experiments.access_experiments import WAYS, Intrusions, intrude
from pytest_atomic_cards.suite.probing.probe import Probe
from pytest_atomic_cards.targets import sandbox_world

if TYPE_CHECKING:
    from live_sandbox import Serve

pytestmark = pytest.mark.usefixtures("time_flies")


def intrusions(*faults: str) -> Intrusions:
    """All intrusions on a sandbox with faults."""
    with sandbox_world(faults=faults) as cards:
        spec = CardSpec(event_name="intrusion")
        return intrude(
            Probe(cards), cards.seeder.seed(Population.of(4, spec))[0], sets=SETS_WITHOUT_PAIRS
        )


@pytest.mark.parametrize("operation", ["list", "dismiss", "complete", "cancel"])
@pytest.mark.parametrize(
    ("fault", "requirement"),
    [
        ("missing-token-accepted", "AUTH-01"),
        ("any-token-accepted", "AUTH-02"),
        ("token-known-by-beginning", "AUTH-02"),
        ("expired-token-accepted", "AUTH-05"),
        ("any-role-accepted", "AUTH-06"),
        ("other-environment-accepted", "AUTH-10"),
        ("no-access-is-400", "AUTH-11"),
    ],
)
def test_a_fault_of_one_operation_is_seen(fault: str, requirement: str, operation: str) -> None:
    """A token that one operation alone accepts breaks the requirement, and names the operation."""
    found = [*intrusions(f"{fault}@operation={operation}").breaches()]
    assert requirement in {breach.requirement for breach in found}
    assert all(breach.expected.startswith(operation) for breach in found)


@pytest.mark.parametrize("by", SETS_WITHOUT_PAIRS)
def test_a_fault_of_some_attributes_is_seen(by: str) -> None:
    """A token that is accepted only with some attributes breaks the requirement."""
    found = intrusions(f"other-environment-accepted@by={by}").breaches()
    assert "AUTH-10" in {breach.requirement for breach in found}


def test_a_correct_target_is_clean() -> None:
    """A target that refuses all of them breaks nothing."""
    made = intrusions()
    assert not [*made.breaches()]
    assert not made.absent


@pytest.mark.parametrize("by", ["other", "flowInstanceId"])
@pytest.mark.parametrize(
    ("fault", "requirement"),
    [("missing-token-accepted", "AUTH-01"), ("any-token-accepted", "AUTH-02")],
)
def test_a_live_target_gets_one_attribute_and_many(
    fault: str, requirement: str, by: str, serve: Serve
) -> None:
    """Access without a token, with many attributes or with one alone, is seen there."""
    cards = serve(faults=[f"{fault}@by={by}"]).open_world()
    group = cards.seeder.seed_customers([CardSpec()] * 4)[0]
    found = intrude(Probe(cards), group, WAYS[:4]).breaches()
    assert requirement in {breach.requirement for breach in found}
