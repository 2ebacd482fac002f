"""Property tests of users on cassettes: their cases are recorded, and a replay runs over them."""

from __future__ import annotations

import json

import pytest

TEST = """
    from hypothesis import HealthCheck, assume, event, given, note, settings, strategies as st
    from pytest_atomic_cards import strategies, world_on

    seen = []

    class TestOurs:
        @settings(database=None, deadline=None, max_examples=12)
        @given(limit=st.integers(1, 1000), payload=strategies.payloads())
        def test_generated(self, cards_target, limit, payload):
            assume(limit % 7)
            note(f"limit {limit}")
            event("asked")
            seen.append((limit, payload))
            with world_on(cards_target) as world:
                world.list(limit=limit)

    def test_told():
        import json, pathlib
        with pathlib.Path("seen.jsonl").open("a") as file:
            file.write(json.dumps(seen) + "\\n")
"""


def seen(pytester: pytest.Pytester) -> list[object]:
    """The cases of each run."""
    return [json.loads(line) for line in (pytester.path / "seen.jsonl").read_text().splitlines()]


def test_a_replay_runs_over_the_recorded_cases(pytester: pytest.Pytester) -> None:
    """Whatever would be generated now, replay and verification see the recorded cases."""
    pytester.makepyfile(test_it=TEST)
    pytester.runpytest("--cards-cassettes", "record").assert_outcomes(passed=2)
    path = pytester.path / "test_it.py"
    path.write_text(path.read_text().replace("integers(1, 1000)", "integers(2000, 3000)"))
    for mode in ("replay", "verify"):
        pytester.runpytest("--cards-cassettes", mode).assert_outcomes(passed=2)
    recorded, *later = seen(pytester)
    assert len(recorded) >= 12  # type: ignore[arg-type]
    assert later == [recorded, recorded]


def test_a_failing_case_is_named(pytester: pytest.Pytester) -> None:
    """A failure in a replay names the recorded case."""
    pytester.makepyfile(test_it=TEST)
    pytester.runpytest("--cards-cassettes", "record").assert_outcomes(passed=2)
    path = pytester.path / "test_it.py"
    path.write_text(path.read_text().replace("seen.append(", "assert not limit; seen.append("))
    result = pytester.runpytest("--cards-cassettes", "replay")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*Recorded case 1 of *: limit=*, payload=*"])


def test_a_case_without_a_form_is_refused_when_it_is_recorded(pytester: pytest.Pytester) -> None:
    """A test that could not be replayed says so while it is recorded, and how to mend it."""
    pytester.makepyfile(
        test_it="""
        from hypothesis import given, settings, strategies as st
        from pytest_atomic_cards import world_on

        @settings(database=None, deadline=None, max_examples=2)
        @given(value=st.complex_numbers())
        def test_one(cards_target, value):
            with world_on(cards_target) as world:
                world.list(limit=1)
        """
    )
    result = pytester.runpytest("--cards-cassettes", "record")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ['*test_one cannot be recorded: a generated complex*cards_cassettes("off")*']
    )


def test_what_exchanges_nothing_is_generated_as_ever(pytester: pytest.Pytester) -> None:
    """A property test without requests has no recording, and needs none."""
    pytester.makepyfile(
        test_it="""
        from hypothesis import given, strategies as st

        @given(st.complex_numbers())
        def test_one(value):
            pass
        """
    )
    for mode in ("record", "replay", "verify"):
        pytester.runpytest("--cards-cassettes", mode).assert_outcomes(passed=1)
    assert not (pytester.path / "cassettes").exists()
