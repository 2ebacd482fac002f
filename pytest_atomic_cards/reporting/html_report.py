"""Makes report.html from the values of report.json.

The page is self-contained, without scripts, fonts or pictures. It needs the extra ``[report]``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pytest_atomic_cards.reporting.heat_map import heat_map
from pytest_atomic_cards.reporting.latency_plot import latencies, latency_plot
from pytest_atomic_cards.reporting.lifecycle_graph import lifecycle_graph
from pytest_atomic_cards.reporting.verdict_symbols import SYMBOLS
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.support.printable import printable

Values = Mapping[str, Any]

_LONGEST_BODY: Final = 2_000
"""Characters of a body on the page: two cards or so; report.json has the rest."""


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
            blocks=_blocks(rules),
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
    environment.filters |= {"body": _body, "mark": _mark, "slug": _slug}
    return environment


def _printable(value: object) -> object:
    """A printable form of a value, with its line ends."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value, lines=True)
    return value


def _blocks(rules: Sequence[Values]) -> list[list[Values]]:
    """Rules to show in full: those that fail the run first, inconclusive ones grouped by reason."""
    alike: dict[str, list[Values]] = {}
    for rule in sorted(rules, key=lambda rule: not rule["fails"]):
        if rule["verdict"] == Verdict.INCONCLUSIVE:
            alike.setdefault(rule["findings"][0]["reason"], []).append(rule)
        elif rule["findings"] and rule["verdict"] != Verdict.NOT_EXERCISED and not rule["known"]:
            alike[rule["id"]] = [rule]
    return list(alike.values())


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


def _body(body: Any) -> str:  # noqa: ANN401 - a JSON value
    """A readable body: indented if it is JSON, and shortened if it is long."""
    text = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
    if len(text) <= _LONGEST_BODY:
        return text
    return f"{text[:_LONGEST_BODY]}\n… ({len(text):,} characters; see report.json)"


def _mark(verdict: str) -> str:
    return SYMBOLS[Verdict(verdict)][0]


def _slug(word: str) -> str:
    """A verdict or a conclusion as a CSS class."""
    return word.replace(" ", "-")
