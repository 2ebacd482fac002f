"""The parts of a live target: where it is, what gives access, and how cards come into being."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import requests

from pytest_atomic_cards.model.settings import Settings, TargetKind
from pytest_atomic_cards.support.errors import NotAvailableError
from pytest_atomic_cards.targets import LiveTarget
from pytest_atomic_cards.targets.application import in_process
from pytest_atomic_cards.targets.run_context import RunContext

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "key-of-the-gateway"
BACK_END = """
from pytest_atomic_cards import Sandbox

sandbox = Sandbox()
sandbox.default.create_credential(client_id="c", client_secret="only-for-tests")
calls = []

def wsgi(environ, start_response):
    calls.append(environ)
    return sandbox(environ, start_response)

async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        for event in "startup", "shutdown":
            calls.append((await receive())["type"])
            await send({"type": f"lifespan.{event}.complete"})
        return
    import io
    message = await receive()
    environ = {
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": scope["path"],
        "QUERY_STRING": scope["query_string"].decode(),
        "CONTENT_LENGTH": str(len(message["body"])),
        "wsgi.input": io.BytesIO(message["body"]),
    }
    for name, value in scope["headers"]:
        environ[f"HTTP_{name.decode().upper().replace('-', '_')}"] = value.decode()
    started = []
    body = sandbox(environ, lambda *answer: started.extend(answer))
    status, headers = int(started[0].split()[0]), started[1]
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    for chunk in body:
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body"})
"""
LIVE = {
    "APP": "back_end:wsgi",
    "ENVIRONMENT_ID": "sandbox",
    "CLIENT_ID": "c",
    "CLIENT_SECRET": "only-for-tests",
    "FLOW_ID": "sandbox-flow",
}
USE = """
def test_use(cards):
    card = cards.seed()
    cards.cancel(card)
    assert cards.get(card).status == "cancelled"
"""
HOOK = """
import back_end

def pytest_atomic_cards_seed(cards, flow_invocation_id):
    back_end.sandbox.default.seed(
        [{"user_id": one.user_id, "flow_invocation_id": flow_invocation_id} for one in cards]
    )
    return flow_invocation_id
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with a back end of its own, which the settings name as the target."""
    for name, value in LIVE.items():
        monkeypatch.setenv(f"ATOMIC_CARDS_{name}", value)
    pytester.makepyfile(back_end=BACK_END, test_use=USE)
    return pytester


def configure(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    """Give further settings, or take some away."""
    for name, value in settings.items():
        monkeypatch.setenv(f"ATOMIC_CARDS_{name}", value)


@contextmanager
def app_target(**settings: object) -> Iterator[tuple[LiveTarget, list[str | None]]]:
    """A target that lists nothing, and the Authorization headers that it got."""
    headers: list[str | None] = []

    def app(environ, start_response):  # noqa: ANN001, ANN202
        headers.append(environ.get("HTTP_AUTHORIZATION"))
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'{"data": []}']

    chosen = Settings(
        target=TargetKind.LIVE, app="a:b", environment_id="e", seeding="none", **settings
    )
    with in_process(app) as adapter:
        yield LiveTarget(chosen, RunContext(app=adapter)), headers


@pytest.mark.parametrize("name", ["wsgi", "asgi"])
def test_an_application_in_process_is_a_target(
    name: str, project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests run against a WSGI or ASGI application without a socket, started and shut down."""
    configure(monkeypatch, APP=f"back_end:{name}")
    monkeypatch.setattr("socket.socket.connect", None)
    project.makeconftest("""
        def pytest_unconfigure():
            import back_end
            print("calls:", [one for one in back_end.calls if isinstance(one, str)])
    """)
    result = project.runpytest_inprocess("-s")
    result.assert_outcomes(passed=1)
    events = ["lifespan.startup", "lifespan.shutdown"] if name == "asgi" else []
    result.stdout.fnmatch_lines(
        [f"*live app back_end:{name}, *", f"*calls: {events}".replace("[", "[[]")]
    )


def test_a_body_for_a_head_request_is_left_out() -> None:
    """An application may give one, as a server between it and its clients would drop it."""

    def app(_, start_response):  # noqa: ANN001, ANN202
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'{"data": []}']

    with in_process(app) as adapter, requests.Session() as http:
        http.mount("http://", adapter)
        sizes = [len(http.request(name, "http://app.invalid").content) for name in ("HEAD", "GET")]
    assert sizes == [0, 12]


