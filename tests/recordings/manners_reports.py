"""How reports of other tools write the same exchanges down."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from manners_cassettes import as_yaml, date_of
from manners_har import as_json, in_base64

from pytest_atomic_cards.model.exchange import Exchange


def newman(all_: Sequence[Exchange]) -> bytes:
    """newman: the URL in parts, the body as a list of bytes."""
    executions = []
    for one in all_:
        parts = urlsplit(one.url)
        query = parse_qsl(parts.query, keep_blank_values=True)
        executions.append(
            {
                "cursor": {"iteration": 0},
                "item": {"name": "list", "request": {"method": "GET"}},
                "request": {
                    "url": {
                        "protocol": parts.scheme,
                        "host": (parts.hostname or "").split("."),
                        "path": parts.path.strip("/").split("/"),
                        "query": [{"key": name, "value": value} for name, value in query],
                    },
                    "header": [{"key": "Accept", "value": "*/*"}],
                    "method": one.method,
                    "body": {"mode": "raw", "raw": one.request_body.decode()},
                },
                "response": {
                    "status": "OK",
                    "code": one.status,
                    "header": [
                        {"key": "Content-Type", "value": "application/json"},
                        {"key": "Date", "value": date_of(one)},
                    ],
                    "stream": {"type": "Buffer", "data": list(one.response_body)},
                    "responseTime": 12,
                },
            }
        )
    collection = {"info": {"name": "cards"}, "item": []}
    return as_json({"collection": collection, "run": {"stats": {}, "executions": executions}})


def schemathesis_vcr(all_: Sequence[Exchange]) -> bytes:
    """Schemathesis, VCR: the status as text."""
    exchanges = [
        {
            "id": str(number),
            "request": {
                "uri": one.url,
                "method": one.method,
                "headers": {"Authorization": ["[Filtered]"]},
                "body": {"encoding": "utf-8", "string": one.request_body.decode()},
            },
            "response": {
                "status": {"code": str(one.status), "message": "OK"},
                "elapsed": str(one.elapsed),
                "headers": {name: [value] for name, value in one.response_headers.items()},
                "body": {"encoding": "utf-8", "base64_string": in_base64(one.response_body)},
            },
            "recorded_at": one.started.isoformat(),
        }
        for number, one in enumerate(all_)
    ]
    return as_yaml({"recorded_with": "Schemathesis 4", "http_interactions": exchanges})


def schemathesis_ndjson(all_: Sequence[Exchange]) -> bytes:
    """Schemathesis, NDJSON: several exchanges in one event."""
    exchanges = {
        str(number): {
            "request": {"method": one.method, "uri": one.url, "headers": {}},
            "response": {
                "status_code": one.status,
                "headers": {name: [value] for name, value in one.response_headers.items()},
                "content": {"$base64": in_base64(one.response_body)} if one.response_body else None,
                "elapsed": one.elapsed,
            },
            "timestamp": one.started.timestamp(),
        }
        for number, one in enumerate(all_)
    }
    events = [{"Initialize": {}}, {"ScenarioFinished": {"recorder": {"interactions": exchanges}}}]
    return b"".join(as_json(event) + b"\n" for event in events)


REPORT_MANNERS = (newman, schemathesis_vcr, schemathesis_ndjson)
