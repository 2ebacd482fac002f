"""``openapi.yaml``, loaded by Schemathesis: generates valid and malformed requests.

Schemathesis is in the extra ``contracts``; it is imported only when it is needed.
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
    "reading openapi.yaml needs Schemathesis, which is not installed "
    '(run: pip install "pytest-atomic-cards[contracts]")'
)
_LONGEST: Final = 200
"""Characters of a name or a value, as servers limit the length of a URL."""


@dataclass(frozen=True, slots=True)
class Generated:
    """The generated parts of a request.

    Args:
        parameters: Query parameters, unencoded.
        body: The body; empty for none.
    """

    parameters: Mapping[str, str]
    body: bytes


class Document:
    """``openapi.yaml``, loaded.

    Args:
        seed: The seed of the generation.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    @cached_property
    def schema(self) -> Any:  # noqa: ANN401 - of Schemathesis
        """The document, loaded by Schemathesis.

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
        """Requests to an operation that the document allows, or malformed ones.

        Only malformed requests contain control characters. The sender adds environment and token.
        The document is loaded when the first request is drawn.
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
        return cases.map(lambda case: _generated(case, keep_controls=malformed))


def _generated(case: schemathesis.Case[Any], *, keep_controls: bool) -> Generated:
    texts = {name[:_LONGEST]: _text(value)[:_LONGEST] for name, value in case.query.items()}
    if not keep_controls:
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
