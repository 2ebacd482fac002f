"""Generated cases as JSON, and back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_atomic_cards import strategies
from pytest_atomic_cards.model.card_spec import CardSpec, Population
from pytest_atomic_cards.model.lifecycle import Action, Status
from pytest_atomic_cards.model.query import CardQuery
from pytest_atomic_cards.suite.generation.case_encoding import as_json, from_json
from pytest_atomic_cards.suite.generation.command_sequences import Step
from pytest_atomic_cards.suite.generation.schema_document import Generated
from pytest_atomic_cards.support.errors import MisuseError

STEPS = st.builds(
    Step,
    st.sampled_from(["seed", "act_on_card"]),
    st.fixed_dictionaries(
        {
            "population": strategies.populations(timed=True),
            "action": strategies.actions(),
            "index": st.integers(),
            "only": st.none() | strategies.statuses(),
            "multiple": st.booleans(),
            "duration": strategies.durations(),
        }
    ),
)
REQUESTS = st.builds(Generated, st.dictionaries(st.text(), st.text()), st.binary())
CASES = st.one_of(
    strategies.payloads(),
    strategies.queries(),
    strategies.populations(timed=True),
    REQUESTS,
    st.tuples(REQUESTS, st.none() | st.dictionaries(st.text(), st.text())),
    st.lists(STEPS).map(tuple),
)


def through_text(value: Any) -> Any:  # noqa: ANN401 - any case
    """A value after writing it to a file and reading it back."""
    return from_json(json.loads(json.dumps(as_json(value), allow_nan=False)))


@settings(max_examples=150, deadline=None)
@given(CASES)
def test_every_case_comes_back_as_it_was(case: Any) -> None:  # noqa: ANN401
    """Generated values, including their types, are unchanged after writing and reading."""
    again = through_text(case)
    assert again == case
    assert repr(again) == repr(case)


@pytest.mark.parametrize(
    "value",
    [
        {"$ref": "#/x"},
        {"$query": {"limit": 1}},
        [{"": {"$": [1.0, -0.0, 5e-324, 2**63]}}],
        (),
        ((1,), [2], {}),
        b"\xff\x00",
        b"plain",
        timedelta(hours=1, microseconds=7),
        CardQuery(user_id="$status", status=Status.ACTIVE, limit=3, multiple=True),
        Population((CardSpec(), CardSpec(user_id="a", variables={"$a": [1]}, snooze=timedelta(1)))),
        Step("begin", {"population": Population(), "action": Action.CANCEL}),
    ],
    ids=repr,
)
def test_awkward_values_come_back(value: object) -> None:
    """Keys that look like kinds, empty tuples, bytes and edges of numbers survive."""
    assert repr(through_text(value)) == repr(value)


def test_what_has_no_form_is_refused() -> None:
    """A value of another type cannot be recorded, and the error lists the supported types."""
    with pytest.raises(MisuseError, match=r"a generated set cannot be recorded; .*CardQuery"):
        as_json([{1}])


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"$eval": "1"}, "'\\$eval' where a known form"),
        ({"$query": {}, "more": 1}, "'\\$query' where a known form"),
        ({"$query": {"__class__": "x"}}, "\\$query that cannot be read"),
        ({"$query": {"user_id": ""}}, "non-empty string"),
        ({"$query": []}, "\\$query that cannot be read"),
        ({"$action": "explode"}, "\\$action that cannot be read"),
        ({"$seconds": 1e300}, "\\$seconds that cannot be read"),
        ({"$bytes": {"base64": "!"}}, "\\$bytes that cannot be read"),
        ({"$bytes": 1}, "\\$bytes that cannot be read"),
        ({"$object": [1]}, "\\$object that cannot be read"),
        ({"$tuple": 1}, "\\$tuple that cannot be read"),
    ],
)
def test_a_foreign_form_is_refused(form: object, message: str) -> None:
    """An unknown form is an error, at any depth, and nothing is executed."""
    with pytest.raises(MisuseError, match=message):
        from_json([[form]])


def test_specs_are_recorded_by_their_first_names() -> None:
    """Cassettes keep the names that the fields had when the first ones were recorded."""
    form = {"$card": {"user": "a", "template": "b"}}
    spec = CardSpec(user_id="a", card_template_id="b")
    assert as_json(spec) == form
    assert from_json(form) == spec
