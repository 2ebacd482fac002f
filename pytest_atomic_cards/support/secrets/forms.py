"""Forms of secrets that are recognized without a name.

Source: the documentation of each issuer on the prefixes of its tokens.
"""

from __future__ import annotations

import re
from typing import Final

VENDORS: Final = {
    "AWS access key": r"(?:AKIA|ASIA)(?![A-Z0-9]{9}EXAMPLE\b)[A-Z0-9]{16}\b",
    "GitHub token": r"gh[oprsu]_\w{20,}|github_pat_\w{20,}",
    "GitLab token": r"gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-[\w-]{20,}",
    "Slack token": r"x(?:ox[abeoprs]|app)-[\w-]{10,}",
    "Slack webhook": r"hooks\.slack\.com/services/\w+/\w+/\w{8,}",
    "Stripe key": r"[rs]k_(?:live|test)_\w{10,}|whsec_\w{20,}",
    "Google key": r"AIza[\w-]{30,}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,}",
    "npm token": r"npm_[A-Za-z0-9]{30,}",
    "PyPI token": r"pypi-[\w-]{16,}",
    "OpenAI key": r"sk-(?:proj-|ant-)?[\w-]{20,}",
    "SendGrid key": r"SG\.[\w-]{16,}\.[\w-]{16,}",
    "Hugging Face token": r"hf_[A-Za-z0-9]{30,}",
    "DigitalOcean token": r"do[opr]_v1_[a-f0-9]{40,}",
    "Docker token": r"dckr_(?:pat|oat)_[\w-]{26,}",
    "Shopify token": r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{20,}",
}
"""Well-known forms of vendors' keys, by their name. Each begins a word."""

VENDOR: Final = re.compile(
    rf"\b(?:{'|'.join(f'({pattern})' for pattern in VENDORS.values())})", re.ASCII
)
KINDS: Final = tuple(VENDORS)

PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
    r"(?P<key>[^-]*(?:-(?!----)[^-]*)*)(?:-----END[A-Z0-9 ]{0,50}-----)?"
)
"""A private key in PEM, up to its end or the end of the text."""

DOTTED: Final = re.compile(r"(?<![\w-])[\w-]{9,}+(?:\.[\w-]*+){2,4}", re.ASCII)
"""A possible JSON web token: pieces of base64 joined by dots."""
JSON_IN_BASE64: Final = "eyJ"

CREDENTIALS: Final = re.compile(
    r"(?P<scheme>bearer|basic)(?:\s|%20|\+)+(?P<credentials>[a-z0-9._~+/=-]{8,})", re.IGNORECASE
)
"""Credentials of a header, anywhere in a text. Source: RFC 6750 › 2.1, RFC 7617."""

USERINFO: Final = re.compile(
    r"\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}:(?:\\?/){2}"
    r"(?P<user>[^\s/?#\"'<>\\@:]{0,256})(?P<colon>:?)(?P<password>[^\s/?#\"'<>\\@]{0,256})@"
)
"""User name and password in a URL. Source: RFC 3986 › 3.2.1."""

_NAME: Final = r"(?<![A-Za-z0-9])(?P<name>[A-Za-z][A-Za-z0-9_.-]{1,60})\]?"
_QUOTE: Final = r"\\*[\"']"
_QUOTED: Final = rf"{_QUOTE}(?P<value>[^\"'\\]+)"
_NAME_VALUE: Final = rf"(?:{_QUOTE})?\s*[:=]\s*{_QUOTE}"

NAMED: Final = {
    "member": re.compile(rf"{_NAME}{_QUOTE}\s*:\s*(?:\[\s*)?(?:{_QUOTED}|(?P<number>\d{{6,}}))"),
    "field": re.compile(rf"{_NAME}[ \t]*=(?!=)[ \t]*(?P<value>[^&\s\"'\\;,<>]+)"),
    "attribute": re.compile(rf"{_NAME}\s*=>?\s*{_QUOTE}(?P<value>[^\s,:}}\]\"'\\][^\"'\\]*)"),
    "line": re.compile(rf"{_NAME}:[ \t]+(?P<value>[^\s\"'\\;,<>&]{{6,}})"),
    "element": re.compile(
        r"<(?P<name>[A-Za-z][\w:.-]{1,60})(?:\s[^<>]{0,500})?>\s*(?:<!\[CDATA\[)?(?P<value>[^<>]+)(?:<|\]\]>\s*<)/"
    ),
    "pair": re.compile(
        rf"\b(?:name|key){_NAME_VALUE}(?P<name>[^\"'\\]{{2,60}}){_QUOTE}[\s,]*(?:{_QUOTE})?"
        rf"(?:[vV]alue|val){_NAME_VALUE}(?P<value>[^\"'\\]+)",
        re.IGNORECASE,
    ),
    "pair reversed": re.compile(
        rf"\b(?:value|val){_NAME_VALUE}(?P<value>[^\"'\\]+){_QUOTE}[\s,]*(?:{_QUOTE})?"
        rf"(?:name|key){_NAME_VALUE}(?P<name>[^\"'\\]{{2,60}})",
        re.IGNORECASE,
    ),
    "row": re.compile(rf"\[\s*{_QUOTE}(?P<name>[A-Za-z][\w.-]{{1,60}}){_QUOTE}\s*,\s*{_QUOTED}"),
    "part": re.compile(
        r"\bname=[\"']?(?P<name>[^\"'\r\n;]{2,60})[\"']?[^\r\n]{0,200}"
        r"(?:\r?\n[^\r\n]{1,200}){0,3}\r?\n\r?\n(?P<value>[^\r\n]+)"
    ),
}
"""How a value follows its name: in JSON; in a query, a form or an assignment; in an attribute; in a
header; in XML; in a list of names and values, as in HAR; in a multipart body."""

OPAQUE_ONLY: Final = frozenset({"line", "row"})
"""Forms that also occur in sentences and lists of names, so a value must not be a word."""

_WORDS: Final = re.compile(r"[A-Za-z]?[a-z_]+=?|[A-Z]+")
_LONGEST_WORD: Final = 20
"""Letters of a word: longer ones hardly occur in the sentences of a response."""


def is_opaque(text: str) -> bool:
    """Whether a text is not an ordinary word, such as one after ``bearer`` in a sentence."""
    return len(text) > _LONGEST_WORD or not _WORDS.fullmatch(text.rstrip(".,"))
