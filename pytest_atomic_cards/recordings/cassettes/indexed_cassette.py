"""An indexed cassette: finds a recorded exchange in constant time.

vcrpy compares each request with every recorded one, both in recording and in replay, which is
quadratic; this one keeps an index by what requests are matched on. It overrides only public
methods.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_to_bytes, urlsplit

from vcr.cassette import Cassette  # type: ignore[import-untyped]
from vcr.request import Request  # type: ignore[import-untyped]

Response = dict[str, Any]
"""A response as vcrpy keeps it: ``status``, ``headers`` and ``body``."""


def _query(request: Request) -> tuple[tuple[bytes, ...], ...]:
    """The parameters by name; those of one name keep their order, and empty ones count."""
    text = urlsplit(request.uri).query
    if not text:
        return ()
    pairs = [tuple(map(_decoded, pair.partition("=")[::2])) for pair in text.split("&")]
    return tuple(sorted(pairs, key=lambda pair: pair[0]))


def _decoded(text: str) -> bytes:
    return unquote_to_bytes(text.replace("+", " ")) if "%" in text or "+" in text else text.encode()


def _body(request: Request) -> bytes:
    """The body; JSON is normalized."""
    body: bytes = request.body or b""
    if body[:1] not in {b"{", b"["}:
        return body
    try:
        return json.dumps(json.loads(body), sort_keys=True).encode()
    except (ValueError, RecursionError):
        return body


PARTS: Final[dict[str, Callable[[Request], Any]]] = {
    "method": lambda request: request.method,
    "path": lambda request: urlsplit(request.uri).path or "/",
    "query": _query,
    "body": _body,
}
"""What requests are matched on: never the host or the port, which differ from run to run."""


def _matcher(name: str, part: Callable[[Request], Any]) -> Callable[[Request, Request], None]:
    def match(one: Request, other: Request) -> None:
        mine, recorded = part(one), part(other)
        if mine != recorded:
            raise AssertionError(f"{mine!r} now, {recorded!r} recorded")

    match.__name__ = name
    return match


MATCHERS: Final = tuple(_matcher(name, part) for name, part in PARTS.items())
"""The parts as matchers of vcrpy."""


class IndexedCassette(Cassette):  # type: ignore[misc] # vcrpy is untyped
    """A cassette of vcrpy in which a look-up takes constant time.

    The n-th request of a kind gets the n-th response that was recorded for it.

    Args:
        path: Where it is kept.
        **settings: As for ``vcr.cassette.Cassette``.

    Attributes:
        file: Where it is kept.
    """

    def __init__(self, path: str, **settings: Any) -> None:  # noqa: ANN401 - passed on
        self.file = Path(path)
        self._places: dict[tuple[Any, ...], deque[int]] = {}
        super().__init__(path, match_on=MATCHERS, **settings)

    def append(self, request: Request, response: Response) -> None:
        """Append an exchange."""
        count = len(self.data)
        super().append(request, response)
        for place in range(count, len(self.data)):
            self._index(place)

    def _index(self, place: int) -> None:
        self._places.setdefault(_key(self.data[place][0]), deque()).append(place)

    def take(self, request: Request) -> int | None:
        """The index of the next unplayed response to a request, which then counts as played."""
        filtered = self.filter_request(request)
        return self.take_redacted(filtered) if filtered else None

    def take_redacted(self, request: Request) -> int | None:
        """As :meth:`take`, for a request that needs no filtering."""
        places = self._places.get(_key(request))
        if not places:
            return None
        place = places.popleft()
        self.play_counts[place] += 1
        return place

    def rewind(self) -> None:
        """Play from the beginning."""
        super().rewind()
        self._places.clear()
        for place in range(len(self.data)):
            self._index(place)


def _key(request: Request) -> tuple[Any, ...]:
    return tuple(part(request) for part in PARTS.values())
