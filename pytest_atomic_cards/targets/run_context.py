"""RunContext: state shared by all requests of one process in one run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_atomic_cards.client.circuit_breaker import CircuitBreaker
from pytest_atomic_cards.client.deadline import Deadline
from pytest_atomic_cards.client.rate_limit import AcceptedRate

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

    from pytest_atomic_cards.targets.seeding.hook_backend import SeedHook


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """State shared by all requests of one process in one run.

    Args:
        token_cache: File in which the worker processes of a run share their access token.
        workers: How many processes share the limits of the run.
        rate: The rate of requests, which adapts to the target; each target has its own if left out.
        deadline: When nothing more is sent.
        breaker: Knows which parts of the target are down.
        app: Transport of the application in this process, if that is the target.
        seed: Creates cards, if the user's project does that.
    """

    token_cache: Path | None = None
    workers: int = 1
    rate: AcceptedRate | None = None
    deadline: Deadline = field(default_factory=Deadline)
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    app: BaseAdapter | None = None
    seed: SeedHook | None = None

    @classmethod
    def of_worker(
        cls,
        token_cache: Path | None,
        workers: int,
        deadline: Deadline,
        max_rate: float | None = None,
    ) -> RunContext:
        """The context of a worker process, which shares files next to the token cache.

        Args:
            token_cache: As above; ``None`` for a single process.
            workers: How many processes share the rate of requests.
            deadline: As above.
            max_rate: Most requests a second of all of them; ``None`` for no limit.
        """

        def shared(name: str) -> Path | None:
            return token_cache and token_cache.with_name(f"{token_cache.name}-{name}")

        return cls(
            token_cache=token_cache,
            workers=workers,
            rate=AcceptedRate(max_rate, workers=workers, file=shared("rate")),
            deadline=deadline,
            breaker=CircuitBreaker(shared("circuits")),
        )

    def describe(self) -> list[str]:
        """Lines on what the target could not take: parts that were down, and a limited rate."""
        return [*self.breaker.describe(), *(self.rate.describe() if self.rate else ())]
