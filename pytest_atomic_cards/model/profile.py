"""Profile: the questions that the documentation leaves open, and one target's answers to them.

No answer is right or wrong. The sandbox behaves according to its profile; nothing in the contract
suite may fail because of an answer.

Source of each question: the Cards API page is silent on it.
"""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, get_args, get_type_hints

from pytest_atomic_cards.support.errors import MisuseError


def _question(text: str, default: str) -> Any:  # noqa: ANN401 - stands in for the field's type
    return field(default=default, metadata={"question": text})


_Refusal = Literal["401", "403"]
_Invalid = Literal["400", "422"]
_Untyped = Literal["accepted", "400", "415"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One answer to every open question; the defaults are the sandbox's own choice, not facts.

    Raises:
        MisuseError: An answer is not one of those the question allows.
    """

    # Matching
    zero_match_listing: Literal["empty", "null", "204", "404"] = _question(
        "What does a listing answer when no card matches?", "empty"
    )
    zero_match_action: Literal["empty", "null", "204", "404", "400", "409", "422"] = _question(
        "What does an action answer when no card matches?", "empty"
    )
    wrong_state: Literal["unselected", "counted", "400", "404", "409", "422"] = _question(
        "What happens to matched cards in a state that the action does not allow: as if they did "
        "not match, counted in summary.total but not updated, or the whole request refused?",
        "unselected",
    )
    multiple_counts: Literal["actionable", "matching"] = _question(
        "Does 'more than one card' without multiple=1 count only cards that the action can "
        "change, or all that match?",
        "matching",
    )
    empty_attribute: Literal["absent", "no-match", _Invalid] = _question(
        "What does an attribute with an empty value mean?", "no-match"
    )
    repeated_attribute: Literal["first", "last", "any", _Invalid] = _question(
        "What does an attribute that is given twice mean?", "last"
    )
    comma_list: Literal["literal", "any"] = _question(
        "Does an attribute match each of several values that are separated by commas?", "literal"
    )
    unknown_parameter: Literal["ignored", _Invalid] = _question(
        "What happens to an unknown query parameter?", "ignored"
    )
    unknown_status: Literal["no-match", _Invalid] = _question(
        "What does a status that is none of the seven words mean?", "no-match"
    )
    attribute_case: Literal["sensitive", "insensitive"] = _question(
        "Are attribute values compared with regard to case?", "sensitive"
    )
    multiple_spelling: Literal["1", "truthy"] = _question(
        "Is multiple=true accepted as multiple=1 is?", "1"
    )

    # Listing
    order: Literal["oldest-first", "newest-first", "by-id", "shuffled-page"] = _question(
        "In which order are cards listed?", "oldest-first"
    )
    listing_limit_over_1000: Literal["clamped", "default", "served", _Invalid] = _question(
        "What does a listing do with a limit above 1000: as with 1000, as without one, or serve "
        "it?",
        "clamped",
    )
    limit_zero: Literal["empty", "default", _Invalid] = _question(
        "What does a listing do with limit=0?", "400"
    )
    bad_number: Literal["ignored", _Invalid] = _question(
        "What happens to a limit or offset that is negative or not a number?", "400"
    )
    embargoed_cards_listed: Literal["yes", "only-by-status", "no"] = _question(
        "Are embargoed cards listed: also without a status attribute, only by status, or never?",
        "yes",
    )
    closed_cards_listed: Literal["yes", "only-by-status", "no"] = _question(
        "Are dismissed, completed and expired cards listed: also without a status attribute, only "
        "by status, or never?",
        "yes",
    )
    cancelled_cards_listed: Literal["yes", "no"] = _question(
        "Are cancelled cards ever listed?", "yes"
    )
    read_after_write: Literal["immediate", "delayed"] = _question(
        "Does a listing right after an action show the new status?", "immediate"
    )

    # Actions
    action_status: Literal["200", "201", "202", "207"] = _question(
        "With which status does an action succeed?", "200"
    )
    action_limit_over_1000: Literal["clamped", "default", _Invalid] = _question(
        "What does cancel do with a limit above 1000: as with 1000, or as without one?", "clamped"
    )
    other_action_limits: Literal["as-cancel", "default-100", "only-given", "none"] = _question(
        "Do dismiss and complete have the limits of cancel, another default, only the limit that "
        "is given, or none?",
        "as-cancel",
    )
    action_order: Literal["oldest-first", "newest-first", "by-id"] = _question(
        "Which cards does an action with a limit change first?", "oldest-first"
    )
    action_offset: Literal["ignored", "honoured", _Invalid] = _question(
        "What does offset mean for an action?", "ignored"
    )
    summary_total: Literal["acted", "matched"] = _question(
        "Does summary.total count the cards within the limit, or all that match?", "acted"
    )
    action_word: Literal["imperative", "past"] = _question(
        "Which word does a dismiss or cancel result hold: dismiss, or dismissed?", "imperative"
    )
    non_object_payload: Literal["accepted", _Invalid] = _question(
        "Is a completion payload accepted that is JSON but not an object?", "400"
    )
    payload_content_type: _Untyped = _question(
        "Is a completion payload accepted that is not labelled as JSON?", "accepted"
    )
    action_content_type: _Untyped = _question(
        "Is an action without a body accepted if it has no Content-Type?", "accepted"
    )

    # Lifecycle
    cancel_embargoed: Literal["allowed", "refused"] = _question(
        "May an embargoed card be cancelled?", "allowed"
    )
    cancel_snoozed: Literal["allowed", "refused"] = _question(
        "May a snoozed card be cancelled?", "allowed"
    )
    expiry_while_embargoed: Literal["expires", "waits"] = _question(
        "Does an embargoed card expire at its expiry time?", "expires"
    )
    expiry_while_snoozed: Literal["expires", "waits"] = _question(
        "Does a snoozed card expire at its expiry time?", "expires"
    )
    updated_by_system: Literal["yes", "no"] = _question(
        "Does 'updated' change when the platform itself changes the state?", "yes"
    )

    # Authentication
    no_token: _Refusal = _question("How is a request without a token refused?", "401")
    bad_token: _Refusal = _question("How is a request with an invalid token refused?", "401")
    other_scheme: _Refusal = _question(
        "How is an Authorization header with another scheme than Bearer refused?", "401"
    )
    wrong_role: _Refusal = _question("How is a token of another role refused?", "403")
    other_environment: Literal["401", "403", "404"] = _question(
        "How is a token of another environment refused?", "403"
    )
    unknown_environment: Literal["401", "403", "404"] = _question(
        "How is an environment refused that does not exist?", "403"
    )
    no_user_agent: Literal["400", "403", "accepted"] = _question(
        "What happens to a request without a User-Agent?", "403"
    )
    deleted_credential: Literal["dies", "lives"] = _question(
        "Does a token die at once when its credential is deleted?", "dies"
    )
    token_fields: Literal["cognito", "access_token-only"] = _question(
        "Which fields does a token response have?", "cognito"
    )
    grant_type_in: Literal["either", "query", "form"] = _question(
        "Where is grant_type read from?", "either"
    )

    # Creation
    start_response: Literal["flat", "data-object", "data-array"] = _question(
        "Where in the response of start is flowInvocationId?", "flat"
    )
    start_status: Literal["200", "201", "202"] = _question(
        "With which status does start answer?", "200"
    )
    creation: Literal["immediate", "delayed"] = _question(
        "Does the first listing after a start show its cards?", "immediate"
    )
    start_lifecycle_id: Literal["honoured", "ignored", _Invalid] = _question(
        "Do the cards of a start have the lifecycleId that it names beside their target?",
        "honoured",
    )
    delivery_options: Literal["honoured", "ignored"] = _question(
        "Are embargo and expiry of a start request honoured over the flow's own?", "honoured"
    )
    cards_per_target: Literal["1", "2"] = _question(
        "How many cards does the flow send to one target?", "1"
    )
    test_event_source: Literal["test", "live"] = _question(
        "Which eventSource do cards of a test start have?", "test"
    )

    # Form
    error_body: Literal["message", "error", "errors", "problem", "text", "empty"] = _question(
        "What does the body of an error hold?", "message"
    )
    extra_fields: Literal["none", "some"] = _question(
        "Do bodies hold fields beyond the sampled ones?", "none"
    )
    wrong_method: Literal["405", "403", "404"] = _question(
        "How is another method on a known path refused?", "405"
    )
    head: Literal["served", "403", "404", "405"] = _question("Is HEAD served where GET is?", "405")
    unknown_path: Literal["403", "404"] = _question(
        "How is an unknown path below an environment refused?", "404"
    )
    rate_limit_headers: Literal["none", "ratelimit", "x-ratelimit"] = _question(
        "Do responses announce a rate limit in headers?", "none"
    )
    trailing_slash: Literal["served", "403", "404"] = _question(
        "Is a path with a trailing slash served?", "404"
    )

    @classmethod
    def read(cls, path: Path) -> Self:
        """The profile in a TOML file; questions that it leaves out have their default answers.

        Raises:
            MisuseError: The file cannot be read, or holds anything but answers.
        """
        return cls(**read_answers(path))

    def __post_init__(self) -> None:
        for name, question in QUESTIONS.items():
            answer = getattr(self, name)
            if answer not in question.answers:
                raise MisuseError(
                    f"profile: {name} = {answer!r} is not an answer to {question.text!r}; "
                    f"choose one of {', '.join(question.answers)}"
                )


@dataclass(frozen=True, slots=True)
class Question:
    """An open question: its name in a profile, its text, and its possible answers."""

    name: str
    text: str
    answers: tuple[str, ...]
    default: str


def _answers(hint: Any) -> tuple[str, ...]:  # noqa: ANN401 - a typing construct
    return get_args(hint)


QUESTIONS: dict[str, Question] = {
    item.name: Question(item.name, item.metadata["question"], _answers(hint), str(item.default))
    for item, hint in zip(
        dataclasses.fields(Profile), get_type_hints(Profile).values(), strict=True
    )
}
"""Every open question by name."""


def read_answers(path: Path) -> dict[str, Any]:
    """The answers that a TOML file gives, by question.

    Raises:
        MisuseError: The file cannot be read, or holds anything but questions.
    """
    try:
        answers = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise MisuseError(f"profile {path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise MisuseError(f"profile {path} is not TOML: {error}") from None
    unknown = answers.keys() - QUESTIONS.keys()
    if unknown:
        raise MisuseError(
            f"profile {path}: unknown question {', '.join(sorted(unknown))}; "
            f"known: {', '.join(QUESTIONS)}"
        )
    return answers
