"""Faults of the response to an action: its summary and its results."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pytest_atomic_cards.model.documented import RESULT_FIELDS
from pytest_atomic_cards.model.lifecycle import Action
from pytest_atomic_cards.sandbox.faults.fault import Fault, Original, Wrapper, constant
from pytest_atomic_cards.sandbox.page_reader import Selection

if TYPE_CHECKING:
    from pytest_atomic_cards.sandbox.body_decisions import Body
    from pytest_atomic_cards.sandbox.card_record import Json, Row

_SUMMARY: Final = "summary"
_RESULTS: Final = "results"


def _without(name: str, original: Original, row: Row, action: Action) -> Body:
    body: Body = original(row, action)
    del body[name]
    return body


def _with(name: str, value: Any, original: Original, row: Row, action: Action) -> Body:  # noqa: ANN401
    body: Body = original(row, action)
    body[name] = value(row) if callable(value) else value
    return body


def _counting_all(
    original: Original,
    environment: int,
    action: Action,
    *rest: Any,  # noqa: ANN401
) -> Body:
    body: Body = original(environment, action, *rest)
    body["summary"]["total"] = original.owner.store.count(Selection(environment, {}))
    return body


def _results(change: Any, original: Original, results: list[Body], *counts: int) -> Body:  # noqa: ANN401
    body: Body = original(change(results), *counts)
    return body


def _without_summary(original: Original, *args: Json) -> Body:
    body: Body = original(*args)
    del body["summary"]
    return body


def _bare(original: Original, *args: Json) -> list[Body]:
    results: list[Body] = original(*args)["data"]
    return results


_SUMMARIES: Final[tuple[tuple[str, str, Wrapper], ...]] = (
    (
        "summary-total-one-more",
        "summary.total is one too many.",
        lambda original, total, updated: original(total + 1, updated),
    ),
    (
        "summary-updated-one-more",
        "summary.updated is one too many.",
        lambda original, total, updated: original(total, updated + 1),
    ),
    (
        "summary-updated-one-less",
        "summary.updated is one too few.",
        lambda original, total, updated: original(total, max(updated - 1, 0)),
    ),
    (
        "summary-total-zero",
        "summary.total is always 0.",
        lambda original, _total, updated: original(0, updated),
    ),
    (
        "summary-updated-zero",
        "summary.updated is always 0.",
        lambda original, total, _updated: original(total, 0),
    ),
    (
        "summary-always-one",
        "summary.total and summary.updated are always 1.",
        lambda original, _total, _updated: original(1, 1),
    ),
    (
        "summary-at-most-100",
        "summary.total and summary.updated never go above 100.",
        lambda original, total, updated: original(min(total, 100), min(updated, 100)),
    ),
    (
        "summary-of-text",
        "summary.total and summary.updated are strings.",
        lambda original, total, updated: original(str(total), str(updated)),
    ),
    (
        "summary-without-total",
        "summary has no total.",
        lambda _original, _total, updated: {"updated": updated},
    ),
    (
        "summary-without-updated",
        "summary has no updated.",
        lambda _original, total, _updated: {"total": total},
    ),
    ("summary-empty", "summary is an empty object.", constant({})),
)
_ARRAYS: Final[tuple[tuple[str, str, Any], ...]] = (
    ("results-empty", "data of an action's response is empty.", lambda results: results[:0]),
    (
        "results-of-first-only",
        "data of an action's response has only the first card.",
        lambda results: results[:1],
    ),
    (
        "results-of-first-100",
        "data of an action's response ends after 100 cards.",
        lambda results: results[:100],
    ),
    (
        "results-lack-last",
        "data of an action on several cards lacks the last.",
        lambda results: results[:-1] if len(results) > 1 else results,
    ),
    (
        "results-duplicated",
        "data of an action's response has every card twice.",
        lambda results: results + results,
    ),
    (
        "results-repeat-first",
        "data of an action's response repeats the first card instead of the others.",
        lambda results: results[:1] * len(results),
    ),
    (
        "results-object",
        "data of an action's response is an object.",
        lambda results: dict(enumerate(results)),
    ),
    (
        "results-of-ids",
        "data of an action's response is an array of ids.",
        lambda results: [result["cardInstanceId"] for result in results],
    ),
)
_VALUES: Final[tuple[tuple[str, str, str, Any], ...]] = (
    (
        "result-of-other-card",
        "A result has a cardInstanceId that no card has.",
        "cardInstanceId",
        lambda row: f"other-{row.card_instance_id}",
    ),
    (
        "result-shows-other-user",
        "The userId of a result differs from its card's.",
        "userId",
        lambda row: f"other-{row.user_id}",
    ),
    (
        "result-shows-other-template",
        "The cardTemplateId of a result differs from its card's.",
        "cardTemplateId",
        lambda row: f"other-{row.card_template_id}",
    ),
    (
        "result-shows-other-lifecycle",
        "The lifecycleId of a result differs from its card's.",
        "lifecycleId",
        lambda row: f"other-{row.lifecycle_id}",
    ),
    ("result-action-always-update", "A result's action is update.", "action", "update"),
    ("result-action-null", "A result's action is null.", "action", None),
    ("result-id-number", "A result's cardInstanceId is a number.", "cardInstanceId", 1),
    (
        "result-user-array",
        "A result's userId is an array.",
        "userId",
        lambda row: [row.user_id],
    ),
)


def _next_word(original: Original, action: Action) -> str:
    words = list(Action)
    word: str = original(words[words.index(action) - 1])
    return word


FAULTS: Final = (
    *(Fault(name, _SUMMARY, text, {"summary": wrapper}) for name, text, wrapper in _SUMMARIES),
    Fault(
        "summary-total-counts-all",
        _SUMMARY,
        "summary.total counts every card of the environment.",
        {"cards.act": _counting_all},
    ),
    Fault(
        "summary-missing",
        _SUMMARY,
        "An action's response has no summary.",
        {"action_body": _without_summary},
    ),
    *(
        Fault(name, _RESULTS, text, {"action_body": partial(_results, change)})
        for name, text, change in _ARRAYS
    ),
    Fault(
        "results-unwrapped",
        _RESULTS,
        "An action's response is an array instead of an object with data.",
        {"action_body": _bare},
    ),
    *(
        Fault(
            f"result-lacks-{name}",
            _RESULTS,
            f"A result has no {name}.",
            {"result_body": partial(_without, name)},
        )
        for name in RESULT_FIELDS
    ),
    *(
        Fault(name, _RESULTS, text, {"result_body": partial(_with, field, value)})
        for name, text, field, value in _VALUES
    ),
    Fault(
        "result-action-of-another",
        _RESULTS,
        "A result's action names a different action.",
        {"action_word": _next_word},
    ),
)