def test_the_fixture_cards_app_can_be_overridden(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ``fixture`` as the application, a project's own fixture gives it."""
    configure(monkeypatch, APP="fixture")
    project.makeconftest("""
        import pytest

        @pytest.fixture(scope="session")
        def cards_app():
            import back_end
            return back_end.wsgi
    """)
    project.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_hook_creates_the_cards(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ``hook`` no Action Flow is started, and cards that the hook creates are cleaned up."""
    configure(monkeypatch, SEEDING="hook", FLOW_ID="")
    project.makeconftest(HOOK)
    project.makepyfile(
        test_use="""
        import back_end

        def test_use(cards):
            cards.seed(user_id="customer-1")

        def test_what_is_left():
            assert [str(card.status) for card in back_end.sandbox.default.cards()] == ["cancelled"]
            assert not [one for one in back_end.calls if "action-flow" in one["PATH_INFO"]]
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("settings", "conftest", "said"),
    [
        ({"APP": "back_end:nothing"}, "", "--cards-app back_end:nothing cannot be imported: Attr"),
        ({"APP": "no_such_module:app"}, "", "*ModuleNotFoundError*no_such_module*"),
        ({"APP": "back_end:calls"}, "", "*must be a WSGI or ASGI application, not []*"),
        ({"CLIENT_CERT": "no.pem"}, "", "*CLIENT_CERT: no.pem cannot be used (No such"),
        (
            {"CLIENT_CERT": "back_end.py"},
            "",
            "*CLIENT_CERT: back_end.py cannot be used",
        ),
        ({"SEEDING": "hook"}, "", "*ATOMIC_CARDS_SEEDING=hook needs the hook*conftest.py*"),
    ],
)
def test_a_part_that_is_missing_is_one_error(
    settings: dict[str, str],
    conftest: str,
    said: str,
    project: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An application that cannot be imported, or a hook that is not there, ends the run at once."""
    configure(monkeypatch, **settings)
    project.makeconftest(conftest)
    result = project.runpytest_inprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert len([line for line in result.errlines if line.startswith("ERROR: atomic-cards: ")]) == 1
    result.stderr.fnmatch_lines([f"*{said.replace('[', '[[]')}*"])


def test_a_fixture_that_is_missing_is_an_error_with_its_name(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a fixture of the project's own the error says what to write."""
    configure(monkeypatch, APP="fixture")
    result = project.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*--cards-app fixture needs a session-scoped fixture cards_app*"])


def test_without_a_supply_of_cards_seeding_is_not_available(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ``none`` listings work, and what needs a card of its own says why it cannot have one."""
    configure(monkeypatch, SEEDING="none", FLOW_ID="")
    project.makepyfile(
        test_use="""
        import pytest
        from pytest_atomic_cards import NotAvailableError

        def test_use(cards):
            assert cards.list(user_id="nobody") == []
            with pytest.raises(NotAvailableError, match="no supply of cards"):
                cards.seed()
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=1)


GATEWAY = """
from back_end import sandbox

def gateway(environ, start_response):
    assert environ["HTTP_X_GATEWAY_KEY"] == "key-of-the-gateway"
    start_response("200 OK", [("X-Echo", "key-of-the-gateway")])
    return [b'{"data": [{"userId": "key-of-the-gateway"}]}']
"""


def test_headers_of_a_gateway_are_sent_and_never_shown(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A header reaches the target, and its value neither failures, reports nor cassettes."""
    headers = json.dumps({"X-Gateway-Key": SECRET})
    configure(monkeypatch, APP="gateway:gateway", HEADERS=headers, TOKEN="t0ken-that-is-given")
    configure(monkeypatch, CLIENT_SECRET="", SEEDING="none")
    project.makepyfile(
        gateway=GATEWAY,
        test_use="""
        from pytest_atomic_cards import CardQuery

        def test_use(cards, cards_settings):
            settings, exchange = cards_settings, cards.api.list_exchange(CardQuery())
            assert exchange.json() == "something else", exchange.as_dict()
        """,
    )
    arguments = "-l", "-vv", "--cards-cassettes=record", f"--junitxml={tmp_path}/junit.xml"
    result = project.runpytest_inprocess(*arguments)
    result.assert_outcomes(failed=1)
    (cassette,) = project.path.glob("cassettes/**/*.json")
    written = [cassette.read_text("utf-8"), (tmp_path / "junit.xml").read_text("utf-8")]
    for text in ("".join(result.outlines), *written):
        assert "[redacted]" in text
        assert SECRET not in text
        assert "t0ken-that-is-given" not in text


def test_a_given_token_is_sent_as_it_is() -> None:
    """``ATOMIC_CARDS_TOKEN`` needs no token endpoint, and no credentials can be tried with it."""
    with app_target(token="t0ken-that-is-given") as (target, headers):
        cards = target.open_world()
        cards.api.list()
        assert headers == ["Bearer t0ken-that-is-given"]
        with pytest.raises(NotAvailableError, match="without client credentials"):
            cards.authenticate(client_id="a", client_secret="b")


def test_no_token_is_sent_without_access() -> None:
    """With ``ATOMIC_CARDS_ACCESS=none`` requests have no Authorization header."""
    with app_target(access="none") as (target, headers):
        target.open_world().api.list()
        assert headers == [None]
