"""Faults of the response to an action: its summary and its results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.documented import RESULT_FIELDS
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.sandbox.faults.changed_fields import changing, without
from pytest_atomic_cards.sandbox.faults.fault import Faults, Original, Wrapper, constant
from pytest_atomic_cards.sandbox.page_reader import Selection

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_atomic_cards.sandbox.body_decisions import Body
    from pytest_atomic_cards.sandbox.card_record import Json

_SUMMARY: Final = Faults("summary")
_RESULTS: Final = Faults("results")
_summary = _SUMMARY.replacing("summary")


@_summary
def summary_total_one_more(original: Original[Body], total: int, updated: int) -> Body:
    """summary.total is one too many."""
    return original(total + 1, updated)


@_summary
def summary_updated_one_more(original: Original[Body], total: int, updated: int) -> Body:
    """summary.updated is one too many."""
    return original(total, updated + 1)


@_summary
def summary_updated_one_less(original: Original[Body], total: int, updated: int) -> Body:
    """summary.updated is one too few."""
    return original(total, max(updated - 1, 0))


@_summary
def summary_total_zero(original: Original[Body], _total: int, updated: int) -> Body:
    """summary.total is always 0."""
    return original(0, updated)


@_summary
def summary_updated_zero(original: Original[Body], total: int, _updated: int) -> Body:
    """summary.updated is always 0."""
    return original(total, 0)


@_summary
def summary_always_one(original: Original[Body], _total: int, _updated: int) -> Body:
    """summary.total and summary.updated are always 1."""
    return original(1, 1)


@_summary
def summary_at_most_100(original: Original[Body], total: int, updated: int) -> Body:
    """summary.total and summary.updated never go above 100."""
    return original(min(total, 100), min(updated, 100))


@_summary
def summary_of_text(original: Original[Body], total: int, updated: int) -> Body:
    """summary.total and summary.updated are strings."""
    return original(str(total), str(updated))


@_summary
def summary_without_total(_: Original[Body], _total: int, updated: int) -> Body:
    """summary has no total."""
    return {"updated": updated}


@_summary
def summary_without_updated(_: Original[Body], total: int, _updated: int) -> Body:
    """summary has no updated."""
    return {"total": total}


_SUMMARY.add("summary-empty", "summary is an empty object.", {"summary": constant({})})


@_SUMMARY.replacing("cards.act")
def summary_total_counts_all(original: Original[Body], environment: int, *rest: Any) -> Body:  # noqa: ANN401
    """summary.total counts every card of the environment."""
    body = original(environment, *rest)
    body["summary"]["total"] = original.owner.store.count(Selection(environment, {}))
    return body


_SUMMARY.add(
    "summary-missing", "An action's response has no summary.", {"action_body": without("summary")}
)


def _changed(change: Callable[[list[Body]], Json]) -> Wrapper:
    return lambda original, results, *counts: original(change(results), *counts)


_array = _RESULTS.replacing("action_body", by=_changed)


@_array
def results_empty(_results: list[Body]) -> Json:
    """data of an action's response is empty."""
    return []


@_array
def results_of_first_only(results: list[Body]) -> Json:
    """data of an action's response has only the first card."""
    return results[:1]


@_array
def results_of_first_100(results: list[Body]) -> Json:
    """data of an action's response ends after 100 cards."""
    return results[:100]


@_array
def results_lack_last(results: list[Body]) -> Json:
    """data of an action on several cards lacks the last."""
    return results[:-1] if len(results) > 1 else results


@_array
def results_duplicated(results: list[Body]) -> Json:
    """data of an action's response has every card twice."""
    return results + results


@_array
def results_repeat_first(results: list[Body]) -> Json:
    """data of an action's response repeats the first card instead of the others."""
    return results[:1] * len(results)


@_array
def results_object(results: list[Body]) -> Json:
    """data of an action's response is an object."""
    return dict(enumerate(results))


@_array
def results_of_ids(results: list[Body]) -> Json:
    """data of an action's response is an array of ids."""
    return [result["cardInstanceId"] for result in results]


@_RESULTS.replacing("action_body")
def results_unwrapped(original: Original[Body], *args: Json) -> Json:
    """An action's response is an array instead of an object with data."""
    return original(*args)["data"]


for _name in RESULT_FIELDS:
    _RESULTS.add(
        f"result-lacks-{_name}",
        f"A result has no {_name}.",
        {"result_body": without(_name)},
    )


_id = _RESULTS.replacing("result_body", by=changing("cardInstanceId"))
_user = _RESULTS.replacing("result_body", by=changing("userId"))
_template = _RESULTS.replacing("result_body", by=changing("cardTemplateId"))
_lifecycle = _RESULTS.replacing("result_body", by=changing("lifecycleId"))
_action = _RESULTS.replacing("result_body", by=changing("action"))


@_id
def result_of_other_card(body: Body) -> str:
    """A result has a cardInstanceId that no card has."""
    return f"other-{body['cardInstanceId']}"


@_user
def result_shows_other_user(body: Body) -> str:
    """The userId of a result differs from its card's."""
    return f"other-{body['userId']}"


@_template
def result_shows_other_template(body: Body) -> str:
    """The cardTemplateId of a result differs from its card's."""
    return f"other-{body['cardTemplateId']}"


@_lifecycle
def result_shows_other_lifecycle(body: Body) -> str:
    """The lifecycleId of a result differs from its card's."""
    return f"other-{body['lifecycleId']}"


@_action
def result_action_always_update(_body: Body) -> str:
    """A result's action is update."""
    return "update"


@_action
def result_action_null(_body: Body) -> None:
    """A result's action is null."""


@_id
def result_id_number(_body: Body) -> int:
    """A result's cardInstanceId is a number."""
    return 1


@_user
def result_user_array(body: Body) -> list[str]:
    """A result's userId is an array."""
    return [body["userId"]]


@_RESULTS.replacing("action_word")
def result_action_of_another(original: Original[str], action: Action) -> str:
    """A result's action names a different action."""
    words = list(Action)
    return original(words[words.index(action) - 1])


FAULTS: Final = (*_SUMMARY, *_RESULTS)
