"""Marks: how verdicts are shown in a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pytest_atomic_cards.verification.verdicts import Verdict

MARKS: Final[Mapping[Verdict, tuple[str, dict[str, bool]]]] = {
    Verdict.HELD: ("✓", {"green": True}),
    Verdict.VIOLATED: ("✗", {"red": True, "bold": True}),
    Verdict.DRIFTED: ("≠", {"red": True, "bold": True}),
    Verdict.COULD_NOT_TELL: ("?", {"yellow": True, "bold": True}),
    Verdict.NOT_EXERCISED: ("·", {"light": True}),
}
"""The mark of each verdict, and the style it is written in."""
