"""Recipe: an application in another process.

``cards.environ`` holds what it needs, in environment variables. This one fetches its own token.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from pytest_atomic_cards import Status

if TYPE_CHECKING:
    from pytest_atomic_cards import Cards

APPLICATION = """
import base64, json, os, sys, urllib.parse, urllib.request

def setting(name):
    return os.environ[f"ATOMIC_CARDS_{name}"]

def send(method, url, **headers):
    headers = {"User-Agent": "an-application"} | headers
    request = urllib.request.Request(url, method=method, headers=headers)
    return json.load(urllib.request.urlopen(request))

basic = base64.b64encode(f"{setting('CLIENT_ID')}:{setting('CLIENT_SECRET')}".encode()).decode()
token_url = setting("TOKEN_URL") + "?grant_type=client_credentials"
token = send("POST", token_url, Authorization=f"Basic {basic}")["access_token"]
query = urllib.parse.urlencode({"userId": sys.argv[1], "multiple": 1})
url = f"{setting('API_URL')}/v1/{setting('ENVIRONMENT_ID')}/cards/cancel?{query}"
print(json.dumps(send("PUT", url, Authorization=f"Bearer {token}")["summary"]))
"""


def test_the_claim_is_settled(cards: Cards):
    """A program that knows nothing of this package acts on cards that the test has seeded."""
    reminder = cards.seed(user_id="customer-1")
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", APPLICATION, "customer-1"],
        env=os.environ | cards.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout) == {"total": 1, "updated": 1}
    assert cards.get(reminder).status is Status.CANCELLED
