"""The mark, the modes of single tests, and other plugins beside ours."""

from __future__ import annotations

import json

import pytest
from contract_runs import OWN

_PASSING = """
import pytest
from pytest_atomic_cards import Status

{mark}
def test_one(cards):
    assert cards.get(cards.seed()).status is Status.ACTIVE

def test_two(cards):
    cards.seed()
"""


def _files(pytester: pytest.Pytester) -> list[str]:
    root = pytester.path / "cassettes"
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.json"))


def test_nothing_is_read_or_written_by_default(pytester: pytest.Pytester) -> None:
    """Without the option no file is written, and what is there is not looked at."""
    pytester.makepyfile(test_it=_PASSING.format(mark=""))
    pytester.runpytest().assert_outcomes(passed=2)
    assert _files(pytester) == []
    damaged = pytester.mkdir("cassettes") / "test_it"
    damaged.mkdir()
    (damaged / "test_one.json").write_text("damaged", "utf-8")
    result = pytester.runpytest("--cards-cassettes-fail-on", "orphaned")
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.OK


def test_a_mark_records_and_replays_a_single_test(pytester: pytest.Pytester) -> None:
    """One test can have a cassette while all others go to the target."""
    pytester.makepyfile(test_it=_PASSING.format(mark='@pytest.mark.cards_cassettes("record")'))
    pytester.runpytest("--strict-markers").assert_outcomes(passed=2)
    assert _files(pytester) == ["test_it/test_one.json"]
    pytester.makepyfile(test_it=_PASSING.format(mark='@pytest.mark.cards_cassettes("replay")'))
    pytester.runpytest().assert_outcomes(passed=2)
    (pytester.path / "cassettes" / "test_it" / "test_one.json").unlink()
    result = pytester.runpytest()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*there is no recording *test_one.json; record it again with*"])


def test_a_mark_leaves_a_test_out(pytester: pytest.Pytester) -> None:
    """A test that is marked off goes to the target in every mode."""
    pytester.makepyfile(test_it=_PASSING.format(mark='@pytest.mark.cards_cassettes("off")'))
    for mode in ("record", "replay", "verify"):
        pytester.runpytest("--cards-cassettes", mode).assert_outcomes(passed=2)
    assert _files(pytester) == ["test_it/test_two.json"]


def test_a_mark_names_the_recording(pytester: pytest.Pytester) -> None:
    """A recording can have a name that outlives the test's."""
    mark = '@pytest.mark.cards_cassettes(name="claims/reminder")'
    pytester.makepyfile(test_it=_PASSING.format(mark=mark))
    pytester.runpytest("--cards-cassettes", "record").assert_outcomes(passed=2)
    assert _files(pytester) == ["claims/reminder.json", "test_it/test_two.json"]
    pytester.makepyfile(test_it=_PASSING.format(mark=mark).replace("test_one", "test_renamed"))
    result = pytester.runpytest("--cards-cassettes", "replay")
    result.assert_outcomes(passed=2)
    result.stdout.no_fnmatch_line("*orphaned*")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("", "write @pytest.mark.cards_cassettes"),
        ('"rewind"', "takes one of off, record, replay, verify, not 'rewind'"),
        ("1", "takes one of off, record, replay, verify, not 1"),
        ('"replay", "record"', "write @pytest.mark.cards_cassettes"),
        ('mode="replay"', "write @pytest.mark.cards_cassettes"),
        ('name=""', "must be a path below the directory"),
        ('name="../up"', "must be a path below the directory"),
        ('name="/etc/passwd"', "must be a path below the directory"),
        ("name=None", "must be a path below the directory"),
    ],
)
def test_a_malformed_mark_is_one_clear_error(
    pytester: pytest.Pytester, arguments: str, told: str
) -> None:
    """The error names the test and what can be written."""
    mark = f"@pytest.mark.cards_cassettes({arguments})"
    pytester.makepyfile(test_it=_PASSING.format(mark=mark))
    result = pytester.runpytest("--cards-cassettes", "replay")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    output = result.stderr.str() + result.stdout.str()
    assert told in output
    assert "test_it.py::test_one" in output
    assert "Traceback" not in output


