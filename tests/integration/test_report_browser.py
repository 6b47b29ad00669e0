"""The report in a real Chromium: nothing overflows, no errors, every plot has marks."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait
from support.report_data import EMPTY, full_data

from fintank.report.page import page

pytestmark = pytest.mark.soak

DRAWN_TIMEOUT_S = 30
PLOTS = 12
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *(
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-extensions",
    ),
)
WIDER_THAN_THE_WINDOW = """
return [...document.querySelectorAll("body *")]
  .filter(e => !e.closest(".scroll") || e.matches(".scroll"))
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
  .map(e => e.tagName + "." + e.className)
"""
WIDER_THAN_THEIR_BOX = """
return [...document.querySelectorAll(".card, .panel, figure, .scroll, header")]
  .filter(e => e.scrollWidth > e.clientWidth + 1)
  .map(e => e.className + ": " + e.scrollWidth + " > " + e.clientWidth)
"""
MARKS = """
return [...document.querySelectorAll(".plotly-graph-div")].map(e =>
  e.querySelectorAll(".scatterlayer path, .barlayer path").length)
"""
TEXTS_CUT_OFF = """
return [...document.querySelectorAll(".main-svg")].flatMap(svg => {
  const box = svg.getBoundingClientRect()
  return [...svg.querySelectorAll("text")].filter(t => t.textContent.trim()).filter(t => {
    const r = t.getBoundingClientRect()
    return r.width && (r.left < box.left - 1 || r.right > box.right + 1 || r.bottom > box.bottom + 1)
  }).map(t => t.textContent)
})
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start a Chromium with an empty profile and no network."""
    with tempfile.TemporaryDirectory(prefix="fintank-") as profile:
        options = webdriver.ChromeOptions()
        for option in (*OPTIONS, f"--user-data-dir={profile}", "--host-resolver-rules=MAP * ~NOTFOUND"):
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        options.binary_location = "/usr/bin/chromium"
        driver = webdriver.Chrome(options, Service("/usr/bin/chromedriver"))
        try:
            yield driver
        finally:
            driver.quit()


@pytest.mark.parametrize("width", [1280, 1920])
@pytest.mark.parametrize(("kind", "plots"), [("full", PLOTS), ("empty", 0)])
def test_the_report_fits_each_width(browser: Any, tmp_path: Path, width: int, kind: str, plots: int) -> None:
    file = tmp_path / "report.html"
    file.write_text(page(full_data() if kind == "full" else EMPTY, "InfluxDB"))
    browser.set_window_size(width, 1000)
    browser.get(file.as_uri())
    WebDriverWait(browser, DRAWN_TIMEOUT_S).until(
        lambda _: len(browser.execute_script(MARKS)) == plots and all(browser.execute_script(MARKS))
    )
    assert browser.execute_script("return innerWidth") == width
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    for script in (WIDER_THAN_THE_WINDOW, WIDER_THAN_THEIR_BOX, TEXTS_CUT_OFF):
        assert browser.execute_script(script) == []
    assert browser.get_log("browser") == []
    height = browser.execute_script("return document.documentElement.scrollHeight")
    browser.set_window_size(width, height)
    shot = tmp_path / "report.png"
    assert browser.save_screenshot(str(shot))
    assert shot.stat().st_size > 20_000
