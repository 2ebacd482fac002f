"""Observed answers to the open questions, compared with the profile of the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from profile_contexts import context_on, whole_profiles

from pytest_atomic_cards.model.profile import QUESTIONS
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.profiling import OBSERVERS, WAITING, ProfilingContext
from pytest_atomic_cards.suite.profiling.action_questions import agree_by_chance
from pytest_atomic_cards.suite.profiling.observation import observe
from pytest_atomic_cards.support.errors import NotAvailableError, NotListedError
from pytest_atomic_cards.targets import sandbox_target
from pytest_atomic_cards.targets.fronted_sandbox import FrontedSandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from live_sandbox import Serve

pytestmark = pytest.mark.usefixtures("time_flies")

CASES = [(name, answer) for name, question in QUESTIONS.items() for answer in question.answers]
OBSERVABLE_LIVE = {
    "cancel_embargoed": "allowed",
    "delivery_options": "honoured",
    "embargoed_cards_listed": "only-by-status",
}
"""Answers without which no card of a live target is embargoed, or listed while it is."""
UNOBSERVABLE_LIVE = {
    "cancel_snoozed",
    "expiry_while_snoozed",
    "wrong_role",
    "other_environment",
    "deleted_credential",
    "test_event_source",
}


def seen_of(context: ProfilingContext) -> dict[str, str]:
    """The observed answers by question; those that cannot be observed are left out."""
    seen = {}
    for name in sorted(OBSERVERS, key=WAITING.__contains__):
        try:
            seen[name] = OBSERVERS[name](context)
        except NotAvailableError:
            continue
    return seen


def hidden_by(answers: dict[str, str]) -> set[str]:
    """The questions that cannot be observed because of the answers to others."""
    refusal, hidden = answers["wrong_state"], set()
    if answers["embargoed_cards_listed"] == "no":
        hidden |= {"cancel_embargoed", "expiry_while_embargoed"}
        if answers["delivery_options"] == "honoured":
            hidden.add("delivery_options")
    if answers["closed_cards_listed"] == "no":
        hidden.add("updated_by_system")
    if refusal.isdigit() and (answers["multiple_counts"] != "matching" or refusal == "400"):
        hidden.add("multiple_counts")
    return hidden


def test_every_question_has_an_observer() -> None:
    """There is exactly one observer for each question of a profile."""
    assert set(OBSERVERS) == set(QUESTIONS)
    assert set(QUESTIONS) >= WAITING


@pytest.mark.parametrize(("question", "answer"), CASES)
def test_each_answer_is_observed(question: str, answer: str, tmp_path: Path) -> None:
    """For each question and answer, a sandbox with that answer is observed to have it."""
    assert OBSERVERS[question](context_on(tmp_path, **{question: answer})) == answer


@pytest.mark.parametrize(
    ("cards", "agree"),
    [
        ("abcdef", False),  # numbered
        ("fedcba", False),
        ("bcafed", True),
        ("dfebca", True),
        ("adbcef", False),
    ],
)
def test_ids_that_agree_with_times_by_chance_are_recognized(cards: str, *, agree: bool) -> None:
    """Cards whose first half by id is also the oldest or newest one do not show what counts."""
    assert agree_by_chance(cards) == agree


@pytest.mark.parametrize("answers", whole_profiles(8, seed=3))
def test_whole_profiles_are_observed(answers: dict[str, str], tmp_path: Path) -> None:
    """Whatever the other answers are, each answer is observed or reported as unavailable."""
    seen = seen_of(context_on(tmp_path, **answers))
    assert seen == {name: answers[name] for name in seen}
    assert answers.keys() - seen.keys() == hidden_by(answers)


def test_a_live_target_is_observed_without_touching_cards_of_others(serve: Serve) -> None:
    """A live target is observed except for what needs controls; other cards stay unchanged."""
    answers = whole_profiles(1, seed=5)[0] | OBSERVABLE_LIVE
    live = serve(**answers)
    foreign = live.environment.seed([{"status": status} for status in ("active", "snoozed")] * 60)
    world = live.open_world()
    world.backend.pass_time = live.sandbox.clock.advance
    world.seeder.calibrate()  # as each run does: the guard tries actions with these cards
    seen = seen_of(ProfilingContext(world, live.settings(effort="thorough")))
    assert seen == {name: answers[name] for name in seen}
    assert answers.keys() - seen.keys() <= UNOBSERVABLE_LIVE | {"multiple_counts"}
    world.clean_up()
    assert live.open_cards == foreign


def test_a_single_question_needs_no_other(serve: Serve) -> None:
    """The response to start can be observed alone, without other seeding."""
    live = serve(start_response="data-array", start_status="202", cards_per_target="2")
    for question, answer in (
        ("start_response", "data-array"),
        ("start_status", "202"),
        ("cards_per_target", "2"),
    ):
        assert OBSERVERS[question](ProfilingContext(live.open_world(), live.settings())) == answer


def test_a_test_start_is_observed_where_it_is_set(serve: Serve) -> None:
    """The eventSource of test cards is observed on a live target with the test flow mode."""
    live = serve(test_event_source="test")
    live.environment.test_users = frozenset({"tester"})
    testing = {"flow_mode": "test", "user_ids": ("tester",)}
    context = ProfilingContext(live.open_world(**testing), live.settings(**testing))
    assert OBSERVERS["test_event_source"](context) == "test"


@pytest.mark.parametrize("answer", QUESTIONS["embargoed_cards_listed"].answers)
def test_how_embargoed_cards_are_listed_is_observed_live(answer: str, serve: Serve) -> None:
    """A target that never lists them is observed as such; what depends on that is left open."""
    live = serve(embargoed_cards_listed=answer)
    world = live.open_world()
    world.seeder.calibrate()  # shows that listings honour ids, which hidden cards cannot
    context = ProfilingContext(world, live.settings())
    assert OBSERVERS["embargoed_cards_listed"](context) == answer
    if answer == "no":
        with pytest.raises(NotListedError, match="status=embargoed"):
            OBSERVERS["cancel_embargoed"](context)
    else:
        assert OBSERVERS["cancel_embargoed"](context) == "allowed"


def test_without_an_embargo_it_stays_open_how_such_cards_are_listed(serve: Serve) -> None:
    """A target that ignores the embargo of a start shows nothing about embargoed cards."""
    live = serve(delivery_options="ignored", embargoed_cards_listed="no")
    context = ProfilingContext(live.open_world(), live.settings())
    with pytest.raises(NotAvailableError, match="did not honour"):
        OBSERVERS["embargoed_cards_listed"](context)


class Answering(FrontedSandbox):
    """A sandbox that replaces its responses to some requests."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        whole: list[Any] = []
        body = b"".join(super().__call__(environ, lambda *answer: whole.extend(answer)))
        status, body = self.instead(environ, whole[0], body)
        start_response(status, [("Content-Length", str(len(body)))])
        return [body]

    def instead(self, environ: WSGIEnvironment, status: str, body: bytes) -> tuple[str, bytes]:
        """The status and the body of the response."""
        raise NotImplementedError


