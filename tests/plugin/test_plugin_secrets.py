"""No output and no file of a run shows the client secret or a token, in any spelling."""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from contract_runs import OWN

from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.support.secrets.hidden import Hidden

if TYPE_CHECKING:
    from live_sandbox import Serve

SECRET = 'q7+Zk/2V&nX9"bR4t<Lm'
USERS_TESTS = """
import os
import pytest

def fail(**held):
    assert not held

def test_settings(cards_settings):
    secret = cards_settings.client_secret
    longer = "Bearer " + secret
    held = {"secret": secret, "all": [cards_settings, (secret, secret[3:])]}
    assert cards_settings == held

def test_secret_compared(cards_settings):
    assert cards_settings.client_secret == "a" + "b" * 43

def test_secret_contained(cards_settings):
    assert "q7+Z" not in cards_settings.client_secret

def test_other_settings(cards_settings):
    from dataclasses import replace
    assert cards_settings == replace(cards_settings, client_secret="another-secret")

def test_target(cards_target, cards_settings):
    fail(target=cards_target, settings=cards_settings)

def test_cards(cards, cards_api):
    card = cards.seed()
    session = cards.api.session
    tokens = session.tokens
    token = tokens.token()
    issued = getattr(tokens, "issued", lambda: None)()
    exchanges = []
    session.listeners.append(exchanges.append)
    cards.list(user_id=token, limit=5)
    fail(session=session, everything=vars(session), issued=issued, exchanges=exchanges)

def test_endpoint(cards, cards_settings):
    source = cards.authenticate(
        client_id=cards_settings.client_id, client_secret=cards_settings.client_secret + "x"
    )
    source.token()

def test_workers(pytestconfig, cards):
    worker = getattr(pytestconfig, "workerinput", None)
    fail(worker=worker)

@pytest.fixture
def broken(cards):
    raise RuntimeError

def test_fixture(broken):
    pass
"""


def _spellings(secret: str) -> set[str]:
    """How a secret may look in a text."""
    raw = secret.encode()
    encoded = quote(secret, safe="")
    in_base64 = {base64.b64encode(b"?" * n + raw).decode()[n + 2 : -4] for n in range(3)}
    in_json = json.dumps(secret)[1:-1]
    return {
        secret,
        encoded,
        encoded.lower() if encoded != secret else secret,
        html.escape(secret),
        in_json,
        in_json.replace("/", "\\/"),
        repr(secret)[1:-1],
        *in_base64,
        *(text.replace("+", "-").replace("/", "_") for text in in_base64),
    }


@pytest.mark.usefixtures("own_plugins")
@pytest.mark.parametrize("options", [(), ("-n", "2"), ("--cards-cassettes", "record")])
def test_a_run_that_fails_shows_no_secret(
    options: tuple[str, ...],
    pytester: pytest.Pytester,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Tracebacks with local variables, reports and recordings of failed tests hold no secret."""
    live = serve()
    object.__setattr__(live.credential, "client_secret", SECRET)
    temporary = pytester.mkdir("temporary")
    live.be_the_target(monkeypatch)
    monkeypatch.setenv("TMPDIR", str(temporary))
    pytester.makepyfile(USERS_TESTS)
    result = pytester.runpytest_subprocess(
        *(*OWN, "-l", "--tb=long", "-vv", "-rA", "--showlocals"),
        *("--junitxml=junit.xml", "--cards-report", "out", *options),
    )
    failed = result.parseoutcomes()
    assert failed.get("failed", 0) >= 8, result.stdout.str()
    hidden = {SECRET, f"{live.credential.client_id}:{SECRET}", *live.sandbox._tokens.grants}
    assert len(hidden) >= 3
    written = {
        path: path.read_bytes().decode("utf-8", "replace")
        for path in pytester.path.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    written |= {Path("stdout"): result.stdout.str(), Path("stderr"): result.stderr.str()}
    traces = {trace for secret in hidden for trace in _spellings(secret)}
    assert not [(str(path), t) for path, text in written.items() for t in traces if t in text]
    assert not list(temporary.rglob("atomic-cards-token*"))


@pytest.mark.usefixtures("own_plugins")
def test_a_crashed_worker_leaves_no_token(
    pytester: pytest.Pytester, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token file is private, and it is removed although the worker that made it was killed."""
    live = serve()
    temporary = pytester.mkdir("temporary")
    live.be_the_target(monkeypatch)
    monkeypatch.setenv("TMPDIR", str(temporary))
    pytester.makepyfile(
        """
        import os, signal
        from pathlib import Path

        def test_dies(cards):
            cards.seed()
            file, = Path(os.environ["TMPDIR"]).rglob("atomic-cards-token")
            modes = [oct(path.stat().st_mode & 0o777) for path in (file, file.parent)]
            Path("modes").write_text(" ".join(modes))
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    pytester.runpytest_subprocess(*OWN, "-n", "1")
    assert (pytester.path / "modes").read_text() == "0o600 0o700"
    assert not list(temporary.rglob("atomic-cards-token*"))


def test_a_hidden_string_is_sent_and_not_shown() -> None:
    """It is a string for whoever sends it, and hides wherever something shows itself."""
    secret = Settings(client_secret=SECRET).client_secret
    assert secret is not None
    assert (secret, f"{secret}", secret.encode()) == (SECRET, SECRET, SECRET.encode())
    shown = repr([secret, {"a": secret}, secret[1:], "Bearer " + secret, secret + "x"])
    assert shown.count("[redacted]") == 5
    assert "q7" not in shown
    assert "7+Zk" not in shown
    assert Hidden("a\nb").splitlines() == ["[redacted]"]
