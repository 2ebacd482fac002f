"""Operations of the Cards API, typed.

Source: Cards API page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_atomic_cards.client.drain import Drain, DrainProgress, DrainReport
from pytest_atomic_cards.client.granted_access import Access
from pytest_atomic_cards.client.paging import MOST_PAGES, pages
from pytest_atomic_cards.client.request import NO_BODY
from pytest_atomic_cards.client.response_views import view_of
from pytest_atomic_cards.client.session import CardsSession
from pytest_atomic_cards.model.cards import ActionResponse, Card, cards_of
from pytest_atomic_cards.model.documented import DEFAULT_PAGE, LARGEST_LIMIT
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.support.errors import MisuseError, SettingsError
from pytest_atomic_cards.support.progress import activity

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pytest_atomic_cards.model.exchange import Exchange

_Cards = list[Card]  # inside CardsApi, ``list`` is the method


def environment_path(environment_id: str) -> str:
    """The path of an environment below the root of the API.

    Raises:
        SettingsError: The id cannot be a segment of a path.
    """
    if environment_id in {"", ".", ".."}:
        raise SettingsError(f"ATOMIC_CARDS_ENVIRONMENT_ID cannot be {environment_id!r}")
    return f"/v1/{quote(environment_id, safe='')}"


class CardsApi:
    """Lists and actions the cards of one environment.

    Args:
        session: Sends the requests.
        environment_id: The environment.
        access: What the session's credentials were allowed so far; nothing if left out.

    Raises:
        SettingsError: ``environment_id`` is malformed.
    """

    def __init__(
        self, session: CardsSession, environment_id: str, access: Access | None = None
    ) -> None:
        self.session = session
        self.access = access or Access()
        self.environment_id = environment_id
        self._path = f"{environment_path(environment_id)}/cards"

    def list(self, query: CardQuery = CardQuery()) -> _Cards:  # noqa: B008 - it is frozen
        """One page of the cards that match.

        ``multiple`` has no meaning here and is not sent. A 404 means that no card matches: the
        documentation does not say how a listing responds then.

        Raises:
            RefusedError: The target refused the query.
            ContractBrokenError: The body is not what the documentation shows.
            TransportError: There was no usable response.
        """
        exchange = self.list_exchange(query.replace(multiple=False))
        if exchange.status == HTTPStatus.NOT_FOUND:
            return []
        return view_of(exchange, cards_of)

    def iterate(
        self,
        query: CardQuery = CardQuery(),  # noqa: B008 - it is frozen
        *,
        page_size: int = DEFAULT_PAGE,
        max_pages: int = MOST_PAGES,
    ) -> Iterator[Card]:
        """All cards that match, page by page, each once.

        An empty page is the end. A page with fewer cards than requested is not, as a target may
        have its own limit. Cards that are created, or stop matching, during the iteration may be
        missed: no stable order is documented.

        Args:
            query: Which cards. Its ``limit`` is the most cards to yield in all, its ``offset``
                how many to skip first.
            page_size: Cards per request, from 1 to 1000.
            max_pages: Most pages to request, in case the listing never ends.

        Raises:
            MisuseError: ``page_size`` or ``max_pages`` is out of range.
            RefusedError: The target refused the query.
            ContractBrokenError: A body is not what the documentation shows, a card has no
                ``cardInstanceId``, a page held no card that was not on an earlier page already,
                or there are more than ``max_pages`` pages.
            TransportError: There was no usable response.
        """
        if not 1 <= page_size <= LARGEST_LIMIT:
            raise MisuseError(f"page_size must be from 1 to {LARGEST_LIMIT}, not {page_size}")
        if max_pages < 1:
            raise MisuseError(f"max_pages must be from 1, not {max_pages}")
        return pages(self.list, query, page_size, max_pages)

    def dismiss(self, query: CardQuery, *, unscoped: bool = False) -> ActionResponse:
        """Dismiss the card that matches, or all of them with ``multiple``. See :meth:`act`."""
        return self.act(Action.DISMISS, query, unscoped=unscoped)

    def complete(
        self,
        query: CardQuery,
        payload: Mapping[str, Any] | None = None,
        *,
        unscoped: bool = False,
    ) -> ActionResponse:
        """Complete the card that matches, or all of them with ``multiple``. See :meth:`act`."""
        return self.act(Action.COMPLETE, query, payload, unscoped=unscoped)

    def cancel(self, query: CardQuery, *, unscoped: bool = False) -> ActionResponse:
        """Cancel the card that matches, or all of them with ``multiple``. See :meth:`act`."""
        return self.act(Action.CANCEL, query, unscoped=unscoped)

    def act(
        self,
        action: Action,
        query: CardQuery,
        payload: Mapping[str, Any] | None = None,
        *,
        unscoped: bool = False,
    ) -> ActionResponse:
        """Do something to the card that matches, or to all of them with ``multiple``.

        A success without a body, such as 204, is a response without results.

        Args:
            action: What to do.
            query: Which cards.
            payload: State of the card on completion.
            unscoped: Allow a query without any attribute, which means every card there is.

        Raises:
            MisuseError: The query has no attribute, or the payload cannot be sent; nothing was
                sent.
            ScopeError: The query is not pinned to cards of this run; nothing was sent. See
                :meth:`unguarded`.
            RefusedError: The target refused it, for instance because more than one card matches.
            OutcomeUnknownError: It may or may not have been applied.
            ContractBrokenError: The body is not what the documentation shows.
            TransportError: It was not applied, as there was no connection.
        """
        exchange = self.act_exchange(action, query, payload, unscoped=unscoped)
        if exchange.succeeded and not exchange.response_body.strip():
            return ActionResponse.without_body()
        return view_of(exchange, ActionResponse.from_body, advice=_advice(exchange, query))

    def unguarded(self, reason: str) -> AbstractContextManager[None]:
        """Act, on a live target, on cards that this run did not seed.

        It applies to the code of the ``with`` block and what that calls, not to other threads or
        asyncio tasks. Each use issues a
        :class:`~pytest_atomic_cards.client.scope_guard.ScopeWarning` with the reason, and is
        refused if warnings are errors. It does not replace ``unscoped``.

        Example:
            >>> with cards.api.unguarded("scratch environment, nobody else uses it"):
            ...     cards.api.cancel(CardQuery(user_id="left-over", multiple=True))

        Args:
            reason: Why it is safe.

        Raises:
            MisuseError: There is no reason.
        """
        return self.session.unguarded(reason)

    def drain(
        self,
        action: Action,
        query: CardQuery,
        payload: Mapping[str, Any] | None = None,
        *,
        batch: int | None = None,
        on_progress: Callable[[DrainProgress], None] | None = None,
        max_requests: int = 1000,
        unscoped: bool = False,
    ) -> DrainReport:
        """Repeat an action until it can change no further card.

        Args:
            action: What to do.
            query: Which cards; without ``limit`` and ``offset``.
            payload: State of each card on completion.
            batch: Most cards per request, from 1 to 1000; the target's default if left out, which
                is 500 for cancel.
            on_progress: Called after each request.
            max_requests: Most actions to send.
            unscoped: Allow a query without any attribute, which means every card there is.

        Returns:
            What was done, and how many cards are left.

        Raises:
            AtomicCardsError: As for :meth:`act`, except that an unknown outcome, or a refusal
                because no card matches, is resolved by listing the cards.

        Source: Cards API page › Request limits.
        """
        if query.limit is not None or query.offset is not None:
            raise MisuseError("drain has no limit and offset; use batch to limit one request")
        if batch is not None and not 1 <= batch <= LARGEST_LIMIT:
            raise MisuseError(f"batch must be from 1 to {LARGEST_LIMIT}, not {batch}")

        def act(narrowed: CardQuery) -> ActionResponse:
            return self.act(action, narrowed.replace(limit=batch), payload, unscoped=unscoped)

        every = query.replace(multiple=True)
        steps = Drain(act, self.list, action, every, retry=self.session.retry)
        with activity(f"cards changed by {action}") as update:

            def report(progress: DrainProgress) -> None:
                update(progress.updated)
                if on_progress is not None:
                    on_progress(progress)

            return steps.run(report, max_requests)

    def list_exchange(self, query: CardQuery) -> Exchange:
        """Send a listing unchanged, and return the exchange, whatever its status.

        Raises:
            TransportError: There was no usable response.
        """
        return self.access.observed(self.session.send("GET", self._path, query.parameters()))

    def act_exchange(
        self,
        action: Action,
        query: CardQuery,
        payload: Mapping[str, Any] | None = None,
        *,
        unscoped: bool = False,
    ) -> Exchange:
        """Send an action unchanged, and return the exchange, whatever its status.

        Raises:
            MisuseError: The query has no attribute, or the payload cannot be sent; nothing was
                sent.
            ScopeError: The query is not pinned to cards of this run; nothing was sent.
            OutcomeUnknownError: It may or may not have been applied.
            TransportError: It was not applied, as there was no connection.
        """
        if not query.attributes and not unscoped:
            raise MisuseError(
                f"{action} without any attribute is not scoped: it could change every card of "
                "the environment. Name an attribute, or pass unscoped=True"
            )
        if payload is not None and action is not Action.COMPLETE:
            raise MisuseError(f"{action} takes no payload, only complete does")
        if payload is not None and not isinstance(payload, Mapping):
            raise MisuseError(
                f"a payload is a JSON object, such as {{'quantity': 2}}, not {payload!r}"
            )
        path, body = f"{self._path}/{action.value}", NO_BODY if payload is None else dict(payload)
        return self.access.observed(self.session.send("PUT", path, query.parameters(), json=body))


def _advice(exchange: Exchange, query: CardQuery) -> str:
    if exchange.status != HTTPStatus.BAD_REQUEST:
        return ""
    if query.limit is not None and not 1 <= query.limit <= LARGEST_LIMIT:
        return f"limit is {query.limit}; the documentation shows limits from 1 to {LARGEST_LIMIT}"
    if query.multiple:
        return ""
    return (
        "The documented reason is that more than one card matches: pass multiple=True to "
        "act on all of them, or narrow the query"
    )
