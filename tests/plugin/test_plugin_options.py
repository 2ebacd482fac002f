"""Settings: where they come from, and what is said of bad ones."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pytest_atomic_cards.model.option import Option
from pytest_atomic_cards.model.options import OPTIONS
from pytest_atomic_cards.model.resolution import resolve, unknown_variables
from pytest_atomic_cards.model.setting_parsers import truth
from pytest_atomic_cards.model.settings import VENDOR_TOKEN_URL, Settings, TargetKind
from pytest_atomic_cards.model.target_file import TargetFile, read_target_file
from pytest_atomic_cards.support.errors import SettingsError

BY_NAME = {option.name: option for option in OPTIONS}
SECRET = "hunter2-of-the-client"
LIVE = {
    "ATOMIC_CARDS_TARGET": "live",
    "ATOMIC_CARDS_API_URL": "https://cards.example.com",
    "ATOMIC_CARDS_TOKEN_URL": "https://auth.example.com/oauth2/token",
    "ATOMIC_CARDS_ENVIRONMENT_ID": "environment-1",
    "ATOMIC_CARDS_CLIENT_ID": "client-1",
    "ATOMIC_CARDS_CLIENT_SECRET": SECRET,
    "ATOMIC_CARDS_FLOW_ID": "flow-1",
}
"""A complete live target."""
NAMES = re.compile(r"ATOMIC_CARDS_[A-Z_]+|atomic_cards_[a-z_]+|--cards-[a-z-]+")
"""What settings are called."""


def settle(
    environ: Mapping[str, str] | None = None,
    command_line: Mapping[str, str] | None = None,
    ini: Mapping[str, object] | None = None,
    file: Mapping[str, object] | None = None,
) -> Settings:
    """The settings of these sources."""
    texts = ini or {}
    written = TargetFile("cards-target.toml", file or {})
    return resolve(command_line or {}, lambda name: texts.get(name, ""), environ or {}, written)


# Precedence


@pytest.mark.parametrize(
    ("name", "texts", "values"),
    [
        ("report", ("a", "b", "c"), (Path("a"), Path("b"), Path("c"), None)),
        ("strict", ("true", "false", "yes"), (True, False, True, False)),
        ("fault", ("a", "b,c", "d"), (("a",), ("b", "c"), ("d",), ())),
        ("profile", ("a", "b", "c"), (Path("a"), Path("b"), Path("c"), None)),
        ("profile_out", ("a", "b", "c"), (Path("a"), Path("b"), Path("c"), None)),
        ("only", ("A", "B , C,", "D"), (("A",), ("B", "C"), ("D",), ())),
        ("effort", ("quick", "thorough", "quick"), ("quick", "thorough", "quick", "default")),
        ("examples", ("1", "2", "3"), (1, 2, 3, None)),
        ("seed", ("0", "2", "3"), (0, 2, 3, 1)),
        ("max_rate", ("1", "2.5", "3"), (1.0, 2.5, 3.0, None)),
        ("max_time", ("1", "2.5", "3"), (1.0, 2.5, 3.0, None)),
        ("max_cards", ("1", "2", "3"), (1, 2, 3, None)),
        ("max_requests", ("1", "2", "3"), (1, 2, 3, None)),
        ("journal", (None, "a", "b"), (None, Path("a"), Path("b"), None)),
        ("cassettes", ("record", "replay", "verify"), ("record", "replay", "verify", "off")),
        ("cassettes_dir", ("a", "b", "c"), (Path("a"), Path("b"), Path("c"), Path("cassettes"))),
        ("cassettes_max_age", ("1", "2", "3"), (1, 2, 3, None)),
        (
            "cassettes_replace",
            ("passed", "always", "passed"),
            ("passed", "always", "passed", "passed"),
        ),
        (
            "cassettes_fail_on",
            ("orphaned", "expired,unplayed", "unplayed"),
            (("orphaned",), ("expired", "unplayed"), ("unplayed",), ()),
        ),
        ("redact", ("a", "b.c, d", "e"), (("a",), ("b.c", "d"), ("e",), ())),
        ("flow_mode", (None, "test", "start"), (None, "test", "start", "start")),
        ("flow_variables", (None, '{"a": 1}', "{}"), (None, {"a": 1}, {}, {})),
        ("user_ids", (None, "a", "b,c"), (None, ("a",), ("b", "c"), ())),
        ("grant_type_in", (None, "form", "query"), (None, "form", "query", "auto")),
        ("max_body", (None, "1", "2MB"), (None, 1, 2_000_000, 16_000_000)),
        ("timeout", (None, "1.5", "2"), (None, 1.5, 2.0, 30.0)),
        ("seed_timeout", (None, "1.5", "2"), (None, 1.5, 2.0, 60.0)),
        ("api_url", (None, "http://a/", "https://b/v1"), (None, "http://a", "https://b/v1", None)),
        ("org_id", (None, "a", "b"), (None, "a", "b", None)),
        ("token_url", (None, "http://a/t", "http://b/t"), (None, "http://a/t", "http://b/t", None)),
        ("environment_id", (None, "a", "b"), (None, "a", "b", None)),
        ("dedicated_environment", (None, "a", "b"), (None, "a", "b", None)),
        ("client_id", (None, "a", "b"), (None, "a", "b", None)),
        ("flow_id", (None, "a", "b"), (None, "a", "b", None)),
    ],
)
def test_precedence(name: str, texts: tuple[str | None, ...], values: tuple[Any, ...]) -> None:
    """Command line > environment > ini file > cards-target.toml > default."""
    option = BY_NAME[name]
    typed, exported, written = texts
    assert (typed is not None) == option.flag
    ini = {option.ini_name: str(written)}
    environ = {option.environment_variable: str(exported)}
    if typed is not None:
        assert getattr(settle(environ, {name: typed}, ini), name) == values[0]
        assert getattr(settle(None, {name: typed}), name) == values[0]
    assert getattr(settle(environ, None, ini), name) == values[1]
    assert getattr(settle(environ), name) == values[1]
    file = {name: str(exported)}
    assert getattr(settle(None, None, ini, file), name) == values[2]
    assert getattr(settle(None, None, None, file), name) == values[1]
    assert getattr(settle(), name) == values[3]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("seed", 7, 7),
        ("strict", True, True),
        ("strict", False, False),
        ("max_rate", 2.5, 2.5),
        ("user_ids", ["a", "b"], ("a", "b")),
        ("flow_variables", {"a": [1, {"b": True}]}, {"a": [1, {"b": True}]}),
        ("timeout", 3, 3.0),
    ],
)
def test_toml_values_are_taken_as_they_are(name: str, value: object, expected: object) -> None:
    """Numbers, booleans, arrays and tables of TOML files mean what their text would mean."""
    assert getattr(settle(file={name: value}), name) == expected
    assert getattr(settle(ini={BY_NAME[name].ini_name: value}), name) == expected


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("seed", "x", "seed in cards-target.toml must be a whole number from 0, not 'x'"),
        ("seed", -1, "seed in cards-target.toml must be a whole number from 0, not '-1'"),
        ("user_ids", ["a,b"], "user_ids in cards-target.toml must be text, a number, "),
        ("user_ids", [], "user_ids in cards-target.toml must be at least one"),
        ("flow_variables", {"a": date(2030, 1, 1)}, "flow_variables in cards-target.toml must be "),
    ],
)
def test_a_bad_value_in_the_target_file(name: str, value: object, message: str) -> None:
    """The error names the setting and the file."""
    with pytest.raises(SettingsError) as caught:
        settle(file={name: value})
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "cards-target.toml",
            "flow_ID = 'x'",
            "cards-target.toml: 'flow_ID' is not a setting; did you mean 'flow_id'?",
        ),
        (
            "cards-target.toml",
            f"client_secret = '{SECRET}'",
            (
                "cards-target.toml: client_secret must not stand in a file; set "
                "ATOMIC_CARDS_CLIENT_SECRET in the environment"
            ),
        ),
        (
            "pyproject.toml",
            "[tool.atomic-cards]\nsede = 1",
            "pyproject.toml: 'sede' is not a setting; did you mean 'seed'?",
        ),
    ],
)
def test_an_unknown_key_of_the_target_file(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    """What no setting is called is an error with a suggestion, and so is the secret."""
    (tmp_path / name).write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_target_file(tmp_path)
    assert str(caught.value) == message


def test_the_target_follows_the_same_precedence() -> None:
    """A target that is named on the command line wins over one in the environment."""
    assert settle(LIVE).target is TargetKind.LIVE
    assert settle(LIVE, {"target": "sandbox"}).target is TargetKind.SANDBOX
    written = {"atomic_cards_target": "live"}
    assert settle(LIVE | {"ATOMIC_CARDS_TARGET": "sandbox"}, None, written).target == "sandbox"
    assert settle(LIVE | {"ATOMIC_CARDS_TARGET": ""}, None, written).target is TargetKind.LIVE
    assert settle().target is TargetKind.SANDBOX


def test_every_setting_can_be_given() -> None:
    """Each field of the settings is an option with its default, and a variable of its own."""
    assert [field.name for field in dataclasses.fields(Settings)] == [o.name for o in OPTIONS]
    assert {option.name: option.default for option in OPTIONS} == {
        field.name: getattr(settle(), field.name) for field in dataclasses.fields(Settings)
    }
    assert len({option.environment_variable for option in OPTIONS}) == len(OPTIONS)


def test_an_empty_variable_is_not_set() -> None:
    """A variable that is exported empty, as CI systems do, leaves the setting to the ini file."""
    written = {"atomic_cards_flow_id": "of-the-ini"}
    assert settle({"ATOMIC_CARDS_FLOW_ID": ""}, None, written).flow_id == "of-the-ini"
    assert settle({"ATOMIC_CARDS_REPORT": ""}).report is None


def test_the_secret_is_read_from_the_environment_only() -> None:
    """A client secret in an ini file, which would be committed, is not read."""
    written = {"atomic_cards_client_secret": SECRET}
    assert settle(None, None, written).client_secret is None
    assert settle({"ATOMIC_CARDS_CLIENT_SECRET": SECRET}).client_secret == SECRET


def test_misspelt_variables_are_found() -> None:
    """A variable that begins like a setting and is none is listed as a likely typo."""
    environ = LIVE | {"ATOMIC_CARDS_ORGID": "x", "ATOMIC_CARDS_": "x", "ATOMIC_TOKEN": "x"}
    assert unknown_variables(environ) == ["ATOMIC_CARDS_", "ATOMIC_CARDS_ORGID"]


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


# Bad settings

BAD_VALUES = [
    ("target", "production"),
    ("target", "LIVE"),
    ("target", "sandbox,live"),
    ("report", "   "),
    ("strict", "perhaps"),
    ("strict", "2"),
    ("fault", ","),
    ("fault", " , "),
    ("profile", "   "),
    ("profile_out", "   "),
    ("only", ",,"),
    ("max_rate", "0"),
    ("max_rate", "-1"),
    ("max_rate", "fast"),
    ("max_rate", "nan"),
    ("max_rate", "inf"),
    ("max_time", "0"),
    ("max_time", "inf"),
    ("max_time", "5m"),
    ("max_cards", "0"),
    ("max_cards", "many"),
    ("max_requests", "-1"),
    ("dry_run", "perhaps"),
    ("journal", "   "),
    ("effort", "heroic"),
    ("examples", "0"),
    ("examples", "-1"),
    ("examples", "many"),
    ("seed", "-1"),
    ("seed", "1.5"),
    ("seed", "²"),
    ("api_url", "cards.example.com"),
    ("api_url", "ftp://cards.example.com"),
    ("api_url", "https://"),
    ("api_url", "https:///v1"),
    ("api_url", "https://cards.example.com?key=1"),
    ("api_url", "https://cards.example.com?"),
    ("api_url", "https://cards.example.com#top"),
    ("api_url", "https://cards.example.com:0"),
    ("api_url", "https://cards.example.com:99999"),
    ("api_url", "https://cards.example.com:http"),
    ("api_url", "https://[::1"),
    ("api_url", "https://cards example.com"),
    ("api_url", f"https://user:{SECRET}@cards.example.com"),
    ("api_url", f"ftp://user:{SECRET}@cards.example.com?key=1"),
    ("token_url", "/oauth2/token"),
    ("token_url", "https://auth.example.com/token?grant_type=client_credentials"),
    ("token_url", f"https://user:{SECRET}@auth.example.com"),
    ("org_id", "acme/other"),
    ("org_id", "acme.example.com"),
    ("org_id", "acme@example"),
    ("org_id", "https://acme"),
    ("org_id", "acmé"),
    ("environment_id", "a/b"),
    ("dedicated_environment", "a/b"),
    ("environment_id", "a b"),
    ("dedicated_environment", "a b"),
    ("environment_id", ".."),
    ("dedicated_environment", ".."),
    ("environment_id", "a%2Fb"),
    ("dedicated_environment", "a%2Fb"),
    ("client_id", "   "),
    ("client_id", "client:1"),
    ("client_secret", "   "),
    ("app", "mock.py"),
    ("app", "mock:app()"),
    ("app", "mock:"),
    ("access", "password"),
    ("token", "   "),
    ("token", f"Bearer {SECRET}"),
    ("headers", f"X-Gateway-Key: {SECRET}"),
    ("headers", f'["{SECRET}"]'),
    ("headers", f'{{"X Gateway Key": "{SECRET}"}}'),
    ("headers", f'{{"X-Gateway-Key": "{SECRET}\\r\\n"}}'),
    ("headers", '{"X-Gateway-Key": 7}'),
    ("client_cert", ","),
    ("client_cert", "a.pem,b.pem,c.pem"),
    ("seeding", "magic"),
    ("flow_id", "a/b"),
    ("flow_id", "flow?x=1"),
    ("flow_id", "."),
    ("flow_mode", "restart"),
    ("flow_variables", "name=value"),
    ("flow_variables", "[1, 2]"),
    ("flow_variables", "null"),
    ("flow_variables", '{"a": 1'),
    ("flow_variables", '{"a": NaN}'),
    ("user_ids", ","),
    ("max_body", "0"),
    ("max_body", "16 GB"),
    ("max_body", "-1MB"),
    ("grant_type_in", "header"),
    ("cassettes", "on"),
    ("cassettes", "REPLAY"),
    ("cassettes_dir", " "),
    ("cassettes_replace", "never"),
    ("cassettes_max_age", "0"),
    ("cassettes_max_age", "90 days"),
    ("cassettes_fail_on", "stale"),
    ("cassettes_fail_on", "orphaned,unplayed,old"),
    ("redact", ","),
    ("monitor", "maybe"),
    ("timeout", "0"),
    ("timeout", "-3"),
    ("timeout", "soon"),
    ("timeout", "nan"),
    ("timeout", "inf"),
    ("timeout", "86400"),
    ("seed_timeout", "0"),
    ("seed_timeout", "1 minute"),
]


def test_every_option_is_among_the_bad_values() -> None:
    """No option takes whatever it is given."""
    assert {name for name, _ in BAD_VALUES} == BY_NAME.keys()


def refuse_everywhere(option: Option, text: str) -> list[tuple[str, str]]:
    """What is said of a value in each place where it can be given, with the name it has there."""
    places: list[tuple[str, dict[str, Any]]] = [
        (option.environment_variable, {"environ": LIVE | {option.environment_variable: text}})
    ]
    if option.flag:
        places.append((option.command_line, {"command_line": {option.name: text}}))
    if not option.secret:
        places.append((option.ini_name, {"ini": {option.ini_name: text}}))
    said = []
    for place, sources in places:
        with pytest.raises(SettingsError) as caught:
            settle(**sources)
        said.append((place, str(caught.value)))
    return said


@pytest.mark.parametrize(("name", "text"), BAD_VALUES)
def test_a_bad_value_is_one_clear_line(name: str, text: str) -> None:
    """A bad value is refused in one line that names the setting, and it only, without secrets."""
    for place, message in refuse_everywhere(BY_NAME[name], text):
        assert message.startswith(f"{place} must be ")
        assert "\n" not in message
        assert SECRET not in message
        assert NAMES.findall(message) == [place]


@pytest.mark.parametrize("option", [o for o in OPTIONS if o.flag and o.parse is not truth])
def test_an_empty_argument_is_refused(option: Option) -> None:
    """An option that is given on the command line with an empty value is an error, not ignored."""
    with pytest.raises(SettingsError, match=f"^{option.command_line} must be "):
        settle(command_line={option.name: ""})


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


@pytest.mark.parametrize(
    ("text", "size"), [("1", 1), ("16MB", 16_000_000), ("2 mb", 2_000_000), ("500000", 500_000)]
)
def test_a_size_is_in_bytes_or_megabytes(text: str, size: int) -> None:
    """A number alone is bytes, and one with MB is a million times that."""
    assert BY_NAME["max_body"].parse(text) == size
