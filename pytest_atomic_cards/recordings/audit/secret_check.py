"""Refuses recordings that contain what looks like a secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pytest_atomic_cards.recordings.audit.entry import DAMAGED, Flaw, Item
from pytest_atomic_cards.recordings.audit.secret_prefilter import may_hold_secret, secret_in
from pytest_atomic_cards.recordings.malformed import MALFORMED, reason_of
from pytest_atomic_cards.support.errors import CassetteError
from pytest_atomic_cards.support.secrets.hidden import REDACTED

_SEARCHED_AT_ONCE: Final = 32_768
"""Characters searched for secrets at once: spreads the cost of a search, with little memory."""


def without_secrets(path: Path, items: Iterable[Item]) -> Iterator[Item]:
    """Yield exchanges after checking that they contain nothing that looks like a secret.

    Raises:
        CassetteError: One does. The message names its kind and place, never the secret.
    """
    for batch, texts in _batches(items):
        if may_hold_secret(texts):
            for item in batch:
                _refuse_secrets(path, item)
        yield from batch


def _batches(items: Iterable[Item]) -> Iterator[tuple[list[Item], list[str]]]:
    """Exchanges and their texts, in batches that are worth searching at once."""
    batch: list[Item] = []
    texts: list[str] = []
    size = 0
    for item in items:
        try:
            found = [text for _, text in item.texts()]
        except MALFORMED as error:
            reason, detail = DAMAGED, reason_of(error)
            batch.append(Flaw(number=item.number, line=item.line, reason=reason, detail=detail))
            continue
        batch.append(item)
        texts += found
        size += sum(map(len, found))
        if size >= _SEARCHED_AT_ONCE:
            yield batch, texts
            batch, texts, size = [], [], 0
    if batch:
        yield batch, texts


def _refuse_secrets(path: Path, item: Item) -> None:
    for place, text in item.texts():
        kind = secret_in(text)
        if kind is not None:
            where = f", in {place}" if place else ""
            raise CassetteError(
                f"{path} contains a secret: {kind} in exchange {item.number}, line "
                f"{item.line}{where}; revoke it, and replace it with {REDACTED} or write a "
                "redacted copy with --redact OUT; --allow-secrets audits the file nevertheless"
            )
