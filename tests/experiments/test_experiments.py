"""Experiments find servers that are wrong under one condition, and accept every legal choice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, get_args, get_type_hints

import pytest

from pytest_atomic_cards.model.lifecycle import Level
from pytest_atomic_cards.model.profile import Profile
from pytest_atomic_cards.model.request_space import DIMENSIONS, Point
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import Violation
from pytest_atomic_cards.sandbox.faults.narrow_fault import SEPARATOR, conditions_in
from pytest_atomic_cards.suite.experiments.claims import BESIDES, CLAIMS, Claim
from pytest_atomic_cards.suite.experiments.crowd_rows import (
    bystander_actions,
    crowd_actions,
    crowd_refusals,
    crowd_rows,
    large_listings,
)
from pytest_atomic_cards.suite.experiments.experiment_cards import SandboxCards
from pytest_atomic_cards.suite.experiments.experiment_outcomes import Experiments
from pytest_atomic_cards.suite.experiments.experiment_plan import planned_actions
from pytest_atomic_cards.suite.experiments.experiment_rows import EVERYWHERE
from pytest_atomic_cards.suite.experiments.experiment_run import act_singly, experiment, list_singly
from pytest_atomic_cards.suite.experiments.paging_rows import paging_rows
from pytest_atomic_cards.support.errors import NotAvailableError
from pytest_atomic_cards.targets import SandboxTarget
from pytest_atomic_cards.targets.seeding.sandbox_backend import SandboxBackend

Sets = tuple[str, ...]

FEW: Sets = ("none", "lifecycleId", "userId", "userId+status")

WRONG: Sequence[tuple[str, str, Sets]] = (
    ("dismiss-without-effect@by=lifecycleId", "STATE-01", ("lifecycleId",)),
    ("complete-without-effect@by=lifecycleId", "STATE-02", ("lifecycleId",)),
    ("multiple-not-needed@multiple=0", "MULTI-02", ("userId",)),
    ("multiple-not-needed@multiple=other", "MULTI-03", ("userId",)),
    ("multiple-not-needed@operation=complete", "MULTI-03", ("userId",)),
    ("multiple-not-needed@by=flowInstanceId", "MULTI-01", ("flowInstanceId",)),
    ("multiple-refused-with-409@operation=cancel", "MULTI-01", ("userId",)),
    ("multiple-refused-with-409@multiple=absent", "MULTI-04", ("userId",)),
    ("multiple-refused-with-500@multiple=0", "MULTI-01", ("userId",)),
    ("dismiss-embargoed@by=userId", "STATE-06", ("userId",)),
    ("cancel-completed@by=eventName", "STATE-08", ("eventName",)),
    ("default-page-50@by=none", "PAGE-01", ("none",)),
    ("offset-ignored@by=none", "PAGE-04", ("none",)),
    ("limit-capped-at-100@by=eventName", "PAGE-02", ("eventName",)),
    ("list-ignores-userId@matches=2", "QUERY-06", ("userId",)),
    ("prefix-match@operation=complete", "QUERY-11", ("userId",)),
    ("multiple-skips-last@by=cardTemplateId", "MULTI-06", ("cardTemplateId",)),
    ("acts-on-other-environments@operation=dismiss", "QUERY-14", ("lifecycleId+userId",)),
    ("lists-other-environments@by=lifecycleId", "QUERY-10", ("lifecycleId",)),
    ("value-cut-at-ampersand@operation=complete", "QUERY-11", ("lifecycleId",)),
    ("like-match@by=lifecycleId+userId", "QUERY-11", ("lifecycleId+userId",)),
    ("numbers-not-found@by=userId", "QUERY-06", ("userId",)),
    ("cancel-completed@by=flowInstanceId+status", "STATE-08", ("flowInstanceId+status",)),
    ("acts-on-siblings@operation=cancel", "QUERY-11", ("flowInstanceId+userId",)),
    ("results-lack-last@operation=complete", "RESULT-01", ("userId",)),
    ("result-shows-other-user@operation=complete", "RESULT-02", ("userId",)),
    ("completion-refused@by=lifecycleId", "COMPLETE-02", ("lifecycleId",)),
    ("completion-required@by=lifecycleId", "COMPLETE-01", ("lifecycleId",)),
    ("card-lacks-created@by=eventName", "SHAPE-02", ("eventName",)),
    ("offset-rounded-to-page@by=userId", "PAGE-05", ("userId",)),
    ("offset-capped-at-100@by=userId", "PAGE-04", ("userId",)),
    ("multiple-not-needed-for-many@by=userId", "MULTI-02", ("userId",)),
    ("numeric-comparison@by=userId", "QUERY-11", ("userId",)),
    ("complete-dismissed@by=userId", "STATE-07", ("userId",)),
    ("multiple-cancels@state=mixed", "MULTI-06", ("userId",)),
    ("status-expired-lists-none", "QUERY-12", ("status", "userId+status")),
    ("long-values-cut@by=eventName", "QUERY-01", ("eventName",)),
    ("value-cut-at-nul@by=userId", "QUERY-06", ("userId",)),
    ("accents-not-compared@operation=list@matches=many", "QUERY-06", ("userId",)),
    ("acts-on-siblings@by=cardTemplateId@multiple=absent", "QUERY-11", ("cardTemplateId",)),
    ("updated-is-now@matches=1@limit=some", "TIME-08", ("userId",)),
    ("offset-one-more@by=userId@matches=2", "PAGE-04", ("userId",)),
    ("list-ignores-userId@matches=1@offset=page", "PAGE-04", ("userId", "lifecycleId", "all")),
    ("multiple-of-any-value@by=userId@state=snoozed", "MULTI-02", ("userId",)),
    ("cancel-by-lifecycle-ends-dismissed@matches=2", "MULTI-06", ("lifecycleId",)),
    ("snoozed-without-effect@by=other", "STATE-04", ("other",)),
    ("multiple-always-refused@state=mixed", "MULTI-06", ("userId",)),
    ("multiple-not-needed@state=mixed@matches=2", "MULTI-02", ("userId",)),
    ("created-moves@by=userId", "TIME-05", ("userId",)),
    ("tilde-gives-500@by=userId", "QUERY-06", ("userId",)),
    ("last-character-ignored@by=eventName", "QUERY-11", ("eventName",)),
    ("action-limit-ignored@by=none", "LIMIT-04", ("none",)),
    ("action-limit-ignored@by=status", "LIMIT-04", ("status",)),
)
"""Faults under one condition, the requirement that each breaks, and attributes to try it with."""


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for a sandbox that shows each change at once to mend itself."""
    monkeypatch.setattr(SandboxBackend, "settling", 0.0)


