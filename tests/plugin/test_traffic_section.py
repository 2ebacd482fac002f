"""A failed test shows what it and its application sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

TITLE = "*- Cards API exchanges -*"
APPLICATION = """
import requests

def test_app(cards):
    cards.seed(user_id="customer-1")
    cards.seed(user_id="customer-1")
    url = f"{cards.url}/v1/{cards.environment_id}/cards/cancel"
    response = requests.put(url, params={"userId": "customer-1"}, timeout=9)
    assert response.status_code == WANTED
"""


def test_a_failed_test_shows_what_the_application_got(pytester: pytest.Pytester) -> None:
    """The requests of an application stand below its failed assertion, with their responses."""
    pytester.makepyfile(APPLICATION.replace("WANTED", "200"))
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            TITLE,
            "GET /v1/sandbox/cards?* → HTTP 200 *",
            'PUT /v1/sandbox/cards/cancel?userId=customer-1 → HTTP 400 {"message":*multiple=1*',
        ]
    )


def test_it_does_not_depend_on_the_monitor(pytester: pytest.Pytester) -> None:
    """Whether violations fail tests makes no difference to what a failed one shows."""
    pytester.makepyfile(APPLICATION.replace("WANTED", "200"))
    result = pytester.runpytest_inprocess("--cards-monitor", "off")
    result.stdout.fnmatch_lines([TITLE, "PUT */cards/cancel?userId=customer-1 → HTTP 400 *"])


def test_a_test_that_passes_shows_nothing(pytester: pytest.Pytester) -> None:
    """Exchanges of a test that passes are not shown."""
    pytester.makepyfile(APPLICATION.replace("WANTED", "400"))
    result = pytester.runpytest_inprocess("-rA")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line(TITLE)


def test_only_the_last_exchanges_of_the_test_are_shown(pytester: pytest.Pytester) -> None:
    """A long test shows its last ten exchanges and counts the others; those before do not count."""
    pytester.makepyfile(
        """
        def test_before(cards):
            cards.list(user_id="before")

        def test_long(cards):
            for number in range(13):
                cards.list(user_id=f"customer-{number}")
            assert not "long"
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([TITLE, "(3 earlier ones are left out)", "*userId=customer-3*"])
    result.stdout.no_fnmatch_line("*userId=customer-2 *")
    result.stdout.no_fnmatch_line("*userId=before*")


def test_neither_secrets_nor_commands_are_printed(pytester: pytest.Pytester) -> None:
    """A token stays hidden, and text of a target or of a test cannot control the terminal."""
    pytester.makepyfile(
        """
        def test_hostile(cards):
            token = cards.token()
            cards.list(user_id=token)
            cards.seed(user_id="\\x1b[2J")
            cards.list(event_name="##[error]")
            assert not "hostile", "a message without the token"
        """
    )
    result = pytester.runpytest_inprocess("--tb=line")
    result.assert_outcomes(failed=1)
    shown = result.stdout.str().partition("Cards API exchanges")[2]
    assert "GET /v1/sandbox/cards?userId=[redacted] → HTTP 200" in shown
    assert "\x1b[2J" not in shown
    assert "##[error]" not in shown
