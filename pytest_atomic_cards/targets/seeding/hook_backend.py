"""Seeding by the hook ``pytest_atomic_cards_seed`` of the user's project."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.settings import Settings
from pytest_atomic_cards.support.clock import Clock
from pytest_atomic_cards.support.errors import ContractBrokenError, SettingsError
from pytest_atomic_cards.support.recorder import Recorder
from pytest_atomic_cards.targets.seeding.live_backend import LiveBackend

SeedHook = Callable[[Sequence[CardSpec], str], object]
"""Creates cards, given what is wanted and the invocation that they should share."""


class HookBackend(LiveBackend):
    """Lets the user's project create the cards.

    Args:
        seed: Calls the hook; ``None`` in a replay.
        settings: As for :class:`LiveBackend`.
        clock: As for :class:`LiveBackend`.
        recorder: Records the run, or replays it. A recording does not hold what a hook does, only
            the invocations that it is given.
    """

    def __init__(
        self, seed: SeedHook | None, settings: Settings, clock: Clock, recorder: Recorder
    ) -> None:
        super().__init__(settings, clock, recorder.randomness)
        self._seed = seed
        self._recorder = recorder

    def place(
        self, population: Population, users: Sequence[str], invocation: str | None = None
    ) -> str:
        """Call the hook with active or embargoed cards, each for a customer."""
        wanted = invocation or f"invocation-{self._recorder.randomness.token()}"
        if self._recorder.is_replayed:
            return wanted
        if self._seed is None:
            raise SettingsError(NO_HOOK)
        cards = [
            replace(spec, user_id=user, status=Status.ACTIVE, snooze=None)
            for spec, user in zip(population, users, strict=True)
        ]
        given = self._seed(cards, wanted)
        if not isinstance(given, str) or not given:
            raise ContractBrokenError(
                f"pytest_atomic_cards_seed returned {given!r} and not the flowInvocationId of the "
                "cards"
            )
        if self._recorder.is_used and given != wanted:
            raise ContractBrokenError(
                "pytest_atomic_cards_seed did not use the flow_invocation_id that it was given, "
                "which a recording needs"
            )
        return given


NO_HOOK = (
    "ATOMIC_CARDS_SEEDING=hook needs the hook pytest_atomic_cards_seed in a conftest.py, or in a "
    "module that -p names"
)
