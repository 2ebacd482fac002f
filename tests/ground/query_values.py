"""Queries and values for tests."""

from __future__ import annotations

from hypothesis import strategies as st

from pytest_atomic_cards.model.query import CardQuery

FIELDS = {
    "eventName": "event_name",
    "lifecycleId": "lifecycle_id",
    "cardTemplateId": "card_template_id",
    "flowInstanceId": "flow_instance_id",
    "flowInvocationId": "flow_invocation_id",
    "userId": "user_id",
    "status": "status",
}
HOSTILE = [
    *("a b", "a+b", "a&b", "a=b", "a%20b", "a%2Bb", "%", "%zz", "a#b", "a/b", "a?b", "a;b", "a,b"),
    *("'", '"', "\\", "<x>", "..", "null", "None", "0", "a&userId=b", "limit=1", "[]", "{}", "$"),
    *(" ", "\t", "\n", "\r\n", "\0", "\x7f", "é", "e\u0301", "日本", "😀", "\u202e", "\ufeff"),
]
VALUES = st.text(min_size=1)
"""Any Unicode text but surrogates."""
some_queries = st.builds(
    CardQuery,
    **{name: st.none() | VALUES for name in FIELDS.values()},
    limit=st.none() | st.integers(),
    offset=st.none() | st.integers(),
    multiple=st.booleans(),
)
