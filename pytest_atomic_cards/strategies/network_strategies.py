"""Strategies for network faults."""

from __future__ import annotations

from collections.abc import Collection

from hypothesis import strategies as st

from pytest_atomic_cards.model.network_faults import API, NetworkFault, NetworkFaultKind


def network_faults(
    *,
    kinds: Collection[NetworkFaultKind] = tuple(NetworkFaultKind),
    method: str | None = None,
    path: str = API,
    max_size: int = 5,
    longest_delay: float = 0.01,
) -> st.SearchStrategy[list[NetworkFault]]:
    """Faults for :meth:`NetworkFaults.inject_all`. Shrinks to no fault.

    Args:
        kinds: What may go wrong.
        method: Only requests with this HTTP method are affected; all if ``None``.
        path: Only requests with this in their path are affected.
        max_size: The maximum number of faults.
        longest_delay: The longest delay of a response, in seconds. ``Retry-After`` is 0.
    """
    fault = st.builds(
        NetworkFault,
        st.sampled_from(list(kinds)),
        times=st.integers(1, 3),
        skip=st.integers(0, 5),
        method=st.just(method),
        path=st.just(path),
        retry_after=st.just(0),
        delay=st.floats(0, longest_delay),
    )
    return st.lists(fault, max_size=max_size)
