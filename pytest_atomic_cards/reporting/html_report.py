"""Makes report.html from the values of report.json.

The page is self-contained, without scripts, fonts or pictures. It needs the extra ``[report]``.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from pytest_atomic_cards.model.exchange import how_to_reach
from pytest_atomic_cards.model.lifecycle import Level
from pytest_atomic_cards.reporting.causes import shortened
from pytest_atomic_cards.reporting.heat_map import heat_map
from pytest_atomic_cards.reporting.latency_plot import latencies, latency_plot
from pytest_atomic_cards.reporting.lifecycle_graph import lifecycle_graph
from pytest_atomic_cards.reporting.verdict_symbols import SYMBOLS
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.support.printable import printable

Values = Mapping[str, Any]

_BEGINNING: Final = 2_000
"""Characters of a body that are shown at once: two cards or so."""
_LONGEST_BODY: Final = 100_000
"""Characters of a body that can be opened whole, as a hundred cards have; report.json has more."""
_ROOM: Final = 3_000_000
"""Characters of all whole bodies on a page, which a phone still opens at once."""
_ID: Final = re.compile(r"\b([A-Z]{4,}-\d\d)\b")
_TITLES: Final = {
    "Violated: documented requirements": "documented",
    "Violated: requirements that are only inferred": "inferred",
    "Inconclusive": "",
}
"""The headings of what differs, in the order of the page, and the level of what is below them."""
_OF_A_CAUSE: Final = ("command", "violated", "inconclusive")


def page(report: Values) -> str:
    """The page of a run.

    Args:
        report: The values of ``report.json``.
    """
    rules = report["rules"]
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            groups=_groups(report),
            readable=_Bodies(),
            footprint=_footprint(report),
            **_headline(report),
            known=[rule for rule in rules if rule["known"]],
            levels=_levels(rules),
            by_area={
                title: [rule for rule in rules if rule["area"] == area]
                for area, title in report["areas"].items()
            },
            questions=sorted(report["profile"].items(), key=_by_gravity),
            graph=lifecycle_graph(report["transitions"]),
            heat_map=heat_map(report["traffic"]["queries"]),
            latencies=latencies(report["traffic"]),
            latency_plot=Markup(latency_plot(report["traffic"]["latencies"])),  # noqa: S704 - our own
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pytest_atomic_cards.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "reach": how_to_reach,
        "with_ids": _with_ids,
        "mark": _mark,
        "short": _short,
        "slug": _slug,
    }
    return environment


def _printable(value: object) -> object:
    """A printable form of a value, with its line ends."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value, lines=True)
    return value


def _groups(report: Values) -> list[FindingGroup]:
    """What to show in full: documented apart from inferred apart from inconclusive."""
    rules = {rule["id"]: rule for rule in report["rules"]}
    groups = {title: FindingGroup(title, level) for title, level in _TITLES.items()}
    for number, cause in enumerate(report["causes"], 1):
        shown = [rules[name] for name in cause["requirements"]]
        block = Block(shown, f"cause-{number}", **{name: cause[name] for name in _OF_A_CAUSE})
        groups[_title(shown[0])].blocks.append(block)
        for name in cause["violated"]:
            groups[_title(rules[name])].blocks.append(Block([rules[name]]))
    return [group for group in groups.values() if group.blocks]


def _title(rule: Values) -> str:
    titles = list(_TITLES)
    if rule["verdict"] == Verdict.INCONCLUSIVE:
        return titles[-1]
    return titles[0 if rule["level"] == Level.DOCUMENTED else 1]


@dataclass(slots=True)
class Block:
    """Requirements that are shown together, as one reason explains them; usually one.

    Args:
        rules: Their values in the report.
        anchor: The id of the block on the page, if it is not that of its requirement.
        command: The command that runs the first of them alone.
        violated: Ids of further violations that may follow from it.
        inconclusive: Ids of requirements that are inconclusive because of it.
    """

    rules: list[Values]
    anchor: str = ""
    command: str = ""
    violated: Sequence[str] = ()
    inconclusive: Sequence[str] = ()

    def __post_init__(self) -> None:
        if len(self.rules) == 1:
            self.anchor = self.rules[0]["id"]


@dataclass(slots=True)
class FindingGroup:
    """The blocks below one heading."""

    title: str
    level: str
    blocks: list[Block] = field(default_factory=list)

    @property
    def count(self) -> int:
        """The requirements in its blocks."""
        return sum(len(block.rules) for block in self.blocks)


def _headline(report: Values) -> dict[str, Values | str | None]:
    """The first failure: its requirement if that is violated, else its reason."""
    if not report["causes"]:
        return {"wrong": None, "reason": ""}
    name = report["causes"][0]["requirements"][0]
    rule = next(rule for rule in report["rules"] if rule["id"] == name)
    if rule["verdict"] == Verdict.INCONCLUSIVE:
        return {"wrong": None, "reason": rule["findings"][0]["reason"].partition("\n")[0]}
    return {"wrong": rule if rule["fails"] else None, "reason": ""}


def _footprint(report: Values) -> dict[str, Any]:
    """How many requests the run sent, by endpoint, the busiest first."""
    counts: Counter[str] = Counter()
    for one in report["traffic"]["answers"]:
        counts[one["endpoint"]] += one["count"]
    return {"requests": counts.total(), "endpoints": dict(counts.most_common())}


def _levels(rules: Sequence[Values]) -> dict[str, dict[str, int]]:
    """The number of requirements by level and verdict."""
    counts: dict[str, dict[str, int]] = {}
    for rule in rules:
        own = counts.setdefault(rule["level"], dict.fromkeys(Verdict, 0))
        own[rule["verdict"]] += 1
    return counts


def _by_gravity(question: tuple[str, Values]) -> int:
    verdict = Verdict(question[1]["verdict"])
    return 0 if verdict is Verdict.HELD else -verdict.weight


@dataclass(frozen=True, slots=True)
class ShownBody:
    """A readable body.

    Args:
        beginning: What is shown at once.
        length: The characters of all of it.
        whole: All of it, if it is longer and the page has room for it, escaped; else nothing.
    """

    beginning: str
    length: int
    whole: str = ""


class _Bodies:
    """Makes bodies readable, as long as a page has room for whole ones."""

    def __init__(self) -> None:
        self._room = _ROOM

    def __call__(self, body: Any) -> ShownBody:  # noqa: ANN401 - a JSON value
        text = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
        if len(text) <= _BEGINNING:
            return ShownBody(text, len(text))
        fits = len(text) <= min(self._room, _LONGEST_BODY)
        self._room -= len(text) if fits else 0
        whole = escape(printable(text, lines=True, limit=2 * _LONGEST_BODY)) if fits else ""
        return ShownBody(f"{text[:_BEGINNING]}\n…", len(text), whole)


def _with_ids(text: str) -> Markup:
    """Text in which no id of a requirement breaks at its hyphen."""
    parts = _ID.split(printable(text, lines=True))
    ids = Markup('<span class="id">{}</span>')
    return Markup("").join(ids.format(part) if odd % 2 else part for odd, part in enumerate(parts))


def _short(text: str) -> str:
    return shortened(text.partition("\n")[0])


def _mark(verdict: str) -> str:
    return SYMBOLS[Verdict(verdict)][0]


def _slug(word: str) -> str:
    """A verdict or a conclusion as a CSS class."""
    return word.replace(" ", "-")
