"""Records and replays the contract suite, with one cassette per contract."""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from pytest_atomic_cards.model.settings import Mode, Settings, TargetKind
from pytest_atomic_cards.recordings.cassettes.cassette_adapter import CassetteAdapter
from pytest_atomic_cards.recordings.cassettes.cassette_reader import SUFFIXES, read_content
from pytest_atomic_cards.recordings.cassettes.metadata import Recorded, Source
from pytest_atomic_cards.recordings.cassettes.playback_errors import HOW_TO_RECORD, NotRecordedError
from pytest_atomic_cards.recordings.cassettes.vcr_conversion import LOGICAL_URL
from pytest_atomic_cards.suite.generation.case_encoding import as_json, from_json
from pytest_atomic_cards.support.errors import CassetteError, NotAvailableError
from pytest_atomic_cards.support.recorder import Cases, Recorder
from pytest_atomic_cards.support.secrets.hidden import REDACTED

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

    from pytest_atomic_cards.client.tokens import TokenSource
    from pytest_atomic_cards.recordings.cassettes.cassette import Cassette
    from pytest_atomic_cards.recordings.cassettes.manager import CassetteManager

_PLACEHOLDER: Final = "a-token-that-no-recording-holds"
_SHARED: Final = "shared"
_GENERATION: Final = ("effort", "examples", "seed")
_LIVE: Final = (
    "environment_id",
    "client_id",
    "flow_id",
    "flow_mode",
    "flow_variables",
    "user_ids",
    "grant_type_in",
    "seed_timeout",
)


class CassetteRecorder(Recorder):
    """Records a run on cassettes.

    Args:
        manager: The cassettes.
    """

    def __init__(self, manager: CassetteManager) -> None:
        self._manager = manager
        self._asked: WeakKeyDictionary[Cassette, Counter[str]] = WeakKeyDictionary()
        self.clock = manager.clock
        self.randomness = manager.randomness

    @property
    def is_used(self) -> bool:
        """Whether the run is recorded, replayed or verified."""
        return self._manager.mode is not Mode.OFF

    @property
    def is_replayed(self) -> bool:
        """Whether the recording replaces the target."""
        return self._manager.mode is Mode.REPLAY

    @property
    def has_target(self) -> bool:
        """Whether the scope guard applies: not to what another tool recorded without it."""
        cassette = self._cassette if self.is_replayed else None
        return cassette is None or not cassette.recorded.is_foreign

    @property
    def cassette_name(self) -> str:
        """The file of the current cassette; empty for none."""
        cassette = self._cassette
        return "" if cassette is None else str(cassette.file)

    def adapter(self, inner: BaseAdapter | None) -> BaseAdapter:
        """An adapter that records, or responds from the current cassette."""
        return CassetteAdapter(self._manager, inner)

    def tokens(self, source: TokenSource) -> TokenSource:
        """In a replay the tokens of the recording, or placeholders if it has none."""
        return _RecordedTokens(source) if self.is_replayed else source

    def settings_of_run(self, settings: Settings) -> Settings:
        """The settings of a run; those that decide what is sent come from the recordings.

        Raises:
            CassetteError: There is no recording to replay.
        """
        if self.is_replayed:
            return replayed(settings, any_recorded(self._manager.directory))
        if self._manager.mode is Mode.VERIFY:
            recorded = any_recorded(self._manager.directory).settings
            kept = {name: recorded[name] for name in _GENERATION if name in recorded}
            return replace(settings, **kept)
        return settings

    def settings_of_world(self, settings: Settings) -> Settings:
        """The settings of an environment; in a replay those of the current cassette.

        A contract that was left out before its first exchange has none, and takes any.

        Raises:
            CassetteError: There is no recording to replay.
        """
        if self.is_replayed:
            recorded = self._recorded()
            return replayed(settings, recorded)
        self._manager.source = Source(settings.target.value)
        self._manager.settings = lasting(settings)
        return settings

    def _recorded(self) -> Recorded:
        """What the current cassette says of its recording, or else any other one."""
        try:
            cassette = self._manager.current
        except CassetteError as missing:
            try:
                return any_recorded(self._manager.directory)
            except CassetteError:
                raise missing from None
        return any_recorded(self._manager.directory) if cassette is None else cassette.recorded

    def paused(self) -> AbstractContextManager[object]:
        """Send requests without recording them."""
        return self._manager.use_cassette(f"{_SHARED}/unrecorded", Mode.OFF)

    def use_cassette(self, name: str) -> AbstractContextManager[object]:
        """Use a separate cassette."""
        return self._manager.use_cassette(f"{_SHARED}/{name}")

    def unrecorded(self, reason: str) -> AbstractContextManager[object]:
        """Send requests without recording them.

        Raises:
            NotAvailableError: The run is replayed.
        """
        if self.is_replayed:
            raise NotAvailableError(f"not replayed: {reason}")
        return self.paused()

    def cases(self, name: str) -> Cases:
        """The cases in the current cassette; a repeated name gets a number.

        Raises:
            NotRecordedError: The replayed cassette does not contain them.
        """
        cassette = self._manager.current
        if cassette is None:
            return Cases()
        asked = self._asked.setdefault(cassette, Counter())
        asked[name] += 1
        if asked[name] > 1:
            name = f"{name} {asked[name]}"
        if not self._manager.mode.reads:
            return _KeptCases(cassette.cases.setdefault(name, []))
        if name not in cassette.cases:
            raise NotRecordedError(
                lambda: f"{cassette.file} contains no generated cases {name!r}. {HOW_TO_RECORD}"
            )
        return _RecordedCases(self._manager.of_now(cassette.cases[name]))

    @property
    def _cassette(self) -> Cassette | None:
        """The current one; ``None`` in a replay if the recording has no exchange."""
        try:
            return self._manager.current
        except CassetteError:
            return None


