"""Opens the cassettes of a process, which may be nested; the innermost one is current."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vcr.request import Request  # type: ignore[import-untyped]

from pytest_atomic_cards.model.settings import Mode
from pytest_atomic_cards.recordings.cassettes.cassette import Cassette
from pytest_atomic_cards.recordings.cassettes.cassette_document import Interaction, in_file
from pytest_atomic_cards.recordings.cassettes.cassette_reader import SUFFIXES, name_in
from pytest_atomic_cards.recordings.cassettes.cassette_redaction import Redaction
from pytest_atomic_cards.recordings.cassettes.comparison import Comparison
from pytest_atomic_cards.recordings.cassettes.id_pairs import Pairs
from pytest_atomic_cards.recordings.cassettes.indexed_cassette import Response
from pytest_atomic_cards.recordings.cassettes.metadata import Recorded, Source
from pytest_atomic_cards.recordings.cassettes.playback_errors import HOW_TO_RECORD, NotRecordedError
from pytest_atomic_cards.support.clock import REAL_CLOCK, Clock, CurrentClock, EventClock
from pytest_atomic_cards.support.errors import CassetteError
from pytest_atomic_cards.support.randomness import TRUE_RANDOMNESS, CurrentRandomness, Randomness


@dataclass(slots=True)
class OpenCassette:
    """A cassette in use, perhaps with interruptions.

    Args:
        mode: What is done with it.
        path: Its file.
        test: Which test or fixture it belongs to.
        refusal: Why it cannot be recorded, if so.
        cassette: The cassette, once it is needed.
        comparison: The comparison with the target, while verifying.
        began: When the cassette was first needed, by ``REAL_CLOCK.monotonic``.
        is_incomplete: Whether its test failed or was skipped half-way.
    """

    mode: Mode
    path: Path
    test: str = ""
    refusal: CassetteError | None = None
    cassette: Cassette | None = None
    comparison: Comparison | None = None
    began: float = field(default_factory=REAL_CLOCK.monotonic)
    is_incomplete: bool = False


class CassetteManager:
    """Records, replays and verifies cassettes.

    Args:
        mode: The default mode of a cassette.
        directory: The cassette directory.
        redaction: Replaces what must not reach the disk.
        replaces_always: Whether the recording of a test that failed replaces an earlier one.

    Attributes:
        source: The kind of target that is recorded.
        settings: What a replay needs to know about the target; see
            :class:`~pytest_atomic_cards.recordings.cassettes.metadata.Recorded`.
        saved: The files that were written.
        listeners: Called with each exchange that was recorded, replayed or verified.
        clock: The clock of the current cassette; the real one if there is none.
        randomness: The randomness of the current cassette; the real one if there is none.
    """

    def __init__(
        self,
        mode: Mode,
        directory: Path,
        redaction: Redaction | None = None,
        *,
        replaces_always: bool = False,
    ) -> None:
        self.directory = directory
        self._replaces_always = replaces_always
        self.redaction = redaction or Redaction()
        self.source = Source.SANDBOX
        self.settings: Mapping[str, Any] = {}
        self.saved: set[Path] = set()
        self.listeners: list[Callable[[Interaction], None]] = []
        self._mode = mode
        self._stack: list[OpenCassette] = []
        self._lock = threading.RLock()
        self._pairs = Pairs()
        self._comparisons: list[Comparison] = []
        self.clock = CurrentClock(self._current_time)
        self.randomness = CurrentRandomness(self._current_randomness)

    @property
    def mode(self) -> Mode:
        """The mode of the current cassette.

        Without a cassette, requests go to the target, except in a replay.
        """
        if self._stack:
            return self._stack[-1].mode
        return Mode.REPLAY if self._mode is Mode.REPLAY else Mode.OFF

    @property
    def keeps_all(self) -> bool:
        """Whether every test has its recording here, unless it is marked off."""
        return self._mode is not Mode.OFF

    @property
    def current(self) -> Cassette | None:
        """The innermost cassette; ``None`` if there is none or it is off.

        Raises:
            CassetteError: Its file is missing or cannot be read.
        """
        opened = self._stack[-1] if self._stack else None
        if opened is None or opened.mode is Mode.OFF:
            return None
        with self._lock:
            if opened.cassette is None:
                if opened.refusal is not None:
                    raise opened.refusal
                opened.cassette = self._load(opened) if opened.mode.reads else self._begin(opened)
                opened.began = REAL_CLOCK.monotonic()
        return opened.cassette

    def _current_time(self) -> Clock:
        cassette = self.current  # an empty one is falsy
        return REAL_CLOCK if cassette is None else cassette.clock

    def _current_randomness(self) -> Randomness:
        cassette = self.current
        return TRUE_RANDOMNESS if cassette is None else cassette.randomness

    def name_of(self, path: Path) -> str:
        """The name of a recording on all machines of a run."""
        return name_in(self.directory, path)

    def open(self, name: str, mode: Mode | None = None, test: str = "") -> OpenCassette:
        """A cassette at its beginning; nothing is read or written yet.

        Args:
            name: A path below the directory, without a suffix.
            mode: Its mode, if not the default.
            test: Which test or fixture it belongs to.
        """
        path = self.directory / f"{name}{SUFFIXES[0]}"
        others = (path.with_name(f"{path.stem}{suffix}") for suffix in SUFFIXES[1:])
        mode = self._mode if mode is None else mode
        if mode.reads and not path.exists():
            path = next((other for other in others if other.exists()), path)
        return OpenCassette(mode, path, test)

    @contextmanager
    def using(self, opened: OpenCassette) -> Iterator[OpenCassette]:
        """Make a cassette current; at the end of the block its recording is on disk.

        An incomplete one does not replace an earlier one.

        Raises:
            SettingsError: A recording cannot be written.
        """
        self._stack.append(opened)
        try:
            yield opened
        finally:
            self._stack.remove(opened)
            recorded = opened.cassette if opened.mode is Mode.RECORD else None
            if recorded is not None and recorded.dirty and not self.keeps_earlier(opened):
                recorded.save()
                self.saved.add(opened.path)

    def keeps_earlier(self, opened: OpenCassette) -> bool:
        """Whether an earlier recording stays, as this one is incomplete."""
        is_recorded = opened.mode is Mode.RECORD and opened.is_incomplete
        return is_recorded and not self._replaces_always and opened.path.exists()

    @contextmanager
    def use_cassette(self, name: str, mode: Mode | None = None) -> Iterator[OpenCassette]:
        """Use a cassette from its beginning to the end of the block; see :meth:`open`."""
        with self.using(self.open(name, mode)) as opened:
            yield opened

    def replay(self, request: Request) -> Interaction:
        """The next recorded exchange of a request in the current cassette.

        Raises:
            NotRecordedError: All of them were played, or there are none.
            CassetteError: The recording is missing or cannot be read.
        """
        cassette = self.current
        if cassette is None:
            raise NotRecordedError(
                lambda: (
                    f"{request.method} {request.path} was sent while no cassette is in use, and "
                    f"nothing may leave the process. {HOW_TO_RECORD}"
                )
            )
        return self._publish(cassette, cassette.replay(request))

    def add(self, request: Request, response: Response, elapsed: float) -> None:
        """Record or verify a finished exchange with the current cassette.

        Threads may call it at once; exchanges are kept in the order in which they ended.
        """
        with self._lock:
            self._add(request, response, elapsed)

    def _add(self, request: Request, response: Response, elapsed: float) -> None:
        cassette, opened = self.current, self._stack[-1]
        if cassette is None:
            return
        started = max(0.0, REAL_CLOCK.monotonic() - opened.began - elapsed)
        interaction = Interaction(request, response, in_file(started), in_file(elapsed))
        if opened.mode is Mode.RECORD:
            cassette.append(request, response, interaction.started, interaction.elapsed)
        else:
            if opened.comparison is None:
                opened.comparison = Comparison(cassette, self._pairs)
                self._comparisons.append(opened.comparison)
            opened.comparison.add(interaction)
        self._publish(cassette, interaction)

    def of_now(self, value: Any) -> Any:  # noqa: ANN401 - a JSON value
        """A recorded value for use in this run: while verifying, with the current ids."""
        for comparison in self._comparisons:
            comparison.look()
        return self._pairs.of_now(value)

    def _publish(self, cassette: Cassette, interaction: Interaction) -> Interaction:
        cassette.clock.happened(interaction.started, interaction.elapsed)
        for listener in self.listeners:
            listener(interaction)
        return interaction

    def _begin(self, opened: OpenCassette) -> Cassette:
        settings = self.redaction.value(dict(self.settings))
        recorded = Recorded(source=self.source, test=opened.test, settings=settings)
        return Cassette(opened.path, recorded, self.redaction, REAL_CLOCK.sleep)

    def _load(self, opened: OpenCassette) -> Cassette:
        cassette = Cassette.read(opened.path, self.redaction)
        if opened.mode is Mode.VERIFY:
            cassette.clock = EventClock(REAL_CLOCK.now(), REAL_CLOCK.sleep)
        return cassette
