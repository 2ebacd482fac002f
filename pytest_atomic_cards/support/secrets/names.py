"""Names of secrets: of headers, fields, parameters, cookies and variables.

Case and separators do not matter, so ``X-Session-Token``, ``session_token`` and ``sessionToken``
are the same name.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_SUFFIXES: Final = (
    "accesskey",
    "accountkey",
    "adminkey",
    "apikey",
    "assertion",
    "authkey",
    "authorization",
    "cookie",
    "encryptionkey",
    "functionskey",
    "masterkey",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "pwd",
    "secret",
    "secretkey",
    "sessionkey",
    "sharedkey",
    "signature",
    "signingkey",
    "subscriptionkey",
    "token",
)
"""Suffixes of names of secrets, such as ``AWS_SECRET_ACCESS_KEY`` and ``x-goog-api-key``."""

_WHOLE: Final = frozenset(
    {
        "authorizationcode",
        "codeverifier",
        "connectsid",
        "devicecode",
        "jsessionid",
        "passwordconfirmation",
        "phpsessid",
        "sessid",
        "sessionid",
        "sig",
        "aspnetsessionid",
        "xauth",
    }
)
"""Names of secrets that are too short or too common to be a suffix."""

_NO_SECRETS: Final = ("pagetoken", "nexttoken", "continuationtoken", "synctoken")
"""Suffixes of names that only look like it: page cursors, which grant no access."""

_FIELDS_ONLY: Final = frozenset({"code"})
"""Names of secrets in queries and forms only, as in an OAuth callback; elsewhere an error code."""

_DIGITS: Final = "0123456789"
_NAMES: Final = 4_096
"""Names whose result is remembered: more than any recording has, and little memory."""


@lru_cache(_NAMES)
def is_secret_name(name: str) -> bool:
    """Whether a value with this name is a secret, in any spelling of the name."""
    plain = _plain(name)
    return plain in _WHOLE or (plain.endswith(_SUFFIXES) and not plain.endswith(_NO_SECRETS))


@lru_cache(_NAMES)
def is_secret_field(name: str) -> bool:
    """As :func:`is_secret_name`, for a parameter of a query or a field of a form."""
    return is_secret_name(name) or _plain(name) in _FIELDS_ONLY


def _plain(name: str) -> str:
    """The letters and digits of a name, without a trailing number as in ``password2``."""
    return "".join(filter(str.isalnum, name)).lower().rstrip(_DIGITS)
