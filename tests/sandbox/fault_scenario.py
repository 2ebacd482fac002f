"""A scripted session with a sandbox, whose transcript every fault must change."""

from __future__ import annotations

import json
import re
import threading
from datetime import UTC, datetime, timedelta
from itertools import product, zip_longest
from typing import TYPE_CHECKING, Any

from sandbox_api import Api, Reply

from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.sandbox import Sandbox, SandboxClock

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER_ERROR = 500
_START = datetime(2020, 1, 1, tzinfo=UTC)
_ODD_VALUES = (
    "a b",
    "a+b",
    "a%20b",
    "a%2Bb",
    "a&b",
    "a=b",
    "a#b",
    "é",
    "x" * 70,
    "it's",
    "~",
    "%",
    "7",
    "a\0b",
)
_NEAR_VALUES = ("ab", "a", "a\u00e9", "x" * 69 + "y", "007", " a", "zz", "è")


def _cards(prefix: str, specs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Specs with all ids fixed, so that two sandboxes have the same cards."""
    ids = ("card_instance_id", "lifecycle_id", "flow_instance_id", "flow_invocation_id", "user_id")
    return [
        {name: f"{prefix}-{name}-{number}" for name in ids} | {"created": _START} | spec
        for number, spec in enumerate(specs)
    ]


def _filters(api: Api) -> Iterator[object]:
    values = [*_ODD_VALUES, *_NEAR_VALUES]
    api.environment.seed(_cards("odd", [{"event_name": value} for value in values]))
    for value in values:
        yield api.get(eventName=value).body
    yield api.request("GET", f"{api.prefix}/cards", "eventName=a+b").body
    for number, value in enumerate(values[:6]):
        yield api.put("dismiss", eventName=value, multiple=1).body
        yield api.get(userId=f"odd-user_id-{number}").json["data"][0]["status"]
    grid = [
        {
            "user_id": f"g{n % 2}",
            "card_template_id": f"t{n % 3}",
            "event_name": f"e{n % 5}",
            "lifecycle_id": f"l{n % 7}",
            "flow_instance_id": f"i{n % 11}",
            "flow_invocation_id": f"v{n % 4}",
            "variables": {"n": n, "s": "é"},
        }
        for n in range(30)
    ]
    api.environment.seed(_cards("grid", grid))
    names = (
        "userId",
        "cardTemplateId",
        "eventName",
        "lifecycleId",
        "flowInstanceId",
        "flowInvocationId",
    )
    values = ("g1", "t1", "e1", "l1", "i1", "v1")
    for count in range(1, 7):
        pairs = dict(zip(names[:count], values[:count], strict=True))
        yield api.get(**pairs).body
        yield api.get(**pairs, status="active").body
        yield api.get(**pairs | {"userId": "nobody"}).body
    for name, value in zip(names, values, strict=True):
        yield api.get(**{name: value}).body
        yield api.get(**{name: "nobody"}).body
        yield api.put("dismiss", **{name: "nobody"}, multiple=1).body
        yield api.put("dismiss", **{name: value}, status="snoozed", multiple=1).body
        yield api.put("dismiss", **{name: value}, limit=1, multiple=1).body
    yield api.put("dismiss", userId="g0", cardTemplateId="t2", eventName="e2", multiple=1).body
    yield api.put("cancel", userId="g0", cardTemplateId="t2", eventName="e3", multiple=1).body


def _pages(api: Api) -> Iterator[object]:
    api.environment.seed(_cards("page", [{"user_id": "p"} for _ in range(230)]))
    for window in (
        {}, {"limit": 1}, {"limit": 5, "offset": 3}, {"offset": 100}, {"offset": 200},
        {"limit": 150}, {"limit": 100, "offset": 210}, {"offset": 500}, {"limit": 3},
    ):  # fmt: skip
        yield api.get(userId="p", **window).ids
        yield api.get(**window).ids


def _actions(api: Api) -> Iterator[object]:
    for action in Action:
        for status in Status:
            spec = {"user_id": f"{action}-{status}", "status": status}
            api.environment.seed(_cards(f"{action}-{status}", [spec]))
            yield api.get(userId=spec["user_id"], status=status).body
            yield api.put(action, userId=spec["user_id"]).body
            yield api.get(userId=spec["user_id"]).json
            yield api.get(userId=spec["user_id"], status=status).body
        for multiple in ({}, {"multiple": 1}):
            for count in (2, 3):
                name = f"{action}-{count}-{len(multiple)}"
                api.environment.seed(_cards(name, [{"user_id": name}] * count))
                reply = api.put(action, b'{"a": 1, "b": "x"}', userId=name, **multiple)
                yield reply.status, reply.headers, reply.body
                yield api.get(userId=name).body
    for multiple in (0, "false"):
        api.environment.seed(_cards(f"not-{multiple}", [{"user_id": f"not-{multiple}"}] * 2))
        yield api.put("cancel", userId=f"not-{multiple}", multiple=multiple).status
    api.environment.seed(_cards("sibling", [{"user_id": "s"}] * 2))
    yield api.put("dismiss", lifecycleId="sibling-lifecycle_id-0").body
    api.environment.seed(_cards("alone", [{} for _ in Action]))
    yield api.get(flowInvocationId="alone-flow_invocation_id-0").ids
    for number, action in enumerate(Action):
        yield api.put(action, lifecycleId=f"alone-lifecycle_id-{number}").body
        yield api.get(userId=f"alone-user_id-{number}").body
    yield api.get(userId="s").body


def _completions(api: Api) -> Iterator[object]:
    payloads = (
        {"a": 1, "b": None, "c": {"d": [1]}, "e": "é" * 30, "f": 0.5},
        {"z": "ü"},
        {},
        dict.fromkeys("abcdefghijkl"),
    )
    for number, payload in enumerate(payloads):
        api.environment.seed(_cards(f"payload-{number}", [{"user_id": f"c{number}"}]))
        body = json.dumps(payload).encode()
        yield api.put("complete", body, userId=f"c{number}").body
    api.environment.seed(_cards("several", [{"user_id": "several"}] * 2))
    yield api.put("complete", b'{"a": 1}', userId="several", multiple=1).body
    api.environment.seed(_cards("bare", [{"user_id": "bare"}]))
    yield api.put("complete", userId="bare").body
    yield api.put("complete", b"{", userId="bare").status
    yield api.get(limit="x").status
    yield [event["properties"] for event in api.environment.analytics_events()]
    api.environment.export_card_responses = False
    yield [event["properties"] for event in api.environment.analytics_events()]


def _access(api: Api) -> Iterator[object]:
    other = api.sandbox.create_environment("other")
    other.seed(_cards("other", [{"user_id": "p"}, {"user_id": "elsewhere"}]))
    yield api.get(userId="elsewhere").body
    yield api.put("dismiss", userId="elsewhere").body
    yield other.card("other-card_instance_id-1").status
    for header in (None, "Bearer nonsense", "Basic eDp5"):
        reply = api.request(
            "GET", f"{api.prefix}/cards", "limit=1", headers={"Authorization": header}
        )
        yield reply.status
    known = api.headers["Authorization"][:-4]
    yield api.request("GET", f"{api.prefix}/cards", headers={"Authorization": known}).status
    guest = Api(api.sandbox)
    guest.prefix = "/v1/other"
    guest.log_in()
    yield guest.get().status
    worker = Api(api.sandbox)
    first = worker.log_in("workbench")
    yield worker.get().status
    forged = type(first)(first.client_id, "wrong", first.role, first.environment_id)
    yield worker.token(forged).status
    yield sorted(worker.token(first).json)
    guest.environment.delete_credential((gone := guest.log_in()).client_id)
    yield guest.token(gone).status
    yield api.request("GET", f"{api.prefix}/cards", "limit=1", headers={"User-Agent": None}).status
    old = Api(api.sandbox)
    credential = old.log_in()
    old.token(credential)
    yield old.get(limit=1).status
    for minutes in (40, 21):
        api.sandbox.clock.advance(timedelta(minutes=minutes))
        yield old.get(limit=1).status
    api.log_in()


def _time(api: Api) -> Iterator[object]:
    minute = timedelta(minutes=1)
    specs = [
        {"embargo_until": minute}, {"expires_at": minute}, {"snooze_until": minute},
        {"embargo_until": minute, "expires_at": 2 * minute},
    ]  # fmt: skip
    api.environment.seed(_cards("time", [spec | {"user_id": "t"} for spec in specs]))
    for step in (0, 0.9, 0.2, 1.1):
        api.sandbox.clock.advance(step * minute)
        yield [
            card["status"]
            for card in api.get(cardTemplateId="sandbox-template", userId="t").json["data"]
        ]
        yield api.get(flowInvocationId="time-flow_invocation_id-1").json["data"][0]["status"]
    api.environment.seed([{"card_instance_id": "late", "user_id": "late"}])
    api.sandbox.clock.advance(minute)
    api.environment.snooze("late", minute)
    yield api.get(userId="late").json["data"][0]["status"]
    api.sandbox.clock.advance(1.1 * minute)
    timers = ({"expires_at": 5 * minute}, {"embargo_until": 5 * minute})
    for action, timer in product(Action, timers):
        user = f"{action}-{'-'.join(timer)}"
        api.environment.seed(_cards(user, [timer | {"user_id": user}]))
        yield api.put(action, userId=user).body
    api.environment.seed(_cards("pair", [{"user_id": "pair"}] * 2))
    yield api.put("dismiss", userId="pair").status
    api.sandbox.clock.advance(6 * minute)
    yield [(card["userId"], card["status"]) for card in api.get().json["data"]]


def _batches(api: Api) -> Iterator[object]:
    for number, (action, limits) in enumerate(
        (
            ("cancel", {}),
            ("dismiss", {"limit": 1000}),
            ("cancel", {"limit": 1100}),
            ("dismiss", {"limit": 7}),
        )
    ):
        user = f"batch-{number}"
        api.environment.seed(_cards(user, [{"user_id": user} for _ in range(1_101)]))
        yield api.put(action, userId=user, **limits).status
        reply = api.put(action, userId=user, multiple=1, **limits)
        yield reply.counts
        yield len(reply.json["data"])
        yield api.get(userId=user, limit=1000).ids
        yield len(api.get(userId=user, status="active", limit=1000).ids)
        yield api.put(action, userId=user, multiple=1, **limits).counts
    yield api.put("cancel", userId="nobody", multiple=1).body


def _race(api: Api) -> Iterator[object]:
    """For each card, how many of two threads report success, and how many a server error."""
    api.environment.seed(_cards("race", [{"user_id": f"r{number}"} for number in range(5)]))
    wins = []
    for number in range(5):
        barrier = threading.Barrier(2)
        replies: list[Reply] = []

        def act(action: str, user: str) -> None:
            barrier.wait()  # noqa: B023 - joined before the next round
            replies.append(api.put(action, userId=user))  # noqa: B023

        threads = [
            threading.Thread(target=act, args=(action, f"r{number}"))
            for action in ("dismiss", "cancel")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wins.append(
            (
                sum(b'"updated":1' in reply.body for reply in replies),
                sum(reply.status == SERVER_ERROR for reply in replies),
            )
        )
    yield wins


SMALL = (_filters, _pages, _actions, _completions, _access, _time, _race)
LARGE = (_batches,)


def transcript(faults: tuple[str, ...], parts: tuple[Any, ...]) -> Iterator[str]:
    """The responses of a sandbox with some faults, step by step, without their random parts."""
    for part in parts:
        clock = SandboxClock()
        clock.freeze()
        clock.advance(datetime(2030, 1, 1, tzinfo=UTC) - clock.now())
        sandbox = Sandbox(faults=faults, clock=clock)
        api = Api(sandbox)
        try:
            api.log_in()
            for step in part(api):
                yield re.sub(r"(client|user)-[0-9a-f]{12}", "*", repr(step))
        except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
            yield f"broke off: {error!r}"
        finally:
            sandbox.close()


def differs(faults: tuple[str, ...], parts: tuple[Any, ...], sound: list[str]) -> bool:
    """Whether some faults change the transcript."""
    pairs = zip_longest(transcript(faults, parts), sound)
    return any(step != expected for step, expected in pairs)
