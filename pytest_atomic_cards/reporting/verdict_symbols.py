"""Symbols, styles and layout of verdicts in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.reporting.requirement_results import (
    Conclusion,
    RequirementResult,
    by_area,
    explain_conclusion,
    ids_of,
)
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
"""The symbol of each verdict, and the style in which it is printed."""
_WORDS: Final[Mapping[str, dict[str, bool]]] = {
    "conformant": {"green": True, "bold": True},
    "deviating": {"yellow": True, "bold": True},
    "partial": {"yellow": True, "bold": True},
    "inconclusive": {"yellow": True, "bold": True},
    "drifted": {"red": True, "bold": True},
    "violated": {"red": True, "bold": True},
}


def print_areas(
    console: Console,
    rules: Iterable[RequirementResult],
    summary: Callable[[Sequence[RequirementResult]], str],
) -> None:
    """Print one line per area, with a symbol for each of its requirements.

    Args:
        console: Where to print.
        rules: The requirements and their verdicts.
        summary: Sums up the requirements of one area, behind their symbols.
    """
    for title, own in by_area(rules).items():
        console.write(f"{title:28}")
        for rule in own:
            symbol, style = SYMBOLS[rule.verdict]
            console.write(symbol, **style)
        console.line(f"  {summary(own)}")
    console.line("")


def print_block(console: Console, verdict: Verdict, headline: str, lines: Iterable[str]) -> None:
    """Print a headline in the style of a verdict, lines below it, and an empty line."""
    console.line(headline, **SYMBOLS[verdict][1])
    for line in [*lines, ""]:
        console.line(line)


def print_conclusion(console: Console, conclusion: Conclusion) -> None:
    """Print the conclusion and its reason in one line, then violations that are only inferred."""
    console.write("verdict: ")
    console.write(conclusion.word, **_WORDS[conclusion.word])
    if why := explain_conclusion(conclusion):
        console.write(f" ({why})")
    console.line("")
    if conclusion.reported:
        console.line(f"violated, but only inferred: {ids_of(conclusion.reported)}")
