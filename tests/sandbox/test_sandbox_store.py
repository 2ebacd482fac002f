"""Seeding, the true state of cards, persistence and the in-process adapter."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from sandbox_api import Api

from pytest_atomic_cards.model.lifecycle import Status
from pytest_atomic_cards.model.profile import Profile
from pytest_atomic_cards.sandbox import Sandbox, SandboxAdapter
from pytest_atomic_cards.support.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def test_seeded_cards_have_unique_ids_of_their_own(api: Api):
    """Missing ids are generated, each once."""
    cards = api.environment.seed({} for _ in range(100))
    for name in ("card_instance_id", "lifecycle_id", "flow_instance_id", "user_id"):
        assert len({getattr(card, name) for card in cards}) == 100


def test_the_truth_is_not_touched_by_faults_or_profile(new_api: Callable[..., Api]):
    """Direct access shows all cards, even those that listings hide."""
    api = new_api(faults=["order-unstable", "card-lacks-status"], cancelled_cards_listed="no")
    cards = api.environment.seed([{"status": "cancelled"}, {}])
    assert api.environment.cards() == cards
    assert api.environment.card(cards[0].card_instance_id) == cards[0]
    assert len(api.get().json["data"]) == 1


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"user": "u"}, "user_id"),
        ({"colour": 1}, "colour"),
        ({"status": "asleep"}, "asleep"),
        ({"user_id": 5}, "user_id"),
        ({"expires_at": "soon"}, "datetime"),
        ({"expires_at": datetime(2030, 1, 1)}, "time zone"),  # noqa: DTZ001 - that is the fault
        ({"expires_at": timedelta.max}, "9999"),
        ({"metadata": [1]}, "metadata"),
        ({"completion": {1, 2}}, "completion"),
        ({"variables": {"a": float("nan")}}, "JSON"),
        ({"variables": {"a": object()}}, "JSON"),
        ({"user_id": "\ud800"}, "Unicode"),
    ],
)
def test_an_impossible_card_is_refused(spec: dict[str, Any], message: str, api: Api):
    """A spec with an unknown field or impossible value is refused, and no card is inserted."""
    with pytest.raises(MisuseError, match=message):
        api.environment.seed([{}, spec])
    assert api.environment.cards() == []


def test_a_taken_id_is_refused(api: Api):
    """Two cards cannot have the same id."""
    api.environment.seed([{"card_instance_id": "it"}])
    with pytest.raises(MisuseError, match="taken"):
        api.environment.seed([{}, {"card_instance_id": "it"}])
    assert len(api.environment.cards()) == 1


def test_an_unknown_card_is_refused(api: Api):
    """An unknown card is a clear error, and so is one of another environment."""
    (card,) = api.sandbox.create_environment("other").seed([{}])
    with pytest.raises(MisuseError, match=card.card_instance_id):
        api.environment.card(card.card_instance_id)


def test_a_file_keeps_cards_and_environments(tmp_path: Path):
    """A sandbox on a file continues with the cards of an earlier one."""
    path = tmp_path / "cards.db"
    first = Sandbox(db=path)
    second_environment = first.create_environment("e2")
    first.default.seed([{"user_id": "u", "expires_at": timedelta(hours=1)}])
    second_environment.seed([{"user_id": "v"}])
    before = first.default.cards()
    first.close()
    again = Sandbox(Profile(order="newest-first"), db=path)
    assert set(again.environments) == {"sandbox", "e2"}
    assert again.default.cards() == before
    again.default.seed([{}])
    assert len(again.default.cards()) == 2
    again.clock.advance(timedelta(hours=2))
    assert again.default.cards()[0].status is Status.EXPIRED
    again.close()


def test_a_file_can_be_opened_with_another_comparison(tmp_path: Path):
    """A file of a sandbox that ignores case also works with one that does not."""
    path = tmp_path / "cards.db"
    for answer, expected in (("insensitive", 1), ("sensitive", 1), ("insensitive", 3)):
        sandbox = Sandbox(Profile(attribute_case=answer), db=path)
        sandbox.default.seed([{"user_id": "A" if answer == "sensitive" else "a"}])
        api = Api(sandbox)
        api.log_in()
        assert len(api.get(userId="A").ids) == expected
        sandbox.close()


def test_a_file_takes_the_profile_of_its_sandbox(tmp_path: Path):
    """The profile of the sandbox that opens the file decides when time changes its cards."""
    path = tmp_path / "cards.db"
    first = Sandbox(db=path)
    first.default.seed([{"status": "embargoed", "expires_at": timedelta(hours=1)}])
    first.close()
    again = Sandbox(Profile(expiry_while_embargoed="waits"), db=path)
    again.clock.advance(timedelta(hours=2))
    assert again.default.cards()[0].status is Status.EMBARGOED
    again.close()


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """A requests session with a WSGI application that echoes its requests."""

    def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        body = environ["wsgi.input"].read()
        text = "|".join(
            [
                environ["REQUEST_METHOD"],
                environ["PATH_INFO"].encode("latin-1").decode(),
                environ["QUERY_STRING"],
                environ.get("HTTP_X_A", ""),
                environ.get("CONTENT_LENGTH", ""),
                body.decode(),
            ]
        )
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("X-B", "1"), ("X-B", "2")]
        start_response("418 Short", [*headers, ("Set-Cookie", "c=1; Path=/")])
        return [text.encode(), b"!"]

    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://echo.test", SandboxAdapter(echo))
        yield session


def test_the_adapter_passes_everything_through(session: requests.Session):
    """Method, path, query, headers, body, status, reason, headers and cookies all arrive."""
    reply = session.put("https://echo.test/é/x?a=%2B&b", data="déjà".encode(), headers={"X-A": "y"})
    assert reply.text == "PUT|/é/x|a=%2B&b|y|6|déjà!"
    assert (reply.status_code, reply.reason) == (418, "Short")
    assert reply.headers["X-B"] == "1, 2"
    assert session.cookies["c"] == "1"


@pytest.mark.parametrize("body", ["text", b"text", iter([b"te", b"xt"])])
def test_the_adapter_takes_every_kind_of_body(body: Any, session: requests.Session):  # noqa: ANN401
    """A body may be text, bytes or an iterator of bytes."""
    assert session.post("https://echo.test/", data=body).text.endswith("|text!")


def test_importing_the_sandbox_does_not_import_requests():
    """Only the adapter imports requests, not the rest of the package."""
    code = (
        "import sys; import pytest_atomic_cards.sandbox as s; assert 'requests' not in sys.modules;"
        "s.SandboxAdapter; assert 'requests' in sys.modules; "
        "assert not any(hasattr(s, name) for name in ['nothing'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr


def test_updated_is_the_time_of_the_change(api: Api):
    """An action changes updated, and leaves created as it is."""
    api.environment.seed([{"created": datetime(2020, 1, 1, tzinfo=UTC)}])
    api.sandbox.clock.freeze()
    api.put("dismiss")
    (card,) = api.environment.cards()
    assert card.created == datetime(2020, 1, 1, tzinfo=UTC)
    assert abs(card.updated - api.sandbox.clock.now()) < timedelta(milliseconds=1)
