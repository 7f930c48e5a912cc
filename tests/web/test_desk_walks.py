"""What agents do all day, in real browsers: two cases that are one, a voice heard, money declined and approved, many
cases at once, a colleague on the same case, a filter kept."""

from __future__ import annotations

import io
import re
import wave

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from charger_emulator import Vehicle
from complaints.cases import Wanted
from tests.web.browser import DESKTOP, PHONE, Eyes
from tests.web.stage import PASSWORD, Stage

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]

PHONE_NUMBER = "13800000000"
PLAYS = "async (audio) => { audio.muted = true; await audio.play(); return audio.duration; }"


def voice() -> bytes:
    """Two seconds of nothing, as a phone would record them."""
    file = io.BytesIO()
    with wave.open(file, "wb") as kept:
        kept.setparams((1, 2, 8000, 0, "NONE", ""))
        kept.writeframes(bytes(2 * 2 * 8000))
    return file.getvalue()


async def test_a_day_at_the_desk(just_now: Stage, browser: Browser) -> None:
    staged = just_now
    await staged.station("DC60-01", "ocpp1.6", [60.0, 60.0])
    await staged.begin("DC60-01", 2, "APP-WANG", Vehicle(max_kw=60, soc=20))
    await staged.live(minutes=2)
    await staged.end("DC60-01", 2)
    await staged.a_bad_session()
    staged.clock.to_present()

    phone = await browser.new_context(viewport=PHONE, locale="zh-CN", is_mobile=True, has_touch=True)
    desk = await browser.new_context(viewport=DESKTOP, locale="en-GB")
    office = await browser.new_context(viewport=DESKTOP, locale="en-GB")
    driver, agent, supervisor = [Eyes(await c.new_page(), staged.http) for c in (phone, desk, office)]
    await _he_says_it(driver)
    first = (await staged.product.desk.listed(Wanted()))[0].case.number
    second = (await staged.complain("DC60-01", 1, customer={"phone": PHONE_NUMBER})).number
    await agent.log_in("li", PASSWORD)
    await supervisor.log_in("zhao", PASSWORD)

    await _the_same_matter_is_joined(agent, first, second)
    await _his_voice_is_heard(agent, first)
    await _another_session_is_meant(agent)
    await _two_see_each_other(agent.page, supervisor, first)
    await _money_is_declined_only_with_a_reason(agent, supervisor, first)
    await _ticked_cases_become_an_incident(agent, first, second)
    await _a_filter_is_kept(agent)
    for context in (phone, desk, office):
        await context.close()


async def _he_says_it(driver: Eyes) -> None:
    page = driver.page
    await driver.go("/r/DC60-01/1")
    await page.get_by_label("付了钱没充上电").check()
    await page.set_input_files("#voice", {"name": "语音.wav", "mimeType": "audio/wav", "buffer": voice()})
    await page.click("text=发生时间、支付单号")
    await page.fill("#payment_reference", "PAY-1")
    await page.fill("#contact", PHONE_NUMBER)
    await page.get_by_role("button", name="发送").click()
    await page.wait_for_url("**/c/**")
    await expect(page.locator(".talk")).to_contain_text("语音.wav")


async def _asked_for_a_reason(panel: Locator, button: str) -> None:
    """The browser asks; should it not, we do."""
    await panel.get_by_role("button", name=button, exact=True).click()
    await expect(panel.locator("#do-reason:invalid")).to_be_visible()
    await panel.locator("#do-reason").evaluate("field => field.required = false")
    await panel.get_by_role("button", name=button, exact=True).click()
    await expect(panel.get_by_role("alert")).to_contain_text("Reason")


async def _the_same_matter_is_joined(agent: Eyes, first: str, second: str) -> None:
    page, panel = agent.page, agent.page.locator("#panel")
    await agent.go(f"/desk/cases/{second}")
    offer = page.locator("#todo .act", has_text="Perhaps the same")
    await expect(offer).to_contain_text("same phone; same payment")
    await offer.get_by_role("link", name="Join").click()
    await expect(panel.locator("#do-into")).to_have_value(first)
    await agent.look()
    await panel.locator("#do-into").fill("C20990101-000001")
    await panel.locator("#do-reason").fill("he wrote twice")
    await panel.get_by_role("button", name="Join", exact=True).click()
    await expect(panel.get_by_role("alert")).to_contain_text("there is no such case")
    await panel.locator("#do-into").fill(first)
    await panel.locator("#do-reason").fill("")
    await _asked_for_a_reason(panel, "Join")
    await panel.locator("#do-reason").fill("he wrote twice")
    await panel.get_by_role("button", name="Join", exact=True).click()
    await expect(page.locator("#head")).to_contain_text("Joined to another case")
    await page.locator("#todo").get_by_role("link", name=first).click()
    await expect(page.locator("#todo")).to_contain_text(f"Joined to this one: {second}")
    await page.locator("#todo").get_by_role("link", name=second).click()
    await page.locator("#do-unmerge").click()
    await panel.locator("#do-reason").fill("two friends, one phone")
    await panel.get_by_role("button", name="Take it apart", exact=True).click()
    await expect(page.locator("#head")).to_contain_text("Being looked into")
    agent.seen.clear()  # the browser notes each 422 that was asked for


