"""report.html: what the page says, and that nothing but the page itself is in it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from page_outline import Outline
from report_values import exchange, report_of_run

from pytest_atomic_cards.model.profile import QUESTIONS
from pytest_atomic_cards.reporting.html_report import page
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.profiling.observation import Observation

if TYPE_CHECKING:
    from contract_runs import RunContracts


VIOLATED, DRIFTED = Verdict.VIOLATED, Verdict.DRIFTED
INCONCLUSIVE, NOT_EXERCISED = Verdict.INCONCLUSIVE, Verdict.NOT_EXERCISED
DRIFT = Observation(
    "order", DRIFTED, "oldest-first", "by-id", exchange=exchange().as_dict(), fails=True
)
LEVELS = Counter(rule.level for rule in catalogue().requirements.values()).values()


@pytest.mark.parametrize(
    ("report", "word", "parts"),
    [
        (report_of_run(), "conformant", [f"{count} ✓ held" for count in LEVELS]),
        (
            report_of_run({"PAGE-04": VIOLATED}),
            "violated: PAGE-04",
            ["PAGE-04 ✗ violated documented", "Expected expected some text Actual some text"],
        ),
        (
            report_of_run({"RESULT-05": VIOLATED}),
            "conformant",
            ["RESULT-05 ✗ violated inferred, does not fail the run"],
        ),
        (
            report_of_run({"PAGE-04": VIOLATED}, known=("PAGE-04",)),
            "deviating",
            ["Known deviations", "some text, until 2999-01-01: https://t.test/1"],
        ),
        (
            report_of_run({"PAGE-01": INCONCLUSIVE, "PAGE-02": INCONCLUSIVE}),
            "inconclusive",
            ["2 requirements ? inconclusive", "PAGE-01 , PAGE-02", "Reason some text"],
        ),
        (report_of_run({"PAGE-01": NOT_EXERCISED}), "partial", ["1 documented not exercised"]),
        (
            report_of_run(observations=(DRIFT,)),
            "drifted",
            ["order ≠ drifted open question", "Pinned by-id Observed oldest-first"],
        ),
        (report_of_run(troubles=("a worker died",)), "inconclusive", ["Trouble a worker died"]),
    ],
    ids=["held", "violated", "inferred", "known", "doubt", "partial", "drift", "trouble"],
)
def test_the_verdict_comes_first(report: dict[str, object], word: str, parts: list[str]) -> None:
    """The page begins with the verdict, and shows what differs in words and not by colour alone."""
    outline = Outline(page(report))
    words = outline.words
    assert words.startswith(f"{word} · Atomic Cards API contract")
    for part in parts:
        assert part in words
    if "What differs" in parts:
        assert words.index("What differs") < words.index("Requirements Query attributes")


def test_everything_is_on_the_page() -> None:
    """Each requirement stands there with sentence, source and level, and each open question."""
    words = Outline(page(report_of_run())).words
    for rule in catalogue().requirements.values():
        for text in (rule.id, rule.statement, rule.cited, rule.level):
            assert " ".join(text.split()) in words
    for question in QUESTIONS.values():
        assert question.name in words
        assert question.text in words


def test_an_exchange_can_be_repeated() -> None:
    """A violation shows the request, the response and a command without the token."""
    report = report_of_run({"PAGE-04": VIOLATED}, shown=exchange(b'{"data": ["a card"]}'))
    words = Outline(page(report)).words
    assert "GET http://cards.test/v1/e/cards?userId=a%20b → HTTP 200" in words
    assert '{ "data": [ "a card" ] }' in words
    assert '-H "Authorization: Bearer $ATOMIC_TOKEN"' in words
    assert "token-of-the-test" not in words


def test_a_long_body_can_be_opened_whole() -> None:
    """A long body is shown by its beginning, and whole when opened."""
    report = report_of_run({"PAGE-04": VIOLATED}, shown=exchange(b"x" * 50_000 + b" the end"))
    outline = Outline(page(report))
    assert "The whole body, 50,008 characters" in outline.words
    assert outline.words.count("the end") == 1


def test_a_huge_body_is_cut() -> None:
    """A body of a thousand cards does not make the page long; it says where the rest is."""
    text = page(report_of_run({"PAGE-04": VIOLATED}, shown=exchange(b"x" * 400_000)))
    assert len(text) < len(page(report_of_run())) + 15_000
    assert "The whole body, 400,000 characters, is in report.json." in text


def test_a_page_of_many_findings_stays_readable() -> None:
    """With everything violated the page has an index, one open exchange, and a limited length."""
    verdicts = dict.fromkeys(catalogue().requirements, VIOLATED)
    report = report_of_run(verdicts, shown=exchange(b"x" * 90_000))
    outline = Outline(text := page(report))
    assert len(text) < 5_000_000
    opened = [one for one in outline.named("details") if "open" in one and not one.get("class")]
    assert len(opened) == 1
    links = [str(link["href"]) for link in outline.named("a")]
    articles = [one["id"] for one in outline.named("article")]
    assert articles
    assert all(f"#{name}" in links for name in articles)


def test_what_differs_is_in_three_groups() -> None:
    """What is documented stands apart from what is inferred, and from what is inconclusive."""
    verdicts = {"AUTH-01": VIOLATED, "AUTH-08": VIOLATED, "PAGE-01": INCONCLUSIVE}
    words = Outline(page(report_of_run(verdicts))).words
    places = [
        words.index(title)
        for title in (
            "Violated: documented requirements (1)",
            "Violated: requirements that are only inferred (1)",
            "Inconclusive (1)",
        )
    ]
    assert places == sorted(places)


def test_the_headline_says_what_is_wrong() -> None:
    """Title and headline name the first violation, with its sentence and what was observed."""
    verdicts = {"SHAPE-01": VIOLATED, "PAGE-01": INCONCLUSIVE}
    words = Outline(page(report_of_run(verdicts))).words
    assert words.startswith("violated: SHAPE-01 · Atomic Cards API contract")
    statement = catalogue()["SHAPE-01"].statement
    assert f"violated: SHAPE-01 {statement} But some text." in words
    assert "start here: SHAPE-01 ; 1 requirement depends on it" in words
    assert "Run alone atomic-cards check --cards-only SHAPE-01" in words


def test_no_id_breaks_at_its_hyphen() -> None:
    """Every id in a sentence, a list or a table has a class that keeps it on one line."""
    verdicts = {"SHAPE-01": VIOLATED, "PAGE-01": INCONCLUSIVE, "PAGE-02": INCONCLUSIVE}
    text = re.sub("<title>.*</title>|<code>.*?</code>", "", page(report_of_run(verdicts)))
    for found in re.finditer(r'(.{12})(SHAPE|PAGE)-\d\d(?!")[^-\w]', text):
        assert re.search(r'class="id"[^>]*>$|#(rule-)?$|title="$', found[1]) or found[1][-1] in '>"'


def test_the_footprint_of_the_run_is_shown() -> None:
    """The page says how many cards the run started and requests it sent, by endpoint."""
    words = Outline(page(report_of_run())).words
    assert "Cards started 0, planned 0" in words
    assert "Requests sent 40: 39 × GET /cards, 1 × PUT /cards/cancel" in words


def test_the_page_needs_nothing_else() -> None:
    """No script, no style sheet, no picture and no font comes from anywhere; a policy says so."""
    report = report_of_run({"PAGE-04": VIOLATED}, observations=(DRIFT,), known=("PAGE-04",))
    text = page(report)
    outline = Outline(text)
    tags = {tag for tag, _ in outline.elements}
    assert not tags & {"script", "img", "iframe", "object", "embed", "base", "form", "source"}
    for tag, attributes in outline.elements:
        assert "src" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        if tag == "link":
            assert attributes["href"] == "data:,"
    assert "url(#head-" in text
    assert not re.search(r"url\((?!#head-)|@import", text)
    (policy,) = [one for one in outline.named("meta") if one.get("http-equiv")]
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_the_page_can_be_found_the_way_in() -> None:
    """There are landmarks, one first heading, no dead link, and names for pictures and tables."""
    report = report_of_run({"PAGE-04": VIOLATED, "RESULT-05": VIOLATED}, known=("RESULT-05",))
    outline = Outline(page(report))
    tags = [tag for tag, _ in outline.elements]
    assert [tags.count(tag) for tag in ("header", "main", "footer", "nav", "h1")] == [1] * 5
    ids = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for link in outline.named("a"):
        target = str(link["href"])
        assert target.startswith("https://") or target.removeprefix("#") in ids
    for section in outline.named("section"):
        assert section["aria-labelledby"] in ids
    for attributes in outline.named("svg"):
        assert "aria-label" in attributes or attributes.get("aria-hidden") == "true"
    scrolled = [
        one for tag, one in outline.elements if tag == "pre" or one.get("class") == "scroll"
    ]
    assert all(one.get("tabindex") == "0" and one.get("aria-label") for one in scrolled)
    assert dict(outline.elements)["html"]["lang"] == "en"


def test_without_the_extra_the_terminal_says_so(
    run_contracts: RunContracts, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra no page is written or left from an older run, and this is reported."""
    (pytester.path / "out").mkdir()
    (pytester.path / "out" / "report.html").write_text("of an older run")
    monkeypatch.setitem(sys.modules, "leather", None)
    monkeypatch.delitem(sys.modules, "pytest_atomic_cards.reporting.html_report", raising=False)
    monkeypatch.delitem(sys.modules, "pytest_atomic_cards.reporting.latency_plot", raising=False)
    source = '@requirement("PAGE-01")\ndef test_holds():\n    pass\n'
    result = run_contracts(source, "--cards-report", "out")
    result.stdout.fnmatch_lines(
        [
            (
                "page: report.html was not written because leather is not installed; "
                'pip install "pytest-*"'
            )
        ]
    )
    assert {path.name for path in (pytester.path / "out").iterdir()} == {"report.json", "junit.xml"}


def test_the_core_needs_no_template_library(tmp_path: Path) -> None:
    """Neither the reporter nor the command line imports what only the page needs."""
    code = (
        "import sys, pytest_atomic_cards.plugin.cli;"
        "import pytest_atomic_cards.reporting.result_collector;"
        "sys.exit(bool({'jinja2', 'leather'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)  # noqa: S603
    assert done.returncode == 0
