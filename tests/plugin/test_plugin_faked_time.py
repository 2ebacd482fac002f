"""Tests that fake the time: the same ones pass with each library, wherever they fake it."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from contract_runs import OWN

if TYPE_CHECKING:
    from live_sandbox import Serve

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_plugins")]

LIBRARIES = {"freezegun": "freezegun.freeze_time", "time-machine": "time_machine.travel"}

FAKING = """
import freezegun, time_machine
from datetime import UTC, datetime, timedelta
REAL = datetime.fromtimestamp({real}, UTC)
fake = {fake}
"""

SESSION = """
from faking import fake
fake("2031-05-05", tick=False).start()  # never stopped: for the whole session
"""

USERS_TESTS = """
import time
import unittest
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import freezegun
import pytest
from faking import REAL, fake

from pytest_atomic_cards import Status
from pytest_atomic_cards.client.action_flows import timestamp
from pytest_atomic_cards.client.rate_limit import AcceptedRate
from pytest_atomic_cards.support.clock import REAL_CLOCK

MOMENTS = {
    "now": REAL, "in an hour": REAL + timedelta(hours=1), "yesterday": REAL - timedelta(days=1),
    "1971": "1971-01-01", "2000": "2000-01-01", "2083": "2083-05-05",
}
DAY = timedelta(days=1)

def check(cards, faked=True):
    if faked:
        assert abs(time.time() - datetime.now(UTC).timestamp()) < 60
    for way in ("interval", "timestamp"):
        offer = cards.seed(expires=3 * DAY, expiry_as=way)
        assert cards.get(offer).status is Status.ACTIVE
        assert abs(offer.created - REAL) < timedelta(minutes=10)
    with pytest.raises(TimeoutError):
        cards.wait_for(offer, Status.DISMISSED, timeout=0.02)
    if cards.is_steerable:
        cards.pass_time(2 * DAY)
        assert cards.get(offer).status is Status.ACTIVE
        cards.pass_time(2 * DAY)
        assert cards.wait_for(offer, Status.EXPIRED, timeout=0.02)
    waits = []
    def wait(seconds):
        waits.append(seconds)
        REAL_CLOCK.sleep(seconds)
    pace = AcceptedRate(100)
    for _ in range(4):
        pace.wait(REAL_CLOCK.monotonic, wait)
    assert sum(waits) <= 0.031
    moment = datetime.now(UTC)
    assert timestamp(moment)[:19] == str(moment)[:19].replace(" ", "T")
    session = cards.api.session
    exchanges = []
    session.listeners.append(exchanges.append)
    cards.list(user_id=offer.user_id)
    session.listeners.remove(exchanges.append)
    assert 0 <= exchanges[0].elapsed < 30
    assert abs(exchanges[0].started - REAL) < timedelta(minutes=10)

@pytest.mark.parametrize("tick", [True, False])
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_in_a_context(cards, moment, tick):
    before = cards.seed(expires=3 * DAY)
    with fake(moment, tick=tick):
        assert cards.get(before).status is Status.ACTIVE
        check(cards)
    passed = 4 * DAY if cards.is_steerable else 0 * DAY
    assert abs(cards.seed().created - REAL - passed) < timedelta(minutes=10)

@fake("2031-05-05")
def test_decorated(cards):
    check(cards)

def test_moved(cards):
    with fake("2031-05-05", tick=False) as traveller:
        offer = cards.seed(expires=3 * DAY)
        for moment in (datetime(2040, 1, 1), datetime(1999, 1, 1)):
            traveller.move_to(moment)
            assert cards.get(offer).status is Status.ACTIVE
        check(cards)

def test_nested(cards):
    with fake("2031-05-05"), fake("2001-05-05"):
        check(cards)

class TestFixture:
    @pytest.fixture(autouse=True)
    def _faked(self):
        with fake("2031-05-05"):
            yield

    def test_around_the_fixture_of_cards(self, cards):
        check(cards)

    def test_next(self, cards):
        check(cards)

@pytest.fixture
def faked_after(cards):
    with fake("2031-05-05", tick=False):
        yield

@pytest.mark.usefixtures("faked_after")
def test_fixture_after_cards(cards):
    check(cards)

