"""Replaying and recording, against stock vcrpy and pytest-recording in the same run.

Processor time counts, as other processes do not add to it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import vcr
from vcr.persisters.filesystem import FilesystemPersister
from vcr.request import Request
from vcr.serializers import yamlserializer

from pytest_atomic_cards.model.settings import Mode
from pytest_atomic_cards.recordings.cassettes.cassette_adapter import CassetteAdapter
from pytest_atomic_cards.recordings.cassettes.manager import CassetteManager
from pytest_atomic_cards.sandbox.in_process_adapter import SandboxAdapter

if TYPE_CHECKING:
    from live_sandbox import Serve

pytestmark = pytest.mark.benchmark

_SIZES = (100, 1_000, 5_000)
_SAMPLE = 12
_WANTED = 30
_FLAT = 2.5


def _url(number: int, root: str = "http://cards.test") -> str:
    return f"{root}/v1/env/cards?userId=customer-{number}&status=active&limit=1"


def _body(number: int) -> bytes:
    card = {
        "cardInstanceId": f"0b0f6c3e-7d0a-4c56-9a43-{number:012d}",
        "cardTemplateId": "claim-reminder",
        "userId": f"customer-{number}",
        "status": "active",
        "created": "2030-01-02T03:04:05.678Z",
    }
    return json.dumps({"data": [card]}).encode()


def _responses(count: int) -> list[dict[str, Any]]:
    return [
        {
            "status": {"code": 200, "message": "OK"},
            "headers": {"Content-Type": ["application/json"]},
            "body": {"string": _body(number)},
        }
        for number in range(count)
    ]


def _per_request(get: Callable[[str], requests.Response], numbers: Iterable[int]) -> float:
    """Milliseconds a request."""
    numbers = list(numbers)
    start = time.process_time()
    for number in numbers:
        assert get(_url(number)).json()["data"][0]["userId"] == f"customer-{number}"
    return (time.process_time() - start) / len(numbers) * 1e3


def _session() -> requests.Session:
    http = requests.Session()
    http.trust_env = False
    return http


def _ours(directory: Path, count: int) -> tuple[float, float]:
    """Milliseconds a replayed request, and seconds to load, of our cassette."""
    manager = CassetteManager(Mode.RECORD, directory)
    with manager.use_cassette(f"{count}"):
        for number, response in enumerate(_responses(count)):
            manager.add(Request("GET", _url(number), None, {}), response, 0.0)
    manager = CassetteManager(Mode.REPLAY, directory)
    http = _session()
    http.mount("http://", CassetteAdapter(manager, None))
    with manager.use_cassette(f"{count}"):
        start = time.process_time()
        assert manager.current is not None
        load = time.process_time() - start
        return _per_request(lambda url: http.get(url, timeout=1), range(count)), load


def _stock_file(directory: Path, count: int) -> Path:
    path = directory / "cassettes" / "test_stock" / f"{count}.yaml"
    sent = [Request("GET", _url(number), None, {}) for number in range(count)]
    FilesystemPersister.save_cassette(
        path, {"requests": sent, "responses": _responses(count)}, yamlserializer
    )
    return path


def _spread(count: int) -> list[int]:
    """Places all over a cassette; their mean costs what the mean of all places costs."""
    return [count * (2 * place + 1) // (2 * _SAMPLE) for place in range(_SAMPLE)]


def _stock(path: Path, count: int) -> tuple[float, float]:
    """Milliseconds a replayed request, and seconds to load, of vcrpy as it comes."""
    start = time.process_time()
    with vcr.use_cassette(str(path), record_mode="none"):
        load = time.process_time() - start
        http = _session()
        return _per_request(lambda url: http.get(url, timeout=1), _spread(count)), load


_OF_PYTEST_RECORDING = """
import json, pathlib, time
import pytest, requests
from numbers_to_ask import NUMBERS, URL

@pytest.mark.vcr
@pytest.mark.default_cassette("{count}.yaml")
def test_replay():
    http = requests.Session()
    http.trust_env = False
    start = time.process_time()
    for number in NUMBERS:
        assert http.get(URL.format(number), timeout=1).ok
    seconds = (time.process_time() - start) / len(NUMBERS)
    pathlib.Path("seconds").write_text(str(seconds))
"""


def _pytest_recording(pytester: pytest.Pytester, count: int) -> float:
    """Milliseconds a request that pytest-recording replays."""
    url = _url(0).replace("customer-0", "customer-{}")
    pytester.makepyfile(
        test_stock=_OF_PYTEST_RECORDING.format(count=count),
        numbers_to_ask=f"NUMBERS = {_spread(count)}\nURL = {url!r}",
    )
    pytester.runpytest_subprocess("-q", "--record-mode", "none").assert_outcomes(passed=1)
    return float((pytester.path / "seconds").read_text("utf-8")) * 1e3


def test_replay_is_fast_and_flat(pytester: pytest.Pytester) -> None:
    """Replay is many times faster than vcrpy's at 5,000 exchanges, and no slower at 20,000."""
    table = {}
    for count in _SIZES:
        (ours, our_load), path = _ours(pytester.path, count), _stock_file(pytester.path, count)
        stock, stock_load = _stock(path, count)
        plugin = _pytest_recording(pytester, count)
        table[count] = (ours, stock, plugin)
        print(  # noqa: T201 - the numbers are what a benchmark is for
            f"\n{count} exchanges, ms each: ours {ours:.3f}, vcrpy {stock:.2f} "
            f"(x{stock / ours:.0f}), pytest-recording {plugin:.2f} (x{plugin / ours:.0f}); "
            f"load, s: ours {our_load:.2f}, vcrpy {stock_load:.2f} (x{stock_load / our_load:.1f})"
        )
    largest, _ = _ours(pytester.path, 20_000)
    print(f"\n20000 exchanges, ms each: ours {largest:.3f}")  # noqa: T201
    ours, stock, plugin = table[5_000]
    assert stock / ours >= _WANTED
    assert plugin / ours >= _WANTED
    assert largest / table[100][0] <= _FLAT


def _record_ours(directory: Path, count: int, app: Any) -> float:  # noqa: ANN401 - WSGI
    """Milliseconds for each of some requests that are recorded, file and all."""
    manager = CassetteManager(Mode.RECORD, directory)
    http = _session()
    http.mount("http://", CassetteAdapter(manager, SandboxAdapter(app)))
    start = time.process_time()
    with manager.use_cassette(f"recorded-{count}"):
        for number in range(count):
            http.get(_url(number), timeout=1)
    return (time.process_time() - start) / count * 1e3


def _record_stock(path: Path, count: int, root: str) -> float:
    """Milliseconds for each request that vcrpy records into a cassette of so many exchanges."""
    with vcr.use_cassette(str(path), record_mode="new_episodes"):
        http = _session()
        start = time.process_time()
        for number in range(count, count + _SAMPLE):
            http.get(_url(number, root), timeout=5)
        return (time.process_time() - start) / _SAMPLE * 1e3


def test_recording_is_linear(tmp_path: Path, serve: Serve) -> None:
    """Each exchange takes as long to record in a long recording as in a short one."""
    live = serve()
    ours = {}
    for count in _SIZES:
        ours[count] = _record_ours(tmp_path, count, live.sandbox)
        stock = _record_stock(_stock_file(tmp_path, count), count, live.settings().base_url)
        print(  # noqa: T201
            f"\n{count} exchanges, ms to record one: ours {ours[count]:.2f}, vcrpy {stock:.2f}"
        )
    assert ours[5_000] / ours[100] <= _FLAT