@cache
def rows(sets: Sets) -> tuple[Point, ...]:
    """The rows of actions by some sets of attributes."""
    return tuple(planned_actions(replace(EVERYWHERE, sets=sets)))


def under(fault: str, rows: Iterable[Point]) -> list[Point]:
    """The rows under the conditions of a fault: the others need not find it, and take long."""
    conditions = conditions_in(fault.split(SEPARATOR)[1:])
    return [row for row in rows if all(_may_be(row, *one) for one in conditions.items())]


def _may_be(row: Point, dimension: str, value: str) -> bool:
    """Whether a row has a value, or one that only its request or its cards give it."""
    usual = "list" if dimension == "operation" else value
    given = row.get(dimension, usual)
    return given == value or given not in DIMENSIONS[dimension]


def made(sets: Sets, *faults: str, profile: Profile | None = None) -> Experiments:
    """The experiments with some sets of attributes on a sandbox; of a lone fault those under it."""
    target = SandboxTarget(Settings(fault=faults), profile=profile)
    fault = faults[0] if len(faults) == 1 else ""
    with ExitStack() as stack:
        cards = SandboxCards(target, stack)
        done = experiment(
            cards,
            under(fault, rows(sets)),
            under(fault, paging_rows(sets)),
            under(fault, crowd_rows(sets)),
            under(fault, crowd_refusals(sets)),
        )
        if profile:
            list_singly(large_listings(), cards.crowd, done)
            act_singly(crowd_actions(), cards.crowd, done)
            act_singly(bystander_actions(), cards.among_bystanders, done)
        return done


