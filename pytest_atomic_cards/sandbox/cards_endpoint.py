"""GET /cards and PUT /cards/{dismiss,cancel,complete}. Source: Cards API page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.sandbox.page_reader import Selection
from pytest_atomic_cards.sandbox.query_decisions import UNLIMITED, Filters

if TYPE_CHECKING:
    from pytest_atomic_cards.sandbox.behaviour import Behaviour
    from pytest_atomic_cards.sandbox.body_decisions import Body
    from pytest_atomic_cards.sandbox.card_record import Row
    from pytest_atomic_cards.sandbox.stale_reads import StaleReads
    from pytest_atomic_cards.sandbox.store import Store

_STATUS = Attribute.STATUS.value
_COLUMNS = {
    attribute.value: attribute.field for attribute in Attribute if attribute is not Attribute.STATUS
}


class CardsEndpoint:
    """Lists and changes cards.

    Args:
        behaviour: The decisions.
        store: The cards.
        stale_reads: Earlier states of cards, if listings may lag behind; else ``None``.
    """

    def __init__(self, behaviour: Behaviour, store: Store, stale_reads: StaleReads | None) -> None:
        self.behaviour = behaviour
        self.store = store
        self.stale_reads = stale_reads

    def show(self, environment: int, query_string: str) -> Body | None:
        """The body of a listing; ``None`` for none."""
        behaviour = self.behaviour
        pairs = behaviour.parameters(query_string)
        filters = behaviour.listing_filters(pairs)
        limit, offset = behaviour.listing_window(pairs)
        selection = Selection(
            environment, _columns(filters), behaviour.listed_statuses(filters.get(_STATUS))
        )
        order = behaviour.order()
        seconds = behaviour.staleness(filters)
        stale_reads = self.stale_reads
        if seconds and stale_reads is not None and stale_reads.has_any(seconds):
            current = self.read(selection._replace(statuses=None), order=order, limit=UNLIMITED)
            earlier = [stale_reads.as_of(row, seconds) for row in current]
            rows = _in_states(earlier, selection.statuses)[offset : offset + limit]
        else:
            rows = self.read(selection, order=order, limit=limit, offset=offset)
        is_empty = not rows and not self.read(selection, order=order, limit=1)
        if is_empty and behaviour.zero_match_listing():
            return None
        return behaviour.listing_body(list(map(behaviour.card_body, behaviour.page(rows))))

    def act(self, environment: int, action: Action, query_string: str, body: bytes) -> Body | None:
        """Change cards; returns the body of the response, ``None`` for none."""
        behaviour, store = self.behaviour, self.store
        pairs = behaviour.parameters(query_string)
        filters = behaviour.action_filters(pairs)
        limit, offset = behaviour.action_window(action, pairs)
        multiple = behaviour.multiple(pairs)
        completion = behaviour.completion(action, body)
        given, allowed = filters.get(_STATUS), behaviour.actionable(action)
        statuses = allowed if given is None else tuple(set(given) & set(allowed))
        selection = Selection(environment, _columns(filters), statuses)
        with store.hold() as now:
            rows = self.select(
                selection, order=behaviour.action_order(), limit=max(limit, 2), offset=offset
            )
            actionable = matching = len(rows)
            if behaviour.counts_beyond_limit():
                actionable = matching = store.count(selection)
            if behaviour.counts_other_states():
                matching = store.count(selection._replace(statuses=given))
            behaviour.check_multiple(actionable, matching, multiple=multiple)
            behaviour.check_states(actionable, matching, action)
            reported = matching if behaviour.reports_other_states() else actionable
            if not reported and behaviour.zero_match_action():
                return None
            changed = behaviour.batch(rows, limit)
            self.change(changed, action, now, completion)
        results = [behaviour.result_body(row, action) for row in changed]
        total = behaviour.total(len(changed), actionable, matching, limit)
        return behaviour.action_body(results, total, len(changed))

    def read(self, selection: Selection, *, order: str, limit: int, offset: int = 0) -> list[Row]:
        """Find the cards of a listing."""
        return self.store.page(selection, order=order, limit=limit, offset=offset)

    def select(self, selection: Selection, *, order: str, limit: int, offset: int = 0) -> list[Row]:
        """Find the cards of an action."""
        return self.store.page(selection, order=order, limit=limit, offset=offset)

    def change(self, rows: list[Row], action: Action, now: int, completion: str | None) -> None:
        """Apply an action to cards."""
        if self.stale_reads is not None:
            self.stale_reads.remember(rows)
        stored = self.behaviour.completions(completion, rows)
        moves: dict[Status, list[int]] = {}
        for position, row in enumerate(rows):
            after = self.behaviour.outcome(Status(row.status), action)
            moves.setdefault(after, []).append(position)
        for after, positions in moves.items():
            self.store.change(
                [rows[position] for position in positions],
                after.value,
                now,
                [stored[position] for position in positions],
            )


def _columns(filters: Filters) -> dict[str, tuple[str, ...]]:
    return {_COLUMNS[name]: values for name, values in filters.items() if name != _STATUS}


def _in_states(rows: list[Row], statuses: tuple[str, ...] | None) -> list[Row]:
    return [row for row in rows if statuses is None or row.status in statuses]
