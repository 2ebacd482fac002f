"""Monitor: judges each exchange by the rules, given the exchanges before it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from pytest_atomic_cards.rules import (
    RULES,
    CardHistory,
    Objection,
    Rule,
    Traits,
    traits_of,
)
from pytest_atomic_cards.rules.finding import Finding
from pytest_atomic_cards.rules.rule import Judge
from pytest_atomic_cards.rules.verdicts import Verdict

if TYPE_CHECKING:
    from pytest_atomic_cards.model.exchange import Exchange
    from pytest_atomic_cards.model.settings import Settings
    from pytest_atomic_cards.rules import ParsedResponse


_ACCESS: Final = "AUTH-01"
"""The requirement whose rule sees whether a request had a token."""

_Concerned = tuple[Rule, Judge, str]


class Monitor:
    """Judges the exchanges of one history, in any order.

    Args:
        rules: The rules to apply.

    Attributes:
        held: Ids of the requirements that some exchange exercised without an objection.
    """

    def __init__(self, rules: Iterable[Rule] = RULES) -> None:
        self._rules = tuple(rules)
        self._chosen: dict[Traits, list[_Concerned]] = {}
        self._resting = {rule.requirement for rule in self._rules if rule.rests}
        self._past = CardHistory()
        self.held: set[str] = set()

    def see(self, response: ParsedResponse) -> list[tuple[Rule, Objection]]:
        """Judge one exchange; returns the objections of the rules."""
        against = []
        past, held = self._past, self.held
        for rule, judge, requirement in self._concerned(response):
            found = judge(response, past)
            if found is True:
                if requirement not in held:
                    held.add(requirement)
                    if requirement in self._resting:
                        self._chosen.clear()
            elif found:
                against.append((rule, found))
        past.take_in(response)
        return against

    def _concerned(self, response: ParsedResponse) -> list[_Concerned]:
        """The rules to apply, except those that could only confirm what is known to hold."""
        traits = traits_of(response, self._past)
        rules = self._chosen.get(traits)
        if rules is None:
            rules = self._chosen[traits] = [
                (rule, rule.judge, rule.requirement)
                for rule in self._rules
                if rule.concerns(traits, self.held)
            ]
        return rules


def rules_for(settings: Settings) -> list[Rule]:
    """The rules that apply to a target: those about tokens only if it asks for one."""
    return [rule for rule in RULES if settings.way_in != "none" or rule.requirement != _ACCESS]


def finding_of(rule: Rule, objection: Objection, exchange: Exchange, place: str = "") -> Finding:
    """A finding of the suite for the objection of a rule.

    Args:
        rule: The rule.
        objection: Its objection to the exchange.
        exchange: The exchange that violates it.
        place: Where the exchange is recorded, if it is.
    """
    return Finding(
        "",
        rule.requirement,
        Verdict.VIOLATED,
        f"expected {objection.expected}; {objection.actual}",
        objection.expected,
        objection.actual,
        (exchange.as_dict(),),
        place,
    )
