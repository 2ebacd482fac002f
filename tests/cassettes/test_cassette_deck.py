"""The cassette manager and the adapter: record, replay, and what happens without a cassette."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
from requests import Response

from pytest_atomic_cards.model.settings import Mode
from pytest_atomic_cards.recordings.cassettes.cassette_adapter import CassetteAdapter
from pytest_atomic_cards.recordings.cassettes.manager import CassetteManager
from pytest_atomic_cards.recordings.cassettes.playback_errors import NotRecordedError
from pytest_atomic_cards.sandbox.in_process_adapter import SandboxAdapter
from pytest_atomic_cards.support.errors import CassetteError


class _Counting(SandboxAdapter):
    """A target that counts the requests it gets."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.count = 0

    def _answer(self, environ, start_response):  # noqa: ANN001, ANN202
        self.count += 1
        start_response("200 OK", [("Content-Type", "application/json"), ("Date", "today")])
        return [json.dumps({"count": self.count, "path": environ["PATH_INFO"]}).encode()]


@pytest.fixture
def target() -> _Counting:
    """A target that counts."""
    return _Counting()


def _session(manager: CassetteManager, target: _Counting | None) -> requests.Session:
    http = requests.Session()
    http.trust_env = False
    http.mount("http://", CassetteAdapter(manager, target))
    return http


def _send(manager: CassetteManager, target: _Counting | None, path: str = "/cards") -> Response:
    return _session(manager, target).get(f"http://anywhere.test{path}", timeout=1)


def test_what_was_recorded_is_replayed_without_a_target(tmp_path: Path, target: _Counting) -> None:
    """A replay gives the recorded responses for any host, without contacting the target."""
    manager = CassetteManager(Mode.RECORD, tmp_path)
    with manager.use_cassette("room/one"):
        recorded = [_send(manager, target).json() for _ in range(3)]
    manager = CassetteManager(Mode.REPLAY, tmp_path)
    http = _session(manager, None)
    with manager.use_cassette("room/one") as opened:
        answers = [http.get("http://elsewhere.test:81/cards", timeout=1) for _ in range(3)]
    assert [answer.json() for answer in answers] == recorded
    assert answers[0].headers["content-type"] == "application/json"
    assert "date" not in answers[0].headers
    assert opened.cassette is not None
    assert not opened.cassette.unplayed
    assert target.count == 3


def test_off_reads_and_writes_nothing(tmp_path: Path, target: _Counting) -> None:
    """Without cassettes requests just go to the target, and no file is written."""
    manager = CassetteManager(Mode.OFF, tmp_path / "cassettes")
    with manager.use_cassette("one"):
        assert _send(manager, target).json()["count"] == 1
        assert manager.current is None
    assert not list(tmp_path.iterdir())


def test_a_test_without_requests_needs_no_recording(tmp_path: Path) -> None:
    """Nothing is read or written for a test that sends nothing."""
    for mode in Mode:
        with CassetteManager(mode, tmp_path / "cassettes").use_cassette("one"):
            pass
    assert not list(tmp_path.iterdir())


def test_a_replay_without_a_recording_says_how_to_record(tmp_path: Path) -> None:
    """A missing file is reported with its path and the remedy."""
    manager = CassetteManager(Mode.REPLAY, tmp_path)
    with manager.use_cassette("one"), pytest.raises(CassetteError) as caught:
        _send(manager, None)
    assert str(tmp_path / "one.json") in str(caught.value)
    assert "--cards-cassettes record" in str(caught.value)


def test_nothing_leaves_the_process_in_a_replay(tmp_path: Path, target: _Counting) -> None:
    """Outside of any cassette a request of a replay is refused, even where there is a target."""
    manager = CassetteManager(Mode.REPLAY, tmp_path)
    with pytest.raises(NotRecordedError, match="no cassette is in use"):
        _send(manager, target)
    assert target.count == 0


def test_outside_of_cassettes_a_recording_run_reaches_the_target(
    tmp_path: Path, target: _Counting
) -> None:
    """What is sent while no cassette is in use is not recorded."""
    manager = CassetteManager(Mode.RECORD, tmp_path / "cassettes")
    assert _send(manager, target).json()["count"] == 1
    assert not list(tmp_path.iterdir())


def test_the_innermost_cassette_counts(tmp_path: Path, target: _Counting) -> None:
    """A fixture's cassette inside that of a test gets its own exchanges, also after a pause."""
    manager = CassetteManager(Mode.RECORD, tmp_path)
    fixture = manager.open("fixture")
    with manager.use_cassette("test"):
        with manager.using(fixture):
            _send(manager, target, "/set-up")
        _send(manager, target, "/test")
    with manager.using(fixture):
        _send(manager, target, "/tear-down")
    paths = {}
    for name in ("fixture", "test"):
        document = json.loads((tmp_path / f"{name}.json").read_text("utf-8"))
        paths[name] = [one["request"]["uri"] for one in document["interactions"]]
    assert paths == {
        "fixture": ["https://cards.invalid/set-up", "https://cards.invalid/tear-down"],
        "test": ["https://cards.invalid/test"],
    }


def test_a_recording_is_kept_until_the_new_one_is_complete(
    tmp_path: Path, target: _Counting
) -> None:
    """While a cassette is recorded again the old file stays as it was."""
    manager = CassetteManager(Mode.RECORD, tmp_path)
    with manager.use_cassette("one"):
        _send(manager, target)
    old = (tmp_path / "one.json").read_text("utf-8")
    with manager.use_cassette("one"):
        _send(manager, target, "/other")
        assert (tmp_path / "one.json").read_text("utf-8") == old
    assert "/other" in (tmp_path / "one.json").read_text("utf-8")


def test_listeners_hear_of_each_exchange_with_its_times(tmp_path: Path, target: _Counting) -> None:
    """A replay has the times of the recording."""
    heard: dict[Mode, list[tuple[float, float]]] = {Mode.RECORD: [], Mode.REPLAY: []}
    for mode, times in heard.items():
        manager = CassetteManager(mode, tmp_path)
        manager.listeners.append(lambda one, times=times: times.append((one.started, one.elapsed)))
        with manager.use_cassette("one"):
            for _ in range(2):
                _send(manager, target)
    assert heard[Mode.REPLAY] == [
        (round(started, 4), round(elapsed, 4)) for started, elapsed in heard[Mode.RECORD]
    ]


def test_a_test_may_play_in_a_mode_of_its_own(tmp_path: Path, target: _Counting) -> None:
    """One test can be recorded or left out while all others are replayed."""
    manager = CassetteManager(Mode.REPLAY, tmp_path)
    with manager.use_cassette("one", Mode.RECORD):
        _send(manager, target)
    with manager.use_cassette("two", Mode.OFF):
        _send(manager, target)
    with manager.use_cassette("one"):
        assert _send(manager, target).json()["count"] == 1
    assert target.count == 2
