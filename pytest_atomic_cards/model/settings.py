"""Settings of a run: one frozen dataclass that refuses contradictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pytest_atomic_cards.support.errors import SettingsError
from pytest_atomic_cards.support.secrets.hidden import Hidden

VENDOR_DOMAIN: Final = "customer-api.atomic.io"
VENDOR_TOKEN_URL: Final = "https://master-atomic-io.auth.us-east-1.amazoncognito.com/oauth2/token"  # noqa: S105

SANDBOX_URL: Final = "http://sandbox.invalid"
"""The address of the embedded sandbox, for requests to it; it is never looked up."""
APP_URL: Final = "http://app.invalid"
"""The address of an application in this process, for its requests; it is never looked up."""
APP_FIXTURE: Final = "fixture"
"""The setting for an application that the fixture ``cards_app`` gives."""
APP_TOKEN_PATH: Final = "/oauth2/token"  # noqa: S105 - a path
"""Where such an application issues tokens unless a URL is given; as Amazon Cognito does."""

Access = Literal["credentials", "token", "none"]
"""What gives access to a live target."""

Seeding = Literal["flow", "hook", "none"]
"""How cards come into being on a live target."""

MEGABYTE: Final = 1_000_000

DEFAULT_MAX_BODY: Final = 16 * MEGABYTE
"""Bytes of one response. A listing of 1000 cards, the largest there is, may have 16 kB a card;
with its text and its values in memory as well, a run stays below 300 MB."""


class TargetKind(StrEnum):
    """What the tests run against."""

    SANDBOX = "sandbox"
    LIVE = "live"


class Mode(StrEnum):
    """What a test does with its cassette, the file with its exchanges."""

    OFF = "off"
    """Nothing is read or written."""

    RECORD = "record"
    """Requests go to the target, and the cassette is rewritten."""

    REPLAY = "replay"
    """Requests are answered from the cassette, and nothing leaves the process."""

    VERIFY = "verify"
    """Requests go to the target, and its responses are compared with the cassette."""

    @property
    def reads(self) -> bool:
        """Whether there must be a cassette."""
        return self in {Mode.REPLAY, Mode.VERIFY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a run; ``OPTIONS`` describes each field.

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
    max_time: float | None = None
    max_cards: int | None = None
    max_requests: int | None = None
    dry_run: bool = False
    cassettes: Mode = Mode.OFF
    cassettes_dir: Path = Path("cassettes")
    cassettes_replace: str = "passed"
    cassettes_max_age: int | None = None
    cassettes_fail_on: tuple[str, ...] = ()
    redact: tuple[str, ...] = ()
    api_url: str | None = None
    org_id: str | None = None
    token_url: str | None = None
    environment_id: str | None = None
    dedicated_environment: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    app: str | None = None
    access: Access | None = None
    token: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    client_cert: tuple[Path, ...] = ()
    seeding: Seeding | None = None
    flow_id: str | None = None
    flow_mode: Literal["start", "test"] = "start"
    flow_variables: Mapping[str, Any] = field(default_factory=dict)
    user_ids: tuple[str, ...] = ()
    grant_type_in: Literal["auto", "query", "form"] = "auto"
    timeout: float = 30.0
    max_body: int = DEFAULT_MAX_BODY
    seed_timeout: float = 60.0
    journal: Path | None = None

    def __post_init__(self) -> None:
        for name in ("client_secret", "token"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, Hidden(value))
        hidden = {name: Hidden(value) for name, value in self.headers.items()}
        object.__setattr__(self, "headers", hidden)
        if self.target is TargetKind.LIVE and self.cassettes is not Mode.REPLAY:
            self._require_live_settings()
        elif self.dry_run:
            raise SettingsError(
                "--cards-dry-run prints what a live run would do; add --cards-target live"
            )
        elif self.app and self.target is TargetKind.SANDBOX:
            raise SettingsError(
                "--cards-app names the target, and --cards-target sandbox another; use only one"
            )
        if self.dry_run and self.profile_out:
            raise SettingsError(
                "--cards-dry-run observes nothing that --cards-profile-out could write; use only "
                "one of them"
            )

    def _require_live_settings(self) -> None:
        for contradiction in self._contradictions():
            raise SettingsError(contradiction)
        needed = {
            _URL: self.app or self.api_url or self.org_id,
            "ATOMIC_CARDS_ENVIRONMENT_ID": self.environment_id,
        }
        if self.way_in == "credentials":
            needed |= {
                "ATOMIC_CARDS_TOKEN_URL": self.token_endpoint,
                "ATOMIC_CARDS_CLIENT_ID": self.client_id,
                "ATOMIC_CARDS_CLIENT_SECRET": self.client_secret,
            }
        if self.way_in == "token":
            needed["ATOMIC_CARDS_TOKEN"] = self.token
        if self.way_to_seed == "flow":
            needed["ATOMIC_CARDS_FLOW_ID"] = self.flow_id
        missing = [name for name, value in needed.items() if not value]
        if missing:
            raise SettingsError(
                f"a live target needs {', '.join(missing)}; set "
                f"{'it' if len(missing) == 1 else 'them'} in the environment, the ini file or "
                "cards-target.toml (a secret in the environment only), or use "
                f"--cards-target sandbox{_alternatives(missing)}"
            )

    def _contradictions(self) -> Iterator[str]:
        """What is wrong with settings that exclude each other, the first one first."""
        both = "name different targets; unset one of them"
        if self.fault:
            yield (
                "--cards-fault switches on a fault of the sandbox; it cannot be used with "
                "--cards-target live"
            )
        if self.dedicated_environment not in (None, self.environment_id):
            yield (
                f"ATOMIC_CARDS_DEDICATED_ENVIRONMENT ({self.dedicated_environment}) is not the "
                f"environment in use, ATOMIC_CARDS_ENVIRONMENT_ID ({self.environment_id}); it lets "
                "actions change every card there, so it must name the same one, or be unset"
            )
        if self.app and (self.api_url or self.org_id):
            url = "ATOMIC_CARDS_API_URL" if self.api_url else "ATOMIC_CARDS_ORG_ID"
            yield f"--cards-app and {url} {both}"
        if self.api_url and self.org_id and urlsplit(self.api_url).hostname != self._vendor_host:
            yield (
                f"ATOMIC_CARDS_API_URL ({self.api_url}) and ATOMIC_CARDS_ORG_ID ({self.org_id}) "
                f"{both}"
            )
        if self.token and self.client_secret and not self.access:
            yield (
                "ATOMIC_CARDS_TOKEN and ATOMIC_CARDS_CLIENT_SECRET both give access; unset one, or "
                "choose with ATOMIC_CARDS_ACCESS=token or credentials"
            )
        if self.flow_mode == "test" and self.way_to_seed == "flow" and not self.user_ids:
            yield (
                "ATOMIC_CARDS_FLOW_MODE=test reaches test users only, and the customers that are "
                "generated for a run are none; name test users in ATOMIC_CARDS_USER_IDS"
            )
        if self.way_in != "none" and "authorization" in map(str.lower, self.headers):
            yield (
                "ATOMIC_CARDS_HEADERS holds Authorization, as the access token does; if there is "
                "no such token, set ATOMIC_CARDS_ACCESS=none"
            )

    @property
    def secrets(self) -> frozenset[str]:
        """What must never be shown."""
        given = (self.client_secret, self.token, *self.headers.values())
        return frozenset(filter(None, given))

    @property
    def is_live(self) -> bool:
        """Whether requests go to a live target."""
        return self.target is TargetKind.LIVE and not self.dry_run

    @property
    def way_in(self) -> Access:
        """What gives access: to a live target as chosen, else a token if one is given."""
        if self.target is TargetKind.SANDBOX:
            return "credentials"
        return self.access or ("token" if self.token else "credentials")

    @property
    def way_to_seed(self) -> Seeding:
        """How cards come into being on a live target: as chosen, else by an Action Flow."""
        return self.seeding or "flow"

    @property
    def _vendor_host(self) -> str:
        return f"{self.org_id}.{VENDOR_DOMAIN}"

    @property
    def base_url(self) -> str:
        """The base URL of a live target, up to but without ``/v1``."""
        if self.app:
            return APP_URL
        return (self.api_url or f"https://{self._vendor_host}").removesuffix("/v1")

    @property
    def place(self) -> str:
        """What identifies a live target but for its environment."""
        return f"app {self.app}" if self.app else self.base_url

    @property
    def token_endpoint(self) -> str | None:
        """The token URL; the vendor's own is assumed for the vendor's API only."""
        if self.token_url:
            return self.token_url
        if self.app:
            return f"{APP_URL}{APP_TOKEN_PATH}"
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
            seeded = {
                "flow": f"flow {self.flow_id} ({self.flow_mode})",
                "hook": "seeded by pytest_atomic_cards_seed",
                "none": "without a supply of cards",
            }[self.way_to_seed]
            return f"live {self.place}, environment {self.environment_id}, {seeded}"
        faults = f", faults {', '.join(self.fault)}" if self.fault else ""
        unused = " (ATOMIC_CARDS_API_URL is not used: target is not live)" if self.api_url else ""
        return f"embedded sandbox{faults}{unused}"


_URL: Final = "ATOMIC_CARDS_API_URL or ATOMIC_CARDS_ORG_ID"


def _alternatives(missing: Sequence[str]) -> str:
    """What to do without some settings that are missing."""
    offers = {
        _URL: "--cards-app",
        "ATOMIC_CARDS_CLIENT_SECRET": "ATOMIC_CARDS_TOKEN or ATOMIC_CARDS_ACCESS=none",
        "ATOMIC_CARDS_FLOW_ID": "ATOMIC_CARDS_SEEDING=hook or none",
    }
    lines = [f"; instead of {name}: {offer}" for name, offer in offers.items() if name in missing]
    return "".join(lines)
