"""Recipe: an application in another language, here JavaScript on Node 18 or later."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_atomic_cards import Status

if TYPE_CHECKING:
    from pytest_atomic_cards import Cards

NODE = shutil.which("node")
APPLICATION = Path(__file__).with_name("settle_claim.mjs")


@pytest.mark.skipif(NODE is None, reason="Node is not installed")
def test_the_claim_is_settled(cards: Cards):
    """The application reads URL, environment and token from its environment variables."""
    reminder = cards.seed(user_id="customer-1")
    ran = subprocess.run(  # noqa: S603 - our own program
        [NODE or "", APPLICATION, "customer-1"],
        env=os.environ | cards.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout) == {"total": 1, "updated": 1}
    assert cards.get(reminder).status is Status.CANCELLED
