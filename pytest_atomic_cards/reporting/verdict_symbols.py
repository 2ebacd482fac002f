"""Marks: how verdicts are shown in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.reporting.requirement_results import (
    Conclusion,
    RequirementResult,
    explain_conclusion,
    ids_of,
)
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import Verdict

if TYPE_CHECKING:
    from pytest_atomic_cards.reporting.console import Console

SYMBOLS: Final[Mapping[Verdict, tuple[str, dict[str, bool]]]] = {
    Verdict.HELD: ("✓", {"green": True}),
    Verdict.VIOLATED: ("✗", {"red": True, "bold": True}),
    Verdict.DRIFTED: ("≠", {"red": True, "bold": True}),
    Verdict.INCONCLUSIVE: ("?", {"yellow": True, "bold": True}),
    Verdict.NOT_EXERCISED: ("·", {"light": True}),
}
"""The mark of each verdict, and the style it is written in."""
_WORDS: Final[Mapping[str, dict[str, bool]]] = {
    "conformant": {"green": True, "bold": True},
    "deviating": {"yellow": True, "bold": True},
    "partial": {"yellow": True, "bold": True},
    "inconclusive": {"yellow": True, "bold": True},
    "drifted": {"red": True, "bold": True},
    "violated": {"red": True, "bold": True},
}


def print_areas(
    writer: Console,
    rules: Iterable[RequirementResult],
    summed_up: Callable[[Sequence[RequirementResult]], str],
) -> None:
    """Tell each area in a line, with a mark for each of its requirements.

    Args:
        writer: Where to.
        rules: The requirements and their verdicts.
        summed_up: What to say of those of one area behind their marks.
    """
    rules = list(rules)
    for area, title in catalogue().areas.items():
        own = [rule for rule in rules if rule.requirement.area == area]
        writer.write(f"{title:28}")
        for rule in own:
            mark, style = SYMBOLS[rule.verdict]
            writer.write(mark, **style)
        writer.line(f"  {summed_up(own)}")
    writer.line("")


def print_conclusion(writer: Console, conclusion: Conclusion) -> None:
    """Tell in a line what it all comes to, and why; and what is violated but only inferred."""
    writer.write("verdict: ")
    writer.write(conclusion.word, **_WORDS[conclusion.word])
    if why := explain_conclusion(conclusion):
        writer.write(f" ({why})")
    writer.line("")
    if conclusion.reported:
        writer.line(f"violated, but only inferred: {ids_of(conclusion.reported)}")