def of_many(fault: str = "", *, actions_first: bool = False) -> Iterator[Experiments]:
    """The experiments with many cards that a fault affects, in parts: wrong ones make each wait."""
    with ExitStack() as stack:
        cards = SandboxCards(SandboxTarget(Settings(fault=(fault,) if fault else ())), stack)
        crowds = groupby(under(fault, large_listings()), itemgetter("matches", "state"))
        listings = (list_singly(rows, cards.crowd, Experiments()) for _, rows in crowds)
        actions = (
            act_singly([row], arrange, Experiments())
            for rows, arrange in (
                (crowd_actions(), cards.crowd),
                (bystander_actions(), cards.among_bystanders),
            )
            for row in under(fault, rows)
        )
        yield from chain(*((actions, listings) if actions_first else (listings, actions)))


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize(
    ("fault", "requirement"),
    [
        ("dismiss-embargoed@matches=over-page", "STATE-06"),
        ("complete-expired@matches=over-largest", "STATE-10"),
        ("dismiss-without-effect@matches=over-limit", "MULTI-06"),
        ("multiple-not-needed@matches=over-limit", "MULTI-01"),
        ("act-ignores-eventName@matches=over-page", "QUERY-11"),
        ("action-limit-ignored@matches=over-largest", "LIMIT-04"),
        ("default-page-99@matches=over-limit@offset=page", "PAGE-04"),
        ("offset-one-less@state=mixed@offset=page", "PAGE-04"),
        ("cancel-default-100@matches=over-page", "LIMIT-01"),
        ("results-of-first-100@state=snoozed", "RESULT-01"),
        ("spaces-trimmed@matches=over-page", "PAGE-08"),
        ("card-always-active@offset=page", "QUERY-19"),
        ("card-status-open-or-closed@state=active@matches=over-limit", "STATE-15"),
        ("card-user-null@state=snoozed@offset=page", "SHAPE-10"),
        ("card-detail-of-text@offset=page", "SHAPE-11"),
        ("lists-other-environments@matches=over-limit", "QUERY-10"),
        ("acts-on-other-environments@matches=over-page", "QUERY-14"),
        ("multiple-must-be-last@matches=over-limit", "MULTI-06"),
        ("cancel-default-unlimited@state=mixed", "LIMIT-01"),
        ("multiple-not-needed-for-many@matches=over-largest", "MULTI-02"),
        ("list-ignores-status@by=eventName+status@offset=page", "PAGE-04"),
        ("default-page-unlimited@by=eventName@state=embargoed", "PAGE-01"),
        ("offset-one-less-after-200@limit=1", "PAGE-05"),
        ("multiple-not-needed-for-many@state=mixed", "MULTI-02"),
        ("order-unstable@matches=over-limit", "PAGE-07"),
        ("cancel-default-100@state=snoozed", "LIMIT-01"),
        ("status-index-stale@matches=over-page", "QUERY-19"),
    ],
)
def test_a_fault_that_needs_many_cards_is_found(fault: str, requirement: str) -> None:
    """A server that is wrong only if many cards match is found."""
    operations = {**CLAIMS, **BESIDES}[requirement].about.get("operation", ())
    found = of_many(fault, actions_first="list" not in operations)
    assert any(requirement in part.breaches for part in found)


