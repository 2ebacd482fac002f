"""Settings as they are resolved from their sources."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pytest_atomic_cards.model.options import OPTIONS
from pytest_atomic_cards.model.resolution import resolve
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.model.target_file import TargetFile

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