async def _his_voice_is_heard(agent: Eyes, first: str) -> None:
    await agent.go(f"/desk/cases/{first}")
    heard = agent.page.locator("#thread audio")
    await expect(heard).to_be_visible()
    assert await heard.evaluate(PLAYS) == pytest.approx(2, abs=0.1)


async def _another_session_is_meant(agent: Eyes) -> None:
    page, panel = agent.page, agent.page.locator("#panel")
    card = page.locator(".card", has_text="Which session is meant")
    other = card.locator(".act", has_text="Plug 2")
    await other.get_by_role("link", name="This one").click()
    await expect(panel).to_contain_text("Plug 2")
    await panel.locator("#do-reason").fill("he named plug 2 on the phone")
    await panel.get_by_role("button", name="This session is meant").click()
    await expect(card).to_contain_text("Decided by li over the rules")
    await expect(card.locator("p", has_text="Session").first).to_contain_text("Plug 2")
    await card.get_by_role("link", name="Back to what the rules found").click()
    await panel.locator("#do-reason").fill("it was plug 1 after all")
    await panel.get_by_role("button", name="Back to what the rules found").click()
    await expect(card).not_to_contain_text("over the rules")


async def _two_see_each_other(page: Page, supervisor: Eyes, first: str) -> None:
    await expect(page.locator("#company")).to_be_hidden()
    await supervisor.go(f"/desk/cases/{first}")
    await expect(page.locator("#company")).to_have_text("zhao has this case open too.")
    await expect(supervisor.page.locator("#company")).to_have_text("li has this case open too.")
    await supervisor.go("/desk/refunds")
    await expect(page.locator("#company")).to_be_hidden()


async def _money_is_declined_only_with_a_reason(agent: Eyes, supervisor: Eyes, first: str) -> None:
    await _propose(agent.page)
    page, panel = supervisor.page, supervisor.page.locator("#panel")
    await page.reload()
    row = page.locator("tbody tr", has_text=first)
    await row.get_by_role("link", name="Decline").click()
    await _asked_for_a_reason(panel, "Decline")
    await panel.locator("#do-reason").fill("the session is not clear yet")
    await panel.get_by_role("button", name="Decline", exact=True).click()
    await expect(page.locator("tbody tr", has_text=first)).to_have_count(0)
    await _propose(agent.page)
    await page.reload()
    await row.get_by_role("link", name="Approve").click()
    await panel.locator("#do-reason").fill("proven")
    await panel.get_by_role("button", name="Approve", exact=False).click()
    await expect(page.locator("tbody tr", has_text=first)).to_have_count(0)
    await expect(agent.page.locator("#todo")).to_contain_text("Sent to the bank")


async def _propose(page: Page) -> None:
    await page.locator("#do-refund").click()
    await page.locator("#panel #do-reason").fill("no energy came")
    await page.get_by_role("button", name="Propose the refund").click()
    await expect(page.locator("#todo")).to_contain_text("Proposed, waiting for approval")


async def _ticked_cases_become_an_incident(agent: Eyes, first: str, second: str) -> None:
    page, bulk = agent.page, agent.page.locator("#bulk")
    await agent.go("/desk?view=all")
    await expect(bulk).to_be_hidden()
    await page.locator(f"tr[data-number='{first}'] a").focus()
    await page.keyboard.press("x")
    await page.get_by_label(f"Tick {second}").check()
    await expect(bulk).to_contain_text("2 ticked")
    await agent.look()
    await bulk.get_by_text("Begin an incident with them").click()
    await bulk.get_by_label("What has happened").fill("Plug 1 gives nothing")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/desk/incidents/**")
    for number in (first, second):
        await expect(page.locator("main")).to_contain_text(number)
    await agent.look()


async def _a_filter_is_kept(agent: Eyes) -> None:
    page, views = agent.page, agent.page.locator("#views")
    await agent.go("/desk?view=all")
    await page.locator("#level").select_option("2")
    await page.wait_for_url("**level=2**")
    await views.get_by_text("Keep this filter").click()
    await views.get_by_label("Name of the filter").fill("Serious")
    await page.keyboard.press("Enter")
    kept = views.get_by_role("link", name="Serious", exact=True)
    await expect(kept).to_have_attribute("aria-current", "page")
    await agent.go("/desk")
    await kept.click()
    await expect(page).to_have_url(re.compile(r"level=2"))
    await expect(page.locator("#level")).to_have_value("2")
    await views.get_by_role("button", name="Remove the filter Serious").click()
    await expect(kept).to_have_count(0)
    await agent.look()
