"""Recipe: an application in another process, or in another language.

The sandbox listens on loopback, and the application is pointed at it by its own settings.
"""

from __future__ import annotations

import json
import subprocess
import sys

from pytest_atomic_cards import Sandbox, SandboxServer

APPLICATION = """
import base64, json, sys, urllib.parse, urllib.request
url, token_path, environment, client_id, client_secret = sys.argv[1:]

def send(method, path, **headers):
    headers = {"User-Agent": "an-application"} | headers
    request = urllib.request.Request(url + path, method=method, headers=headers)
    return json.load(urllib.request.urlopen(request))

basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
token = send("POST", token_path + "?grant_type=client_credentials", Authorization=f"Basic {basic}")
bearer = f"Bearer {token['access_token']}"
query = urllib.parse.urlencode({"userId": "customer-1", "multiple": 1})
done = send("PUT", f"/v1/{environment}/cards/dismiss?{query}", Authorization=bearer)
print(json.dumps(done["summary"]))
"""


def test_the_application_dismisses_what_its_customer_has():
    """A program that knows nothing of this package acts on cards that the test has seeded."""
    sandbox = Sandbox()
    environment = sandbox.default
    environment.seed([{"user_id": "customer-1"}, {"user_id": "customer-1"}, {"user_id": "other"}])
    credential = environment.create_credential("events")
    with SandboxServer(sandbox) as server:
        ran = subprocess.run(  # noqa: S603 - our own program
            [
                *(sys.executable, "-c", APPLICATION),
                *(server.url, sandbox.token_path, environment.environment_id),
                *(credential.client_id, credential.client_secret),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
    assert json.loads(ran.stdout) == {"total": 2, "updated": 2}