def lasting(settings: Settings) -> dict[str, Any]:
    """The settings that a replay needs: neither secrets nor hosts."""
    live = settings.target is TargetKind.LIVE
    kept = {name: getattr(settings, name) for name in (*_GENERATION, *(_LIVE if live else ()))}
    if live:
        kept |= {"access": settings.way_in, "seeding": settings.way_to_seed}
        kept["api_url"] = LOGICAL_URL + urlsplit(settings.base_url).path
        kept["token_url"] = LOGICAL_URL + urlsplit(settings.token_endpoint or "").path
    return {name: value for name, value in kept.items() if value is not None}


def replayed(settings: Settings, recorded: Recorded) -> Settings:
    """The settings of a replay.

    Args:
        settings: The given ones, for everything that the recording does not decide.
        recorded: The metadata of the recording.
    """
    kept = {name: tuple(v) if isinstance(v, list) else v for name, v in recorded.settings.items()}
    known = {field.name for field in fields(Settings)}
    changes: dict[str, Any] = {"access": "credentials", "seeding": "flow"}  # in older recordings
    changes |= {name: value for name, value in kept.items() if name in known}
    if recorded.source is Source.LIVE:
        changes |= {
            "target": TargetKind.LIVE,
            "cassettes": Mode.REPLAY,
            "client_secret": REDACTED,
            "token": REDACTED,
            "app": None,
            "fault": (),
        }
    return replace(settings, **{"target": TargetKind.SANDBOX} | changes)


def any_recorded(directory: Path) -> Recorded:
    """The metadata of the smallest recording, as all come from one run."""
    paths = [path for suffix in SUFFIXES for path in directory.rglob(f"*{suffix}")]
    for path in sorted(paths, key=lambda path: (path.stat().st_size, path)):
        recorded = read_content(path).recorded
        if recorded.source is not Source.PAGE:
            return recorded
    raise CassetteError(f"there is no recording in {directory}. {HOW_TO_RECORD}")


class _KeptCases(Cases):
    """Cases that are being recorded.

    Args:
        kept: The list of the cassette.
    """

    def __init__(self, kept: list[Any]) -> None:
        self._kept = kept

    def keep(self, case: Any) -> None:  # noqa: ANN401 - a tuple
        """Add a case that is about to run."""
        self._kept.append([as_json(element) for element in case])


class _RecordedCases(Cases):
    """Cases of a recording.

    Args:
        forms: The cases as JSON values.

    Raises:
        MisuseError: They cannot be read.
    """

    def __init__(self, forms: Any) -> None:  # noqa: ANN401 - a JSON value
        self.recorded = [tuple(from_json(form)) for form in forms]


class _RecordedTokens:
    """Tokens of the current cassette, or placeholders.

    Which contract requests a shared token depends on which others run.

    Args:
        source: The source.
    """

    def __init__(self, source: TokenSource) -> None:
        self._source = source
        self._renewed = 0

    @property
    def secrets(self) -> frozenset[str]:
        """The secrets of the source."""
        return self._source.secrets

    def token(self) -> str:
        """A token of the source, or a placeholder."""
        try:
            return self._source.token()
        except NotRecordedError:
            return f"{_PLACEHOLDER}-{self._renewed}"

    def renew(self, stale: str) -> str:
        """Another token of the source, or another placeholder."""
        try:
            return self._source.renew(stale)
        except NotRecordedError:
            self._renewed += 1
            return self.token()
