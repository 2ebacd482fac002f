"""Recipe: a HAR file, saved from a browser or a proxy, held against the contract.

On the command line: ``atomic-cards audit session.har``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_atomic_cards.plugin.cli import main

SESSION: dict[str, Any] = {
    "log": {
        "version": "1.2",
        "creator": {"name": "a browser", "version": "1"},
        "entries": [
            {
                "startedDateTime": "2026-01-02T03:04:05.678Z",
                "time": 12,
                "request": {
                    "method": "GET",
                    "url": "https://acme.customer-api.atomic.io/v1/e/cards?userId=1&limit=1",
                    "httpVersion": "HTTP/2",
                    "headers": [],
                },
                "response": {
                    "status": 200,
                    "statusText": "OK",
                    "httpVersion": "HTTP/2",
                    "headers": [{"name": "content-type", "value": "application/json"}],
                    "content": {"mimeType": "application/json", "text": ""},
                },
            }
        ],
    }
}


@pytest.mark.parametrize(("cards", "exit_code"), [(1, 0), (2, 1)])
def test_a_listing_must_keep_to_its_limit(
    cards: int, exit_code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """The exit code tells a listing within its limit from one with a card too many."""
    listed = [card(number) for number in range(cards)]
    entry = SESSION["log"]["entries"][0]
    content = entry["response"]["content"] | {"text": json.dumps({"data": listed})}
    entry = entry | {"response": entry["response"] | {"content": content}}
    session = tmp_path / "session.har"
    session.write_text(json.dumps({"log": SESSION["log"] | {"entries": [entry]}}))

    assert main(["audit", str(session)]) == exit_code
    told = capsys.readouterr().out
    assert ("PAGE-02 (documented) violated" in told) == bool(exit_code)


def card(number: int) -> dict[str, Any]:
    """A card as the Cards API page shows it."""
    texts = ("eventName", "eventSource", "cardTemplateId", "cardTemplateName", "lifecycleId")
    texts += ("flowInstanceId", "flowInvocationId")
    return {
        **dict.fromkeys(texts, "a"),
        "cardInstanceId": str(number),
        "userId": "1",
        "status": "active",
        "definition": {},
        "payload": {
            "detail": {},
            "target": {"usersById": ["1"]},
            "cardOptions": {},
            "metadata": {},
        },
        "created": "2020-01-14T23:03:04.239Z",
        "updated": "2020-01-14T23:03:04.239Z",
    }
