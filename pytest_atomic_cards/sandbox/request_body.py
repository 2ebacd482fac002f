"""The body of a request, within limits of form and size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.sandbox.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed.wsgi import WSGIEnvironment

LARGEST_BODY: Final = 10_000_000
"""Bytes, as Amazon API Gateway accepts: the real API is taken to be behind it, since its tokens
come from Amazon Cognito."""


def read_body(environ: WSGIEnvironment) -> bytes:
    """The body of a request.

    Raises:
        Refusal: It is too large or compressed, or its length is malformed.
    """
    length = body_length(environ.get("CONTENT_LENGTH") or "0")
    encoding = environ.get("HTTP_CONTENT_ENCODING", "identity")
    if encoding.strip().lower() not in {"", "identity"}:
        raise Refusal(
            415,
            f"the sandbox does not read a body with Content-Encoding {encoding!r}; "
            "send it uncompressed",
            (("Accept-Encoding", "identity"),),
        )
    read: Callable[[int], bytes] = environ["wsgi.input"].read
    return read(length) if length else b""


def body_length(text: str) -> int:
    """The number of bytes in a Content-Length.

    Raises:
        Refusal: It is malformed or too large.
    """
    if not text.isascii() or not text.isdigit():
        raise Refusal(400, "Content-Length must be a whole number")
    digits = text.lstrip("0") or "0"
    # int() refuses thousands of digits.
    length = int(digits) if len(digits) <= len(str(LARGEST_BODY)) else LARGEST_BODY + 1
    check_length(length)
    return length


def check_length(length: int) -> None:
    """Refuse a body that is too large."""
    if length > LARGEST_BODY:
        raise Refusal(413, f"a body may have at most {LARGEST_BODY} bytes")