@pytest.fixture
def context_with(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., ProfilingContext]:
    """Opens a context on a sandbox of another class."""

    def context_with(kind: type[FrontedSandbox], **answers: str) -> ProfilingContext:
        monkeypatch.setattr(sandbox_target, "FrontedSandbox", kind)
        return context_on(tmp_path, **answers)

    return context_with


def test_another_answer_than_all_known_ones_is_told_as_it_is(
    context_with: Callable[..., ProfilingContext],
) -> None:
    """An empty body for no match is an answer, and marked as not among the known ones."""

    class NoBody(Answering):
        def instead(self, environ: WSGIEnvironment, status: str, body: bytes) -> tuple[str, bytes]:
            empty = body.startswith(b'{"data":[]') and "cards" in environ["PATH_INFO"]
            return (status, b"") if empty else (status, body)

    context = context_with(NoBody)
    for question in ("zero_match_listing", "zero_match_action"):
        observation = observe(question, context)
        assert (observation.verdict, observation.observed) == (
            Verdict.HELD,
            "200 with an empty body",
        )
        assert observation.shown == "other: 200 with an empty body"
    known = observe("empty_attribute", context)
    assert known.observed == known.shown == "no-match"


@pytest.mark.parametrize(
    "answers", [{}, {"wrong_state": "counted", "summary_total": "matched", "order": "by-id"}]
)
def test_lost_answers_and_passing_errors_change_nothing(
    answers: dict[str, str], context_with: Callable[..., ProfilingContext]
) -> None:
    """Lost responses to actions and failing listings do not change the answers."""

    class Unreliable(Answering):
        requests = 0

        def instead(self, environ: WSGIEnvironment, status: str, body: bytes) -> tuple[str, bytes]:
            if "/cards" not in environ["PATH_INFO"]:
                return status, body
            self.requests += 1
            if environ["REQUEST_METHOD"] == "PUT" and self.requests % 4 == 0:
                return "503 Service Unavailable", b""
            if environ["REQUEST_METHOD"] == "GET" and self.requests % 9 == 0:
                return "500 Internal Server Error", b""
            return status, body

    context = context_with(Unreliable, **answers)
    for name, question in QUESTIONS.items():
        assert observe(name, context).observed == answers.get(name, question.default)


@pytest.mark.parametrize(
    ("path", "question", "pinned", "verdict"),
    [
        ("/dismiss", "action_word", "past", Verdict.NOT_EXERCISED),
        ("/cards", "limit_zero", "empty", Verdict.INCONCLUSIVE),
    ],
)
def test_a_question_that_cannot_be_decided_is_not_a_failure(
    path: str,
    question: str,
    pinned: str,
    verdict: Verdict,
    context_with: Callable[..., ProfilingContext],
) -> None:
    """An unexpected body is reported as the reason for a missing answer; nothing fails."""

    class Garbled(Answering):
        def instead(self, environ: WSGIEnvironment, status: str, body: bytes) -> tuple[str, bytes]:
            return status, b"[]" if environ["PATH_INFO"].endswith(path) else body

    observation = observe(question, context_with(Garbled), pinned=pinned)
    assert observation.verdict is verdict
    assert observation.observed is None
    assert "JSON object" in observation.reason
    assert not observation.fails


def test_no_secret_is_kept(tmp_path: Path) -> None:
    """Observations about tokens contain no token, credential or secret."""
    context = context_on(tmp_path)
    heard: list[str] = []
    context.cards.api.session.listeners.append(
        lambda exchange: heard.append(repr(exchange.as_dict()))
    )
    found = [
        observe(question, context, pinned="another")
        for question in ("token_fields", "grant_type_in", "wrong_role", "deleted_credential")
    ]
    assert {one.verdict for one in found} == {Verdict.DRIFTED}
    secrets = {
        *context.cards.sandbox._tokens.grants,
        *(one.client_secret for one in context.cards.sandbox._tokens.credentials.values()),
    }
    assert len(secrets) > 4
    text = repr(found) + "".join(heard)
    assert not [secret for secret in secrets if secret in text]
