"""Narrow mutants that no contract has to see, each with the reason.

An *equivalent* one is a fault whose condition keeps it from ever showing. A *permitted* one shows,
but no page rules out what it does under its condition. A *dear* one shows as well, but trying it
would cost too many cards.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from pytest_atomic_cards.model.request_space import Point
from pytest_atomic_cards.sandbox.faults.narrow_fault import name_of

_STATES: Final = "active|snoozed|embargoed|expired|dismissed|completed|cancelled"
_OPEN: Final = "active|snoozed|embargoed"
_ONE_ATTRIBUTE: Final = r"by=\w+$(?<!all)(?<!other)"
_FEW: Final = "matches=(1|2)$"
_NOT_PAGED: Final = "matches=(1|2|many)$"
_NOT_LIMITED: Final = "matches=(1|2|many|over-page)$"

# Implicit concatenation is how a long pattern stays readable.
# ruff: noqa: ISC004
EQUIVALENT: Final[tuple[tuple[str, str], ...]] = (
    (r"(list|act)-ignores-(\w+)@by=(?!all$|other$)(?!.*\b\2\b)", "the attribute is not given"),
    (
        r"(action-limit-ignored-by-user|listing-by-user-never-changes)@by="
        r"(?!all$|other$)(?!.*\buserId\b)",
        "userId is not given",
    ),
    (
        r"(status-index-stale|status-\w+-lists-none)@by=(?!all$|other$)(?!.*\bstatus\b)",
        "status is not given",
    ),
    (
        r"act-ignores-status-beside-userId@by=(?!all$|other$|userId\+status$|status\+userId$)",
        "userId and status are not both given",
    ),
    (
        rf"(list-any-attribute|act-any-attribute|only-last-attribute)@{_ONE_ATTRIBUTE}",
        "at most one attribute is given",
    ),
    (r"third-attribute-ignored@by=(?!all$|other$)", "fewer than three attributes are given"),
    (r"user-ignored-among-many@by=(?!all$|other$)", "fewer than six attributes are given"),
    (r"offset-ignored-with-attribute@by=none$", "no attribute is given"),
    (r"action-limit-before-filter@by=(none|status)$", "there is no filter after the limit"),
    (r"action-limit-before-state@by=(.*\bstatus|all)$", "status is given"),
    (r"action-limit-before-state@state=(?!mixed$)", "all cards before the limit are in one state"),
    (
        r"(prefix-match|last-character-ignored|like-match|numeric-comparison"
        r"|ascii-only-comparison|accents-not-compared|numbers-not-found|long-values-cut"
        r"|spaces-trimmed|escaped-plus-is-space"
        r"|percent-decoded-twice|latin-1-decoding|value-cut-at-\w+)@by=status$",
        "the words of states have none of these characters",
    ),
    (
        r"((default-page|cancel-default)-.*|offset-ignored-without-limit)@limit=(?!absent$)",
        "limit is given",
    ),
    (
        r"((limit|action-limit)-(?!before).*|offset-(ignored-with-limit|rounded-to-page))"
        r"@limit=absent$",
        "limit is not given",
    ),
    (
        r"(action-limit-capped-at-500|limit-capped-at-\d+|action-limit-beyond-1000)@limit=1$",
        "the limit is below that of the fault",
    ),
    (r"action-limit-beyond-1000@limit=", "no documented limit is above 1000"),
    (r"limit-and-offset-swapped@(offset=absent|limit=absent)$", "one of the two is not given"),
    (r"offset-.*@offset=(absent|0)$", "nothing is skipped"),
    (
        r"last-page-lost@(offset=(absent|0)|limit=1|matches=1)$",
        "no page that begins later is partly filled",
    ),
    (r"offset-rounded-to-page@limit=1$", "each offset is a multiple of 1"),
    (r"offset-counts-pages@limit=1$", "a page is one card"),
    (
        rf"offset-(one-less-after-200|capped-at-100)@{_NOT_PAGED}",
        "no page begins beyond the offset",
    ),
    (r"large-page-gives-500@limit=(absent|1)$", "the page is not larger than the default"),
    (rf"(large-page-gives-500|limit-capped-at-100)@{_NOT_PAGED}", "no page is that large"),
    (rf"limit-capped-at-500@{_NOT_LIMITED}", "no page is that large"),
    (rf"default-page-(99|101|unlimited)@{_NOT_PAGED}", "all cards fit on a page"),
    (rf"default-page-50@{_FEW}", "all cards fit on a page"),
    (
        rf"(cancel-default-100@{_NOT_PAGED}"
        rf"|(cancel-default-(499|1000|unlimited)|action-limit-capped-at-500)@{_NOT_LIMITED})",
        "fewer match than the limit",
    ),
    (r"action-limit-beyond-1000@matches=(?!over-largest$)", "no more match than the limit"),
    (
        rf"(summary-at-most-100|results-of-first-100|multiple-not-needed-for-many)@{_NOT_PAGED}",
        "fewer than a hundred match",
    ),
    (r"multiple-not-needed-for-two@matches=(?!2$)", "only two cards show the fault"),
    (
        r"(multiple-(always-refused|skips-last|cancels|first-only)|results-(lack-last|repeat-first"
        r"|of-first-only|of-first-100)|completion-for-first-card-only|summary-always-one"
        r"|summary-at-most-100)@multiple=(?!1$)",
        "no more than one card changes",
    ),
    (
        r"(multiple-(must-be-last|skips-last|cancels|first-only)|results-(lack-last|repeat-first"
        r"|of-first-only)|completion-for-first-card-only|summary-always-one|multiple-silently-\w+"
        r"|refused-after-\w+|limit-one-more|action-limit-(ignored|one-more|ignored-by-user)"
        r"|newest-card-missing|order-unstable|limit-ignored|list-finds-first-by-\w+)@matches=1$",
        "one card is all that matches",
    ),
    (r"(multiple-silently-\w+|refused-after-\w+|multiple-of-any-value)@multiple=1$", "it is given"),
    (r"multiple-must-be-last@multiple=(?!1$)", "multiple=1 is not given"),
    (
        r"\w+-by-lifecycle-ends-\w+@(by=(?!lifecycleId$)|state=snoozed$)",
        "the fault is about active cards by lifecycleId alone",
    ),
    (
        r"list-shows-next-by-(\w+)@by=(?!\1$)",
        "another attribute is given, or that one is not",
    ),
    (
        r"list-finds-first-by-(\w+)@by=(?!\1$|\1\+status$)",
        "another attribute is given, or that one is not",
    ),
    (
        r"multiple-refused-for-one@(matches=|multiple=|state=mixed$)",
        "the fault needs one card and multiple=1",
    ),
    (r"act-finds-nothing@by=none$", "no attribute is given"),
    (r"order-unstable@limit=1000$", "no second page is needed"),
    (r"newest-card-missing@limit=1$", "the order, and so which card is first, is open"),
    (
        r"no-match-(lists|acts-on)-all@(matches|state)=",
        "the fault needs a query without matching cards",
    ),
    (r"no-match-(lists|acts-on)-all@by=none$", "all cards match"),
    (r"no-match-acts-on-all@multiple=absent$", "several cards are refused, as no match may be"),
    (
        rf"(dismiss|complete|cancel)-({_STATES})(-refused)?@state=(?!\2$)",
        "the fault is about cards in another state",
    ),
    (
        r"(dismiss|complete|cancel)-.*@operation=(?!\1$)",
        "the fault is about another action",
    ),
    (r"multiple-cancels@operation=cancel$", "the action is a cancel"),
    (r"completion-.*@operation=(?!complete$)", "the fault is about complete"),
    (r"cancel-never-done@operation=(?!cancel$)", "the fault is about cancel"),
    (r"cancel-never-done@state=(active|snoozed)$", "the cancel matches a card"),
    (
        r"(snoozed-without-effect@state=active|status-(\w+)-lists-none@state=(?!\2$))",
        "the fault is about cards in one state",
    ),
    (rf"closed-card-[\w-]+@state=({_OPEN})$", "the fault is about closed cards"),
    (r"completed-card-[\w-]+@state=(?!completed$|mixed$)", "the fault is about completed cards"),
    (r"card-always-active@state=active$", "the cards are active"),
    (r"cancelled-card-[\w-]+@state=(?!cancelled$|mixed$)", "the fault is about cancelled cards"),
    (
        r"(created-moves|updated-stays)@state=(active|embargoed)$",
        "the cards have not changed since they were created",
    ),
    (r"(any-token-accepted)@token=none$", "a token is needed for the fault"),
    (
        r"missing-token-accepted@(token=(?!none$)|environment=)",
        "the fault needs a request without a token",
    ),
    (
        r"(bad-number-gives-500)@operation=(dismiss|complete)$",
        "which parameters these actions read is open",
    ),
)
"""Of one condition: patterns of their names from the beginning, and why they never show."""

IMPOSSIBLE: Final[tuple[tuple[str, str], ...]] = (
    (r".*@by=(all|.*status).*@state=mixed$", "cards found by status share it"),
    (r".*@matches=1.*@state=mixed$", "one card has one state"),
    (
        r"(?!multiple-|refused-).*@matches=(?!1@).*@multiple=absent$",
        "several cards are refused, as they should be",
    ),
    (
        r"(?!multiple-|refused-|act-finds-).*@state=mixed.*@multiple=absent$",
        "cards in several states are several, which are refused, as they should be",
    ),
    (
        r"limit-one-(less|more)@matches=(1|2|many|over-page|over-limit)@limit=1000$",
        "fewer match than the limit",
    ),
    (r"limit-and-offset-swapped@matches=1@offset=(inside|page)$", "limit skips the only card"),
    (r".*@token=(none|garbage)@environment=other$", "such a token is of no environment"),
    (
        r"(card-|closed-|completed-|cancelled-|created-|updated-|timestamps-|list-(shows|finds)-)"
        r".*@matches=((1|2|many)@.*offset=page|1@.*offset=inside)$",
        "the offset skips all cards",
    ),
)
"""Of two conditions: likewise, if each of them alone can show."""

PERMITTED: Final[tuple[tuple[str, str], ...]] = (
    (
        r"(completion-(refused|required)|(dismiss|complete)-\w+-refused)"
        r"@matches=over-(page|limit|largest)$",
        "no page says how many cards one dismiss or complete takes",
    ),
    (
        r"(cancel-default-499@state=mixed|action-limit-before-state@matches=(1|2|many|over-page))$",
        "a target may count closed cards towards a limit",
    ),
    (
        r"multiple-refused-with-409@(multiple=(0|other)|body=other)$",
        "something else than a missing multiple may be refused, too, with another status",
    ),
)
"""Of one condition: patterns of the names of mutants that are right, and why."""


DEAR: Final[tuple[tuple[str, str], ...]] = (
    (
        r"(cancel-default-\w+|action-limit-(capped-at-500|beyond-1000|before-state)|results-of-first-100"
        r"|summary-at-most-100|limit-capped-at-500|offset-one-less-after-200)@by=",
        "the fault needs more than a hundred cards for each set of attributes",
    ),
    (
        r"(limit-capped-at-500@state=(?!active$)|(status-\w+-lists-none"
        r"|cancel-(snoozed|embargoed)-refused|completion-[\w-]+)"
        r"@matches=over-(limit|largest)$)",
        "the fault needs more than 500 cards in each state",
    ),
    (
        r"missing-user-agent-gives-500@by=",
        "each operation is sent without a User-Agent by one set of attributes",
    ),
)
"""Of one condition: patterns of the names of mutants that show, but that cost too much to try each.
The suite tries the fault under one of the conditions; whether it would see the others is open."""
DEAR_TOGETHER: Final[tuple[tuple[str, str], ...]] = (
    (
        r".*@by=.*@matches=over-(limit|largest)$",
        "the fault needs more than 500 cards for each set of attributes",
    ),
    (
        r".*@matches=over-(limit|largest)@state=(?!active$|mixed$)",
        "the fault needs more than 500 cards in each state",
    ),
    (
        r"(dismiss|complete|cancel|snoozed|multiple|refused|completion|result|act|summary)"
        r".*@by=(none|all|.*status)@matches=over-page$",
        "the fault needs a hundred cards for each set of attributes, which one action closes",
    ),
    (
        r"action-limit-beyond-1000@matches=over-largest@state=(?!active$)",
        "LIMIT-06 cancels more than a thousand active cards, and no others",
    ),
    (
        r"cancel-default-\w+@matches=over-largest@state=mixed$",
        "the fault needs more than a thousand cards in several states",
    ),
    (
        r"action-limit-before-filter@.*multiple=(?!1$)",
        "the fault needs as many other cards as a cancel without limit closes, for each set",
    ),
    (
        r"action-limit-.*@by=.*@limit=1000$",
        "the fault needs more than a thousand cards for each set of attributes",
    ),
)
"""Of two conditions: likewise."""


@cache
def _reason_alone(name: str) -> str | None:
    return _reason_in(EQUIVALENT, name)


def _reason_in(table: tuple[tuple[str, str], ...], name: str) -> str | None:
    return next((reason for pattern, reason in table if re.match(pattern, name)), None)


def equivalence_of(fault: str, conditions: Point) -> str | None:
    """Why a fault never shows under some conditions; ``None`` if it can show."""
    for name, value in conditions.items():
        if reason := _reason_alone(name_of(fault, {name: value})):
            return reason
    return _reason_in(IMPOSSIBLE, name_of(fault, conditions)) if len(conditions) > 1 else None


def cost_of(fault: str, conditions: Point) -> str | None:
    """Why no contract tries a fault under some conditions; ``None`` if some should see it."""
    names = (name_of(fault, {name: value}) for name, value in conditions.items())
    alone = next((reason for name in names if (reason := _reason_in(DEAR, name))), None)
    return alone or _reason_in(DEAR_TOGETHER, name_of(fault, conditions))


def permission_of(fault: str, conditions: Point) -> str | None:
    """Why a target may do what a fault does under some conditions; ``None`` if it may not."""
    names = (name_of(fault, {name: value}) for name, value in conditions.items())
    return next((reason for name in names if (reason := _reason_in(PERMITTED, name))), None)