def test_two_tests_never_share_a_recording(pytester: pytest.Pytester) -> None:
    """Two tests that name the same recording are reported before anything runs."""
    mark = '@pytest.mark.cards_cassettes(name="same")'
    pytester.makepyfile(test_it=_PASSING.format(mark=f"pytestmark = {mark[1:]}"))
    result = pytester.runpytest("--cards-cassettes", "record")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    output = result.stderr.str() + result.stdout.str()
    assert "test_it.py::test_one and test_it.py::test_two" in output


def test_parameters_that_differ_in_case_alone_have_files_of_their_own(
    pytester: pytest.Pytester,
) -> None:
    """Names are distinct also where the file system takes no notice of case."""
    pytester.makepyfile(
        test_it="""
        import pytest

        @pytest.mark.parametrize("user", ["a", "A", "ä", "a/b", "a-b", "x" * 300])
        def test_one(cards, user):
            assert cards.seed(user_id=user).user_id == user
        """
    )
    pytester.runpytest("--cards-cassettes", "record").assert_outcomes(passed=6)
    assert len({name.lower() for name in _files(pytester)}) == 6
    pytester.runpytest("--cards-cassettes", "replay").assert_outcomes(passed=6)


def test_pytest_recording_lives_beside_it(pytester: pytest.Pytester) -> None:
    """Its marks, options and cassettes work in the same run, in the same test too."""
    pytester.makepyfile(
        test_it="""
        import pytest
        import vcr

        @pytest.mark.block_network
        @pytest.mark.vcr
        @pytest.mark.default_cassette("theirs.yaml")
        def test_both(cards, vcr):
            assert cards.seed().status == "active"
            assert vcr is not None

        @pytest.mark.vcr
        def test_theirs(vcr):
            assert vcr.record_mode == "none"

        def test_ours(cards):
            assert cards.seed().status == "active"
        """
    )
    own = ("--record-mode", "none", "--block-network")
    for mode in ("record", "replay", "verify"):
        pytester.runpytest("--cards-cassettes", mode, *own).assert_outcomes(passed=3)
    assert _files(pytester) == ["test_it/test_both.json", "test_it/test_ours.json"]


def test_a_miss_ends_a_generated_test_at_once(pytester: pytest.Pytester) -> None:
    """Hypothesis does not shrink a request that was not recorded: it is asked for once."""
    pytester.makepyfile(
        test_it="""
        from hypothesis import given, seed, settings, strategies as st
        from pytest_atomic_cards import world_on

        calls = []

        @seed(1)
        @settings(database=None, max_examples=20, deadline=None)
        @given(limit=st.integers(1, 1000))
        def test_one(cards_target, limit):
            with world_on(cards_target) as world:
                calls.append(limit)
                world.list(limit=limit)

        def test_two():
            assert len(calls) == 1
        """
    )
    pytester.runpytest("--cards-cassettes", "record", "-k", "one").assert_outcomes(
        passed=1, deselected=1
    )
    path = pytester.path / "test_it.py"
    path.write_text(path.read_text("utf-8").replace("integers(1, ", "integers(1001, 1"), "utf-8")
    recording = pytester.path / "cassettes" / "test_it" / "test_one.json"
    content = json.loads(recording.read_text("utf-8"))
    del content["cases"]
    recording.write_text(json.dumps(content), "utf-8")
    result = pytester.runpytest("--cards-cassettes", "replay")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        ["*NotRecordedError: GET */cards?limit=* is not in *test_one.json*"]
    )


@pytest.mark.usefixtures("own_plugins")
def test_recording_shared_fixtures_in_many_processes_is_refused(pytester: pytest.Pytester) -> None:
    """Each worker would record a shared fixture differently; separate tests are recorded."""
    pytester.makepyfile(
        test_it="""
        import pytest
        from pytest_atomic_cards import world_on

        @pytest.fixture(scope="session")
        def shared(cards_target):
            with world_on(cards_target) as world:
                yield world.seed()

        def test_shared(shared):
            pass

        def test_alone(cards):
            cards.seed()
        """
    )
    result = pytester.runpytest_subprocess(*OWN, "--cards-cassettes", "record", "-n", "1")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*fixture shared is shared by tests*record without -n*"])
    assert _files(pytester) == ["test_it/test_alone.json"]
