"""Errors, grouped by who is at fault: the caller, the target, or the transport between them.

No message of these errors contains a token or a client secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_atomic_cards.support.printable import printable

if TYPE_CHECKING:
    from pytest_atomic_cards.model.exchange import Exchange


class AtomicCardsError(Exception):
    """Base of every error that this package raises on purpose.

    Args:
        message: What was wrong, where, and how to fix it; made printable.
        exchange: The request and response that showed it, if any.
    """

    def __init__(self, message: str, exchange: Exchange | None = None) -> None:
        super().__init__(printable(message, lines=True))
        self.exchange = exchange


class MisuseError(AtomicCardsError):
    """The caller requested something that cannot be right; nothing was sent."""


class SettingsError(MisuseError):
    """A setting is missing, malformed, or contradicts another one."""


class ScopeError(MisuseError):
    """An action was not pinned to cards of this run, and was refused before it left the process."""


class RefusedError(AtomicCardsError):
    """The target refused a request that it understood, with a client error (HTTP 4xx)."""


class ContractBrokenError(AtomicCardsError):
    """The target responded with something that the documented contract does not allow."""


class TransportError(AtomicCardsError):
    """No usable response: the connection failed or timed out, or the target was unavailable."""


class OutcomeUnknownError(TransportError):
    """A request that changes state got no usable response: it may or may not have been applied.

    It is never repeated automatically. List the cards to see their state before you decide.
    """


class TimeLimitError(TransportError):
    """The run's time limit has passed, so nothing more was sent."""


class SeedingError(AtomicCardsError):
    """Cards could not be seeded, so nothing can be said about the target."""


class NotAvailableError(AtomicCardsError):
    """The target cannot provide what was requested, such as a card snoozed over the public API."""


class NotListedError(NotAvailableError):
    """Cards were created, or so the target says, in a state of which it lists no cards."""


class CardsWarning(UserWarning):
    """A test does something that will surprise its author, in this run or in a replay of it."""


class CassetteError(MisuseError):
    """A recording is missing, damaged, of another version, or not a recording at all."""


def error_text(error: BaseException) -> str:
    """The message of an error, or of each error of a group, in printable characters."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(map(error_text, error.exceptions))
    own = isinstance(error, AtomicCardsError)
    return str(error) if own else printable(f"{type(error).__name__}: {error}", lines=True)
