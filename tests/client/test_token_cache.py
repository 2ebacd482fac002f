"""Processes of a run share one token through a file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import filelock
import freezegun
import pytest
from client_doubles import SECRET, TOKEN, FakeTime, Reply, Target, raw_server
from token_doubles import ISSUED, credentials, numbered

from pytest_atomic_cards.client.deadline import Deadline
from pytest_atomic_cards.client.token_cache import IssuedToken, TokenCache
from pytest_atomic_cards.support.errors import (
    SettingsError,
    TransportError,
)


def test_the_cache_spares_the_second_process_a_fetch(tmp_path: Path) -> None:
    """A token in the cache file is used by another source with the same credentials."""
    time, cache, target = FakeTime(), tmp_path / "private" / "token.json", numbered()
    first = credentials(target, time, cache=cache).token()
    assert credentials(target, time, cache=cache).token() == first
    assert len(target.requests) == 1


@pytest.mark.parametrize(("left", "expected"), [(3600, "token-1"), (0, "token-of-another")])
def test_a_token_of_another_process_is_used_where_there_is_none(
    tmp_path: Path, left: float, expected: str
) -> None:
    """A token that is handed over spares a fetch, and gives way to one in the cache that lives."""
    time, cache, target = FakeTime(), tmp_path / "private" / "token.json", numbered(3600)
    credentials(target, time, cache=cache).token()
    time.now += 3600 - left
    source = credentials(target, time, cache=cache)
    source.adopt(IssuedToken("token-of-another", time.now, 3600.0, "query"))
    assert expected in source.secrets
    assert source.token() == expected
    assert credentials(target, time, cache=cache).token() == expected
    assert len(target.requests) == 1


def test_the_cache_is_private(tmp_path: Path) -> None:
    """Only the owner can read the cache file and the directory that was made for it."""
    cache = tmp_path / "private" / "token.json"
    credentials(Target(ISSUED), cache=cache).token()
    assert cache.stat().st_mode & 0o777 == 0o600
    assert cache.parent.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in cache.parent.iterdir()) == ["token.json", "token.json.lock"]


def test_the_cache_does_not_hold_the_client_secret(tmp_path: Path) -> None:
    """The cache file identifies its credential without holding the secret."""
    cache = tmp_path / "token.json"
    credentials(Target(ISSUED), cache=cache).token()
    assert SECRET not in json.dumps(json.loads(cache.read_text()))


@pytest.mark.parametrize(
    "other",
    [
        {"client_secret": "another-secret"},
        {"client_id": "client-2"},
        {"token_url": "http://else.test/oauth2/token"},
    ],
)
def test_a_cached_token_of_another_credential_is_not_used(
    tmp_path: Path, other: dict[str, str]
) -> None:
    """A cache file serves the credential and the endpoint that it was made for, and no other."""
    time, cache, target = FakeTime(), tmp_path / "token.json", numbered()
    credentials(target, time, cache=cache).token()
    assert credentials(target, time, cache=cache, **other).token() == "token-2"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"owner": 1}', b"\xff\xfe", b'{"value": "x"}', b"null"]
)
def test_a_damaged_cache_is_replaced(tmp_path: Path, content: bytes) -> None:
    """Whatever the cache file holds that is no token of ours is overwritten."""
    cache = tmp_path / "token.json"
    cache.write_bytes(content)
    assert credentials(Target(ISSUED), cache=cache).token() == TOKEN
    assert TOKEN.encode() in cache.read_bytes()


def test_an_expired_token_in_the_cache_is_replaced(tmp_path: Path) -> None:
    """A cached token is used no longer than one in memory."""
    time, cache, target = FakeTime(), tmp_path / "token.json", numbered()
    credentials(target, time, cache=cache).token()
    time.now += 3600
    assert credentials(target, time, cache=cache).token() == "token-2"


def test_a_renewal_by_another_process_is_taken_over(tmp_path: Path) -> None:
    """A source whose token was refused first looks whether the cache has a newer one."""
    time, cache, target = FakeTime(), tmp_path / "token.json", numbered()
    mine, other = (credentials(target, time, cache=cache) for _ in range(2))
    stale = mine.token()
    fresh = other.renew(stale)
    assert mine.renew(stale) == fresh
    assert len(target.requests) == 2


def test_the_cache_remembers_where_grant_type_goes(tmp_path: Path) -> None:
    """A process that starts later asks in the way that was found to work."""
    time, cache = FakeTime(), tmp_path / "token.json"
    target = Target(Reply(404), ISSUED)
    credentials(target, time, cache=cache).token()
    time.now += 3600
    credentials(target, time, cache=cache).token()
    assert [request.body is None for request in target.requests] == [True, False, False]


def test_a_cache_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    """A cache path below a file is refused with the path in the message."""
    (tmp_path / "file").write_text("")
    cache = tmp_path / "file" / "token.json"
    with pytest.raises(SettingsError, match=r"token\.json cannot be written"):
        credentials(Target(ISSUED), cache=cache).token()


def test_processes_share_one_fetch(tmp_path: Path) -> None:
    """Four processes that start at once cause one request to the token endpoint."""
    program = (
        "import sys; from pathlib import Path; from pytest_atomic_cards.client import *;"
        "print(ClientCredentials(token_url=sys.argv[1], client_id='client-1',"
        " client_secret='a-secret', cache=Path(sys.argv[2])).token())"
    )
    with raw_server(ISSUED.content()) as server:
        command = [sys.executable, "-c", program, f"{server.url}/token", tmp_path / "token.json"]
        workers = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
            for _ in range(4)
        ]
        outputs = [worker.communicate()[0].strip() for worker in workers]
    assert outputs == [TOKEN] * 4
    assert len(server.seen) == 1


def test_waiting_for_another_process_ends_in_a_frozen_time(tmp_path: Path) -> None:
    """The limit of that wait is in real seconds, though the lock's own goes by the faked time."""
    path = tmp_path / "token.json"
    cache = TokenCache(path, owner="client-1", patience=0.05, deadline=Deadline())
    with (
        filelock.FileLock(f"{path}.lock"),
        freezegun.freeze_time("2031-05-05"),
        pytest.raises(TransportError, match="another process"),
        cache.exclusive(),
    ):
        pytest.fail("the lock is held by another")
    with cache.exclusive():
        assert cache.load() is None
