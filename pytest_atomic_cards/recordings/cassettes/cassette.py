"""Cassette: the recorded exchanges of one test, in one file."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Self

from vcr.record_mode import RecordMode  # type: ignore[import-untyped]
from vcr.request import Request  # type: ignore[import-untyped]

from pytest_atomic_cards.recordings.cassettes.cassette_document import Content, Interaction, render
from pytest_atomic_cards.recordings.cassettes.cassette_reader import read_content
from pytest_atomic_cards.recordings.cassettes.cassette_redaction import Redaction
from pytest_atomic_cards.recordings.cassettes.indexed_cassette import IndexedCassette, Response
from pytest_atomic_cards.recordings.cassettes.metadata import Recorded
from pytest_atomic_cards.recordings.cassettes.playback_errors import (
    NotRecordedError,
    describe_mismatch,
)
from pytest_atomic_cards.support.clock import EventClock
from pytest_atomic_cards.support.files import write_text
from pytest_atomic_cards.support.randomness import SeededChance


class Cassette(IndexedCassette):
    """A recording: vcrpy's cassette, plus metadata, cases and times. It is thread-safe.

    Args:
        path: Its file.
        recorded: The metadata.
        redaction: Replaces what must not reach the disk.
        sleep: Waits while recording; a replay does not wait.

    Attributes:
        cases: Generated cases by name, as JSON values; saved with the recording.
        clock: The time of the recorded exchanges, which passes again in a replay.
        randomness: Gives the same values in a replay as in the recording.
    """

    def __init__(
        self,
        path: Path,
        recorded: Recorded,
        redaction: Redaction,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self.recorded = recorded
        self.clock = EventClock(recorded.at, sleep)
        self.randomness = SeededChance(recorded.seed)
        self.cases: dict[str, Any] = {}
        self._redaction = redaction
        self._times: list[tuple[float, float]] = []
        self._lock = threading.RLock()
        self._knowledge = redaction.knowledge
        super().__init__(
            str(path),
            record_mode=RecordMode.NONE,
            before_record_request=self._redacted_request,
            before_record_response=self._redacted_response,
        )

    @classmethod
    def read(cls, path: Path, redaction: Redaction) -> Self:
        """Read a recording, of this package or of vcrpy.

        Raises:
            CassetteError: The file is not a recording, or of an unknown version.
        """
        content = read_content(path)
        cassette = cls(path, content.recorded, redaction)
        cassette.cases = dict(content.cases)
        as_it_is = content.is_redacted and not redaction.has_personal_fields
        for one in content.interactions:
            request = one.request if as_it_is else cassette.filter_request(one.request)
            cassette.data.append((request, one.response))
            cassette._times.append((one.started, one.elapsed))
        cassette.rewind()
        cassette.rewound = True
        return cassette

    def append(
        self, request: Request, response: Response, started: float = 0.0, elapsed: float = 0.0
    ) -> None:
        """Append an exchange, redacted.

        Args:
            request: The request as it was sent.
            response: The response as it was received.
            started: When it was sent, in seconds after the start of the recording.
            elapsed: Seconds until the response was read.
        """
        with self._lock:
            super().append(request, response)
            self._times.append((started, elapsed))

    def replay(self, request: Request) -> Interaction:
        """The next recorded exchange of a request.

        Raises:
            NotRecordedError: All of them were played, or there are none.
        """
        with self._lock:
            place = self._take(request)
            if place is None:
                raise NotRecordedError(partial(describe_mismatch, self, request))
            return self.interaction(place)

    def _take(self, request: Request) -> int | None:
        """As :meth:`take`; faster if the request was recorded exactly as it is sent."""
        self._redaction.headers(request.headers)  # learns their secrets
        place = self.take_redacted(request)
        return self.take(request) if place is None else place

    def interaction(self, place: int) -> Interaction:
        """The exchange at a place, counted from 0."""
        request, response = self.data[place]
        return Interaction(request, response, *self._times[place])

    @property
    def interactions(self) -> list[Interaction]:
        """All exchanges, in the order in which they were recorded."""
        return [self.interaction(place) for place in range(len(self.data))]

    @property
    def unplayed(self) -> list[Request]:
        """The recorded requests whose responses were not played."""
        return [
            request for place, request in enumerate(self.requests) if not self.play_counts[place]
        ]

    def redacted(self, interaction: Interaction) -> Interaction:
        """An exchange as it would be recorded."""
        return replace(
            interaction,
            request=self._redacted_request(interaction.request),
            response=self._redacted_response(interaction.response),
        )

    def save(self) -> None:
        """Write the file atomically: the old one stays until the new one is complete.

        Raises:
            SettingsError: It cannot be written.
        """
        with self._lock:
            if self._redaction.knowledge > self._knowledge:
                self._redact_again()
            cases = self._redaction.value(self.cases)
            write_text(self.file, render(Content(self.recorded, self.interactions, cases)))
            self.dirty = False

    def _redact_again(self) -> None:
        """Redact all exchanges again, as a secret learned later may be in earlier ones."""
        self.data[:] = [
            (self._redacted_request(request), self._redacted_response(response))
            for request, response in self.data
        ]
        self._knowledge = self._redaction.knowledge

    def _redacted_request(self, request: Request) -> Request:
        headers = self._redaction.headers(request.headers)
        body = request.body and self._redaction.body(request.body, headers.get("content-type", ""))
        return Request(request.method, self._redaction.url(request.uri), body, headers)

    def _redacted_response(self, response: Response) -> Response:
        # The body first: tokens in it are then known when the headers are redacted.
        content = self._redaction.body(response["body"]["string"])
        headers = {
            name: [self._redaction.headers({name: value})[name] for value in values]
            for name, values in response["headers"].items()
        }
        return {**response, "headers": headers, "body": {"string": content}}
