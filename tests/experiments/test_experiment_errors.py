"""Experiments that cannot be made concern only the requirements that they would have judged."""

from __future__ import annotations

import pytest

from pytest_atomic_cards.model.request_space import Point
from pytest_atomic_cards.rules.verdicts import Inconclusive
from pytest_atomic_cards.suite.experiments.claims import Claim
from pytest_atomic_cards.suite.experiments.experiment_outcomes import Experiments
from pytest_atomic_cards.support.errors import (
    AtomicCardsError,
    NotAvailableError,
    TransportError,
)

_EMBARGOED: Point = {"operation": "dismiss", "state": "embargoed"}
_ABOUT_EMBARGOED = Claim((), {"state": ("embargoed",)})


def check(claim: Claim, *errors: AtomicCardsError) -> None:
    """Judge a requirement by experiments on embargoed cards that could not be made."""
    Experiments(errors=[(_EMBARGOED, error) for error in errors]).check("STATE-06", claim)


def test_a_lost_response_leaves_what_it_concerns_undecided() -> None:
    """If the only experiments of a requirement got no usable response, it is inconclusive."""
    with pytest.raises(Inconclusive, match="lost"):
        check(_ABOUT_EMBARGOED, NotAvailableError("no embargo"), TransportError("lost"))


def test_a_card_that_the_target_cannot_have_is_not_exercised() -> None:
    """If the target cannot create the cards, the requirement is not exercised, with the reason."""
    with pytest.raises(NotAvailableError, match="no embargo"):
        check(_ABOUT_EMBARGOED, NotAvailableError("no embargo"))


def test_an_error_elsewhere_leaves_nothing_undecided() -> None:
    """If no experiment concerns a requirement, an error of another one does not either."""
    with pytest.raises(NotAvailableError, match="no experiment on this target concerns it"):
        check(Claim((), {"state": ("active",)}), TransportError("lost"))
