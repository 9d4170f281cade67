"""The page in a real browser: every view empty, full and failing, narrow and wide, light and dark."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.stages.world import entry
from tests.web.browsing import CHROMIUM, World, world
from tests.web.world import passed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no /usr/bin/chromium on this machine"),
    pytest.mark.xdist_group("page"),
]

VIEWS = ("now", "alerts", "stories", "companies", "watchlist", "feeds", "system")
NARROW, WIDE = (390, 844), (1280, 900)
Scheme = Literal["light", "dark"]
LOOKS: tuple[tuple[tuple[int, int], Scheme], ...] = ((NARROW, "light"), (WIDE, "dark"))
SHOTS = os.environ.get("ALERTD_SCREENSHOTS", "")
TOKEN = "a-token-of-thirty-two-characters"
SLOW = 15_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, World]]:
    folder = tmp_path_factory.mktemp("page")
    with (
        world(folder / "empty", "empty") as empty,
        world(folder / "full", "full") as full,
        world(folder / "gone", "gone") as gone,
    ):
        yield {"empty": empty, "full": full, "gone": gone}


@contextmanager
def opened(browser: Browser, url: str, size: tuple[int, int] = WIDE, scheme: Scheme = "light") -> Iterator[Page]:
    """A page that fails the test when something is wrong in its console, or it asks anybody else."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        locale="en-GB",
        timezone_id="UTC",
    )
    context.set_default_timeout(SLOW)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith(url) else None)
    try:
        yield page
    finally:
        context.close()
    # what the browser itself says of a refusal is expected where the store is gone
    assert [line for line in wrong if not re.search(r"status of (503|401|400)", line)] == []


def go(page: Page, url: str, place: str) -> None:
    page.goto(f"{url}/#/{place}")
    page.wait_for_selector(f"main[data-view={place.partition('/')[0].partition('?')[0]}]")
    until(page, "!document.querySelector('.loading')")


def until(page: Page, condition: str) -> None:
    """Wait for a condition in JavaScript; the page's policy forbids Playwright's own way, which evaluates texts."""
    deadline = time.monotonic() + SLOW / 1000
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, f"in vain: {condition}"
        page.wait_for_timeout(20)