def test_many_cards_break_nothing_on_a_correct_target() -> None:
    """No action on many cards shows anything against a correct target."""
    for found in of_many():
        assert found.trials or found.listings
        assert found.breaches == {}
        assert found.errors == []


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize(
    ("fault", "requirement", "sets"), WRONG, ids=[fault for fault, _, _ in WRONG]
)
def test_a_fault_under_one_condition_is_found(fault: str, requirement: str, sets: Sets) -> None:
    """A server that is wrong for one operation, spelling, count or set of attributes is found."""
    found = made(sets, fault)
    with pytest.raises(Violation):
        found.check(requirement, CLAIMS.get(requirement, Claim(())))


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize(("closed", "cancelled"), [("only-by-status", "yes"), ("yes", "no")])
def test_pages_of_closed_cards_may_be_empty(closed: Any, cancelled: Any) -> None:  # noqa: ANN401
    """No page needs to show cards in states that a target lists by status only, or never."""
    rows = [row for row in large_listings() if row["state"] in {"cancelled", "mixed"}]
    profile = Profile(closed_cards_listed=closed, cancelled_cards_listed=cancelled)
    with ExitStack() as stack:
        cards = SandboxCards(SandboxTarget(Settings(), profile=profile), stack)
        assert list_singly(rows, cards.crowd, Experiments()).breaches == {}


@pytest.mark.nightly
def test_all_faults_at_once_are_found() -> None:
    """With all of them at once the documented requirements are broken, too."""
    sets = tuple(dict.fromkeys(name for _, _, names in WRONG for name in names))
    broken = made(sets, *(fault for fault, _, _ in WRONG)).breaches
    documented = {name for name in broken if catalogue()[name].level is Level.DOCUMENTED}
    assert documented >= {"STATE-01", "MULTI-01", "MULTI-02", "MULTI-03", "PAGE-01", "QUERY-11"}


def test_an_order_that_changes_breaks_nothing_else() -> None:
    """Listings in another order each time break one requirement: that pages can be repeated."""
    assert made(FEW, "order-unstable").breaches.keys() == {"PAGE-07"}


def test_a_correct_target_breaks_nothing() -> None:
    """No experiment shows anything against a correct target, and each gets a response."""
    found = made(FEW)
    assert found.breaches == {}
    assert found.errors == []


CHOICES = [
    "zero_match_listing",
    "zero_match_action",
    "wrong_state",
    "multiple_counts",
    "multiple_spelling",
    "closed_cards_listed",
    "cancelled_cards_listed",
    "read_after_write",
    "other_action_limits",
    "action_limit_over_1000",
    "summary_total",
    "action_word",
    "non_object_payload",
    "cancel_embargoed",
    "cancel_snoozed",
    "bad_number",
    "extra_fields",
]


@pytest.mark.nightly
@pytest.mark.parametrize("question", CHOICES)
def test_a_legal_choice_breaks_nothing_documented(question: str) -> None:
    """Whatever a target answers to an open question, no documented requirement is broken."""
    usual = Profile()
    for answer in get_args(get_type_hints(Profile)[question]):
        if answer != getattr(usual, question):
            broken = made(FEW, profile=replace(usual, **{question: answer})).breaches
            levels = {name: catalogue()[name].level for name in broken}
            assert Level.DOCUMENTED not in levels.values(), (answer, broken)


def test_what_no_experiment_concerns_is_not_exercised() -> None:
    """A requirement that no row of a target concerns is not exercised, and not held."""
    found = made(("lifecycleId",))
    with pytest.raises(NotAvailableError):
        found.check("QUERY-06", CLAIMS["QUERY-06"])


@pytest.mark.nightly
def test_every_claim_is_judged_on_a_sandbox() -> None:
    """A run on a sandbox judges each requirement that experiments claim, but those of access."""
    found = made(EVERYWHERE.sets)
    for name, claim in CLAIMS.items():
        if not name.startswith("AUTH"):
            found.check(name, claim)
