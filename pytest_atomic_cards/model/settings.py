"""Settings of a run: one frozen dataclass that refuses contradictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pytest_atomic_cards.support.errors import SettingsError
from pytest_atomic_cards.support.secrets.hidden import Hidden

VENDOR_DOMAIN: Final = "customer-api.atomic.io"
VENDOR_TOKEN_URL: Final = "https://master-atomic-io.auth.us-east-1.amazoncognito.com/oauth2/token"  # noqa: S105


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
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
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
        if self.client_secret is not None:
            object.__setattr__(self, "client_secret", Hidden(self.client_secret))
        if self.target is TargetKind.LIVE and self.cassettes is not Mode.REPLAY:
            self._require_live_settings()
        elif self.dry_run:
            raise SettingsError(
                "--cards-dry-run prints what a live run would do; add --cards-target live"
            )
        if self.dry_run and self.profile_out:
            raise SettingsError(
                "--cards-dry-run observes nothing that --cards-profile-out could write; use only "
                "one of them"
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
                f"{'it' if len(missing) == 1 else 'them'} in the environment, the ini file or "
                "cards-target.toml (the secret in the environment only), or use "
                "--cards-target sandbox"
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
