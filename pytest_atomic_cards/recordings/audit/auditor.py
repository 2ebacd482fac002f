"""Checks recordings against the rules, one exchange at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from pytest_atomic_cards.recordings.audit.api_address import Address
from pytest_atomic_cards.recordings.audit.containers import Recording, recordings_in
from pytest_atomic_cards.recordings.audit.entry import DAMAGED, Entry, Flaw
from pytest_atomic_cards.recordings.audit.file_count import FileCount
from pytest_atomic_cards.recordings.audit.pseudonyms import Pseudonyms
from pytest_atomic_cards.recordings.audit.recording_reader import read
from pytest_atomic_cards.recordings.audit.secret_check import without_secrets
from pytest_atomic_cards.recordings.malformed import MALFORMED, reason_of
from pytest_atomic_cards.rules import RULES, Objection, ParsedResponse, Rule
from pytest_atomic_cards.rules.filter_rules import MATCHING
from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.rules.monitor import Monitor, finding_of
from pytest_atomic_cards.rules.parsed_response import (
    EMPTY,
    FAILURE,
    OTHER,
    UNREADABLE,
    parsed,
)
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.support.progress import activity
from pytest_atomic_cards.support.secrets.finder import redacted

NOT_SHOWN: Final = "no exchange of these files shows it"
NOT_OBSERVABLE: Final = "exchanges alone cannot show it"
NO_RESPONSE: Final = "without a response"
NO_BODY: Final = "without a body"
_COMPARES_IDS: Final = frozenset({*(rule.requirement for rule in MATCHING), "SHAPE-06"})
"""Requirements that compare an id in one part of an exchange with an id in another."""
_NO_CONTENT: Final = 204
_SHOWN_BY_STATUS: Final = frozenset({OTHER, FAILURE})
_KILOBYTE: Final = 1_024
_BETWEEN_UPDATES: Final = 256
"""Exchanges between two updates of the progress line: some ten milliseconds."""


@dataclass(slots=True)
class Audit:
    """What recordings show about the requirements.

    The state of a card is tracked within one file, one host and one environment, as other files may
    be from another day, target or sandbox.

    Args:
        allow_secrets: Continue if a file contains what looks like a secret.
        address: Decides which exchanges are with the Cards API.
    """

    allow_secrets: bool = False
    address: Address = field(default_factory=Address)
    counts: list[FileCount] = field(default_factory=list)
    _held: set[str] = field(default_factory=set)
    _violated: dict[str, Finding] = field(default_factory=dict)

    @property
    def judged(self) -> int:
        """How many exchanges were judged."""
        return sum(count.judged for count in self.counts)

    def check(self, path: Path) -> None:
        """Check a file.

        Raises:
            CassetteError: It cannot be read, or contains a secret.
        """
        with recordings_in(path) as recordings:
            for recording in recordings:
                self._check(recording)

    def _check(self, recording: Recording) -> None:
        """Check a recording, again if its end shows how to understand its beginning."""
        judge = _Judge(recording, self.address, hides_secrets=not self.allow_secrets)
        judge.run()
        pseudonyms = judge.pseudonyms_if_suspected()
        if pseudonyms is not None or judge.was_late:
            judge = _Judge(recording, self.address, pseudonyms)
            judge.run()
        self.counts.append(judge.count)
        self._held |= judge.held
        for requirement, finding in judge.violated.items():
            self._violated.setdefault(requirement, finding)

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


class _Judge:
    """Judges the exchanges of one recording, once from beginning to end.

    Args:
        recording: The recording.
        address: Decides which exchanges are with the Cards API.
        pseudonyms: Ids that cannot be compared.
        hides_secrets: Refuse a recording that contains what looks like a secret.

    Attributes:
        count: What was judged.
        violated: The first finding of each requirement.
        was_late: Whether an environment was recognized only after exchanges with it.
    """

    def __init__(
        self,
        recording: Recording,
        address: Address,
        pseudonyms: Pseudonyms | None = None,
        *,
        hides_secrets: bool = False,
    ) -> None:
        self._recording = recording
        self._address = address
        self._pseudonyms = pseudonyms
        self._hides_secrets = hides_secrets
        self._monitor = Monitor()
        self._undecided: set[str] = set()
        self.count = FileCount(recording.path, is_pseudonymized=pseudonyms is not None)
        self.violated: dict[str, Finding] = {}
        self.was_late = False

    @property
    def held(self) -> set[str]:
        """The requirements that some exchange exercised without an objection."""
        return self._monitor.held

    def run(self) -> None:
        """Judge all exchanges.

        Raises:
            CassetteError: The recording cannot be read, or contains a secret.
        """
        files: list[TextIO] = []
        size = self._recording.size
        total = None if size is None else size // _KILOBYTE
        with activity(f"kilobytes of {self._recording.path.name}", total) as update:
            items = read(self._recording, files.append)
            if self._hides_secrets:
                items = without_secrets(self._recording.path, items)
            for item in items:
                if item.__class__ is Entry:
                    self._take(item)
                elif isinstance(item, Flaw):
                    self._leave(item)
                if item.number % _BETWEEN_UPDATES == 0 and not files[0].closed:
                    update(files[0].buffer.tell() // _KILOBYTE)

    def pseudonyms_if_suspected(self) -> Pseudonyms | None:
        """The replaced ids, if there are any by which something seems to be violated."""
        if _COMPARES_IDS.isdisjoint(self.violated):
            return None
        pseudonyms = Pseudonyms()
        for item in read(self._recording):
            if isinstance(item, Entry):
                response = self._parsed(item)
                if response is not None and response.environment in self._address.environments:
                    pseudonyms.survey(response)
        return pseudonyms if pseudonyms.conclude() else None

    def _parsed(self, entry: Entry) -> ParsedResponse | None:
        target = self._address.target(entry.method, entry.url)
        if target is None:
            return None
        headers = entry.response_headers
        return parsed(
            entry.method,
            entry.url,
            entry.status,
            entry.body.value,
            content_type=headers.get("content-type", ""),
            # A response from a shared cache is older than it seems.
            started=None if "age" in headers else entry.started,
            elapsed=entry.elapsed,
            fidelity=entry.fidelity,
            request_body=entry.request_body,
            target=target,
        )

    def _take(self, entry: Entry) -> None:
        count = self.count
        try:
            response = self._parsed(entry)
            if response is None or not self._is_cards_api(entry, response):
                if response is None and entry.status is None and self._is_unanswered(entry):
                    count.leave(NO_RESPONSE, entry.number, entry.line)
                else:
                    count.passed_over += 1
                return
            if reason := _unjudged(entry, response):
                count.leave(reason, entry.number, entry.line)
                return
            if self._pseudonyms is not None:
                self._pseudonyms.disregard(response)
            for rule, objection in self._monitor.see(response):
                self._add_violation(entry, rule, objection)
            count.judged += 1
        except MALFORMED as error:
            count.leave(DAMAGED, entry.number, entry.line, reason_of(error))

    def _is_cards_api(self, entry: Entry, response: ParsedResponse) -> bool:
        """Whether an exchange is with the Cards API, not another API with such a path."""
        known, environment = self._address.environments, response.environment
        if environment in known:
            return True
        if entry.is_ours or self._address.is_shown(response, entry.url):
            self.was_late |= environment in self._undecided
            known.add(environment)
            return True
        self._undecided.add(environment)
        return False

    def _is_unanswered(self, entry: Entry) -> bool:
        target = self._address.target(entry.method, entry.url)
        return target is not None and (
            target[0] in self._address.environments
            or entry.is_ours
            or self._address.is_probable(entry.url)
        )

    def _leave(self, flaw: Flaw) -> None:
        if flaw.ends or not flaw.text or self._address.is_probable(flaw.text):
            self.count.leave(flaw.reason, flaw.number, flaw.line, flaw.detail)
        else:
            self.count.passed_over += 1
            self.count.odd += 1

    def _add_violation(self, entry: Entry, rule: Rule, objection: Objection) -> None:
        if rule.requirement not in self.violated:
            place = f"{self._recording.path}, exchange {entry.number}, line {entry.line}"
            objection = Objection(redacted(objection.expected), redacted(objection.actual))
            self.violated[rule.requirement] = finding_of(
                rule, objection, entry.exchange(), place=place
            )


def _unjudged(entry: Entry, response: ParsedResponse) -> str:
    """Why nothing can be said about a response; empty if something can."""
    body = response.body
    if (body is not EMPTY and body is not UNREADABLE) or response.kind in _SHOWN_BY_STATUS:
        return ""
    if body is UNREADABLE:
        return entry.body.problem
    return "" if response.status == _NO_CONTENT else NO_BODY


def audit(paths: Iterable[Path], *, allow_secrets: bool = False, api_url: str = "") -> Audit:
    """Check recordings against the rules.

    Args:
        paths: Files of any format that ``formats`` lists; ``-`` is standard input.
        allow_secrets: Continue if a file contains what looks like a secret.
        api_url: Base URL of the Cards API, if the recordings do not show it.

    Raises:
        CassetteError: A file cannot be read, or contains a secret.
    """
    done = Audit(allow_secrets, Address(api_url))
    for path in paths:
        done.check(path)
    return done
