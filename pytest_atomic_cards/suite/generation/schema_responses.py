"""The responses that ``openapi.yaml`` allows.

Validated with the JSON Schema validator that Schemathesis depends on, but without Schemathesis: a
replay generates nothing, and importing Schemathesis takes longer than validating every response.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from pytest_atomic_cards.suite.generation.schema_document import DOCUMENT, INSTALL
from pytest_atomic_cards.support.errors import NotAvailableError

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, ValidationError

    from pytest_atomic_cards.model.exchange import Exchange

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_TOLD: Final = 3
"""Reported errors of a body: further ones usually have the same cause."""
_LONGEST: Final = 300
"""Characters of a validation error, as it quotes the offending value, which may be a whole page."""


class Answers:
    """The allowed responses of each operation."""

    @cached_property
    def _document(self) -> dict[str, Any]:
        document: dict[str, Any] = yaml.load(Path(DOCUMENT).read_text("utf-8"), _LOADER)  # noqa: S506 - a safe one
        return document

    @cached_property
    def _operations(self) -> dict[str, Mapping[str, Any]]:
        """The documented responses of each operation, by its id."""
        return {
            operation["operationId"]: operation["responses"]
            for path in self._document["paths"].values()
            for operation in path.values()
            if "operationId" in operation
        }

    def objections(self, operation_id: str, exchange: Exchange) -> list[str]:
        """How a response deviates from the document, one sentence each.

        Only the status is checked if there is no body, as when no card matches, and
        of a refusal, whose body is not documented. At most the first few errors of a body are
        reported.

        Raises:
            NotAvailableError: The validator is not installed.
        """
        responses, status = self._operations[operation_id], str(exchange.status)
        response = responses.get(status) or responses.get(f"{status[0]}XX")
        if response is None and exchange.succeeded:
            response = responses["200"]  # no page names the status of a success
        if response is None:
            return [f"HTTP {status} is neither a success nor a refusal"]
        if not exchange.response_body or (exchange.status or 0) >= HTTPStatus.BAD_REQUEST:
            return []
        return list(self._against_body(self._resolved(response).get("content", {}), exchange))

    def _against_body(self, content: Mapping[str, Any], exchange: Exchange) -> Iterator[str]:
        if not content:
            return
        header = exchange.response_headers.get("content-type", "")
        kind = header.partition(";")[0].strip().lower()
        if not is_json(kind):
            yield f"Content-Type {header or 'is missing'}; documented is {', '.join(content)}"
        if kind and not is_json(kind):
            return
        body = exchange.json()
        if body is None and exchange.response_body.strip() != b"null":
            yield "the body is not JSON"
            return
        reference = content["application/json"]["schema"]["$ref"]
        yield from map(_sentence, islice(self._validator(reference).iter_errors(body), _MOST_TOLD))

    def _resolved(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """Resolve a reference, such as ``#/components/responses/Acted``."""
        if "$ref" not in value:
            return value
        found: Any = self._document
        for name in value["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        return found  # type: ignore[no-any-return]

    @lru_cache  # noqa: B019 - there is one of this class
    def _validator(self, reference: str) -> Draft202012Validator:
        try:
            from jsonschema_rs import Draft202012Validator  # noqa: PLC0415 - of the extra
        except ImportError:
            raise NotAvailableError(INSTALL) from None
        schema = {"$ref": reference, "components": self._document["components"]}
        return Draft202012Validator(schema)


def is_json(kind: str) -> bool:
    """Whether a media type is that of JSON, or of a narrower format of it (RFC 6839)."""
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


def _sentence(outermost: ValidationError) -> str:
    error = outermost
    while forms := getattr(error.kind, "context", None):
        error = forms[0][0]  # of several forms of a value the expected one is the first
    location = "".join(f"[{step!r}]" for step in error.instance_path)
    message = error.message.replace("\n", " ")
    shown = message if len(message) <= _LONGEST else f"…{message[-_LONGEST:]}"
    return f"the body{' at ' if location else ''}{location}: {shown}"
