"""Compares the current responses of a target with a recording, field by field.

Ids may differ from the recording if each maps to the same recorded one throughout; times need only
have the same format. If a listing is requested several times between two changes, as polling does,
its last response counts. Transient errors do not count at all.

If requests come in another order than in the recording, as those of threads do, each is compared
with one of its kind, and of all reads of a kind the last response counts. So it is if exchanges
overlap, since then the order of their responses is a coincidence.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from pytest_atomic_cards.client.request import SAFE_METHODS
from pytest_atomic_cards.client.retry import TRANSIENT
from pytest_atomic_cards.recordings.cassettes.id_pairs import SHOWN, Pairs
from pytest_atomic_cards.support.printable import cut

if TYPE_CHECKING:
    from vcr.request import Request  # type: ignore[import-untyped]

    from pytest_atomic_cards.recordings.cassettes.cassette import Cassette
    from pytest_atomic_cards.recordings.cassettes.cassette_document import Interaction
    from pytest_atomic_cards.recordings.cassettes.indexed_cassette import Response

_HEADERS: Final = ("content-type",)
_NOT_SENT: Final = "recorded, not sent now"
_NOT_RECORDED: Final = "sent now, not recorded"
_PRECISION: Final = 0.0002
"""Seconds by which exchanges must overlap: a file has four decimals, each rounded on its own."""


@dataclass(slots=True)
class _Stretch:
    """The reads between two changes, and the change that ended them.

    Args:
        asked: The last exchange of each read, in the order of the first ones.
        change: The exchange that may have changed something.
    """

    asked: dict[str, Interaction] = field(default_factory=dict)
    change: Interaction | None = None


class Comparison:
    """The differences between a recording and the current exchanges.

    Args:
        cassette: The recording.
        pairs: The ids known from other recordings of the run.
    """

    def __init__(self, cassette: Cassette, pairs: Pairs | None = None) -> None:
        self._cassette = cassette
        self._recorded = _stretches(cassette.interactions)
        self._place = 0
        self._asked: dict[str, int] = {}
        self._pending: dict[str, Interaction] = {}
        self._pairs = pairs or Pairs()
        self._differences: list[str] = []
        self._is_lost = False
        self._missed: set[str] = set()
        self._sent: list[Interaction] = []
        self._is_out_of_order = _overlap(cassette.interactions)

    def add(self, interaction: Interaction) -> None:
        """Add a finished exchange of this run."""
        if interaction.response["status"]["code"] in TRANSIENT:
            return
        now = self._cassette.redacted(interaction)
        self._is_out_of_order = self._is_out_of_order or _overlap([*self._sent[-1:], now])
        self._sent.append(now)
        if now.request.method in SAFE_METHODS:
            self._pending[_question(now.request)] = now
            return
        self.look()
        self._end_stretch(now)

    def take_differences(self, *, finished: bool = False) -> list[str]:
        """The differences since the last call, one line each.

        Args:
            finished: Whether nothing more will be sent, so that missing requests are differences.
        """
        self.look()
        if finished:
            self._end_stretch(None)
        if self._is_out_of_order:
            return self._regardless_of_order() if finished else []
        taken, self._differences = self._differences, []
        return taken

    @property
    def _stretch(self) -> _Stretch:
        return self._recorded[self._place]

    def look(self) -> None:
        """Compare the responses to the latest reads."""
        recorded = list(self._stretch.asked.values())
        for question, now in self._pending.items():
            place = self._asked.setdefault(question, len(self._asked))
            self._compare_in_order(recorded[place] if place < len(recorded) else None, now)
        self._pending.clear()

    def _end_stretch(self, change: Interaction | None) -> None:
        """Compare the change that ends a stretch; ``None`` is the end of the test."""
        for recorded in list(self._stretch.asked.values())[len(self._asked) :]:
            self._compare_in_order(recorded, None)
        self._compare_in_order(self._stretch.change, change)
        if self._stretch.change is None or change is None:
            self._is_lost = True  # what follows would be compared with the wrong exchanges
        else:
            self._place += 1
            self._asked.clear()

    def _compare_in_order(self, recorded: Interaction | None, now: Interaction | None) -> None:
        """Compare what is at the same place of both runs, unless only its place is different."""
        if self._is_lost or self._is_out_of_order:
            return
        if recorded and now:
            if self._is_same_request(recorded, now) or not self._is_recorded(now):
                self._compare(recorded, now)
            else:
                self._is_out_of_order = True
        elif one := recorded or now:
            kind = _NOT_SENT if recorded else _NOT_RECORDED
            self._differences.append(f"{_line(one.request)}: {kind}")
            self._missed.add(kind)
            self._is_out_of_order = len(self._missed) > 1

    def _is_recorded(self, now: Interaction) -> bool:
        return any(self._is_same_request(one, now) for one in self._cassette.interactions)

    def _is_same_request(self, recorded: Interaction, now: Interaction) -> bool:
        values = _request_values(recorded.request), _request_values(now.request)
        return self._pairs.agree(*values)

    def _regardless_of_order(self) -> list[str]:
        """The differences of all exchanges, each compared with the one that is most like it."""
        self._differences.clear()
        left = {id(one): one for one in _last_of_each(self._sent)}
        for recorded in _last_of_each(self._cassette.interactions):
            now = self._most_alike(recorded, list(left.values()))
            if now is None:
                self._differences.append(f"{_line(recorded.request)}: {_NOT_SENT}")
            else:
                del left[id(now)]
                self._compare(recorded, now)
        missing = (f"{_line(one.request)}: {_NOT_RECORDED}" for one in left.values())
        return [*self._differences, *missing]

    def _most_alike(self, recorded: Interaction, sent: list[Interaction]) -> Interaction | None:
        """An exchange of the same request, if possible with the same response."""
        same = [one for one in sent if _kind(one.request) == _kind(recorded.request)]
        if not same:
            same = [one for one in sent if self._is_same_request(recorded, one)]
        answered = _response_values(recorded.response)
        return next(
            (one for one in same if self._pairs.agree(answered, _response_values(one.response))),
            same[0] if same else None,
        )

    def _compare(self, recorded: Interaction, now: Interaction) -> None:
        line = _line(now.request)
        found = [
            *self._pairs.differences(
                "request", _request_values(recorded.request), _request_values(now.request)
            ),
            *self._pairs.differences(
                "response", _response_values(recorded.response), _response_values(now.response)
            ),
        ]
        self._differences += [f"{line}: {difference}" for difference in found]


def _stretches(interactions: list[Interaction]) -> list[_Stretch]:
    stretches = [_Stretch()]
    for one in interactions:
        if one.response["status"]["code"] in TRANSIENT:
            continue
        if one.request.method in SAFE_METHODS:
            stretches[-1].asked[_question(one.request)] = one
        else:
            stretches[-1].change = one
            stretches.append(_Stretch())
    return stretches


def _last_of_each(interactions: list[Interaction]) -> list[Interaction]:
    """All changes, and the last exchange of each read."""
    kept: dict[Any, Interaction] = {}
    for one in interactions:
        if one.response["status"]["code"] not in TRANSIENT:
            is_read = one.request.method in SAFE_METHODS
            kept[_question(one.request) if is_read else len(kept)] = one
    return list(kept.values())


def _overlap(interactions: list[Interaction]) -> bool:
    """Whether some exchange began before one that ended earlier had ended."""
    pairs = itertools.pairwise(interactions)
    return any(
        later.started < earlier.started + earlier.elapsed - _PRECISION for earlier, later in pairs
    )


def _kind(request: Request) -> tuple[str, bytes]:
    return _question(request), request.body or b""


def _question(request: Request) -> str:
    return f"{request.method} {request.uri}"


def _line(request: Request) -> str:
    query = request.parsed_uri.query
    return cut(f"{request.method} {request.path}{'?' if query else ''}{query}", SHOWN)


def _request_values(request: Request) -> dict[str, Any]:
    """The compared parts of a request."""
    pairs = parse_qsl(request.parsed_uri.query, keep_blank_values=True)
    query: dict[str, Any] = {}
    for name, value in pairs:
        query.setdefault(name, []).append(value)
    return {
        "method": request.method,
        "path": request.path,
        "query": query,
        "body": _read(request.body or b""),
    }


def _response_values(response: Response) -> dict[str, Any]:
    """The compared parts of a response."""
    headers = {name.lower(): values for name, values in response["headers"].items()}
    return {
        "status": response["status"]["code"],
        "headers": {name: headers.get(name, []) for name in _HEADERS},
        "body": _read(response["body"]["string"]),
    }


def _read(content: bytes) -> Any:  # noqa: ANN401 - a JSON value
    try:
        return json.loads(content) if content else None
    except (ValueError, RecursionError):
        return content.decode("utf-8", "backslashreplace")
