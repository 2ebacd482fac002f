"""``openapi.yaml`` as Schemathesis reads it: requests that it allows, or does not.

Schemathesis is the extra ``contracts``; nothing of it is imported before it is needed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from pytest_atomic_cards.client.request import encode_json
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.support.errors import NotAvailableError

if TYPE_CHECKING:
    import schemathesis
    from hypothesis.strategies import SearchStrategy

DOCUMENT: Final = str(resources.files("pytest_atomic_cards.contracts").joinpath("openapi.yaml"))
"""Path of ``openapi.yaml``."""

OPERATIONS: Final[Mapping[str, Action | None]] = MappingProxyType(
    {"listCards": None} | {f"{action}Cards": action for action in Action}
)
"""The operations by their id; the action, or ``None`` for the listing."""

INSTALL: Final = (
    "openapi.yaml is read by Schemathesis, which is not installed; "
    'pip install "pytest-atomic-cards[contracts]"'
)
_LONGEST: Final = 200
"""Characters of a name or a value, as servers bound the length of a URL."""


@dataclass(frozen=True, slots=True)
class Generated:
    """What was generated of a request.

    Args:
        parameters: Query parameters, unencoded. Text, but for what is malformed on purpose.
        body: The body; empty for none.
    """

    parameters: Mapping[str, str]
    body: bytes


class Document:
    """``openapi.yaml``, loaded.

    Args:
        seed: Where the generation of values starts.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    @cached_property
    def schema(self) -> Any:  # noqa: ANN401 - of Schemathesis
        """The document, read by Schemathesis.

        Raises:
            NotAvailableError: Schemathesis is not installed.
        """
        try:
            import schemathesis  # noqa: PLC0415 - an extra, and slow
        except ImportError:
            raise NotAvailableError(INSTALL) from None
        config = {"seed": self._seed, "generation": {"allow-x00": False}}
        return schemathesis.openapi.from_path(
            DOCUMENT, config=schemathesis.Config.from_dict(config)
        )

    def operation(self, operation_id: str) -> schemathesis.APIOperation[Any, Any, Any, Any]:
        """An operation by its id."""
        operation: schemathesis.APIOperation[Any, Any, Any, Any]
        operation = self.schema.find_operation_by_id(operation_id)
        return operation

    def requests(self, operation_id: str, *, malformed: bool = False) -> SearchStrategy[Generated]:
        """Requests to an operation that the document allows, or that break it somewhere.

        Values hold no control characters but where they are malformed. Environment and token are
        left to the sender. Nothing is read before the first one is drawn.
        """
        return st.deferred(lambda: self._requests(operation_id, malformed=malformed))

    def _requests(self, operation_id: str, *, malformed: bool) -> SearchStrategy[Generated]:
        from schemathesis import GenerationMode  # noqa: PLC0415

        mode = GenerationMode.NEGATIVE if malformed else GenerationMode.POSITIVE
        cases: SearchStrategy[schemathesis.Case[Any]] = self.operation(operation_id).as_strategy(
            mode,
            path_parameters={"environmentId": "-"},
            headers={"Authorization": "-"},
        )
        return cases.map(lambda case: _generated(case, as_it_is=malformed))


def _generated(case: schemathesis.Case[Any], *, as_it_is: bool) -> Generated:
    texts = {name[:_LONGEST]: _text(value)[:_LONGEST] for name, value in case.query.items()}
    if not as_it_is:
        texts = {name: kept for name, value in texts.items() if (kept := _without_controls(value))}
    return Generated(texts, _body(case.body))


def _text(value: Any) -> str:  # noqa: ANN401 - a JSON value
    return value if isinstance(value, str) else json.dumps(value)


def _without_controls(value: str) -> str:
    return "".join(filter(str.isprintable, value)).strip()


def _body(body: Any) -> bytes:  # noqa: ANN401 - a JSON value, bytes, or none
    from schemathesis.core import NOT_SET  # noqa: PLC0415

    if body is NOT_SET:
        return b""
    return body if isinstance(body, bytes) else encode_json(body)