def dress(page: Page, size: tuple[int, int], scheme: Scheme) -> None:
    """Show the same page at another size and in other colours."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)


def judged(page: Page) -> None:
    """Nothing sticks out, and axe-core finds nothing."""
    from axe_playwright_python.sync_playwright import Axe

    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "it sticks out"
    found = Axe().run(page).response["violations"]
    assert [(v["id"], [n["html"][:200] for n in v["nodes"][:3]]) for v in found] == []


def shot(page: Page, name: str) -> None:
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize("state", ["empty", "full", "gone"])
@pytest.mark.parametrize("view", VIEWS)
def test_every_view(browser: Browser, worlds: dict[str, World], state: str, view: str) -> None:
    with opened(browser, worlds[state].url, *LOOKS[0]) as page:
        go(page, worlds[state].url, view)
        assert page.locator("h1").count() == 1
        if state == "gone":
            assert "cannot reach its store" in page.inner_text("main [role=alert]")
        if state == "empty" and view not in ("watchlist", "feeds", "companies"):
            assert page.locator(".blank").count() >= 1
        for size, scheme in LOOKS:
            dress(page, size, scheme)
            judged(page)
            shot(page, f"{view}-{state}-{size[0]}-{scheme}")


def test_details(browser: Browser, worlds: dict[str, World]) -> None:
    full = worlds["full"]
    places = {
        "alert": f"alerts/{full.alert}", "story": f"stories/{full.ids[0]}", "company": "companies/NVDA?hours=24",
    }  # fmt: skip
    for size, scheme in LOOKS:
        for name, place in places.items():
            with opened(browser, full.url, size, scheme) as page:
                go(page, full.url, place)
                if name == "alert":
                    assert "NVDA" in page.inner_text(".slack .header")
                if name == "company":
                    assert page.locator("svg.chart rect").count() >= 1
                judged(page)
                shot(page, f"{name}-full-{size[0]}-{scheme}")


def test_what_feeds_write_stays_text(browser: Browser, worlds: dict[str, World]) -> None:
    full = worlds["full"]
    mean = "Intel <img src=x onerror=alert(1)> & <b>sons</b> open a shop in Bonn"
    bad = entry(mean, url="javascript:alert(document.domain)", guid="mean")
    full.do(lambda: passed(full.context, bad))
    with opened(browser, full.url) as page:
        go(page, full.url, "now?q=Bonn")
        assert page.inner_text("#articles h2") == mean
        assert page.locator("#articles h2 a, #articles img").count() == 0
        links = page.evaluate("[...document.querySelectorAll('main a')].map(a => a.getAttribute('href'))")
        assert all(href.startswith(("#/", "http://", "https://")) for href in links)
        go(page, full.url, "now")
        away = page.locator("#articles h2 a").first
        assert away.get_attribute("rel") == "noopener noreferrer"


def test_live_why_and_filters(browser: Browser, worlds: dict[str, World]) -> None:
    full = worlds["full"]
    with opened(browser, full.url) as page:
        go(page, full.url, "now")
        page.wait_for_selector("#pulse.live")
        title = "Nvidia hires 80 people for a laboratory in Graz"
        full.do(lambda: passed(full.context, entry(title)))
        page.wait_for_selector(f"#articles article:has-text('{title}')")
        first = page.locator("#articles article").first
        assert title in first.inner_text()
        why = first.locator(".why-button")
        why.click()
        assert why.get_attribute("aria-expanded") == "true"
        first.locator(".verdicts").wait_for()
        assert "nvidia" in first.locator(".why").inner_text()
        judged(page)
        shot(page, "now-why-1280-light")
        page.fill("#f-company", "1810.HK")
        until(page, "document.querySelectorAll('#articles article').length === 2")
        page.select_option("#f-mood", "negative")
        page.wait_for_selector("text=Nothing matches")
        page.click("text=Clear the filters")
        until(page, "document.querySelectorAll('#articles article').length > 10")
        page.click("text=Pause")
        full.do(lambda: passed(full.context, entry("Nvidia rents a hall in Linz for its fair of next year")))
        page.click("text=1 new article")
        assert "Linz" in page.locator("#articles article").first.inner_text()


def test_silence_replay_and_what_if(browser: Browser, worlds: dict[str, World]) -> None:
    full = worlds["full"]
    with opened(browser, full.url) as page:
        go(page, full.url, f"alerts/{full.alert}")
        page.click("text=Replay through the rules now")
        page.wait_for_selector("text=Nothing was posted")
        judged(page)
        shot(page, "alert-replay-1280-light")
        page.fill("#s-why", "we know")
        page.click("form button:has-text('Silence')")
        page.click("text=System lists the silences")
        page.wait_for_selector("main[data-view=system]")
        page.wait_for_selector("text=we know")
        page.click("button:has-text('End silence')")
        page.wait_for_selector("text=ended")
        go(page, full.url, "watchlist")
        page.fill("#try", "Nvidia raises its forecast for the year")
        page.click("text=What would happen?")
        page.wait_for_selector(".verdicts .badge.good")
        judged(page)
        shot(page, "watchlist-what-if-1280-light")


def test_by_keyboard(browser: Browser, worlds: dict[str, World]) -> None:
    with opened(browser, worlds["full"].url) as page:
        go(page, worlds["full"].url, "now")

        def focused() -> str:
            return str(page.evaluate("(document.activeElement.textContent || '').trim()"))

        page.keyboard.press("Tab")
        assert focused() == "Skip to the content"
        names = []
        for _ in range(9):
            page.keyboard.press("Tab")
            names.append(focused())
        assert names[1:8] == ["Now", "Alerts", "Stories", "Companies", "Watchlist", "Feeds", "System"]
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"
        page.locator("#nav a", has_text="Alerts").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector("main[data-view=alerts]")
        assert page.evaluate("document.activeElement.id") == "main"
        go(page, worlds["full"].url, "now")
        page.locator(".why-button").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(".why:not([hidden])")


def test_the_token_is_asked_once(browser: Browser, tmp_path: Path) -> None:
    with world(tmp_path, "empty", token=TOKEN) as one, opened(browser, one.url, NARROW, "dark") as page:
        page.goto(f"{one.url}/")
        page.wait_for_selector("dialog[open]")
        judged(page)
        shot(page, "sign-in-390-dark")
        page.fill("#token", "not-the-token-at-all")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=this is not the token")
        page.fill("#token", TOKEN)
        page.keyboard.press("Enter")
        page.wait_for_selector("main[data-view=now]")
        page.wait_for_selector("#pulse.live")
        page.reload()
        page.wait_for_selector("main[data-view=now]")
        assert page.locator("dialog[open]").count() == 0
        assert page.evaluate("document.cookie") == ""


def test_no_file_of_the_page_writes_markup_or_asks_elsewhere() -> None:
    folder = Path(__file__).parents[2] / "alertd" / "web" / "page"
    for file in folder.iterdir():
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
        addresses: list[Any] = [a for a in re.findall(r"https?://[\w./-]+", text) if a != "http://www.w3.org/2000/svg"]
        assert addresses == [], file.name
        if file.suffix == ".html":
            assert not re.search(r"<style|\bstyle=|<script(?![^>]*src=)|\bon\w+=", text)
