"""Helpers for tests of strategies: samples, and minimal examples."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, TypeVar

from hypothesis import HealthCheck, Phase, find, given, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

T = TypeVar("T")


def sample(strategy: SearchStrategy[T], size: int = 200) -> list[T]:
    """Many examples, the same on every run."""
    examples: list[T] = []

    @settings(
        max_examples=size,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: T) -> None:
        examples.append(example)

    collect()
    return examples


def smallest(strategy: SearchStrategy[T], condition: Callable[[T], bool]) -> T:
    """The minimal example that satisfies a condition."""
    patient = settings(
        max_examples=5_000,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
    )
    return find(strategy, condition, settings=patient, random=Random(0))  # noqa: S311 - repeatable
