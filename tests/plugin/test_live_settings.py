"""What a live target needs, and what contradicts each other."""

from __future__ import annotations

import json

import pytest
from settling import LIVE, SECRET, settle

from pytest_atomic_cards.model.settings import VENDOR_TOKEN_URL
from pytest_atomic_cards.support.errors import SettingsError

# The live target


@pytest.mark.parametrize(
    ("changes", "base_url", "token_endpoint"),
    [
        ({}, "https://cards.example.com", "https://auth.example.com/oauth2/token"),
        (
            {"ATOMIC_CARDS_API_URL": "http://127.0.0.1:8080/v1/"},
            "http://127.0.0.1:8080",
            "https://auth.example.com/oauth2/token",
        ),
        (
            {"ATOMIC_CARDS_API_URL": "", "ATOMIC_CARDS_ORG_ID": "acme"},
            "https://acme.customer-api.atomic.io",
            "https://auth.example.com/oauth2/token",
        ),
        (
            {
                "ATOMIC_CARDS_API_URL": "",
                "ATOMIC_CARDS_ORG_ID": "acme",
                "ATOMIC_CARDS_TOKEN_URL": "",
            },
            "https://acme.customer-api.atomic.io",
            VENDOR_TOKEN_URL,
        ),
        (
            {
                "ATOMIC_CARDS_API_URL": "https://acme.customer-api.atomic.io",
                "ATOMIC_CARDS_ORG_ID": "acme",
                "ATOMIC_CARDS_TOKEN_URL": "",
            },
            "https://acme.customer-api.atomic.io",
            VENDOR_TOKEN_URL,
        ),
    ],
)
def test_where_a_live_target_is(
    changes: dict[str, str], base_url: str, token_endpoint: str
) -> None:
    """The base URL is given or built; the vendor's token URL is assumed for its own API only."""
    settings = settle(LIVE | changes)
    assert (settings.base_url, settings.token_endpoint) == (base_url, token_endpoint)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, ["--cards-dry-run", "--cards-target live"]),
        (LIVE | {"ATOMIC_CARDS_PROFILE_OUT": "x"}, ["--cards-dry-run", "--cards-profile-out"]),
    ],
)
def test_a_dry_run_that_makes_no_sense(environ: dict[str, str], named: list[str]) -> None:
    """A dry run is of a live target, and observes nothing."""
    with pytest.raises(SettingsError) as caught:
        settle(environ, {"dry_run": "true"})
    assert [name for name in named if name not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"API_URL": ""}, ["ATOMIC_CARDS_API_URL or ATOMIC_CARDS_ORG_ID"]),
        ({"TOKEN_URL": ""}, ["ATOMIC_CARDS_TOKEN_URL"]),
        ({"ENVIRONMENT_ID": ""}, ["ATOMIC_CARDS_ENVIRONMENT_ID"]),
        ({"CLIENT_ID": ""}, ["ATOMIC_CARDS_CLIENT_ID"]),
        ({"CLIENT_SECRET": ""}, ["ATOMIC_CARDS_CLIENT_SECRET"]),
        ({"FLOW_ID": ""}, ["ATOMIC_CARDS_FLOW_ID"]),
        (
            {"CLIENT_ID": "", "CLIENT_SECRET": "", "FLOW_ID": ""},
            ["ATOMIC_CARDS_CLIENT_ID", "ATOMIC_CARDS_CLIENT_SECRET", "ATOMIC_CARDS_FLOW_ID"],
        ),
        ({"ORG_ID": "acme"}, ["ATOMIC_CARDS_API_URL", "ATOMIC_CARDS_ORG_ID"]),
        (
            {"API_URL": "https://other.customer-api.atomic.io", "ORG_ID": "acme"},
            ["ATOMIC_CARDS_API_URL", "ATOMIC_CARDS_ORG_ID"],
        ),
        ({"FAULT": "limit-ignored"}, ["--cards-fault", "--cards-target live"]),
        ({"APP": "mock:app"}, ["--cards-app", "ATOMIC_CARDS_API_URL"]),
        ({"APP": "mock:app", "API_URL": "", "ORG_ID": "a"}, ["--cards-app", "ATOMIC_CARDS_ORG_ID"]),
        ({"TOKEN": "t0ken-t0ken"}, ["ATOMIC_CARDS_TOKEN and ", "ATOMIC_CARDS_CLIENT_SECRET"]),
        ({"ACCESS": "token"}, ["ATOMIC_CARDS_TOKEN;"]),
        ({"FLOW_MODE": "test"}, ["ATOMIC_CARDS_FLOW_MODE", "ATOMIC_CARDS_USER_IDS"]),
        (
            {"HEADERS": '{"authorization": "Basic aaaaaaaaaaaa"}'},
            ["ATOMIC_CARDS_HEADERS", "ATOMIC_CARDS_ACCESS=none"],
        ),
    ],
)
def test_a_live_target_that_lacks_or_contradicts_settings(
    changes: dict[str, str], named: list[str]
) -> None:
    """What is missing or contradictory is one line that names just those settings."""
    environ = LIVE | {f"ATOMIC_CARDS_{name}": value for name, value in changes.items()}
    with pytest.raises(SettingsError) as caught:
        settle(environ)
    message = str(caught.value)
    assert "\n" not in message
    assert SECRET not in message
    assert [name for name in named if name not in message] == []
    good = [name for name in LIVE if environ[name] and name != "ATOMIC_CARDS_TARGET"]
    assert [name for name in good if name in message and name not in named] == []


