"""A real Chromium, and eyes that see what a visitor would complain about."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync"]
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
PATIENCE_MS = 30_000
"""How long a page may take to show what is waited for: the machine may be busy with the rest of the suite."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}


def chromium() -> str:
    """Where Chromium is. Without one the test is skipped, loudly; on CI it fails."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        missing = "no Chromium: apt-get install chromium fonts-noto-cjk"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@asynccontextmanager
async def opened() -> AsyncIterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=ARGS)
        yield browser
        await browser.close()


class Eyes:
    """One person's browser. Notes every console error and failed request, and looks at each page."""

    def __init__(self, page: Page, http: str, *, axe: bool = True) -> None:
        """`axe`: look at everything with axe-core, too, which is half of what a page takes."""
        self.page, self.http, self.axe = page, http, axe
        self.seen: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda m: self.seen.append(f"console: {m.text}") if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.seen.append(f"page error: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", lambda r: self.seen.append(f"{r.status} {r.url}") if r.status >= 400 else None)

    def _failed(self, request: Any) -> None:
        # Leaving a page lets go of what is still on its way (its event stream, a part, the icon): the browser
        # calls that aborted. A server that fails is refused, reset, empty or answers 400 and above.
        if request.failure != "net::ERR_ABORTED" and not request.url.partition("?")[0].endswith("/live"):
            self.seen.append(f"failed: {request.url} {request.failure}")

    async def go(self, path: str) -> None:
        await self.page.goto(self.http + path)
        await self.look()

    async def log_in(self, name: str, password: str) -> None:
        await self.page.goto(f"{self.http}/login")
        await self.page.fill("#name", name)
        await self.page.fill("#password", password)
        await self.page.click("button.primary")
        await self.page.wait_for_url("**/desk**")

    async def look(self, *, quiet: bool = True) -> None:
        """Nothing failed, nothing hangs over the edge, and nobody is shut out."""
        await self.page.wait_for_load_state("load")
        width, visible = await self.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert width <= visible, f"{self.page.url} is {width} px wide on {visible}"
        if self.axe:
            await self._shut_nobody_out()
        if quiet:
            assert not self.seen, f"{self.page.url}: {self.seen}"

    async def _shut_nobody_out(self) -> None:
        await self.page.evaluate(AXE.read_text())
        found = await self.page.evaluate("rules => axe.run(document, rules)", RULES)
        wrong = [f"{v['id']}: {[n['target'] for n in v['nodes'][:3]]} {v['help']}" for v in found["violations"]]
        assert not wrong, f"{self.page.url}: " + "; ".join(wrong)
