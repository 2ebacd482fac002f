"""A setting that cannot be used is one clear line, wherever it is given."""

from __future__ import annotations

from typing import Any

import pytest
from settling import BY_NAME, LIVE, NAMES, SECRET, settle

from pytest_atomic_cards.model.option import Option
from pytest_atomic_cards.model.options import OPTIONS
from pytest_atomic_cards.model.setting_parsers import truth
from pytest_atomic_cards.support.errors import SettingsError

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
