"""Counts the exchanges of a recording."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class FileCount:
    """How many exchanges of a file were judged, and why others were not.

    Args:
        path: The file.
        judged: Exchanges of the Cards API that were judged.
        passed_over: Exchanges that are not of the Cards API.
        odd: How many of these cannot be read.
        unjudged: Exchanges of the Cards API that were not judged, by the reason.
        first: Place and detail of the first one of each reason.
        is_pseudonymized: Whether ids were replaced in one part of it and not in another.
    """

    path: Path
    judged: int = 0
    passed_over: int = 0
    odd: int = 0
    unjudged: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    is_pseudonymized: bool = False

    def leave(self, reason: str, number: int, line: int, detail: str = "") -> None:
        """Count an exchange of the Cards API that cannot be judged."""
        self.unjudged[reason] += 1
        place = f"exchange {number}, line {line}"
        self.first.setdefault(reason, f"{place}: {detail}" if detail else place)
