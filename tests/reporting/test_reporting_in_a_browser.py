"""The report page in Chromium: at desktop and phone width, light and dark.

Run with ``pytest -m browser``; Chromium must be installed, by whatever name it has.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from report_values import exchange, report_of_run

from pytest_atomic_cards.reporting.html_report import page
from pytest_atomic_cards.rules.requirements import catalogue
from pytest_atomic_cards.rules.verdicts import Verdict
from pytest_atomic_cards.suite.profiling.observation import Observation

pytestmark = pytest.mark.browser

DRIFT = Observation(
    "order", Verdict.DRIFTED, "oldest-first", "by-id", exchange=exchange().as_dict(), fails=True
)
REPORTS = {
    "conformant": report_of_run(),
    "violated": report_of_run(
        {
            "PAGE-04": Verdict.VIOLATED,
            "STATE-07": Verdict.VIOLATED,
            "RESULT-05": Verdict.VIOLATED,
            "LIMIT-01": Verdict.INCONCLUSIVE,
        },
        shown=exchange(b'{"data": ["' + b"a-very-long-value-" * 40 + b'"]}'),
        known=("RESULT-05",),
    ),
    "drifted": report_of_run(observations=(DRIFT,)),
    "partial": report_of_run({"STATE-04": Verdict.NOT_EXERCISED}),
    "everything": report_of_run(dict.fromkeys(catalogue().requirements, Verdict.VIOLATED)),
}
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-web-security",
    "--allow-file-access-from-files",
    "--window-size=1400,1000",
)
DARK = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")
MEASURE = """
<!doctype html><meta charset="utf-8"><iframe id="frame" style="border: 0"></iframe>
<pre id="found"></pre><script>
const luminance = (rgb) => {
  const [r, g, b] = rgb.map((c) => c / 255).map(
    (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
const ground = (view, element) => {
  for (let one = element; one; one = one.parentElement) {
    const found = parse(view.getComputedStyle(one).backgroundColor);
    if (found.length === 3 || found[3] > 0) return found.slice(0, 3);
  }
  return [255, 255, 255];
};
const frame = document.getElementById("frame");
frame.width = WIDTH;
frame.height = 900;
frame.onload = () => {
  const view = frame.contentWindow, page = frame.contentDocument;
  for (const one of page.querySelectorAll("details")) one.open = true;
  const faint = [], wide = [];
  for (const element of page.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    const box = element.getBoundingClientRect();
    if (!own || element.closest(".unseen, .skip, [aria-hidden=true]") || !box.width) continue;
    const style = view.getComputedStyle(element);
    const colour = element.closest("svg") ? style.fill : style.color;
    const [a, b] = [parse(colour).slice(0, 3), ground(view, element)].map(luminance);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const empty = element.textContent.trim() === "·";
    if (ratio < 4.5 && !empty) faint.push([element.textContent.trim().slice(0, 40), ratio]);
    const scrolled = element.closest(".scroll");
    if (box.right > WIDTH + 1 && !scrolled) wide.push(element.outerHTML.slice(0, 99));
  }
  document.getElementById("found").textContent = JSON.stringify({
    width: page.documentElement.scrollWidth,
    ground: parse(view.getComputedStyle(page.body).backgroundColor),
    resources: view.performance.getEntriesByType("resource").map((one) => one.name),
    faint, wide,
  });
};
frame.src = "report.html";
</script>
"""


@functools.cache
def chromium() -> str:
    """Where Chromium is."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, "no Chromium is installed; these tests run only when they are asked for"
    return found


def run(directory: Path, *arguments: str) -> str:
    """What Chromium says to some arguments."""
    flags = (*FLAGS, f"--user-data-dir={directory / 'profile'}")
    return subprocess.run(  # noqa: S603 - as installed
        [chromium(), *flags, *arguments], capture_output=True, text=True, check=True, timeout=120
    ).stdout


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", REPORTS)
def test_the_page_is_readable(name: str, width: int, dark: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """Nothing sticks out, all text stands out from its ground, and nothing is fetched."""
    (tmp_path / "report.html").write_text(page(REPORTS[name]), "utf-8", errors="backslashreplace")
    measure = tmp_path / "measure.html"
    measure.write_text(MEASURE.replace("WIDTH", str(width)), "utf-8")
    scheme = DARK if dark else ()
    text = run(tmp_path, *scheme, "--virtual-time-budget=5000", "--dump-dom", measure.as_uri())
    shown = re.search(r'<pre id="found">(.*?)</pre>', text, re.DOTALL)
    assert shown
    found: dict[str, Any] = json.loads(unescape(shown[1]))
    assert found["width"] <= width
    assert found["wide"] == []
    assert found["faint"] == []
    assert found["resources"] == []
    assert (sum(found["ground"]) < 384) == dark


def test_a_picture_can_be_taken_from_a_file(tmp_path: Path) -> None:
    """The page opens from the disk, without a server, and shows something."""
    path = tmp_path / "report.html"
    path.write_text(page(REPORTS["violated"]), "utf-8", errors="backslashreplace")
    picture = tmp_path / "page.png"
    run(tmp_path, f"--screenshot={picture}", path.as_uri())
    assert picture.read_bytes().startswith(b"\x89PNG")
