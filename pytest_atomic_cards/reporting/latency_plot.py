"""How fast the target answered: quantiles of each endpoint, as a table and as a plot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, floor, log10
from typing import Any, Final
from xml.etree import ElementTree as ET

import pygal
from pygal.style import Style

Values = Mapping[str, Any]

QUANTILES: Final = (0.5, 0.95, 0.99, 1.0)
_PERCENT: Final = (*range(0, 100, 5), 96, 97, 98, 99, 100)
_WIDTH, _HEIGHT = 460, 340
_SCRIPTS_AND_STYLES: Final = {
    f"{{http://www.w3.org/2000/svg}}{name}" for name in ("script", "style")
} | {
    "script",
    "style",
}


@dataclass(frozen=True, slots=True)
class Latency:
    """How one endpoint answered.

    Args:
        endpoint: Method and end of the path.
        requests: How many requests it got.
        answers: How many answers of each HTTP status, ``None`` for no answer.
        quantiles: Milliseconds within which each of :data:`QUANTILES` was answered.
    """

    endpoint: str
    requests: int
    answers: Mapping[int | None, int]
    quantiles: tuple[float | None, ...]


def latencies(traffic: Values) -> list[Latency]:
    """What ``report.json`` counts of each endpoint."""
    answers: dict[str, dict[int | None, int]] = {}
    for one in traffic["answers"]:
        answers.setdefault(one["endpoint"], {})[one["status"]] = one["count"]
    times = _by_endpoint(traffic["latencies"])
    return [
        Latency(
            endpoint,
            sum(own.values()),
            own,
            tuple(_quantile(times.get(endpoint, []), share) for share in QUANTILES),
        )
        for endpoint, own in answers.items()
    ]


def latency_plot(counts: Sequence[Values]) -> str:
    """A plot of percentile against milliseconds, a line an endpoint, as SVG; empty without any."""
    times = _by_endpoint(counts)
    if not times:
        return ""
    chart = pygal.XY(
        width=_WIDTH,
        height=_HEIGHT,
        show_dots=False,
        js=[],
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        legend_box_size=10,
        truncate_legend=-1,
        margin=8,
        margin_right=24,
        x_title="% of requests",
        y_title="milliseconds",
        x_labels=[0, 25, 50, 75, 100],
        y_labels=_decades([time for own in times.values() for time, _ in own]),
        x_value_formatter=lambda value: f"{value:g}",
        style=Style(font_family="inherit"),
    )
    for endpoint, own in times.items():
        quantiles = ((percent, _quantile(own, percent / 100)) for percent in _PERCENT)
        chart.add(endpoint, [(percent, log10(time)) for percent, time in quantiles if time])
    return _bare(chart.render_tree())


def _decades(times: Sequence[float]) -> list[Values]:
    """Marks of a logarithmic axis: every power of ten around some milliseconds."""
    lowest, highest = floor(log10(min(times))), ceil(log10(max(times)))
    powers = range(lowest, max(highest, lowest + 1) + 1)
    return [{"value": power, "label": f"{10.0**power:g}"} for power in powers]


def _by_endpoint(counts: Iterable[Values]) -> dict[str, list[tuple[float, int]]]:
    """Milliseconds and their counts, the fastest first."""
    times: dict[str, list[tuple[float, int]]] = {}
    for one in sorted(counts, key=lambda one: one["milliseconds"]):
        times.setdefault(one["endpoint"], []).append((one["milliseconds"], one["count"]))
    return dict(sorted(times.items()))


def _quantile(times: Sequence[tuple[float, int]], share: float) -> float | None:
    """Milliseconds within which a share of the requests was answered."""
    total = sum(count for _, count in times)
    sums = accumulate(count for _, count in times)
    return next(
        (time for (time, _), reached in zip(times, sums, strict=True) if reached >= share * total),
        None,
    )


def _bare(tree: ET.Element) -> str:
    """A chart without scripts and colours of its own: those are the page's."""
    for parent in list(tree.iter()):
        for child in list(parent):
            if child.tag in _SCRIPTS_AND_STYLES:
                parent.remove(child)
    tree.set("aria-hidden", "true")
    return ET.tostring(tree, encoding="unicode")
