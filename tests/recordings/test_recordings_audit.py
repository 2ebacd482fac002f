"""An audit of recordings: the same verdicts from every format, and none that is false."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from audits import verdicts
from recordings_of import FORMATS, har, lines, vcrpy_json, vcrpy_yaml
from traffic import Client, traffic, violated

from pytest_atomic_cards.model.exchange import Exchange
from pytest_atomic_cards.model.profile import Profile
from pytest_atomic_cards.plugin.cli import main
from pytest_atomic_cards.recordings.audit.auditor import audit
from pytest_atomic_cards.reporting.audit_report import NOTHING_JUDGED
from pytest_atomic_cards.rules.verdicts import Verdict


@pytest.fixture(scope="module")
def plain() -> list[Exchange]:
    """Ordinary traffic with a sandbox that is right."""
    return traffic()


def small(*faults: str, profile: Profile | None = None) -> list[Exchange]:
    """A few exchanges about three customers."""
    client = Client(faults, profile)
    client.seed(user_id="u1", card_template_id="t1", count=2)
    client.seed(user_id="u2", card_template_id="t1")
    client.send("GET", cardTemplateId="t1")
    client.send("GET", userId="u2", limit=10)
    client.send("PUT", "/complete", {"size": "L"}, userId="u2")
    client.send("PUT", "/dismiss", userId="u1", multiple=1)
    client.pass_days()
    client.send("GET", userId="u1")
    client.send("PUT", "/complete", userId="u2")
    client.send("GET", userId="u2")
    return client.exchanges


@pytest.mark.parametrize("form", FORMATS)
def test_a_recording_that_is_right_violates_nothing(
    form: str, plain: list[Exchange], tmp_path: Path
) -> None:
    """In every format all exchanges are read, and many requirements are seen to hold."""
    path = tmp_path / "recording"
    FORMATS[form](path, plain)
    done = audit([path])
    assert (done.counts[0].judged, done.counts[0].passed_over) == (len(plain), 0)
    assert verdicts(done) == set()
    assert verdicts(done, Verdict.HELD) >= {"QUERY-06", "PAGE-01", "SHAPE-01", "SHAPE-04"}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("fault", "due"),
    [
        ("list-ignores-userId", "QUERY-06"),
        ("limit-ignored", None),
        ("act-ignores-userId", None),
        ("result-action-of-another", "RESULT-02"),
        ("complete-completed", None),
        ("timestamps-without-zone", "SHAPE-04"),
    ],
)
def test_a_violation_is_seen_in_every_format(
    fault: str, due: str | None, form: str, tmp_path: Path
) -> None:
    """What the monitor sees in traffic the audit sees in its recording."""
    exchanges = small(fault)
    path = tmp_path / "recording"
    FORMATS[form](path, exchanges)
    seen = verdicts(audit([path]))
    expected = violated(exchanges).keys()
    if form.startswith("vcrpy"):
        expected -= {"STATE-14"}  # which needs to know when
    assert seen == expected
    assert due is None or due in seen


def test_fields_that_a_filter_of_vcrpy_took_out_are_not_missed(tmp_path: Path) -> None:
    """A cassette of vcrpy cannot show that a field was missing; a HAR file can."""
    exchanges = small("card-lacks-userId")
    for write, due in ((vcrpy_yaml, set()), (vcrpy_json, set()), (har, {"SHAPE-02"})):
        write(tmp_path / "recording", exchanges)
        assert verdicts(audit([tmp_path / "recording"])) == due


def masked(exchange: Exchange, randomness: random.Random) -> Exchange:
    """An exchange in which personal data was replaced, as people do it."""
    mask = randomness.choice(
        ["[redacted]", "REDACTED", "***", "<userId>", "", "[Filtered]", "xxxxx"]
    )
    body = exchange.json()
    for one in body.get("data", ()) if isinstance(body, dict) else ():
        for name in randomness.sample(sorted(one), 4):
            one[name] = mask
    url = exchange.url
    if randomness.random() < 0.3:
        url = "&".join(
            f"{pair.partition('=')[0]}=[redacted]" if "userId" in pair else pair
            for pair in url.split("&")
        )
    return replace(exchange, url=url, response_body=json.dumps(body).encode())


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("form", FORMATS)
def test_a_recording_that_people_have_handled_violates_nothing(
    form: str, seed: int, plain: list[Exchange], tmp_path: Path
) -> None:
    """Redacted, reordered, deduplicated, partial, of several hosts: there is no false violation."""
    randomness = random.Random(seed)  # noqa: S311 - not for secrets
    handled: list[Exchange] = []
    for one in plain[:-6]:
        if seed % 2 and one.status and randomness.random() < 0.5:
            one = masked(one, randomness)  # noqa: PLW2901
        if randomness.random() < 0.8:
            host = randomness.choice(["one.test", "two.test:8443"])
            handled.append(replace(one, url=one.url.replace("sandbox.invalid", host)))
    if seed in {2, 3}:
        handled = list({one.url: one for one in handled}.values())
    if seed in {4, 5}:
        randomness.shuffle(handled)
    if seed == 6:
        handled = [replace(one, response_body=b"") for one in handled]
    if seed == 7:
        handled = [replace(one, response_body=one.response_body[:-9]) for one in handled]
    FORMATS[form](tmp_path / "recording", handled)
    assert verdicts(audit([tmp_path / "recording"])) == set()


def test_files_are_histories_of_their_own(tmp_path: Path) -> None:
    """A card in two closed states in two recordings is not a violation; in one it is."""
    client = Client(("complete-dismissed",))
    client.seed(user_id="u1", status="dismissed")
    client.send("GET", userId="u1")
    client.send("PUT", "/complete", userId="u1")
    client.send("GET", userId="u1")
    first, second, both = (tmp_path / name for name in ("first", "second", "both"))
    lines(first, client.exchanges[:1])
    lines(second, client.exchanges[1:])
    lines(both, client.exchanges)
    assert "TIME-04" not in verdicts(audit([first, second]))
    assert "TIME-04" in verdicts(audit([both]))


OTHERS = {
    "an API of payment cards": (
        "GET",
        "https://api.payments.test/v1/issuing/cards?status=active&limit=3",
        {"object": "list", "data": [{"id": "ic_1", "status": "inactive"}] * 4},
    ),
    "a board": ("GET", "https://boards.test/1/boards/b/cards", [{"id": "1"}]),
    "the token endpoint": ("POST", "https://auth.test/oauth2/token", {"expires_in": 3600}),
    "a page": ("GET", "https://shop.test/cards", "<html>"),
    "a preflight": ("OPTIONS", "https://o.customer-api.atomic.io/v1/e/cards", None),
    "another method": ("POST", "https://o.customer-api.atomic.io/v1/e/cards", {}),
    "another action": ("PUT", "https://o.customer-api.atomic.io/v1/e/cards/freeze", {}),
}


@pytest.mark.parametrize("form", ["lines", "har", "vcrpy-yaml"])
@pytest.mark.parametrize("what", OTHERS)
def test_what_is_no_exchange_of_the_cards_api_is_passed_over(
    what: str, form: str, tmp_path: Path
) -> None:
    """Other traffic in a recording is counted, and judged by nothing."""
    method, url, body = OTHERS[what]
    one = small()[0]
    other = replace(one, method=method, url=url, response_body=json.dumps(body).encode())
    FORMATS[form](tmp_path / "recording", [other])
    done = audit([tmp_path / "recording"])
    assert (done.counts[0].judged, done.counts[0].passed_over) == (0, 1)
    assert verdicts(done, Verdict.HELD) | verdicts(done) == set()


def test_a_response_from_a_cache_shows_no_time(tmp_path: Path) -> None:
    """What a cache gave out may be old: an open card after a closed one is none that reopened."""
    client = Client()
    client.seed(user_id="u1")
    client.send("GET", userId="u1")
    client.send("PUT", "/dismiss", userId="u1")
    client.send("GET", userId="u1")
    client.pass_days()
    now = client.world.sandbox.clock.now()
    old = replace(client.exchanges[0], started=now)
    aged = replace(old, response_headers=dict(old.response_headers) | {"age": "7"})
    for last, due in ((old, {"STATE-07", "TIME-04"}), (aged, set())):
        lines(tmp_path / "recording", [*client.exchanges, last])
        assert verdicts(audit([tmp_path / "recording"])) == due


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    """Characters that other formats take for the end of a line may stand in texts of JSON lines."""
    (one,) = traffic()[:1]
    odd = json.dumps(one.as_dict() | {"error": "\x85\u2028\u2029\x1c"}, ensure_ascii=False)
    (tmp_path / "recording").write_text(f"{odd}\n\n \n{odd}", "utf-8")
    done = audit([tmp_path / "recording"])
    assert done.counts[0].judged == 2


@pytest.mark.parametrize("count", [255, 256, 257])
def test_the_progress_of_the_last_exchanges_is_no_matter(count: int, tmp_path: Path) -> None:
    """The file is closed when the last batch of exchanges is judged."""
    lines(tmp_path / "recording", traffic()[:1] * count)
    assert audit([tmp_path / "recording"]).judged == count


def test_examples_of_a_page_are_not_judged(capsys: pytest.CaptureFixture[str]) -> None:
    """The request and the response of a page may be of two examples."""
    page = Path(__file__).parents[2] / "cassettes" / "page" / "cards-api.json"
    assert main(["audit", str(page)]) == NOTHING_JUDGED
    assert "8 from a page, whose examples are no exchange" in capsys.readouterr().out


def test_what_the_command_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command prints each verdict, and the place of the first violation."""
    good, bad = tmp_path / "good.har", tmp_path / "bad.jsonl"
    har(good, small())
    lines(bad, small("list-ignores-userId"))
    monkeypatch.chdir(tmp_path)
    assert main(["audit", "good.har", "--report", "out"]) == 0
    response = capsys.readouterr()
    assert "good.har: 7 exchanges of the Cards API, 0 others skipped" in response.out
    assert "verdict: partial (nothing documented is violated; " in response.out
    assert response.err == ""
    report = json.loads(Path("out/report.json").read_text("utf-8"))
    assert {rule["verdict"] for rule in report["rules"]} == {"held", "not exercised"}
    assert main(["audit", "good.har", "bad.jsonl"]) == 1
    response = capsys.readouterr()
    assert "QUERY-06 (documented) violated" in response.out
    assert "verdict: violated (QUERY-06)\n" in response.out
    assert "place:     bad.jsonl, exchange 2, line 2" in response.out
    assert "\033[" not in response.out


def test_inferred_violations_count_when_strict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is only inferred is reported, and makes the command fail with --strict."""
    path = tmp_path / "recording"
    lines(path, small("timestamps-with-space"))
    assert main(["audit", str(path)]) == 0
    assert "violated, but only inferred: SHAPE-" in capsys.readouterr().out
    assert main(["audit", str(path), "--strict"]) == 1


def test_real_reports_of_schemathesis() -> None:
    """Reports that Schemathesis wrote of a run on a sandbox are read, all exchanges of them."""
    directory = Path(__file__).parent / "schemathesis"
    counts = set()
    for path in sorted(directory.iterdir()):
        done = audit([path])
        assert verdicts(done) == set()
        counts.add((done.counts[0].judged, done.counts[0].passed_over))
    assert counts == {(15, 0)}
