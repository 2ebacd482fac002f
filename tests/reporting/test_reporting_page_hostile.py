"""Whatever a target, a user or an error writes stays text on the page."""

from __future__ import annotations

from functools import cache

from hypothesis import example, given, settings
from hypothesis import strategies as st
from page_outline import Outline
from report_values import exchange, report_of_run

from pytest_atomic_cards.reporting.html_report import page
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.profiling.observation import Observation

VIOLATED, DRIFTED = Verdict.VIOLATED, Verdict.DRIFTED
INCONCLUSIVE, NOT_EXERCISED = Verdict.INCONCLUSIVE, Verdict.NOT_EXERCISED
HOSTILE = st.text(
    st.one_of(st.sampled_from("<>&\"'`{}%#/=!-\\\0\x1b\u202e\ud800;:"), st.characters()),
    max_size=40,
)


def hostile(value: str) -> dict[str, object]:
    """A report with a value in every place that the target, the user or an error can fill."""
    return report_of_run(
        {"PAGE-04": VIOLATED, "PAGE-01": INCONCLUSIVE, "PAGE-02": NOT_EXERCISED},
        text=f"x{value}x",
        troubles=(f"x{value}x",),
        known=("PAGE-04",),
        observations=(
            Observation("order", DRIFTED, f"x{value}x", f"y{value}y", fails=True),
            Observation("limit_zero", INCONCLUSIVE, reason=f"x{value}x"),
        ),
        shown=exchange(
            f"x{value}".encode("utf-8", "surrogatepass"),
            f"http://cards.test/v1/e/cards?userId={value}",
        ),
    )


@cache
def page_of_harmless_values() -> Outline:
    """The page of such a report with a letter for the value."""
    return Outline(page(hostile("z")))


@settings(max_examples=40, deadline=None)
@given(HOSTILE)
@example("</pre><script>alert(1)</script>")
@example("{{ 7 * 7 }}{% include 'report.css' %}")
@example("<!--")
@example("--><svg onload=alert(1)>")
@example("]]><style>*{display:none}</style>")
@example('" onmouseover="alert(1)')
@example("javascript:alert(1)")
def test_no_markup_gets_through(text: str) -> None:
    """Whatever values the cards hold, the page has the same elements, and shows the values."""
    outline, harmless = Outline(page(hostile(text))), page_of_harmless_values()
    assert [tag for tag, _ in outline.elements] == [tag for tag, _ in harmless.elements]
    names = [sorted(attributes) for _, attributes in outline.elements]
    assert names == [sorted(attributes) for _, attributes in harmless.elements]
    if text.isascii() and text.isprintable():
        assert "".join(f"x{text}x".split()) in "".join(outline.words.split())
