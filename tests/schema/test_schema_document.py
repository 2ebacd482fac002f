"""openapi.yaml: what it declares, and what it generates."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.model.query import Attribute
from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.suite.generation.schema_document import (
    DOCUMENT,
    OPERATIONS,
    Document,
    Generated,
)
from pytest_atomic_cards.support.errors import NotAvailableError

ATTRIBUTES = set(Attribute)


@pytest.fixture(scope="module")
def document() -> Document:
    """The document that ships with the suite."""
    return Document(seed=1)


def test_it_is_valid(document: Document):
    """It is valid by the schema of OpenAPI 3.1."""
    assert document.schema.raw_schema["openapi"].startswith("3.1.")
    document.schema.validate()


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]):
    """``atomic-cards openapi`` prints the document as it is."""
    assert main(["openapi"]) == 0
    assert capsys.readouterr().out == Path(DOCUMENT).read_text("utf-8")


def test_its_operations_are_the_documented_ones(document: Document):
    """It has a listing, each action, the start of a flow and the token endpoint, with OAuth 2."""
    found = {
        (operation.method.upper(), operation.path): operation.definition.raw["operationId"]
        for operation in (result.ok() for result in document.schema.get_all_operations())
    }
    root, flow = "/v1/{environmentId}/cards", "/v1/{environmentId}/action-flow/{flowConfigId}"
    cards = {("GET", root): "listCards"} | {
        ("PUT", f"{root}/{action}"): f"{action}Cards" for action in Action
    }
    assert set(OPERATIONS) == set(cards.values())
    assert found == cards | {
        ("POST", f"{flow}/start"): "startFlow",
        ("POST", f"{flow}/test"): "testFlow",
        ("POST", "/oauth2/token"): "issueToken",
    }
    schemes = document.schema.raw_schema["components"]["securitySchemes"]
    assert {name: scheme["type"] for name, scheme in schemes.items()} == {
        "oauth2": "oauth2",
        "token": "http",
        "client": "http",
    }
    assert "clientCredentials" in schemes["oauth2"]["flows"]


def test_its_default_servers_are_on_this_machine(document: Document):
    """No request goes to a real host unless somebody chooses one."""
    raw = document.schema.raw_schema
    servers = [raw["servers"][0], *raw["paths"]["/oauth2/token"]["servers"]]
    assert all(server["url"].startswith("http://127.0.0.1:") for server in servers)
    flow = raw["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
    assert flow["tokenUrl"].startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("operation", "others"),
    [
        ("listCards", {"limit", "offset"}),
        ("dismissCards", {"multiple"}),
        ("cancelCards", {"multiple", "limit"}),
        ("completeCards", {"multiple"}),
    ],
)
def test_its_parameters_are_the_documented_ones(
    operation: str, others: set[str], document: Document
):
    """Each operation has the seven attributes, and its other documented parameters."""
    parameters = {parameter.name for parameter in document.operation(operation).query}
    assert parameters == ATTRIBUTES | others
    assert not any(parameter.is_required for parameter in document.operation(operation).query)


def drawn(operation: str, *, of: int, malformed: bool = False) -> list[Generated]:
    """The requests that a document generates with a seed."""
    found: list[Generated] = []

    @seed(of)
    @settings(
        max_examples=25,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(Document(of).requests(operation, malformed=malformed))
    def collect(generated: Generated) -> None:
        found.append(generated)

    collect()
    return found


def test_the_same_seed_generates_the_same_requests():
    """The seed determines the requests."""
    assert drawn("cancelCards", of=3) == drawn("cancelCards", of=3) != drawn("cancelCards", of=4)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_it_generates_documented_requests(operation: str, document: Document):
    """Values are legal: not empty, printable, within the documented ranges."""
    known = {parameter.name for parameter in document.operation(operation).query}
    found = drawn(operation, of=1)
    assert any(len(generated.parameters) > 3 for generated in found)
    for generated in found:
        assert generated.parameters.keys() <= known
        assert all(text and text.isprintable() for text in generated.parameters.values())
        assert generated.parameters.get("multiple", "1") == "1"
        assert 1 <= int(generated.parameters.get("limit", "1")) <= 1000
        assert int(generated.parameters.get("offset", "0")) >= 0
        if generated.body:
            assert operation == "completeCards"
            assert isinstance(json.loads(generated.body), dict)


def test_it_generates_malformed_requests():
    """Malformed requests include invalid limits, and bodies that are not JSON."""
    limits = {
        generated.parameters.get("limit", "1")
        for generated in drawn("listCards", of=1, malformed=True)
    }
    assert any(not text.isdigit() for text in limits)
    bodies = [generated.body for generated in drawn("completeCards", of=1, malformed=True)]
    assert any(not is_json(body) for body in bodies if body)


def is_json(body: bytes) -> bool:
    """Whether a body is JSON."""
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def test_without_schemathesis_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch):
    """If the extra is missing, the error names it."""
    monkeypatch.setitem(sys.modules, "schemathesis", None)
    with pytest.raises(NotAvailableError, match=r'pip install "pytest-atomic-cards\[contracts\]"'):
        _ = Document(seed=1).schema
