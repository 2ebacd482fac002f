"""Options: where each setting can be given. Command line > environment > ini > default."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pytest_atomic_cards.model import setting_parsers
from pytest_atomic_cards.model.settings import DEFAULT_MAX_BODY, Mode, Settings, TargetKind
from pytest_atomic_cards.support.errors import SettingsError
from pytest_atomic_cards.support.secrets.hidden import Hidden


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: where it can be given and how its text becomes a value.

    Args:
        name: Field of :class:`Settings`; the environment variable is ``ATOMIC_CARDS_`` and this
            in capitals, the ini option ``atomic_cards_`` and this.
        help: One line for ``--help``.
        parse: Turns text into the value; raises ``ValueError`` with what it wants.
        default: The value where nothing is given.
        flag: Whether there is a command line option ``--cards-…``.
        secret: Whether it may be given in the environment only, and is never shown.
        metavar: How the command line option's argument is called.
    """

    name: str
    help: str
    parse: Callable[[str], Any] = str
    default: Any = None
    flag: bool = False
    secret: bool = False
    metavar: str | None = None

    @property
    def environment_variable(self) -> str:
        """The name of the environment variable."""
        return f"ATOMIC_CARDS_{self.name.upper()}"

    @property
    def ini_name(self) -> str:
        """The name of the ini option."""
        return f"atomic_cards_{self.name}"

    @property
    def command_line(self) -> str:
        """The command line option."""
        return f"--cards-{self.name.replace('_', '-')}"

    @property
    def destination(self) -> str:
        """Where pytest keeps the value of the command line option."""
        return f"cards_{self.name}"


OPTIONS: Final = (
    Option(
        "target",
        "run against the embedded sandbox (default) or a live Cards API",
        setting_parsers.target,
        TargetKind.SANDBOX,
        flag=True,
        metavar="{sandbox,live}",
    ),
    Option(
        "report",
        "write report.json, report.html and junit.xml here",
        setting_parsers.path,
        flag=True,
        metavar="DIR",
    ),
    Option(
        "strict", "inferred requirements fail too", setting_parsers.truth, default=False, flag=True
    ),
    Option(
        "fault",
        "switch on named faults of the sandbox, divided by commas",
        setting_parsers.words,
        (),
        flag=True,
        metavar="NAME",
    ),
    Option(
        "profile",
        "answers to the open questions, as a TOML file: the sandbox behaves so, and another answer "
        "of a live target is drift",
        setting_parsers.path,
        flag=True,
        metavar="FILE",
    ),
    Option(
        "profile_out",
        "write the answers to the open questions that the target was seen to give",
        setting_parsers.path,
        flag=True,
        metavar="FILE",
    ),
    Option(
        "only",
        "run only the contracts of these requirements, divided by commas",
        setting_parsers.words,
        (),
        flag=True,
        metavar="ID",
    ),
    Option(
        "monitor",
        "hold every answer that the cards fixtures get against the rules, and fail the test that "
        "got one which breaks a documented requirement (default), or not",
        setting_parsers.one_of("on", "off"),
        "on",
        flag=True,
        metavar="{on,off}",
    ),
    Option(
        "effort",
        "how many cases are generated: quick for each change, thorough for each night",
        setting_parsers.one_of("quick", "default", "thorough"),
        "default",
        flag=True,
        metavar="{quick,default,thorough}",
    ),
    Option(
        "examples",
        "generated cases of each contract, instead of what the effort gives",
        setting_parsers.count,
        flag=True,
        metavar="N",
    ),
    Option("seed", "seed of generated cases", setting_parsers.whole, 1, flag=True, metavar="N"),
    Option(
        "max_rate",
        "most requests a second to a live target, over all threads and worker processes",
        setting_parsers.rate,
        flag=True,
        metavar="N",
    ),
    Option(
        "max_time",
        "seconds after which nothing more is tested: what is left is inconclusive, and seeded "
        "cards are cleaned up",
        setting_parsers.seconds,
        flag=True,
        metavar="SECONDS",
    ),
    Option(
        "dry_run",
        "tell what would be seeded and actioned on the live target, and send it nothing",
        setting_parsers.truth,
        default=False,
        flag=True,
    ),
    Option(
        "cassettes",
        "record what tests exchange with the target, replay it offline, or verify the target by it",
        setting_parsers.mode,
        Mode.OFF,
        flag=True,
        metavar="{off,record,replay,verify}",
    ),
    Option(
        "cassettes_dir",
        "where recordings are kept, from the root directory of the tests",
        setting_parsers.path,
        Path("cassettes"),
        flag=True,
        metavar="DIR",
    ),
    Option(
        "cassettes_max_age",
        "days after which a recording is expired",
        setting_parsers.count,
        flag=True,
        metavar="DAYS",
    ),
    Option(
        "cassettes_fail_on",
        "fail the run on recordings that are orphaned, unplayed or expired, divided by commas",
        setting_parsers.shortcomings,
        (),
        flag=True,
        metavar="WHAT",
    ),
    Option(
        "redact",
        "personal fields that no recording holds, such as payload.detail.email, divided by commas",
        setting_parsers.words,
        (),
        flag=True,
        metavar="FIELD",
    ),
    Option("api_url", "base URL of the Cards API, up to but without /v1", setting_parsers.url),
    Option(
        "org_id",
        "organization id, from which the vendor's base URL is built",
        setting_parsers.label,
    ),
    Option("token_url", "URL of the OAuth token endpoint", setting_parsers.url),
    Option("environment_id", "id of the environment", setting_parsers.segment),
    Option("client_id", "id of an API credential of role events", setting_parsers.client_id),
    Option("client_secret", "secret of that credential", setting_parsers.some_text, secret=True),
    Option("flow_id", "id of the Action Flow that seeding starts", setting_parsers.segment),
    Option(
        "flow_mode",
        "start or test the Action Flow",
        setting_parsers.one_of("start", "test"),
        "start",
    ),
    Option(
        "flow_variables",
        "JSON object of variables that the Action Flow requires",
        setting_parsers.json_object,
        {},
    ),
    Option(
        "user_ids",
        "the only user ids that seeding may target, divided by commas",
        setting_parsers.words,
        (),
    ),
    Option(
        "grant_type_in",
        "where the token request carries its parameters",
        setting_parsers.one_of("auto", "query", "form"),
        "auto",
    ),
    Option(
        "timeout",
        "seconds for one request in all: connection, request and response",
        setting_parsers.seconds,
        30.0,
    ),
    Option(
        "max_body",
        "largest response, as sent and as unpacked, such as 16MB",
        setting_parsers.size,
        DEFAULT_MAX_BODY,
    ),
    Option(
        "seed_timeout",
        "seconds until another seeded card must appear",
        setting_parsers.seconds,
        60.0,
    ),
    Option(
        "journal", "directory for the journals of what live runs have seeded", setting_parsers.path
    ),
)
"""Every setting. The command line, the environment, ini files and the documentation read it."""


