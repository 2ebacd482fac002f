"""Fixtures of the tests of seeding."""

from __future__ import annotations

from pathlib import Path

import pytest

USERS_TEST = """
import os
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def offer(cards_target):
    cards = cards_target.open_world()
    return cards.seed()


def test_that_takes_long(cards):
    cards.seed()
    cards.seed(embargo=timedelta(hours=1))
    Path("seeded").touch()
    time.sleep(60)


def test_that_kills_its_process(cards):
    cards.seed()
    os.kill(os.getpid(), signal.SIGKILL)


def test_that_passes(cards):
    cards.seed()


def test_of_the_session(offer):
    Path("seeded").touch()


def test_that_swallows_the_signal(cards):
    cards.seed()
    Path("seeded").touch()
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass


def test_that_would_be_next():
    Path("next").touch()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A directory with a user's tests."""
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "test_users.py").write_text(USERS_TEST)
    return directory


@pytest.fixture(autouse=True)
def _at_once(request: pytest.FixtureRequest) -> None:
    """The time flies, but in slow tests: these wait for other processes."""
    if request.node.get_closest_marker("slow") is None:
        request.getfixturevalue("time_flies")
