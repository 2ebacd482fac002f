"""Errors, divided by who is at fault: the caller, the target, or the transport between them.

No message of these errors carries a token or a client secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_atomic_cards.support.printable import printable

if TYPE_CHECKING:
    from pytest_atomic_cards.model.exchange import Exchange


class AtomicCardsError(Exception):
    """Base of every error that this package raises on purpose.

    Args:
        message: What was wrong, where, and how to mend it; made printable.
        exchange: The request and response that showed it, if there was one.
    """

    def __init__(self, message: str, exchange: Exchange | None = None) -> None:
        super().__init__(printable(message, lines=True))
        self.exchange = exchange


class MisuseError(AtomicCardsError):
    """The caller asked for something that cannot be right; nothing was sent."""


class SettingsError(MisuseError):
    """A setting is missing, malformed, or contradicts another one."""


class ScopeError(MisuseError):
    """An action was not pinned to cards of this run, and was refused before it left the process."""


class RefusedError(AtomicCardsError):
    """The target answered with a client error (HTTP 4xx): it understood, and said no."""


class ContractBrokenError(AtomicCardsError):
    """The target answered with something that the documented contract does not allow."""


class TransportError(AtomicCardsError):
    """No usable answer arrived: connection failed, timed out, or the target was unavailable."""


class OutcomeUnknownError(TransportError):
    """A request that changes state got no usable answer: it may or may not have been applied.

    It is never repeated automatically. Look at the state of the cards before deciding.
    """


class TimeLimitError(TransportError):
    """The run's time limit has passed, so nothing more was sent."""


class SeedingError(AtomicCardsError):
    """Cards could not be put in place, so nothing can be said about the target."""


class NotAvailableError(AtomicCardsError):
    """The target cannot give what was asked for, such as a snoozed card over the public API."""


class CassetteError(MisuseError):
    """A recording is not there, damaged, of another version, or no recording at all."""


def error_text(error: BaseException) -> str:
    """What an error says in printable characters, and what each error of a group says."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(map(error_text, error.exceptions))
    own = isinstance(error, AtomicCardsError)
    return str(error) if own else printable(f"{type(error).__name__}: {error}", lines=True)
