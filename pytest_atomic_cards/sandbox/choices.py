"""What the sandbox does where no page says anything and no profile can change it.

``contracts/README.md`` lists these choices, and a test shows each of them. What a profile can
change is an open question, in :mod:`pytest_atomic_cards.model.profile`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CHOICES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "repeated control": "Of limit, offset or multiple given twice, the last one counts.",
        "plus sign": "A + in a query string is a space; %2B is a plus sign.",
        "leading zeros": "limit=05 is 5.",
        "parameter names": "Names of parameters are case-sensitive.",
        "broken escape": "A broken percent escape, or a query that is not UTF-8, gets 400.",
        "method before token": "A wrong method is refused before a missing token.",
        "token before query": "A missing token is refused before a malformed query.",
        "needless body": "The body of a dismiss or cancel is ignored.",
        "payload for each": "With multiple=1 each completed card gets the payload.",
        "invalid JSON": "A completion payload that is not JSON, or nested too deep, gets 400.",
        "large body": "A body of more than 10 MB gets 413, and a compressed one 415.",
        "test users": "An environment has no test users until some are named.",
        "all test users": "allTestUsers of a target, if true, means all of them in any start.",
        "bulk target": "A target that names anything else is a bulk target: it reaches nobody "
        "but its usersById, and its task ends at once.",
        "unpublished flow": "A start of an Action Flow that is not published gets 400.",
        "unknown flow": "A start of an Action Flow that does not exist gets 404.",
    }
)
"""Topic → what the sandbox does."""