@fake("2031-05-05")
class TestDecoratedClass(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _cards(self, cards):
        self.cards = cards

    def test_method(self):
        check(self.cards)

def test_ids_differ_in_a_moment_that_never_ends(cards):
    with fake("2031-05-05", tick=False):
        assert cards.randomness.token() != cards.randomness.token()
        assert cards.seed().user_id != cards.seed().user_id

MORE
"""

OF_LIBRARY = {
    "freezegun": """
def test_ignoring_the_package(cards):
    with freezegun.freeze_time("2031-05-05", ignore=["pytest_atomic_cards"]):
        check(cards, faked=False)

@fake("2031-05-05")
class TestAnyDecoratedClass:
    def test_method(self, cards):
        check(cards)

def test_steps(cards):
    with freezegun.freeze_time("2031-05-05", auto_tick_seconds=86_400):
        check(cards, faked=False)
""",
    "time-machine": """
@pytest.mark.time_machine("2031-05-05")
def test_marked(cards):
    check(cards)

def test_in_another_time_zone(cards):
    with fake(datetime(2031, 5, 5, tzinfo=ZoneInfo("Pacific/Auckland"))):
        check(cards)

def test_shifted(cards, time_machine):
    time_machine.move_to("2031-05-05")
    time_machine.shift(86_400 * 365)
    check(cards)
""",
}


@pytest.mark.parametrize("session", ["", SESSION], ids=["real session", "faked session"])
@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("is_live", [False, True], ids=["sandbox", "live"])
def test_a_faked_time_changes_nothing(  # noqa: PLR0917 - fixtures and parameters
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    serve: Serve,
    library: str,
    session: str,
    is_live: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Cards, waits, the pace and tokens go by the real time, wherever a test fakes the time."""
    live = serve()
    if is_live:
        live.be_the_target(monkeypatch)
    faking = FAKING.format(real=time.time(), fake=LIBRARIES[library])
    pytester.makepyfile(faking=faking, test_users=USERS_TESTS.replace("MORE", OF_LIBRARY[library]))
    pytester.makeconftest(session)
    result = pytester.runpytest_subprocess(*OWN, "-p", "time_machine", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=23)
    assert not live.open_cards
    assert live.count(f"POST {live.sandbox.token_path}") == is_live


ENDLESS_TEST = """
from pytest_atomic_cards import Status

def test_waits(cards):
    cards.wait_for(cards.seed(), Status.DISMISSED, timeout=600)
"""


CLEAN = "from pytest_atomic_cards.plugin.cli import main; raise SystemExit(main(['clean']))"


@pytest.mark.parametrize("method", ["signal", "thread"])
def test_a_test_that_is_timed_out_leaves_no_card(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, serve: Serve, method: str
) -> None:
    """pytest-timeout ends a wait; the run, or ``clean`` if it killed the run, cancels the card."""
    live = serve()
    live.be_the_target(monkeypatch)
    pytester.makepyfile(ENDLESS_TEST)
    options = (*OWN, "-p", "timeout", "--timeout", "2", "--timeout-method", method)
    result = pytester.runpytest_subprocess(*options)
    assert "Timeout" in f"{result.stdout}{result.stderr}"
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert len(live.environment.cards()) == 1
    assert len(live.open_cards) == (method == "thread")
    assert pytester.run(sys.executable, "-c", CLEAN).ret == 0
    assert not live.open_cards


@pytest.mark.parametrize("fake", LIBRARIES.values())
def test_the_package_may_be_imported_in_a_faked_time(fake: str) -> None:
    """A clock that is first loaded while the time is faked shows the real time."""
    code = (
        "import freezegun, time_machine\n"
        f"with {fake}('2031-05-05', tick=False):\n"
        "    from pytest_atomic_cards.support.clock import REAL_CLOCK\n"
        "    print(REAL_CLOCK.timestamp(), REAL_CLOCK.monotonic() < REAL_CLOCK.monotonic())\n"
    )
    before = time.time() - 0.001  # the clock shows milliseconds
    shown = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert before <= float(shown[0]) <= time.time() + 0.001
    assert shown[1] == "True"
