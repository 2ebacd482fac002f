"""Refusal: the sandbox says no to a request."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 - an answer, not a fault of the program
    """The request is answered with a client error.

    Args:
        status: HTTP status, 4xx.
        message: What was wrong with the request.
        headers: Headers of the answer beyond the usual ones.
    """

    def __init__(
        self, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers
