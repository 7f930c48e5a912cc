"""Pictures of the pages for the README, from the demo's own story: `python -m tools.screenshots [FOLDER]`."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, async_playwright

from charger_emulator import Clock
from complaints.app import running
from complaints.demo import town
from complaints.demo.story import MINUTES_A_SECOND, Story, Teller
from complaints.settings import Settings
from csms.kit import logs

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
PHONE, SCREEN = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync"]


async def main(folder: Path) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("no Chromium: apt-get install chromium fonts-noto-cjk")
    logs.configure(level="error")
    clock = Clock(time_scale=MINUTES_A_SECOND)
    with tempfile.TemporaryDirectory(prefix="ohmbudsman-pictures-") as data:
        settings = Settings.load({}, data=Path(data), http_port=0, ocpp_port=0, hotline="400-820-0000")
        async with running(settings, clock=clock.now) as product, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=ARGS)
            story = Story(product, clock, Teller())
            try:
                await _tell(story)
                await _take_all(browser, product.http, story, folder)
            finally:
                await story.leave()
                await browser.close()


async def _tell(story: Story) -> None:
    """The demo up to where the evidence lies open and somebody charges beside it."""
    base = story.product.http
    story.web = httpx.AsyncClient(base_url=base, timeout=30)
    story.api = httpx.AsyncClient(base_url=f"{base}/api/v1", timeout=30)
    async with story.web, story.api:
        await story.set_the_stage()
        await story.a_session_goes_wrong()
        await story.the_driver_complains()
        await story.the_truth_comes_out()


async def _take_all(browser: Browser, http: str, story: Story, folder: Path) -> None:
    case, follow = f"/desk/cases/{story.number}", story.tracking
    driver: dict[str, Any] = {"viewport": PHONE, "locale": "zh-CN", "device_scale_factor": 2}
    await _take(browser, http, driver, None, {"driver-scan": "/r/DC60-01/1", "driver-follow": follow}, folder)
    desk: dict[str, Any] = {"viewport": SCREEN, "locale": "en-GB"}
    pages = {"desk-list": "/desk", "desk-case": case, "desk-station": "/desk/stations/DC60-01"}
    await _take(browser, http, desk, "li", pages, folder)
    dark = desk | {"locale": "zh-CN", "color_scheme": "dark"}
    await _take(browser, http, dark, "li", {"desk-case-zh-dark": case}, folder)


async def _take(
    browser: Browser, http: str, how: dict[str, Any], name: str | None, pages: dict[str, str], folder: Path
) -> None:
    context = await browser.new_context(**how)
    page = await context.new_page()
    if name:
        await page.goto(f"{http}/login")
        await page.fill("#name", name)
        await page.fill("#password", town.password("li"))
        await page.click("button.primary")
        await page.wait_for_url("**/desk**")
    for picture, path in pages.items():
        await page.goto(http + path)
        if "/cases/" in path:
            await page.wait_for_selector("#offer-reset")
        await page.screenshot(path=folder / f"{picture}.png")
        print(f"{picture}.png")
    await context.close()


if __name__ == "__main__":
    pictures = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    pictures.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(pictures))
