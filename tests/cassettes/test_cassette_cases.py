"""Generated cases are recorded with their exchanges, and a replay runs over them."""

from __future__ import annotations

import json
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from played_parts import Recordings

from pytest_atomic_cards.model.settings import Mode, Settings
from pytest_atomic_cards.recordings.cassettes.playback_errors import NotRecordedError
from pytest_atomic_cards.recordings.cassettes.suite_recorder import CassetteRecorder
from pytest_atomic_cards.rules.verdicts import Violation
from pytest_atomic_cards.suite.generation.generated_cases import Effort
from pytest_atomic_cards.suite.generation.state_machine import USUAL, check_lifecycle
from pytest_atomic_cards.targets.cards_fixture import Cards

PAYLOADS = st.dictionaries(
    st.sampled_from("abc"), st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
FEW = hypothesis.settings(USUAL, max_examples=4, stateful_step_count=6)


def complete_each(recorder: CassetteRecorder, cards: Cards, strategy: Any, seen: list[Any]) -> None:  # noqa: ANN401
    """Complete a card with each generated payload."""

    @Effort(fixed=8, recorder=recorder).for_all(strategy, usual=8)
    def complete(payload: dict[str, Any]) -> None:
        seen.append(payload)
        cards.complete(cards.seed(), payload)


def test_a_replay_runs_over_the_recorded_cases(recordings: Recordings) -> None:
    """The cases of a recording are run again, and nothing is generated."""
    seen: list[list[Any]] = [[], []]
    recordings.play(
        Mode.RECORD, lambda cards: complete_each(cards.recorder, cards, PAYLOADS, seen[0])
    )
    never = st.builds(lambda: pytest.fail("a case was generated"))
    recordings.play(Mode.REPLAY, lambda cards: complete_each(cards.recorder, cards, never, seen[1]))
    assert len(seen[0]) == 8
    assert repr(seen[1]) == repr(seen[0])


def refuse_large(cards: Cards, asked: list[int]) -> None:
    """A contract that numbers above 10 violate."""

    @Effort(fixed=60, recorder=cards.recorder).for_all(st.integers(0, 1_000), usual=60)
    def small(number: int) -> None:
        asked.append(number)
        cards.list(user_id=f"user-{number}")
        if number > 10:
            raise Violation("a small number", f"it is {number}")


def test_a_violation_is_replayed_as_it_was_recorded(recordings: Recordings) -> None:
    """The smallest failing case fails again, after the same ones that led to it."""
    recorded: list[int] = []
    replayed: list[int] = []
    with pytest.raises(Violation, match="it is 11"):
        recordings.play(Mode.RECORD, lambda cards: refuse_large(cards, recorded))
    with pytest.raises(Violation, match="it is 11"):
        recordings.play(Mode.REPLAY, lambda cards: refuse_large(cards, replayed))
    assert replayed == recorded


def test_a_recording_without_cases_is_reported(recordings: Recordings) -> None:
    """A contract whose cases were not recorded ends at once, and says how to record them."""
    recordings.play(Mode.RECORD, Cards.seed)
    with pytest.raises(NotRecordedError, match=r"no generated cases 'small'.* record"):
        recordings.play(Mode.REPLAY, lambda cards: refuse_large(cards, []))


def test_a_case_that_was_tampered_with_is_reported(recordings: Recordings) -> None:
    """A malformed case is not run, and the contract cannot be decided."""
    with pytest.raises(Violation):
        recordings.play(Mode.RECORD, lambda cards: refuse_large(cards, []))
    document = recordings.document
    document["cases"]["small"] = [[{"$import": "os"}]]
    (recordings.directory / "part.json").write_text(json.dumps(document), "utf-8")
    with pytest.raises(BaseException, match=r"'\$import' where a known form should be"):
        recordings.play(Mode.REPLAY, lambda cards: refuse_large(cards, []))


def test_runs_of_the_lifecycle_machine_are_replayed(recordings: Recordings) -> None:
    """The steps of every run are recorded, and done again without Hypothesis."""
    recordings.play(Mode.RECORD, lambda cards: check_lifecycle(cards, settings=FEW))
    assert len(recordings.document["cases"]["programs"]) >= 4
    none = hypothesis.settings(FEW, max_examples=1, stateful_step_count=1)
    recordings.play(Mode.REPLAY, lambda cards: check_lifecycle(cards, settings=none))


@pytest.mark.usefixtures("time_flies")
def test_a_failing_run_of_the_machine_is_replayed(recordings: Recordings) -> None:
    """A violated lifecycle is violated in the replay, by the same shortest steps."""
    more = hypothesis.settings(FEW, max_examples=40)
    told = []
    for mode in (Mode.RECORD, Mode.REPLAY):
        with pytest.raises(Violation) as caught:
            recordings.play(
                mode,
                lambda cards: check_lifecycle(cards, settings=more),
                Settings(fault=("cancel-without-effect",)),
            )
        told.append(str(caught.value))
    assert told[0] == told[1]


def test_a_program_can_call_nothing_but_steps(recordings: Recordings) -> None:
    """A recording cannot make the machine call a method that is no step."""
    recordings.play(Mode.RECORD, lambda cards: check_lifecycle(cards, settings=FEW))
    document = recordings.document
    document["cases"]["programs"][0][0]["$step"]["name"] = "teardown"
    (recordings.directory / "part.json").write_text(json.dumps(document), "utf-8")
    with pytest.raises(BaseException, match="has no step 'teardown'"):
        recordings.play(Mode.REPLAY, lambda cards: check_lifecycle(cards, settings=FEW))
