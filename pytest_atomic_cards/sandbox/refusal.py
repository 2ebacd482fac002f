"""Refusal: a client error as the response to a request."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818 - a response, not a bug
    """The response is a client error.

    Args:
        status: HTTP status, 4xx.
        message: What was wrong with the request.
        headers: Headers of the response beyond the usual ones.
    """

    def __init__(
        self, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers
