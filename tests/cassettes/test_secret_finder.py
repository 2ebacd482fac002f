"""What looks like a secret in a text is found, and nothing else."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from planted_secrets import in_base64, web_token

from pytest_atomic_cards.support.secrets.finder import secrets_in
from pytest_atomic_cards.support.secrets.names import is_secret_name

# The scanner


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Authorization: Bearer abc123def456", "bearer token"),
        ('{"authorization": ["Bearer abc123def456"]}', "bearer token"),
        (f"Basic {in_base64('id:secret')}", "Basic credentials"),
        (web_token("someone"), "JSON web token"),
        ('"access_token": "short1"', "value of access_token"),
        ("https://x/?client_secret=abcdef", "value of client_secret"),
        (r'"{\"id_token\": \"abcdef\"}"', "value of id_token"),
        (in_base64('{"access_token": "abcdefghi"}'), "secret in base64"),
        ("userId=Bearer%20abc123def456", "bearer token"),
        (quote('{"password": "hunter22"}', safe=""), "percent-encoded secret"),
    ],
)
def test_secrets_are_found_by_shape(text: str, kind: str) -> None:
    """The scanner reports the kind of a secret and its place."""
    found = secrets_in(f"told: {text} and more")
    assert kind in [secret.kind for secret in found]
    assert all(secret.start < secret.end for secret in found)


@pytest.mark.parametrize(
    "text",
    [
        "Bearer [redacted]",
        "Basic [redacted]",
        '"authorization": ["Bearer [redacted]"]',
        '"access_token": "[redacted]"',
        "client_secret=%5Bredacted%5D",
        "-H 'Authorization: Bearer $ATOMIC_TOKEN'",
        "Bearer authentication is used",
        'WWW-Authenticate: Bearer realm="cards", error="invalid_token"',
        "Basic authentication, as of RFC 7617",
        "the access_token of the response",
        '"token_type": "Bearer"',
        "0b0f6c3e-7d0a-4c56-9a43-0a4d1f5a2a11",
        "contract-0123456789abcdef0123456789abcdef",
        "2030-01-02T03:04:05.678Z",
        "grant_type=client_credentials",
    ],
)
def test_what_is_no_secret_is_no_false_alarm(text: str) -> None:
    """Placeholders, and what people write about secrets, is left alone."""
    assert not secrets_in(text)


@pytest.mark.parametrize(
    "text", ["[" * 50_000, "eyJ-" * 50_000, "%" * 50_000, "a-" * 50_000, "\\" * 50_000]
)
def test_a_hostile_text_is_scanned_in_a_moment(text: str) -> None:
    """The time for a long text that is made to be slow ends; a quadratic scan would take hours."""
    assert not secrets_in(text)


@pytest.mark.parametrize("name", ["access_token", "Access-Token", "accessToken", "X-API-KEY"])
def test_names_of_secrets_are_recognized_however_they_are_written(name: str) -> None:
    """The case of a name and what divides its words do not count."""
    assert is_secret_name(name)
    assert not is_secret_name("token_type")
