"""The whole way in real browsers: the driver's phone, the agent's and the supervisor's screens."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from charger_emulator import Vehicle
from tests.web.browser import DESKTOP, PHONE, Eyes
from tests.web.stage import PASSWORD, Stage, photo, stage

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]

TEXT = "插着枪等了快十分钟,一度电都没充进去,钱也没退,怎么回事?"


async def test_from_the_qr_code_to_the_confirmed_refund(just_now: Stage, browser: Browser) -> None:
    """A driver files with a photo, the reset is refused, then helps, the refund is approved, the driver confirms."""
    staged = just_now
    await staged.station("DC60-01", "ocpp1.6", [60.0, 60.0], name="湖滨路站 3 号桩")
    await staged.a_bad_session()
    await staged.begin("DC60-01", 2, "APP-CHEN", Vehicle(max_kw=60, soc=20))
    staged.clock.to_present()

    phone = await browser.new_context(viewport=PHONE, locale="zh-CN", is_mobile=True, has_touch=True)
    driver = Eyes(await phone.new_page(), staged.http)
    desk = await browser.new_context(viewport=DESKTOP, locale="en-GB")
    agent = Eyes(await desk.new_page(), staged.http)
    office = await browser.new_context(viewport=DESKTOP, locale="zh-CN", color_scheme="dark")
    supervisor = Eyes(await office.new_page(), staged.http)

    await _the_driver_files(driver)
    await _the_agent_reads(agent)
    await _the_reset_is_refused(agent)
    await staged.end("DC60-01", 2)
    staged.stations["DC60-01"].set_contactor(1, stuck_open=False)
    await _the_reset_helps(agent)
    await _the_refund(agent, supervisor)
    await _the_driver_confirms(driver)

    for context in (phone, desk, office):
        await context.close()


async def _the_driver_files(driver: Eyes) -> None:
    page = driver.page
    await driver.go("/r/DC60-01/1")
    await expect(page.locator(".plug")).to_contain_text("空闲")
    await expect(page.locator("body")).not_to_contain_text("APP-WANG")
    await page.get_by_label("付了钱没充上电").check()
    await page.fill("#text", TEXT)
    await page.set_input_files("#photo", {"name": "屏幕.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    mine = page.locator(".sessions .choice", has_text="0.000 kWh")
    await expect(mine).to_contain_text("30.00")
    await mine.click()
    await page.click("text=发生时间、支付单号")
    await page.fill("#payment_reference", "PAY-1")
    await page.fill("#contact", "13800000000")
    await page.get_by_role("button", name="发送").click()
    await page.wait_for_url("**/c/**")
    await expect(page.locator("h1")).to_contain_text(re.compile(r"C\d{8}-\d{6}"))
    await expect(page.locator(".explanation")).to_contain_text("成立")
    await driver.look()


async def _the_agent_reads(agent: Eyes) -> None:
    page = agent.page
    await agent.log_in("li", PASSWORD)
    await agent.look()
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/cases/**")
    await expect(page.locator("#todo")).to_contain_text("Upheld")
    await expect(page.locator("#thread img")).to_be_visible()
    await expect(page.locator(".chart svg")).to_contain_text("this session")
    await expect(page.locator(".bill")).to_contain_text("CNY 30.00")
    await agent.look()
    await page.locator(".finding.supports .proof", has_text="OCPP message").first.click()
    await expect(page.locator("#panel .gloss")).to_contain_text("A session has begun on plug 1")
    await expect(page.locator("#panel pre")).to_contain_text("StartTransaction")
    await agent.look()
    await page.locator("#panel [data-close]").click()


async def _the_reset_is_refused(agent: Eyes) -> None:
    """Somebody charges on plug 2: the button is dead and says why; an agent cannot go past it."""
    page = agent.page
    offer = page.locator("#offer-reset")
    await expect(offer).to_contain_text("Somebody is charging at this station right now.")
    await expect(offer.get_by_role("button")).to_be_disabled()


async def _the_reset_helps(agent: Eyes) -> None:
    page = agent.page
    await page.reload()
    await page.locator("#do-reset").click()
    await expect(page.locator("#panel")).to_contain_text("every plug of it is gone")
    await agent.look()
    await page.fill("#do-reason", "the contactor of plug 1 does not close")
    await page.get_by_role("button", name="Restart now").click()
    progress = page.locator("#progress")
    await expect(progress).to_contain_text("Accepted by the charger")
    # All that follows comes by itself: nobody reloads.
    await expect(progress).to_contain_text("Seen to work: it dropped, started up and is usable again")
    await expect(progress.locator("li.done")).to_have_count(7, timeout=60_000)
    await expect(page.locator("#offer-reset")).to_be_visible()
    await agent.look()


async def _the_refund(agent: Eyes, supervisor: Eyes) -> None:
    await agent.page.locator("#do-refund").click()
    await expect(agent.page.locator("#do-amount")).to_have_value("30.00")
    await agent.page.fill("#do-reason", "no energy came")
    await agent.page.get_by_role("button", name="Propose the refund").click()
    await expect(agent.page.locator("#todo")).to_contain_text("Proposed, waiting for approval")
    await expect(agent.page.locator("#do-approve")).to_have_count(0)

    page = supervisor.page
    await supervisor.log_in("zhao", PASSWORD)
    await page.goto(agent.page.url.partition("?")[0])
    await page.locator("#do-approve").click()
    await page.fill("#do-reason", "证据充分")
    await page.get_by_role("button", name="批准并退款").click()
    await expect(page.locator("#todo")).to_contain_text("已提交银行")
    await page.locator("#do-resolve").click()
    await expect(page.locator("#do-text")).not_to_have_value("")
    await page.get_by_role("button", name="发送答复").click()
    await expect(page.locator("#head")).to_contain_text("待用户确认")
    await supervisor.look()


async def _the_driver_confirms(driver: Eyes) -> None:
    page = driver.page
    await page.reload()
    await expect(page.locator("main")).to_contain_text("30.00 元")
    await driver.look()
    await page.locator("label[for=star5]").click()
    await page.get_by_role("button", name="是，已经解决").click()
    await expect(page.locator(".said")).to_contain_text("谢谢")
    await driver.look()


@pytest.mark.parametrize(("locale", "scheme", "viewport", "axe"), [
    ("zh-CN", "light", PHONE, True), ("en-GB", "dark", PHONE, False), ("zh-TW", "dark", DESKTOP, True),
    ("en-GB", "light", DESKTOP, False),
])
async def test_every_page_is_fit_for_everybody(
    staged: Stage, browser: Browser, locale: str, scheme: Any, viewport: Any, axe: bool
) -> None:
    """No failed request, nothing over the edge; no axe violation on a light phone and a dark desk."""
    await staged.station("DC60-01", "ocpp1.6", [60.0, 60.0])
    await staged.a_bad_session()
    await staged.stations["DC60-01"].fault(1, "ConnectorLockFailure", "lock jammed")
    case = await staged.complain("DC60-01", 1)
    await staged.product.csms.put_station("NEVER-1", {}, [])
    staged.clock.to_present()  # a log-in would not outlive the walk in a day of six minutes
    public = ["/", "/login", "/r/DC60-01/1", "/r/DC60-01", "/r/NOBODY/3", "/r/DC60-01/1?danger=1",
              f"/c/{case.tracking}"]
    around = int(staged.clock.now().timestamp())
    desk = ["/desk", "/desk?view=mine", "/desk?q=nothing", f"/desk/cases/{case.number}",
            f"/desk/cases/{case.number}?span=all", f"/desk/cases/{case.number}/do/reset",
            f"/desk/cases/{case.number}/do/refund", "/desk/stations", "/desk/stations/DC60-01",
            "/desk/stations/NEVER-1", "/desk/stations/DC60-01/frames?action=StatusNotification", "/desk/help",
            "/desk?level=2", f"/desk/cases/{case.number}?since={around - 600}&until={around + 600}",
            *(f"/desk/cases/{case.number}/do/{what}" for what in ("verdict", "sort", "facts", "choose?session=none")),
            "/desk/stations?show=grid", "/desk/stations?by=firmware&q=nothing", "/desk/stations/DC60-01/settings",
            "/desk/stations/DC60-01/logs", "/desk/stations/DC60-01/logs?q=nothing", "/desk/stations/DC60-01/history",
            "/desk/stations/DC60-01/do/reset", "/desk/stations/DC60-01/do/unlock", "/desk/stations/NEVER-1/history",
            "/desk/stations/NEVER-1/frames"]
    context = await browser.new_context(viewport=viewport, locale=locale, color_scheme=scheme)
    eyes = Eyes(await context.new_page(), staged.http, axe=axe)
    for path in public:
        await eyes.go(path)
    await eyes.log_in("zhao", PASSWORD)
    for path in desk:
        await eyes.go(path)
    await context.close()


async def test_an_empty_product_explains_itself(dsn: str, browser: Browser) -> None:
    """Nobody yet, no station yet: each page says what to do next; a stranger knocks and is admitted."""
    async with stage(dsn, past=timedelta(0), pace=1, people=False) as empty:
        context = await browser.new_context(viewport=DESKTOP, locale="en-GB")
        eyes = Eyes(await context.new_page(), empty.http)
        await eyes.go("/login")
        await expect(eyes.page.locator("main")).to_contain_text("ohmbudsman user add")
        await eyes.page.get_by_role("link", name="Make the first user").click()
        await eyes.look()
        for field, typed in (("code", empty.product.staff.setup_code), ("name", "root"), ("password", PASSWORD)):
            await eyes.page.fill(f"#{field}", typed)
        await eyes.page.fill("#again", PASSWORD)
        await eyes.page.get_by_role("button", name="Begin").click()
        await eyes.page.wait_for_url("**/desk/stations**")
        await eyes.look()
        await eyes.go("/desk")
        await eyes.page.get_by_role("link", name="Add the first station").click()
        stranger = empty.stranger("NEW-7")
        await stranger.start(wait=False)
        await empty.until_knocking("NEW-7")
        await eyes.go("/desk/stations")
        await eyes.page.get_by_role("button", name="Admit NEW-7").click()
        await eyes.page.wait_for_url("**/desk/stations/NEW-7**")
        await expect(eyes.page.locator("#ocpp")).to_contain_text("/ocpp/NEW-7")
        await eyes.look()
        await context.close()
