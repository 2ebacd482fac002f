"""Faults: each has a name and a description, and changes what a client sees."""

from __future__ import annotations

import random
import re

import pytest
from fault_scenario import LARGE, SMALL, differs, transcript

from pytest_atomic_cards.sandbox import FAULTS, Sandbox
from pytest_atomic_cards.support.errors import MisuseError


@pytest.fixture(scope="module")
def sound() -> dict[bool, list[str]]:
    """The transcripts of a sandbox without faults: of the small parts, and of the large."""
    return {large: list(transcript((), LARGE if large else SMALL)) for large in (False, True)}


def test_a_sound_sandbox_always_gives_the_same_transcript(sound: dict[bool, list[str]]):
    """Without faults two sessions are equal, so a difference is due to a fault."""
    assert not differs((), SMALL, sound[False])
    assert not [step for step in sound[False] if step.startswith("broke off")]


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_shows(name: str, sound: dict[bool, list[str]]):
    """Each fault changes at least one response in a scripted session."""
    random.seed(1)
    assert differs((name,), SMALL, sound[False]) or differs((name,), LARGE, sound[True])


def test_a_fault_touches_only_its_own_sandbox(sound: dict[bool, list[str]]):
    """A sandbox created after a faulty one has no faults."""
    Sandbox(faults=["token-not-checked"])
    assert not differs((), SMALL, sound[False])


def test_faults_are_described_for_people():
    """Names are lower case with hyphens; each description is one sentence of its own."""
    for fault in FAULTS.values():
        assert re.fullmatch(r"[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*", fault.name)
        assert re.fullmatch(r"[^\n]{10,120}\.", fault.description)
    assert len({fault.description for fault in FAULTS.values()}) == len(FAULTS)


def test_an_unknown_fault_is_refused_with_the_nearest_names():
    """The error for a misspelt fault suggests the right name."""
    with pytest.raises(MisuseError, match="limit-ignored"):
        Sandbox(faults=["limit-ignore"])
