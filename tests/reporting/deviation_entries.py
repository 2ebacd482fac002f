"""Entries of known deviations for tests."""

from __future__ import annotations

GOOD = 'requirement = "PAGE-04"\nreason = "counts pages"\nexpires = 2999-12-31\n'


def entry(**changes: str | None) -> str:
    """A good entry of cards-target.toml, with fields as TOML changed, added or left out."""
    fields = {"requirement": '"PAGE-04"', "reason": '"counts pages"', "expires": "2999-12-31"}
    lines = [f"{name} = {value}" for name, value in (fields | changes).items() if value is not None]
    return "\n".join(["[[deviations]]", *lines, ""])
