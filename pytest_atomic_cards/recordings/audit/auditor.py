"""Checks recordings against the rules, one exchange at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO
from urllib.parse import urlsplit

from pytest_atomic_cards.model.settings import VENDOR_DOMAIN
from pytest_atomic_cards.recordings.audit.entry import Entry
from pytest_atomic_cards.recordings.audit.recording_reader import read
from pytest_atomic_cards.recordings.audit.secret_prefilter import may_hold_secret, secret_in
from pytest_atomic_cards.rules import RULES, Objection, ParsedResponse, Rule
from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.rules.monitor import Monitor, finding_of
from pytest_atomic_cards.rules.parsed_response import EMPTY, UNREADABLE
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.support.errors import CassetteError
from pytest_atomic_cards.support.progress import activity
from pytest_atomic_cards.support.secrets.hidden import REDACTED

NOT_SHOWN: Final = "no exchange of these files shows it"
NOT_OBSERVABLE: Final = "exchanges alone cannot show it"
_ID_NAMES: Final = frozenset({"cardInstanceId", "cardTemplateId", "flowInstanceId", "lifecycleId"})
"""Names that only the Cards API uses."""
_KILOBYTE: Final = 1_024
_SEARCHED_AT_ONCE: Final = 32_768
"""Characters searched for secrets at once: spreads the cost of a search, with little memory."""
_BETWEEN_UPDATES: Final = 256
"""Exchanges between two updates of the progress line: some ten milliseconds."""


@dataclass(slots=True)
class FileCount:
    """How many exchanges of a file were checked, and how many were skipped."""

    path: Path
    judged: int = 0
    passed_over: int = 0


@dataclass(slots=True)
class Audit:
    """What recordings show about the requirements.

    The state of a card is tracked within one file, one host and one environment, as other files may
    be from another day, target or sandbox.

    Args:
        allow_secrets: Continue if a file contains what looks like a secret.
    """

    allow_secrets: bool = False
    counts: list[FileCount] = field(default_factory=list)
    _held: set[str] = field(default_factory=set)
    _violated: dict[str, Finding] = field(default_factory=dict)
    _environments: set[str] = field(default_factory=set)

    def check(self, path: Path) -> None:
        """Check a recording.

        Raises:
            CassetteError: It cannot be read, is damaged, or contains a secret.
        """
        count = FileCount(path)
        self.counts.append(count)
        monitor = Monitor()
        files: list[TextIO] = []
        with activity(f"kilobytes of {path.name}", _kilobytes(path)) as update:
            entries = read(path, files.append)
            for entry in entries if self.allow_secrets else without_secrets(path, entries):
                response = entry.response()
                if response is None or not (
                    response.environment in self._environments
                    or self._is_cards_api(entry, response)
                ):
                    count.passed_over += 1
                else:
                    count.judged += 1
                    for rule, objection in monitor.see(response):
                        self._add_violation(path, entry, rule, objection)
                if entry.number % _BETWEEN_UPDATES == 0:
                    update(files[0].buffer.tell() // _KILOBYTE)
        self._held |= monitor.held

    def _is_cards_api(self, entry: Entry, response: ParsedResponse) -> bool:
        """Whether an exchange is with the Cards API, not another API with such a path."""
        found = (
            entry.is_ours
            or response.action is not None
            or (urlsplit(entry.url).hostname or "").endswith(VENDOR_DOMAIN)
            or bool(response.asked.names & _ID_NAMES)
            or any(not _ID_NAMES.isdisjoint(card) for card in response.cards)
            or _has_id_names(response.body)
        )
        if found:
            self._environments.add(response.environment)
        return found

    def _add_violation(self, path: Path, entry: Entry, rule: Rule, objection: Objection) -> None:
        if rule.requirement not in self._violated:
            place = f"{path}, exchange {entry.number}, line {entry.line}"
            self._violated[rule.requirement] = finding_of(
                rule, objection, entry.exchange(), place=place
            )

    def findings(self) -> list[Finding]:
        """A finding for every requirement."""
        observable = {rule.requirement for rule in RULES}
        return [
            self._violated.get(name) or self._other(name, observable=name in observable)
            for name in catalogue().requirements
        ]

    def _other(self, name: str, *, observable: bool) -> Finding:
        if name in self._held:
            return Finding("", name, Verdict.HELD)
        return Finding("", name, Verdict.NOT_EXERCISED, NOT_SHOWN if observable else NOT_OBSERVABLE)


def _kilobytes(path: Path) -> int | None:
    with suppress(OSError):
        return path.stat().st_size // _KILOBYTE
    return None


def _has_id_names(body: object) -> bool:
    """Whether a body that is not a listing has names of ids near its top."""
    if body is EMPTY or body is UNREADABLE:
        return False
    layer: list[object] = [body]
    for _ in range(3):
        if any(isinstance(one, dict) and not _ID_NAMES.isdisjoint(one) for one in layer):
            return True
        layer = [
            inner
            for one in layer[:3]
            if isinstance(one, dict | list)
            for inner in (list(one.values()) if isinstance(one, dict) else one)[:3]
        ]
    return False


def without_secrets(path: Path, entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield entries after checking that they contain nothing that looks like a secret.

    Raises:
        CassetteError: One does. The message names its kind and place, never the secret.
    """
    for batch, texts in _batches(entries):
        if may_hold_secret(texts):
            for entry in batch:
                _refuse_secrets(path, entry)
        yield from batch


def _batches(entries: Iterable[Entry]) -> Iterator[tuple[list[Entry], list[str]]]:
    """Entries and their texts, in batches that are worth searching at once."""
    batch: list[Entry] = []
    texts: list[str] = []
    size = 0
    for entry in entries:
        batch.append(entry)
        for _, text in entry.texts():
            texts.append(text)
            size += len(text)
        if size >= _SEARCHED_AT_ONCE:
            yield batch, texts
            batch, texts, size = [], [], 0
    if batch:
        yield batch, texts


def _refuse_secrets(path: Path, entry: Entry) -> None:
    for place, text in entry.texts():
        kind = secret_in(text)
        if kind is not None:
            where = f", in {place}" if place else ""
            raise CassetteError(
                f"{path} contains a secret: {kind} in exchange {entry.number}, line "
                f"{entry.line}{where}; replace it with {REDACTED} and revoke it, or continue "
                "with --allow-secrets"
            )


def audit(paths: Iterable[Path], *, allow_secrets: bool = False) -> Audit:
    """Check recordings against the rules.

    Args:
        paths: Files of any format that ``recording_reader`` reads.
        allow_secrets: Continue if a file contains what looks like a secret.

    Raises:
        CassetteError: A file cannot be read, is damaged, or contains a secret.
    """
    done = Audit(allow_secrets)
    for path in paths:
        done.check(path)
    return done
