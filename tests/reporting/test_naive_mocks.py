"""A first check of a naive mock: its first screen names the cause."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from naive_mocks import MOCKS

pytestmark = pytest.mark.nightly

COMMAND = Path(sys.executable).with_name("atomic-cards")
SCREEN = 25
"""Lines of a small terminal."""
ENVIRON = {
    "ATOMIC_CARDS_ENVIRONMENT_ID": "test",
    "ATOMIC_CARDS_CLIENT_ID": "client",
    "ATOMIC_CARDS_CLIENT_SECRET": "only-for-tests",
    "ATOMIC_CARDS_FLOW_ID": "flow",
    "ATOMIC_CARDS_EFFORT": "quick",
    "ATOMIC_CARDS_SEED_TIMEOUT": "1",
    "ATOMIC_CARDS_MAX_TIME": "60",
    "PYTHONPATH": str(Path(__file__).parent),
}
SOME = (
    "AUTH-03,SHAPE-01,SHAPE-02,SHAPE-03,SHAPE-04,SHAPE-07,QUERY-05,QUERY-06,QUERY-07,PAGE-02,PAGE-04,"
    "STATE-01,STATE-02,STATE-03,MULTI-01,RESULT-01,RESULT-04,SCHEMA-01"
)
"""Requirements of each area that a mock soon meets; all of them take minutes on a slow mock."""


@pytest.mark.parametrize("name", MOCKS)
def test_the_first_screen_names_the_cause(name: str, tmp_path: Path) -> None:
    """Among the first 25 lines is what is wrong with the mock, and the output stays short."""
    state = {"XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(  # noqa: S603 - our own command
        [COMMAND, "check", "--cards-app", f"naive_mocks:{name}", "--cards-only", SOME],
        cwd=tmp_path,
        env={**os.environ, **ENVIRON, **state},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    screen = "\n".join(lines[:SCREEN])
    assert done.returncode == 1, done.stdout
    _, words = MOCKS[name]
    assert all(word in screen for word in words), done.stdout
    assert len(done.stdout) < 15_000, done.stdout
