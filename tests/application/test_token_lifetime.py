"""Tokens of an application, and time that passes."""

from __future__ import annotations

import warnings
from datetime import timedelta

import pytest
import requests

from pytest_atomic_cards import Cards, CardsWarning, sandbox_world

LONG = timedelta(hours=2)


def ask(cards: Cards, token: str) -> int:
    """The status of a listing with a token."""
    with requests.Session() as http:
        http.mount("https://", cards.requests_adapter())
        url = f"https://cards.example/v1/{cards.environment_id}/cards"
        return http.get(url, headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_token_is_valid_whenever_it_is_asked_for():
    """After its life the fixture gives another."""
    with sandbox_world() as cards:
        first = cards.token()
        assert cards.token() == first
        cards.pass_time(LONG)
        assert ask(cards, first) == 401
        second = cards.token()
        assert second != first
        assert ask(cards, second) == 200


def test_an_application_that_renews_goes_on():
    """One that fetches a token after a 401 is not warned about."""
    with warnings.catch_warnings(action="error"), sandbox_world() as cards:
        environ = cards.environ
        cards.pass_time(LONG)
        assert ask(cards, environ["ATOMIC_CARDS_TOKEN"]) == 401
        fetched = requests.post(
            environ["ATOMIC_CARDS_TOKEN_URL"],
            params={"grant_type": "client_credentials"},
            auth=(environ["ATOMIC_CARDS_CLIENT_ID"], environ["ATOMIC_CARDS_CLIENT_SECRET"]),
            timeout=30,
        ).json()
        assert ask(cards, fetched["access_token"]) == 200


def test_an_application_that_does_not_is_pointed_out():
    """A 401 at the end is explained: the test itself has ended the life of the token."""

    def run() -> None:
        with sandbox_world() as cards:
            token = cards.token()
            cards.pass_time(LONG)
            assert ask(cards, token) == 401

    with pytest.warns(CardsWarning, match="pass_time has ended the life"):
        run()


def test_a_wrong_token_is_not_explained_by_time():
    """Only a token that the fixture gave out can have expired by ``pass_time``."""
    with warnings.catch_warnings(action="error"), sandbox_world() as cards:
        cards.token()
        cards.pass_time(LONG)
        assert ask(cards, "wrong") == 401


def test_the_explanation_does_not_keep_cards_from_being_cleaned_up():
    """Clean-up itself never warns, as a run may turn warnings into errors."""
    with sandbox_world() as cards:
        token = cards.token()
        cards.pass_time(LONG)
        assert ask(cards, token) == 401
        with warnings.catch_warnings(action="error"):
            cards.clean_up()
        with pytest.warns(CardsWarning):
            cards.raise_trouble()
