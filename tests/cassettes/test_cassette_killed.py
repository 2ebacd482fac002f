"""A recording process that is killed at any moment leaves the old cassette whole."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from vcr.request import Request

from pytest_atomic_cards.model.settings import Mode
from pytest_atomic_cards.recordings.cassettes.cassette import Cassette
from pytest_atomic_cards.recordings.cassettes.cassette_reader import read_content
from pytest_atomic_cards.recordings.cassettes.manager import CassetteManager

_COUNT = 400


def record(directory: Path, version: int) -> None:
    """Record a cassette again, with a number in every response."""
    manager = CassetteManager(Mode.RECORD, directory)
    with manager.use_cassette("one"):
        for number in range(_COUNT):
            response = {
                "status": {"code": 200, "message": "OK"},
                "headers": {"x-version": [str(version)]},
                "body": {"string": b"%d " % version * 200},
            }
            request = Request("GET", f"https://cards.invalid/{number}", None, {})
            manager.add(request, response, 0.0)


_KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_cassette_killed import record
print("ready", flush=True)
version = 1
while True:
    record(Path(sys.argv[2]), version)
    version += 1
"""


@pytest.mark.parametrize("seconds", [0.0, 0.13, 0.31, 0.57, 0.83])
def test_the_cassette_is_whole_after_a_kill(tmp_path: Path, seconds: float) -> None:
    """Killed while it records over and over again, it leaves the last complete recording."""
    record(tmp_path, 0)
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _KILLED, str(Path(__file__).parent), str(tmp_path)],
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seconds)
        process.kill()
    content = read_content(tmp_path / "one.json")
    versions = {one.response["headers"]["x-version"][0] for one in content.interactions}
    assert len(content.interactions) == _COUNT
    assert len(versions) == 1


def test_a_recording_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error while the file is put together does not touch the one that is there."""
    record(tmp_path, 0)
    old = (tmp_path / "one.json").read_bytes()
    manager = CassetteManager(Mode.RECORD, tmp_path)
    monkeypatch.setattr(Cassette, "interactions", property(lambda _: 1 / 0))
    with pytest.raises(ZeroDivisionError), manager.use_cassette("one"):
        manager.add(
            Request("GET", "https://cards.invalid/", None, {}),
            {"status": {"code": 200, "message": ""}, "headers": {}, "body": {"string": b""}},
            0.0,
        )
    assert (tmp_path / "one.json").read_bytes() == old
    assert list(tmp_path.iterdir()) == [tmp_path / "one.json"]
