"""Recipe: what your application does where the API itself misbehaves.

``atomic-cards explain FAULT`` tells what each of the sandbox's faults does.
"""

from __future__ import annotations

import pytest
from claims import REMINDER, StillOpenError, settle_claim

from pytest_atomic_cards import Status, sandbox_world


@pytest.mark.parametrize("fault", ["cancel-active-refused", "cancel-without-effect"])
def test_settling_says_so_where_the_reminder_stays(fault: str):
    """A cancel that changes nothing is an error of the application, whatever it is answered."""
    with sandbox_world(faults=[fault]) as cards:
        reminder = cards.seed(user_id="customer-1", card_template_id=REMINDER)

        with pytest.raises(StillOpenError):
            settle_claim(cards.api, "customer-1")

        assert cards.get(reminder).status is Status.ACTIVE