def resolve(
    command_line: Mapping[str, Any],
    ini: Callable[[str], str],
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Settings from their sources, the command line before the environment before ini files.

    Args:
        command_line: Values of the command line options by setting name; ``None`` means not given.
        ini: Returns the text of an ini option, empty where it is not set.
        environ: The environment.

    Raises:
        SettingsError: A value cannot be used, or a setting is missing or contradictory.
    """
    found = given(command_line, ini, environ)
    return Settings(
        **{option.name: _parsed(option, source, text) for option, source, text in found}
    )


def given(
    command_line: Mapping[str, Any],
    ini: Callable[[str], str],
    environ: Mapping[str, str] = os.environ,
) -> list[tuple[Option, str, str]]:
    """Each option that is given, with the first source that gives it and the text there.

    Args:
        command_line: As for :func:`resolve`.
        ini: As for :func:`resolve`.
        environ: As for :func:`resolve`.
    """
    found = []
    for option in OPTIONS:
        for source, text in (
            (option.command_line, command_line.get(option.name)),
            (option.environment_variable, environ.get(option.environment_variable) or None),
            (option.ini_name, ini(option.ini_name) or None if not option.secret else None),
        ):
            if text is not None:
                found.append((option, source, Hidden(text) if option.secret else str(text)))
                break
    return found


def _parsed(option: Option, source: str, text: str) -> Any:  # noqa: ANN401 - type by option
    try:
        return option.parse(text)
    except ValueError as error:
        shown = "" if option.secret or "@" in text else f", not {text!r}"
        raise SettingsError(f"{source} must be {error}{shown}") from None


def unknown_variables(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Environment variables that look like settings of this plugin and are none: likely typos."""
    known = {option.environment_variable for option in OPTIONS}
    return sorted(
        name for name in environ if name.startswith("ATOMIC_CARDS_") and name not in known
    )
