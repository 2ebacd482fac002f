"""Latency quantiles of each endpoint, as a table and as a plot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, floor, log10
from typing import Any, Final

import leather

Values = Mapping[str, Any]

QUANTILES: Final = (0.5, 0.95, 0.99, 1.0)
_PERCENT: Final = (*range(0, 100, 5), 96, 97, 98, 99, 100)
_WIDTH, _HEIGHT = 460, 340


@dataclass(frozen=True, slots=True)
class Latency:
    """The latency of one endpoint.

    Args:
        endpoint: Method and end of the path.
        requests: The number of requests.
        answers: The number of responses by HTTP status; ``None`` for no response.
        quantiles: The latency in milliseconds at each of :data:`QUANTILES`.
    """

    endpoint: str
    requests: int
    answers: Mapping[int | None, int]
    quantiles: tuple[float | None, ...]


def latencies(traffic: Values) -> list[Latency]:
    """The latency of each endpoint in ``report.json``."""
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
    """A plot of milliseconds by percentile, one line per endpoint, as SVG; empty without data.

    The lines have the colours ``--line-0``, ``--line-1`` and so on of the page.
    """
    times = _by_endpoint(counts)
    if not times:
        return ""
    lowest = floor(log10(min(time for own in times.values() for time, _ in own)))
    highest = ceil(log10(max(time for own in times.values() for time, _ in own)))
    decades = range(lowest, max(highest, lowest + 1) + 1)
    chart = leather.Chart()
    chart.add_x_scale(0, 100)
    chart.add_x_axis(ticks=[0, 25, 50, 75, 100], tick_formatter=lambda value, *_: f"{value} %")
    chart.add_y_scale(decades[0], decades[-1])
    chart.add_y_axis(ticks=list(decades), tick_formatter=lambda power, *_: f"{10.0**power:g} ms")
    for number, (endpoint, own) in enumerate(times.items()):
        quantiles = ((percent, _quantile(own, percent / 100)) for percent in _PERCENT)
        points = [(percent, log10(time)) for percent, time in quantiles if time]
        chart.add_line(points, name=endpoint, stroke_color=f"var(--line-{number})")
    svg = str(chart.to_svg(width=_WIDTH, height=_HEIGHT))
    size = f'width="{_WIDTH}" height="{_HEIGHT}"'
    return svg.replace(size, f'viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-hidden="true"', 1)


def _by_endpoint(counts: Iterable[Values]) -> dict[str, list[tuple[float, int]]]:
    """Milliseconds and their counts by endpoint, the fastest first."""
    times: dict[str, list[tuple[float, int]]] = {}
    for one in sorted(counts, key=lambda one: one["milliseconds"]):
        times.setdefault(one["endpoint"], []).append((one["milliseconds"], one["count"]))
    return dict(sorted(times.items()))


def _quantile(times: Sequence[tuple[float, int]], share: float) -> float | None:
    """Milliseconds within which a share of the requests got a response."""
    total = sum(count for _, count in times)
    sums = accumulate(count for _, count in times)
    return next(
        (time for (time, _), reached in zip(times, sums, strict=True) if reached >= share * total),
        None,
    )
