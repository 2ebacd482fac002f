"""Settings: one frozen dataclass, one precedence (command line > environment > ini > default)."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pytest_atomic_cards.errors import SettingsError

VENDOR_DOMAIN: Final = "customer-api.atomic.io"
VENDOR_TOKEN_URL: Final = "https://master-atomic-io.auth.us-east-1.amazoncognito.com/oauth2/token"  # noqa: S105


SHORTCOMINGS: Final = ("orphaned", "unplayed", "expired")
"""What can be wrong with cassettes although all tests pass."""


class TargetKind(StrEnum):
    """What the tests run against."""

    SANDBOX = "sandbox"
    LIVE = "live"


class Mode(StrEnum):
    """What a test does with its cassette: what it exchanges with the target, in a file."""

    OFF = "off"
    """Nothing is read or written."""

    RECORD = "record"
    """Requests go to the target, and the cassette is written anew."""

    REPLAY = "replay"
    """Requests are answered from the cassette, and nothing leaves the process."""

    VERIFY = "verify"
    """Requests go to the target, its answers are compared with the cassette; it stays as it is."""

    @property
    def reads(self) -> bool:
        """Whether there must be a recording."""
        return self in {Mode.REPLAY, Mode.VERIFY}


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


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return text

    return parse


def _target(text: str) -> TargetKind:
    return TargetKind(_one_of(*TargetKind)(text))


def _mode(text: str) -> Mode:
    return Mode(_one_of(*Mode)(text))


def _shortcomings(text: str) -> tuple[str, ...]:
    wanted = _words(text)
    for word in wanted:
        _one_of(*SHORTCOMINGS)(word)
    return wanted


def truth(text: str) -> bool:
    """Read a yes or no."""
    if text.lower() in {"1", "true", "yes", "on"}:
        return True
    if text.lower() in {"0", "false", "no", "off", ""}:
        return False
    raise ValueError("true or false")


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 86_400:  # noqa: PLR2004 - seconds of a day
        raise ValueError("a number of seconds above 0")
    return number


def _rate(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < math.inf:
        raise ValueError("a number of requests a second above 0")
    return number


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError("a whole number from 0")
    return int(text)


def _count(text: str) -> int:
    number = _whole(text)
    if not number:
        raise ValueError("a whole number from 1")
    return number


def _url(text: str) -> str:
    if "@" in text:
        raise ValueError("a URL without user name and password")
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(character in text for character in "?# \t\n"):
        raise ValueError("an http or https URL without a query")
    return text.rstrip("/")


def _path(text: str) -> Path:
    return Path(_text(text))


def _segment(text: str) -> str:
    if text in {"", ".", ".."} or any(character in text for character in "/?#% \t\n"):
        raise ValueError("one segment of a URL path")
    return text


def _label(text: str) -> str:
    if not text.replace("-", "").replace("_", "").isalnum() or not text.isascii():
        raise ValueError("letters, digits, hyphens and underscores")
    return text


def _words(text: str) -> tuple[str, ...]:
    words = tuple(filter(None, (word.strip() for word in text.split(","))))
    if not words:
        raise ValueError("at least one id, several divided by commas")
    return words


def _no_json(constant: str) -> None:
    raise ValueError(constant)


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=_no_json)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ValueError("a JSON object")  # noqa: TRY004 - parsers raise ValueError
    return value


def _text(text: str) -> str:
    if not text.strip():
        raise ValueError("some text")
    return text


def _client_id(text: str) -> str:
    if ":" in _text(text):
        raise ValueError("some text without a colon")
    return text


OPTIONS: Final = (
    Option(
        "target",
        "run against the embedded sandbox (default) or a live Cards API",
        _target,
        TargetKind.SANDBOX,
        flag=True,
        metavar="{sandbox,live}",
    ),
    Option(
        "report",
        "write report.json, report.html and junit.xml here",
        _path,
        flag=True,
        metavar="DIR",
    ),
    Option("strict", "inferred requirements fail too", truth, default=False, flag=True),
    Option(
        "fault",
        "switch on named faults of the sandbox, divided by commas",
        _words,
        (),
        flag=True,
        metavar="NAME",
    ),
    Option(
        "profile",
        "answers to the open questions, as a TOML file: the sandbox behaves so, and another answer "
        "of a live target is drift",
        _path,
        flag=True,
        metavar="FILE",
    ),
    Option(
        "profile_out",
        "write the answers to the open questions that the target was seen to give",
        _path,
        flag=True,
        metavar="FILE",
    ),
    Option(
        "only",
        "run only the contracts of these requirements, divided by commas",
        _words,
        (),
        flag=True,
        metavar="ID",
    ),
    Option(
        "monitor",
        "hold every answer that the cards fixtures get against the rules, and fail the test that "
        "got one which breaks a documented requirement (default), or not",
        _one_of("on", "off"),
        "on",
        flag=True,
        metavar="{on,off}",
    ),
    Option(
        "effort",
        "how many cases are generated: quick for each change, thorough for each night",
        _one_of("quick", "default", "thorough"),
        "default",
        flag=True,
        metavar="{quick,default,thorough}",
    ),
    Option(
        "examples",
        "generated cases of each contract, instead of what the effort gives",
        _count,
        flag=True,
        metavar="N",
    ),
    Option("seed", "seed of generated cases", _whole, 1, flag=True, metavar="N"),
    Option(
        "max_rate",
        "most requests a second to a live target, over all threads and worker processes",
        _rate,
        flag=True,
        metavar="N",
    ),
    Option(
        "dry_run",
        "tell what would be seeded and actioned on the live target, and send it nothing",
        truth,
        default=False,
        flag=True,
    ),
    Option(
        "cassettes",
        "record what tests exchange with the target, replay it offline, or verify the target by it",
        _mode,
        Mode.OFF,
        flag=True,
        metavar="{off,record,replay,verify}",
    ),
    Option(
        "cassettes_dir",
        "where recordings are kept, from the root directory of the tests",
        _path,
        Path("cassettes"),
        flag=True,
        metavar="DIR",
    ),
    Option(
        "cassettes_max_age",
        "days after which a recording is expired",
        _count,
        flag=True,
        metavar="DAYS",
    ),
    Option(
        "cassettes_fail_on",
        "fail the run on recordings that are orphaned, unplayed or expired, divided by commas",
        _shortcomings,
        (),
        flag=True,
        metavar="WHAT",
    ),
    Option(
        "redact",
        "personal fields that no recording holds, such as payload.detail.email, divided by commas",
        _words,
        (),
        flag=True,
        metavar="FIELD",
    ),
    Option("api_url", "base URL of the Cards API, up to but without /v1", _url),
    Option("org_id", "organization id, from which the vendor's base URL is built", _label),
    Option("token_url", "URL of the OAuth token endpoint", _url),
    Option("environment_id", "id of the environment", _segment),
    Option("client_id", "id of an API credential of role events", _client_id),
    Option("client_secret", "secret of that credential", _text, secret=True),
    Option("flow_id", "id of the Action Flow that seeding starts", _segment),
    Option("flow_mode", "start or test the Action Flow", _one_of("start", "test"), "start"),
    Option("flow_variables", "JSON object of variables that the Action Flow requires", _object, {}),
    Option("user_ids", "the only user ids that seeding may target, divided by commas", _words, ()),
    Option(
        "grant_type_in",
        "where the token request carries its parameters",
        _one_of("auto", "query", "form"),
        "auto",
    ),
    Option("timeout", "seconds until a request is given up", _seconds, 30.0),
    Option("seed_timeout", "seconds until seeded cards must have appeared", _seconds, 60.0),
    Option("journal", "directory for the journals of what live runs have seeded", _path),
)
"""Every setting. The command line, the environment, ini files and the documentation read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the run is set to; see :data:`OPTIONS` for the meaning of each field.

    Raises:
        SettingsError: A setting is missing for a live target, or contradicts another.
    """

    target: TargetKind = TargetKind.SANDBOX
    report: Path | None = None
    strict: bool = False
    fault: tuple[str, ...] = ()
    profile: Path | None = None
    profile_out: Path | None = None
    only: tuple[str, ...] = ()
    monitor: Literal["on", "off"] = "on"
    effort: Literal["quick", "default", "thorough"] = "default"
    examples: int | None = None
    seed: int = 1
    max_rate: float | None = None
    dry_run: bool = False
    cassettes: Mode = Mode.OFF
    cassettes_dir: Path = Path("cassettes")
    cassettes_max_age: int | None = None
    cassettes_fail_on: tuple[str, ...] = ()
    redact: tuple[str, ...] = ()
    api_url: str | None = None
    org_id: str | None = None
    token_url: str | None = None
    environment_id: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    flow_id: str | None = None
    flow_mode: Literal["start", "test"] = "start"
    flow_variables: Mapping[str, Any] = field(default_factory=dict)
    user_ids: tuple[str, ...] = ()
    grant_type_in: Literal["auto", "query", "form"] = "auto"
    timeout: float = 30.0
    seed_timeout: float = 60.0
    journal: Path | None = None

    def __post_init__(self) -> None:
        if self.target is TargetKind.LIVE and self.cassettes is not Mode.REPLAY:
            self._require_live_settings()
        elif self.dry_run:
            raise SettingsError(
                "--cards-dry-run tells what would be done to a live target; add --cards-target live"
            )
        if self.dry_run and self.profile_out:
            raise SettingsError(
                "--cards-dry-run observes nothing that --cards-profile-out could write; leave one "
                "of them out"
            )

    def _require_live_settings(self) -> None:
        if self.fault:
            raise SettingsError(
                "--cards-fault switches on a fault of the sandbox; it cannot be used with "
                "--cards-target live"
            )
        if self.api_url and self.org_id and urlsplit(self.api_url).hostname != self._vendor_host:
            raise SettingsError(
                f"ATOMIC_CARDS_API_URL ({self.api_url}) and ATOMIC_CARDS_ORG_ID ({self.org_id}) "
                "name different targets; unset one of them"
            )
        needed = {
            "ATOMIC_CARDS_API_URL or ATOMIC_CARDS_ORG_ID": self.api_url or self.org_id,
            "ATOMIC_CARDS_TOKEN_URL": self.token_endpoint,
            "ATOMIC_CARDS_ENVIRONMENT_ID": self.environment_id,
            "ATOMIC_CARDS_CLIENT_ID": self.client_id,
            "ATOMIC_CARDS_CLIENT_SECRET": self.client_secret,
            "ATOMIC_CARDS_FLOW_ID": self.flow_id,
        }
        missing = [name for name, value in needed.items() if not value]
        if missing:
            raise SettingsError(
                f"a live target needs {', '.join(missing)}; set "
                f"{'it' if len(missing) == 1 else 'them'} in the environment or the ini file "
                "(the secret in the environment only), or use --cards-target sandbox"
            )

    @property
    def is_live(self) -> bool:
        """Whether requests go to a live target."""
        return self.target is TargetKind.LIVE and not self.dry_run

    @property
    def _vendor_host(self) -> str:
        return f"{self.org_id}.{VENDOR_DOMAIN}"

    @property
    def base_url(self) -> str:
        """The base URL of a live target, up to but without ``/v1``."""
        return (self.api_url or f"https://{self._vendor_host}").removesuffix("/v1")

    @property
    def token_endpoint(self) -> str | None:
        """The token URL; the vendor's own is assumed for the vendor's API only."""
        if self.token_url:
            return self.token_url
        host = urlsplit(self.api_url).hostname if self.api_url else self.org_id and VENDOR_DOMAIN
        return VENDOR_TOKEN_URL if host and host.endswith(VENDOR_DOMAIN) else None

    def describe(self) -> str:
        """Target and mode in one line, without secrets."""
        effort = f"effort {self._describe_effort()}, seed {self.seed}"
        if self.cassettes is Mode.OFF:
            return f"{self._describe_target()}; {effort}"
        cassettes = f"cassettes {self.cassettes} in {self.cassettes_dir}"
        target = f"{self._describe_target()}; " if self.cassettes is not Mode.REPLAY else ""
        return f"{target}{cassettes}; {effort}"

    def _describe_effort(self) -> str:
        return self.effort if self.examples is None else f"{self.examples} examples"

    def _describe_target(self) -> str:
        if self.target is TargetKind.LIVE:
            return (
                f"live {self.base_url}, environment {self.environment_id}, "
                f"flow {self.flow_id} ({self.flow_mode})"
            )
        faults = f", faults {', '.join(self.fault)}" if self.fault else ""
        unused = " (ATOMIC_CARDS_API_URL is not used: target is not live)" if self.api_url else ""
        return f"embedded sandbox{faults}{unused}"


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
    values = {}
    for option in OPTIONS:
        for source, text in (
            (option.command_line, command_line.get(option.name)),
            (option.environment_variable, environ.get(option.environment_variable) or None),
            (option.ini_name, ini(option.ini_name) or None if not option.secret else None),
        ):
            if text is not None:
                values[option.name] = _parsed(option, source, str(text))
                break
    return Settings(**values)


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
