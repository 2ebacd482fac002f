"""Replacements that change one field of a body: a card's, a result's, or a response's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_atomic_cards.sandbox.body_decisions import Body
    from pytest_atomic_cards.sandbox.card_record import Json
    from pytest_atomic_cards.sandbox.faults.fault import Original, Wrapper


def without(name: str) -> Wrapper:
    """Bodies that lack a field."""

    def body_without(original: Original[Body], *args: Json) -> Body:
        body = original(*args)
        del body[name]
        return body

    return body_without


def changing(name: str) -> Callable[[Callable[[Body], Json]], Wrapper]:
    """Makes bodies that have what a function makes of them in a field."""

    def by(change: Callable[[Body], Json]) -> Wrapper:
        def changed_body(original: Original[Body], *args: Json) -> Body:
            body = original(*args)
            return body | {name: change(body)}

        return changed_body

    return by