@pytest.mark.parametrize(
    ("changes", "unset"),
    [
        ({"TOKEN": "t0ken-t0ken"}, ["TOKEN_URL", "CLIENT_ID", "CLIENT_SECRET"]),
        ({"ACCESS": "none"}, ["TOKEN_URL", "CLIENT_ID", "CLIENT_SECRET"]),
        ({"TOKEN": "t0ken-t0ken", "ACCESS": "credentials"}, []),
        ({"SEEDING": "hook"}, ["FLOW_ID"]),
        ({"SEEDING": "none"}, ["FLOW_ID"]),
        ({"SEEDING": "none", "FLOW_MODE": "test"}, ["FLOW_ID"]),
        ({"APP": "tests.mock:app"}, ["API_URL", "TOKEN_URL"]),
        ({"APP": "fixture", "ACCESS": "none", "SEEDING": "hook"}, list(LIVE)),
    ],
)
def test_each_part_of_a_target_needs_its_own_settings(
    changes: dict[str, str], unset: list[str]
) -> None:
    """Where, access and seeding are independent: a choice in one needs nothing of another."""
    names = {name.removeprefix("ATOMIC_CARDS_") for name in unset} - {"ENVIRONMENT_ID"}
    environ = LIVE | {f"ATOMIC_CARDS_{name}": "" for name in names}
    settings = settle(environ | {f"ATOMIC_CARDS_{name}": text for name, text in changes.items()})
    assert settings.is_live


def test_what_is_missing_is_offered_with_what_can_replace_it() -> None:
    """The message names the settings that choose another access, supply or place."""
    with pytest.raises(SettingsError) as caught:
        settle({"ATOMIC_CARDS_TARGET": "live"})
    offered = ["ATOMIC_CARDS_TOKEN or", "ATOMIC_CARDS_SEEDING=hook or none", "--cards-app"]
    assert [text for text in offered if text not in str(caught.value)] == []


def test_an_application_is_a_target_by_itself() -> None:
    """``--cards-app`` makes the run a live one; with ``--cards-target sandbox`` it is an error."""
    rest = LIVE | {"ATOMIC_CARDS_TARGET": "", "ATOMIC_CARDS_API_URL": ""}
    assert settle(rest, {"app": "mock:app"}).describe().startswith("live app mock:app, ")
    with pytest.raises(SettingsError, match=r"--cards-app .*--cards-target sandbox"):
        settle(rest, {"app": "mock:app", "target": "sandbox"})


def test_the_sandbox_needs_no_settings() -> None:
    """Settings of a live target, complete or not, do no harm while the target is the sandbox."""
    for name in LIVE:
        environ = {key: value for key, value in LIVE.items() if key != name}
        assert settle(environ | {"ATOMIC_CARDS_TARGET": "sandbox"}).target == "sandbox"


# Secrets


def test_the_secret_is_never_shown() -> None:
    """Neither the settings' repr nor their description holds a secret."""
    more = {"TOKEN": SECRET, "ACCESS": "token", "HEADERS": json.dumps({"X-Key": SECRET})}
    settings = settle(LIVE | {f"ATOMIC_CARDS_{name}": text for name, text in more.items()})
    assert settings.client_secret == settings.token == settings.headers["X-Key"] == SECRET
    assert settings.secrets == {SECRET}
    assert SECRET not in f"{settings!r} {settings.describe()} {settings.headers!r}"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, ["embedded sandbox"]),
        ({"ATOMIC_CARDS_FAULT": "one,two"}, ["embedded sandbox", "one, two"]),
        (
            {"ATOMIC_CARDS_API_URL": "https://cards.example.com"},
            ["embedded sandbox", "ATOMIC_CARDS_API_URL is not used"],
        ),
        (LIVE, ["live https://cards.example.com", "environment-1", "flow-1", "start"]),
        (
            LIVE | {"ATOMIC_CARDS_FLOW_MODE": "test", "ATOMIC_CARDS_USER_IDS": "ann"},
            ["flow-1 (test)"],
        ),
        ({"ATOMIC_CARDS_EFFORT": "quick", "ATOMIC_CARDS_SEED": "7"}, ["quick", "seed 7"]),
    ],
)
def test_what_a_run_says_of_itself(environ: dict[str, str], said: list[str]) -> None:
    """The description is one line with target, mode and what else decides the run."""
    description = settle(environ).describe()
    assert "\n" not in description
    assert [part for part in said if part not in description] == []
