"""Whatever the client of an application: the same verdict of replay, comparison and monitor."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from live_sandbox import Serve

RECIPES = Path(__file__).parents[1] / "recipes"
FAULT = "result-shows-other-user"
"""Shows in the response to the application, and in nothing that the tests send themselves."""
SLOW = pytest.mark.nightly
NEEDS_NODE = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
KINDS = (
    pytest.param("requests", "", id="requests", marks=SLOW),
    pytest.param("httpx", "not asynchronously", id="httpx sync"),
    pytest.param("httpx", "asynchronously", id="httpx async", marks=SLOW),
    pytest.param("aiohttp", "", id="aiohttp", marks=SLOW),
    pytest.param("other_process", "", id="subprocess"),
    pytest.param("node", "", id="node", marks=(SLOW, NEEDS_NODE)),
)
"""Slow are those that differ only in the client from one that is not."""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project in which the recipes are its own tests."""
    for path in RECIPES.glob("test_recipe_*.py"):  # a module of its own name is imported already
        shutil.copy(path, pytester.path / path.name.replace("recipe", "copied"))
    shutil.copy(RECIPES / "settle_claim.mjs", pytester.path)
    return pytester


def change(project: pytest.Pytester, kind: str) -> None:
    """Let the application do something else."""
    application = "settle_claim.mjs" if kind == "node" else f"test_copied_{kind}.py"
    path = project.path / application
    path.write_text(path.read_text("utf-8").replace("cards/cancel", "cards/dismiss"), "utf-8")


def run(project: pytest.Pytester, kind: str, chosen: str, *arguments: str) -> pytest.RunResult:
    """Run the recipe of one kind of application."""
    return project.runpytest_inprocess(f"test_copied_{kind}.py", "-k", chosen, *arguments)


@pytest.mark.parametrize(("kind", "chosen"), KINDS)
def test_recorded_replayed_verified_and_watched(project: pytest.Pytester, kind: str, chosen: str):
    """All modes pass; monitor and comparison find a changed target, a replay a changed client."""
    for mode in ("record", "replay", "verify"):
        result = run(project, kind, chosen, "--cards-cassettes", mode)
        assert result.ret == 0, mode
        assert result.parseoutcomes().keys() <= {"passed", "deselected"}

    faulty = run(project, kind, chosen, "--cards-cassettes", "verify", "--cards-fault", FAULT)
    assert everything_failed(faulty)
    faulty.stdout.fnmatch_lines_random(["* (documented) violated", "*.userId: *recorded*now"])

    change(project, kind)
    changed = run(project, kind, chosen, "--cards-cassettes", "replay")
    assert everything_failed(changed)
    changed.stdout.fnmatch_lines(["*PUT /v1/sandbox/cards/dismiss?* is not in *"])


def everything_failed(result: pytest.RunResult) -> bool:
    """Whether each test failed, and its teardown as well."""
    outcomes = result.parseoutcomes()
    return "passed" not in outcomes and outcomes["failed"] == outcomes["errors"]


LIVE = """
import os, subprocess, sys
import pytest, requests
from pytest_atomic_cards import Status

CHILD = '''
import json, os, sys, urllib.request

def send(method, url, **headers):
    request = urllib.request.Request(url, method=method, headers={"User-Agent": "app"} | headers)
    return json.load(urllib.request.urlopen(request))

setting = {name.removeprefix("ATOMIC_CARDS_"): value for name, value in os.environ.items()}
token = send("POST", setting["TOKEN_URL"] + "?grant_type=client_credentials")["access_token"]
url = f"{setting['API_URL']}/v1/{setting['ENVIRONMENT_ID']}/cards/cancel?userId={sys.argv[1]}"
send("PUT", url, Authorization=f"Bearer {token}")
'''

def in_process(cards, user):
    url = f"{cards.url}/v1/{cards.environment_id}/cards/cancel"
    requests.put(url, params={"userId": user}).raise_for_status()

def in_a_child(cards, user):
    environ = os.environ | cards.environ
    assert "only-for-tests" not in cards.environ.values()
    subprocess.run([sys.executable, "-c", CHILD, user], env=environ, check=True)

@pytest.mark.parametrize("settle", [in_process, in_a_child])
def test_app(cards, settle):
    card = cards.seed()
    settle(cards, card.user_id)
    assert cards.wait_for(card, Status.CANCELLED).status is Status.CANCELLED

def test_cards_of_others(cards):
    cards.seed()
    url = f"{cards.url}/v1/{cards.environment_id}/cards/cancel?userId=somebody"
    assert requests.put(url).status_code == 403
"""


def test_a_live_target_is_recorded_replayed_and_verified(
    pytester: pytest.Pytester, serve: Serve, monkeypatch: pytest.MonkeyPatch
):
    """The recording needs neither network nor credentials, and the guard acts in all modes."""
    path = pytester.makepyfile(test_live=LIVE)
    for mode in ("record", "replay", "verify"):
        live = serve()
        live.environment.seed([{"user_id": "somebody"}])
        with monkeypatch.context() as settings:
            for name, value in live.environ.items() if mode != "replay" else ():
                settings.setenv(name, value)
            result = pytester.runpytest_inprocess("--cards-cassettes", mode, path)
        result.assert_outcomes(passed=3, errors=1)
        result.stdout.fnmatch_lines(["*ScopeError: refused to send PUT *userId=somebody*"])
        assert bool(live.log) == (mode != "replay")
        assert [card.user_id for card in live.open_cards] == ["somebody"]
