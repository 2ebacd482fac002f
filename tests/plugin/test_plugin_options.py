"""Settings: where they come from, and what is said of bad ones."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from settling import BY_NAME, LIVE, SECRET, settle

from pytest_atomic_cards.model.options import OPTIONS
from pytest_atomic_cards.model.resolution import unknown_variables
from pytest_atomic_cards.model.settings import Settings, TargetKind
from pytest_atomic_cards.model.target_file import read_target_file
from pytest_atomic_cards.support.errors import SettingsError

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


@pytest.mark.parametrize(
    ("text", "size"), [("1", 1), ("16MB", 16_000_000), ("2 mb", 2_000_000), ("500000", 500_000)]
)
def test_a_size_is_in_bytes_or_megabytes(text: str, size: int) -> None:
    """A number alone is bytes, and one with MB is a million times that."""
    assert BY_NAME["max_body"].parse(text) == size
