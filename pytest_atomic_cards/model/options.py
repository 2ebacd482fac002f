"""Options: each setting, with its names, its meaning and its default.

What is chosen for one run has a command line option that ``pytest --help`` shows. What belongs to
a project or a target is given in the environment, an ini file or ``cards-target.toml``; the
command line options that some of these have are accepted, but not shown.
"""

from __future__ import annotations

from typing import Final

from pytest_atomic_cards.model import setting_parsers
from pytest_atomic_cards.model.option import Option

PLACES: Final = (
    "The first place that gives a setting counts: the command line (--cards-...), the environment\n"
    "(ATOMIC_CARDS_...), pytest's ini file (atomic_cards_...), cards-target.toml or\n"
    "[tool.atomic-cards] in pyproject.toml (the bare name)."
)

OPTIONS: Final = (
    Option(
        "target",
        "run against the embedded sandbox (default) or a live Cards API",
        setting_parsers.target,
        metavar="{sandbox,live}",
    ),
    Option(
        "report",
        "write report.json, report.html and junit.xml to this directory",
        setting_parsers.path,
        metavar="DIR",
    ),
    Option("strict", "inferred requirements fail too", setting_parsers.truth, metavar=""),
    Option(
        "fault",
        "faults of the sandbox to switch on, separated by commas; @ narrows one, as in "
        "limit-ignored@by=userId",
        setting_parsers.words,
        metavar="NAME",
    ),
    Option(
        "profile",
        "TOML file with answers to the open questions: the sandbox behaves accordingly, and a live "
        "target that differs has drifted",
        setting_parsers.path,
        metavar="FILE",
    ),
    Option(
        "profile_out",
        "write the observed answers to the open questions to this file",
        setting_parsers.path,
        metavar="FILE",
    ),
    Option(
        "only",
        "run only the contracts of these requirements, separated by commas",
        setting_parsers.words,
        metavar="ID",
    ),
    Option(
        "monitor",
        "check every response that the cards fixtures get, and fail a test whose traffic violates "
        "a documented requirement (default: on)",
        setting_parsers.one_of("on", "off"),
        hidden=True,
        metavar="{on,off}",
    ),
    Option(
        "effort",
        "how much to test: quick for every pull request, default every night, thorough before a "
        "release",
        setting_parsers.one_of("quick", "default", "thorough"),
        metavar="{quick,default,thorough}",
    ),
    Option(
        "examples",
        "number of generated cases per contract, overriding the effort",
        setting_parsers.count,
        hidden=True,
        metavar="N",
    ),
    Option("seed", "seed of generated cases", setting_parsers.whole, metavar="N"),
    Option(
        "max_rate",
        "maximum requests per second to a live target, over all threads and worker processes",
        setting_parsers.rate,
        metavar="N",
    ),
    Option(
        "max_time",
        "stop testing after this time: what is left is inconclusive, and seeded cards are cleaned "
        "up",
        setting_parsers.seconds,
        metavar="SECONDS",
    ),
    Option(
        "max_cards",
        "most cards to create on a live target: contracts that do not fit are not exercised, the "
        "cheapest coverage first",
        setting_parsers.count,
        metavar="N",
    ),
    Option(
        "max_requests",
        "most requests to send to a live target: contracts that do not fit, or begin once only "
        "clean-up is left, are not exercised",
        setting_parsers.count,
        metavar="N",
    ),
    Option(
        "dry_run",
        "print what a live run would create and send, at once and without contacting the target",
        setting_parsers.truth,
        metavar="",
    ),
    Option(
        "cassettes",
        "record the exchanges of tests, replay them offline, or verify the target against them",
        setting_parsers.mode,
        metavar="{off,record,replay,verify}",
    ),
    Option(
        "cassettes_dir",
        "directory of the cassettes, relative to the root directory of the tests",
        setting_parsers.path,
        hidden=True,
        metavar="DIR",
    ),
    Option(
        "cassettes_replace",
        "whether a recording replaces an earlier one only if its test passed, or always",
        setting_parsers.one_of("passed", "always"),
        hidden=True,
        metavar="{passed,always}",
    ),
    Option(
        "cassettes_max_age",
        "days after which a cassette has expired",
        setting_parsers.count,
        hidden=True,
        metavar="DAYS",
    ),
    Option(
        "cassettes_fail_on",
        "fail the run if cassettes are orphaned, unplayed or expired, separated by commas",
        setting_parsers.shortcomings,
        hidden=True,
        metavar="WHAT",
    ),
    Option(
        "redact",
        "personal fields to leave out of cassettes, such as payload.detail.email",
        setting_parsers.words,
        hidden=True,
        metavar="FIELD",
    ),
    Option("api_url", "base URL of the Cards API, without /v1", setting_parsers.url),
    Option(
        "org_id",
        "organization id, from which the vendor's base URL is built",
        setting_parsers.label,
    ),
    Option("token_url", "URL of the OAuth token endpoint", setting_parsers.url),
    Option("environment_id", "id of the environment", setting_parsers.segment),
    Option(
        "dedicated_environment",
        "the same id again, if nobody else has cards there: actions may then change all of them",
        setting_parsers.segment,
    ),
    Option("client_id", "id of an API credential with the role events", setting_parsers.client_id),
    Option("client_secret", "secret of that credential", setting_parsers.some_text, secret=True),
    Option(
        "app",
        "application in this process to run against, WSGI or ASGI: module:attribute, or fixture "
        "for that of cards_app",
        setting_parsers.app,
        metavar="MODULE:ATTRIBUTE",
    ),
    Option(
        "access",
        "what gives access: credentials, token, or none if the target asks for no token; if not "
        "set, token if one is given, else credentials",
        setting_parsers.one_of("credentials", "token", "none"),
    ),
    Option("token", "access token to send as it is", setting_parsers.token, secret=True),
    Option(
        "headers",
        "JSON object of further headers for the Cards API, such as the key of a gateway",
        setting_parsers.headers,
        secret=True,
    ),
    Option(
        "client_cert",
        "PEM file with a client certificate and its key, or both files, separated by a comma",
        setting_parsers.paths,
    ),
    Option(
        "seeding",
        "how cards are created: by the Action Flow (default), by the hook "
        "pytest_atomic_cards_seed, or not at all",
        setting_parsers.one_of("flow", "hook", "none"),
    ),
    Option("flow_id", "id of the Action Flow that seeding starts", setting_parsers.segment),
    Option(
        "flow_mode",
        "start or test the Action Flow",
        setting_parsers.one_of("start", "test"),
    ),
    Option(
        "flow_variables",
        "JSON object of variables that the Action Flow requires",
        setting_parsers.json_object,
    ),
    Option(
        "user_ids",
        "the only user ids that seeding may target, separated by commas",
        setting_parsers.words,
    ),
    Option(
        "grant_type_in",
        "where the token request carries its parameters",
        setting_parsers.one_of("auto", "query", "form"),
    ),
    Option(
        "timeout",
        "seconds for a whole exchange: connection, request and response",
        setting_parsers.seconds,
    ),
    Option(
        "max_body",
        "size limit of a response, compressed and decompressed, such as 16MB",
        setting_parsers.size,
    ),
    Option(
        "seed_timeout",
        "longest wait in seconds for the next seeded card to be listed",
        setting_parsers.seconds,
    ),
    Option(
        "journal", "directory for the journals of what live runs have seeded", setting_parsers.path
    ),
)
"""Every setting. The command line, the environment, ini files and the documentation read it."""
