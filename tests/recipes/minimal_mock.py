"""A mock of the Cards API that satisfies the contract, with nothing but the standard library.

``python minimal_mock.py 8080`` serves it, and ``atomic-cards check --cards-app minimal_mock:app``
checks it without a socket. The comments name what a first mock usually lacks.
"""

import base64
import json
import re
import sys
from collections import defaultdict
from datetime import UTC, datetime
from http import HTTPStatus
from secrets import token_hex
from socketserver import ThreadingMixIn
from threading import RLock
from time import time
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIServer, make_server

CREDENTIAL = "client:only-for-tests"
OPEN = {"active", "embargoed"}
RESULT = ("userId", "eventName", "cardTemplateId", "lifecycleId", "cardInstanceId")
FILTERS = (*RESULT[:-1], "flowInstanceId", "flowInvocationId")
OUTCOMES = {"dismiss": "dismissed", "complete": "completed", "cancel": "cancelled"}
lock, tokens, cards = RLock(), set(), defaultdict(list)  # the cards of each environment


class Refusal(Exception):
    """A response with a status of 4xx."""


def app(environ, start_response):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    query = {name: values[-1] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    try:
        with lock:  # of overlapping actions on a card, exactly one takes effect
            status, body = 200, respond(environ, query, environ["wsgi.input"].read(length))
    except Refusal as refusal:
        status, body = refusal.args[0], {"message": refusal.args[1]}
    content = json.dumps(body).encode()
    kind = [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
    start_response(f"{status} {HTTPStatus(status).phrase}", kind)
    return [content]


def respond(environ, query, body):
    scheme, _, secret = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    match environ["REQUEST_METHOD"], environ["PATH_INFO"].split("/")[1:]:
        case "POST", ["oauth2", "token"]:
            if secret != base64.b64encode(CREDENTIAL.encode()).decode():
                raise Refusal(401, "invalid_client")
            tokens.add(token := token_hex(16))  # earlier tokens stay valid
            return {"access_token": token, "expires_in": 3600, "token_type": "Bearer"}
        case _ if scheme.lower() != "bearer" or secret not in tokens:
            raise Refusal(401, "no valid token")
        case _ if not environ.get("HTTP_USER_AGENT"):
            raise Refusal(400, "no User-Agent")
        case "GET", ["v1", environment, "cards"]:
            start, size = number(query, "offset", 0), number(query, "limit", 100)
            return {"data": [shown(card) for card in found(environment, query)[start:][:size]]}
        case "PUT", ["v1", environment, "cards", action] if action in OUTCOMES:
            return act(action, environment, query)
        case "POST", ["v1", environment, "action-flow", flow, "start" | "test"]:
            return start_flow(environment, flow, json.loads(body))
    raise Refusal(404, "no such resource")


def number(query, name, default):
    return int(query[name]) if query.get(name, "").isdecimal() else default


def found(environment, query):
    wanted = {name: query[name] for name in FILTERS if name in query}.items()
    states = {query["status"]} if "status" in query else OPEN  # closed cards by status only
    pass_time(environment)
    known = cards[environment]
    return [card for card in known if wanted <= card.items() and card["status"] in states]


def pass_time(environment):
    for card in cards[environment]:
        if card["status"] == "embargoed" and card["embargo"] <= time():
            card["status"] = "active"
        if card["status"] == "active" and card["expires"] <= time():
            card["status"] = "expired"


def act(action, environment, query):
    matched = found(environment, query)
    if action != "cancel":  # an embargoed card can only be cancelled
        matched = [card for card in matched if card["status"] != "embargoed"]
    changed = [card for card in matched if card["status"] in OPEN]
    if len(changed) > 1 and query.get("multiple") != "1":
        raise Refusal(400, "several cards match; set multiple=1")  # before any is changed
    changed = changed[: min(number(query, "limit", 500), 1000)]
    for card in changed:  # a timer leaves updated alone, an action moves it forward
        card["status"] = OUTCOMES[action]
        card["updated"] = max(round(time() * 1000), card["updated"] + 1)
    results = [
        {name: card[name] for name in RESULT} | {"eventSource": "live", "action": action}
        for card in changed
    ]
    return {"data": results, "summary": {"total": len(changed), "updated": len(changed)}}


def start_flow(environment, flow, body):
    invocation = body.get("flowInvocationId") or token_hex(8)  # a further start may join one
    for target in body["flows"]:
        payload = target.get("payload", {})
        for user in target["target"]["usersById"]:
            create(environment, flow, invocation, user, payload)
    return {"flowInvocationId": invocation}


def create(environment, flow, invocation, user, payload):
    options, made = payload.get("cardOptions", {}), time()
    embargo, expires = moment(options.get("embargo"), 0), moment(options.get("expires"), 1e12)
    if interval := re.fullmatch(r"P(?:(\d+)D)?(?:T([\d.]+)S)?", options.get("expiresInterval", "")):
        expires = made + 86_400 * int(interval[1] or 0) + float(interval[2] or 0)
    card = {
        "userId": user,
        "eventName": flow,
        "cardTemplateId": f"template-of-{flow}",
        **{name: token_hex(8) for name in ("lifecycleId", "flowInstanceId", "cardInstanceId")},
        "flowInvocationId": invocation,
        "status": "embargoed" if embargo > made else "active",
        "created": round(made * 1000),
        "updated": round(made * 1000),
        "payload": {
            "detail": payload.get("variables", {}),
            "target": {"usersById": [user]},
            "cardOptions": options,
            "metadata": payload.get("metadata", {}),
        },
        "embargo": embargo,
        "expires": expires,
    }
    cards[environment].append(card)


def moment(text, default):
    return datetime.fromisoformat(text).timestamp() if text else default


def shown(card):
    hidden = {"embargo", "expires"}
    times = {name: written(card[name]) for name in ("created", "updated")}
    more = {"eventSource": "live", "cardTemplateName": "Card", "definition": {}}
    return {name: card[name] for name in card.keys() - hidden} | times | more


def written(ms):
    text = datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


class ThreadingServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


if __name__ == "__main__":
    with make_server("127.0.0.1", int(sys.argv[1]), app, ThreadingServer) as server:
        server.serve_forever()
