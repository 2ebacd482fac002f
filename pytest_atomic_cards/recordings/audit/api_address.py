"""Recognizes the Cards API in recorded traffic, also behind gateways of unknown addresses."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.model.settings import VENDOR_DOMAIN
from pytest_atomic_cards.rules.parsed_query import place_in, target_of
from pytest_atomic_cards.rules.parsed_response import EMPTY, UNREADABLE, ParsedResponse

_ID_NAMES: Final = frozenset({"cardInstanceId", "cardTemplateId", "flowInstanceId", "lifecycleId"})
"""Names that only the Cards API uses."""
_GATEWAY: Final = re.compile(
    r"(?P<environment>(?:https?:/)?(?:/[^?#]*?)?)/cards(?:/(?P<word>[a-z]+))?/?"
)
"""A URL of the Cards API if a gateway has another base path than ``/v1/ENVIRONMENT``, or if only
the path was recorded."""
_DOCUMENTED: Final = re.compile(
    r"/v1/[^/?#\s\"']+/cards(?:/(?:dismiss|complete|cancel))?(?![\w/-])"
)
_HOST: Final = re.compile(r"[a-z]+://(?:[^/?#@]*@)?([^/?#:]*)", re.IGNORECASE)
_REMEMBERED: Final = 1_024
"""Addresses whose result is remembered: more than a usual recording has."""
_LEVELS: Final = 3
"""Levels of a body in which names of ids are sought: an envelope has no more around a card."""


class Address:
    """Decides which exchanges are with the Cards API.

    Args:
        api_url: Base URL that the user gave; empty if none.

    Attributes:
        environments: Environments that some exchange showed to be of the Cards API.
    """

    def __init__(self, api_url: str = "") -> None:
        self._base = api_url.rstrip("/").removesuffix("/cards")
        self.environments: set[str] = set()

    def target(self, method: str, url: str) -> tuple[str, Action | None, str] | None:
        """What a request may be for; ``None`` if it cannot be for the Cards API."""
        found = target_of(method, url)
        if found is not None:
            return found
        address, _, query = url.partition("#")[0].partition("?")
        place = _behind_gateway(method, address)
        return place and (*place, query)

    def is_shown(self, response: ParsedResponse, url: str) -> bool:
        """Whether an exchange shows that its environment is one of the Cards API."""
        return (
            self.is_given(url)
            or (response.action is not None and _DOCUMENTED.search(url) is not None)
            or _host(url).endswith(VENDOR_DOMAIN)
            or bool(response.asked.names & _ID_NAMES)
            or any(not _ID_NAMES.isdisjoint(card) for card in response.cards)
            or _has_id_names(response.body)
        )

    def is_given(self, url: str) -> bool:
        """Whether a URL is below the base URL that the user gave."""
        return bool(self._base) and url.startswith((f"{self._base}/", f"{self._base}?"))

    def is_probable(self, text: str) -> bool:
        """Whether a text that cannot be read as an exchange contains a URL of the Cards API."""
        return bool(_DOCUMENTED.search(text)) or (bool(self._base) and self._base in text)


@lru_cache(_REMEMBERED)
def _behind_gateway(method: str, address: str) -> tuple[str, Action | None] | None:
    return place_in(method, _GATEWAY.fullmatch(address))


def _host(url: str) -> str:
    found = _HOST.match(url)
    return found[1].lower() if found else ""


def _has_id_names(body: object) -> bool:
    """Whether a body that is not a listing has names of ids near its top."""
    if body is EMPTY or body is UNREADABLE:
        return False
    layer: list[object] = [body]
    for _ in range(_LEVELS):
        if any(isinstance(one, dict) and not _ID_NAMES.isdisjoint(one) for one in layer):
            return True
        layer = [
            inner
            for one in layer[:3]
            if isinstance(one, dict | list)
            for inner in (list(one.values()) if isinstance(one, dict) else one)[:3]
        ]
    return False
