"""The office's rooms in real browsers and through their forms: who may do what, what is kept, what counts once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from charger_emulator import Vehicle
from complaints import deadlines, workorders
from tests.web.browser import DESKTOP, PHONE, Eyes
from tests.web.furnished import ADMIN, Furnished, furnish
from tests.web.stage import PASSWORD, Stage, photo, until
from tests.web.test_doors import logged_in, token

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]


def rooms(f: Furnished) -> list[str]:
    return [
        "/desk/office", "/desk/refunds", "/desk/refunds?view=failed", f"/desk/refunds/{f.case}/1/approve",
        "/desk/incidents", "/desk/incidents?state=closed", f"/desk/incidents/{f.incident}", "/desk/orders",
        f"/desk/orders/{f.order}", f"/desk/orders/{f.planned}", "/desk/mine", "/desk/knowledge",
        "/desk/knowledge/no-energy", "/faq", "/desk/audit", f"/desk/audit/{f.audit}", "/desk/hotline",
        "/desk/hotline?topic=charged_no_energy", "/desk/settings", "/desk/settings/policy",
        "/desk/settings/calendars?code=CN&year=2026", "/desk/settings/people", "/desk/settings/people/tan",
        "/desk/settings/sites?site=Hubin+Road", "/desk/settings/tariffs", "/desk/settings/tariffs/standard",
        "/desk/settings/tariffs/new", "/desk/reports", "/desk/reports?by=model&days=7", "/desk/settings/users",
        "/desk/settings/users/li", "/desk/settings/tokens", "/desk/upkeep", "/desk/upkeep/new", "/desk/upkeep/2",
        "/desk/reports/forecast", "/desk/reports/reviews", "/desk/settings/teams", "/desk/settings/teams/new",
        "/desk/settings/teams/north",
    ]


LOOKS: list[tuple[str, Any, Any]] = [
    ("zh-CN", "dark", PHONE), ("en-GB", "light", DESKTOP), ("zh-TW", "light", PHONE), ("en-GB", "dark", DESKTOP),
]


@pytest.mark.parametrize("look", range(len(LOOKS)))
async def test_every_room_is_fit_for_everybody(staged: Stage, browser: Browser, look: int) -> None:
    """No failed request, nothing over the edge, no axe violation: each room in two looks, on a phone and on a desk."""
    furnished = await furnish(staged)
    locale, scheme, viewport = LOOKS[look]
    context = await browser.new_context(viewport=viewport, locale=locale, color_scheme=scheme)
    eyes = Eyes(await context.new_page(), staged.http)
    await eyes.log_in(ADMIN, PASSWORD)
    for path in rooms(furnished)[look // 2 :: 2]:
        await eyes.go(path)
    await context.close()


async def test_an_empty_office_says_what_would_fill_it(staged: Stage, browser: Browser) -> None:
    context = await browser.new_context(viewport=PHONE, locale="en-GB")
    eyes = Eyes(await context.new_page(), staged.http)
    await eyes.log_in("zhao", PASSWORD)
    for path in ("/desk/refunds", "/desk/incidents", "/desk/orders", "/desk/mine", "/desk/knowledge",
                 "/desk/settings/sites", "/desk/settings/teams", "/desk/reports/forecast"):
        await eyes.go(path)
        await expect(eyes.page.locator(".empty").first).to_be_visible()
    await context.close()


async def test_an_order_from_dispatch_to_verified(staged: Stage, browser: Browser) -> None:
    """Sent from the case, taken, on site without signal, done with a photo, proven by the next good session."""
    await staged.station("DC60-01", "ocpp1.6", [60.0, 60.0], name="湖滨路站 3 号桩")
    await staged.a_bad_session()
    case = await staged.complain("DC60-01", 1)
    staged.clock.to_present()
    desk = await browser.new_context(viewport=DESKTOP, locale="en-GB")
    agent = Eyes(await desk.new_page(), staged.http)
    await agent.log_in("li", PASSWORD)
    await agent.page.goto(f"{staged.http}/desk/cases/{case.number}/do/dispatch")
    await agent.page.select_option("#do-owner", "tan")
    await agent.page.fill("#do-reason", "Contactor of plug 1 stays open")
    await agent.page.get_by_role("button", name="Send somebody").click()
    await agent.page.wait_for_url("**/desk/cases/**said=**")
    await desk.close()

    phone = await browser.new_context(viewport=PHONE, locale="zh-CN", is_mobile=True, has_touch=True)
    technician = Eyes(await phone.new_page(), staged.http)
    page = technician.page
    await technician.log_in("tan", PASSWORD)
    await technician.go("/desk/mine")
    await page.locator(".order-card", has_text="Contactor of plug 1").click()
    await expect(page.locator("main")).to_contain_text("电量 0.000 kWh")
    await technician.look()
    await page.get_by_role("button", name="我来处理").click()
    await expect(page.get_by_role("button", name="我来处理")).to_have_count(0)
    await _on_site_without_signal(phone, page)
    technician.seen.clear()  # the lost signal was ours
    await _done_with_a_photo(page)
    await technician.look()

    staged.stations["DC60-01"].set_contactor(1, stuck_open=False)
    staged.clock.time_scale = 240
    await staged.begin("DC60-01", 1, "APP-NEXT", Vehicle(max_kw=60, soc=20))
    await staged.clock.sleep(20 * 60)
    await staged.end("DC60-01", 1)

    async def verified() -> bool:
        async with staged.product.db.acquire() as conn:
            return (await workorders.of_case(conn, case.number))[0].state == "verified"

    await until(verified, "the order is verified")
    await page.reload()
    await expect(page.locator(".said").last).to_contain_text("已由之后的正常充电验证")
    await technician.look()
    await phone.close()


async def _on_site_without_signal(phone: Any, page: Page) -> None:
    """The tap is kept on the phone and goes out once there is signal."""
    await phone.set_offline(True)
    await page.set_input_files("#photos-arrive", {"name": "found.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    await page.get_by_role("button", name="我已到场").click()
    await expect(page.locator("#signal")).to_contain_text("1 项待发送")
    await phone.set_offline(False)
    await expect(page.locator("h2", has_text="检查、维修、验证")).to_be_visible(timeout=30_000)


async def _done_with_a_photo(page: Page) -> None:
    for row in await page.locator(".check-row").all():
        await row.locator("input[value=ok]").check()
    await page.fill("#f-measure_earth_ohm", "0.2")
    await page.fill("#f-text", "更换接触器")
    await page.fill("#f-parts", "2 x 接触器\n扎带")
    # What was typed outlives a reload: the phone may be put away in between.
    await page.reload()
    await expect(page.locator("#f-text")).to_have_value("更换接触器")
    await page.set_input_files("#photos-finish", {"name": "done.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    await page.get_by_role("button", name="完成", exact=True).click()
    await expect(page.locator(".hint")).to_contain_text("下一次正常充电即为验证", timeout=30_000)
    await expect(page.locator(".thumbs img")).to_have_count(2)
    await expect(page.locator("main")).to_contain_text("2 × 接触器")


async def _post(client: httpx.AsyncClient, page: str, to: str, **data: Any) -> httpx.Response:
    """A form sent from a page that was read before."""
    return await client.post(to, data={"token": token((await client.get(page)).text), **data})


async def test_forms_of_the_office_keep_their_rules(staged: Stage) -> None:
    """Each form once right and once wrong, as the person whose work it is."""
    f = await furnish(staged)
    clients = {name: await logged_in(staged, name) for name in ("li", "tan", "qian", "zhao", "an", ADMIN)}
    await _money(clients, f)
    await _orders(staged, clients, f)
    await _incident(staged, clients, f)
    await _settings(staged, clients)
    await _knowledge_and_audit(clients, f)
    await _hotline(staged, clients)
    for client in clients.values():
        await client.aclose()


async def _money(clients: dict[str, httpx.AsyncClient], f: Furnished) -> None:
    li, qian = clients["li"], clients["qian"]
    csv = (await qian.get("/desk/refunds.csv?view=waiting")).content.decode("utf-8-sig")
    assert "'=HYPERLINK" in csv
    assert ",=" not in csv
    assert "For:" in (await li.get("/desk/refunds")).text
    to = f"/desk/refunds/{f.case}/1/approve"
    assert (await _post(li, to, to, reason="mine")).status_code == 409
    assert (await _post(qian, to, to, reason="")).status_code == 422
    assert (await _post(qian, to, to, reason="proven")).headers["location"] == "/desk/refunds?said=refunded"
    assert (await _post(qian, to, to, reason="again")).status_code == 409
    failed = (await qian.get("/desk/refunds?view=failed")).text
    number = re.search(r"/desk/refunds/(C[\d-]+)/1/retry", failed)
    assert number
    again = f"/desk/refunds/{number[1]}/1/retry"
    assert (await _post(qian, again, again, reason="once more")).status_code == 409  # the books still differ
    under_way = (await qian.get("/desk/refunds?view=under_way")).text
    confirm = re.search(r"/desk/refunds/C[\d-]+/1/confirm", under_way)
    assert confirm
    assert (await _post(qian, confirm[0], confirm[0], reason="")).status_code == 303
    assert "CNY 20.00" in (await qian.get("/desk/refunds?view=confirmed")).text


async def _orders(staged: Stage, clients: dict[str, httpx.AsyncClient], f: Furnished) -> None:
    tan, li, here = clients["tan"], clients["li"], f"/desk/orders/{f.planned}"
    assert (await _post(li, here, f"{here}/arrive", key="k" * 20)).status_code == 422  # an agent is not there
    for _ in range(2):  # the phone never saw the first answer
        assert (await _post(tan, here, f"{here}/arrive", key="a" * 20)).status_code == 303
    checks = {f"check_{c}": "ok" for c in ("emergency_stop", "cable_and_plug", "lock_moves", "screen_and_reader",
                                          "qr_code", "bay_and_light")}
    assert (await _post(tan, here, f"{here}/finish", key="b" * 20, text="all well")).status_code == 422
    seal = token((await tan.get(here)).text)
    for _ in range(2):
        answer = await tan.post(f"{here}/finish", data={"token": seal, "key": "c" * 20, "text": "all well", **checks},
                                files={"photos": ("a.jpg", photo(), "image/jpeg")})
        assert answer.status_code == 303, answer.text
    async with staged.product.db.acquire() as conn:
        order = await workorders.get(conn, f.planned)
    assert (order.state, order.technician, len(order.history), len(order.photos)) == ("done", "tan", 2, 1)
    shown = await tan.get(f"{here}/files/{order.photos[0]['id']}")
    assert shown.headers["content-type"] == "image/jpeg"


async def _incident(staged: Stage, clients: dict[str, httpx.AsyncClient], f: Furnished) -> None:
    li, zhao, here = clients["li"], clients["zhao"], f"/desk/incidents/{f.incident}"
    words = {"words_zh-Hans": "三号桩正在维修。", "words_en": "Station 3 is being repaired."}
    preview = await _post(li, here, f"{here}/answer", **words)
    assert "三号桩正在维修" in preview.text
    assert preview.text.count("<blockquote") == 4
    sent = await _post(li, here, f"{here}/answer", send="1", **words)
    assert "answered=4" in sent.headers["location"]
    assert (await _post(zhao, here, f"{here}/do/close")).status_code == 409
    assert (await _post(li, here, f"{here}/do/resolve")).status_code == 422
    assert (await _post(zhao, here, f"{here}/do/resolve")).status_code == 303
    assert (await _post(zhao, here, f"{here}/do/close")).status_code == 409  # an action is open
    action = re.search(r'name="action" value="(\d+)"', (await li.get(here)).text)
    assert action
    assert (await _post(li, here, f"{here}/do/finish", action=action[1])).status_code == 303
    assert (await _post(li, here, f"{here}/do/unlink", number=f.case, reason="another matter")).status_code == 303
    assert (await staged.product.desk.case(f.case)).incident is None
    assert (await _post(zhao, here, f"{here}/do/close")).status_code == 303


async def _settings(staged: Stage, clients: dict[str, httpx.AsyncClient]) -> None:
    root, zhao = clients[ADMIN], clients["zhao"]
    money = {"part": "money", "approval_limits.agent": "0", "approval_limits.finance": "300",
             "approval_limits.supervisor": "20000", "approval_limits.admin": ""}
    policy = "/desk/settings/policy"
    assert (await zhao.post(policy, data=money)).status_code == 403
    shown = await _post(root, policy, policy, **money)
    assert "approval_limits.finance" in shown.text
    assert (await _post(root, policy, policy, send="1", **money)).status_code == 422  # nobody says why
    assert (await _post(root, policy, policy, **(money | {"approval_limits.finance": "lots"}))).status_code == 422
    assert (await _post(root, policy, policy, send="1", reason="new rules", **money)).status_code == 303
    assert "new rules" in (await zhao.get(policy)).text
    days = "/desk/settings/calendars?code=CN&year=2026"
    saturday = {"code": "CN", "day": "2026-07-18", "worked": "yes", "reason": "stocktaking"}
    assert (await _post(root, days, "/desk/settings/calendars", **saturday)).status_code == 303
    async with staged.product.db.acquire() as conn:
        live = await deadlines.policy_now(conn, staged.clock.now())
    assert [d.isoformat() for d in live.days["CN"]] == ["2026-07-18"]
    assert str(live.limit_of("finance")) == "300"

    tariff, ahead = "/desk/settings/tariffs/standard", staged.clock.now() + timedelta(days=30)
    body = {"valid_from": f"{ahead:%Y-%m-%dT00:00}", "currency": "CNY", "timezone": "Asia/Shanghai", "start_fee": "1",
            "from1": "00:00", "to1": "24:00", "energy1": "1.00", "service1": "0.20"}
    assert "37.00" in (await _post(root, tariff, tariff, **body)).text  # 30 kWh at 1.20, and 1 to start
    gap = await _post(root, tariff, tariff, **(body | {"to1": "23:00"}))
    assert (gap.status_code, 'id="to1-wrong"' in gap.text) == (422, True)
    assert (await _post(root, tariff, tariff, send="1", reason="winter", **body)).status_code == 303
    assert "winter" in (await zhao.get(tariff)).text

    person = "/desk/settings/people/li"
    assert (await _post(zhao, person, person, capacity="0", reason="x")).status_code == 422
    helps = {"capacity": "9", "departments": "finance", "reason": "helps out"}
    assert (await _post(zhao, person, person, **helps)).status_code == 303
    assert "helps out" in (await zhao.get(person)).text
    await _accounts(root, zhao)
    places = "/desk/settings/sites"
    site = {"site": "New Site", "zone": "Asia/Hong_Kong", "calendar": "HK", "kind": "public", "reason": "opened"}
    wrong = await _post(zhao, places, places, **(site | {"position": "north"}))
    assert (wrong.status_code, 'id="f-position-wrong"' in wrong.text) == (422, True)
    assert (await _post(zhao, places, places, position="22.28, 114.17", **site)).status_code == 303


async def _accounts(root: httpx.AsyncClient, zhao: httpx.AsyncClient) -> None:
    users, tokens = "/desk/settings/users", "/desk/settings/tokens"
    new = {"name": "sun", "role": "agent", "password": "a-good-password", "reason": "joined"}
    assert (await _post(root, users, users, **(new | {"password": "short"}))).status_code == 422
    assert (await _post(root, users, users, **new)).status_code == 303
    assert (await _post(root, users, users, **new)).status_code == 409
    last = f"{users}/{ADMIN}"
    assert (await _post(root, last, last, role="agent", active="1", reason="x")).status_code == 409
    assert (await _post(root, f"{users}/sun", f"{users}/sun", role="finance", reason="left")).status_code == 303
    assert "left" in (await zhao.get(f"{users}/sun")).text
    shown = await _post(root, tokens, tokens, name="wallet", role="integration", reason="payments")
    found = re.search(r"ohm_[\w-]{40,}", shown.text)
    assert found
    assert found[0] not in (await root.get(tokens)).text
    id = re.search(r"/desk/settings/tokens/(\d+)", shown.text)
    assert id
    assert (await _post(root, tokens, f"{tokens}/{id[1]}", reason="gone")).status_code == 303
    assert "never used" not in (await root.get(tokens)).text
    assert "csv" in (await zhao.get("/desk/reports.csv?by=person")).headers["content-type"]
    assert (await zhao.get("/desk/reports/overdue.csv")).status_code == 200


async def _knowledge_and_audit(clients: dict[str, httpx.AsyncClient], f: Furnished) -> None:
    li, zhao, an = clients["li"], clients["zhao"], clients["an"]
    new = "/desk/knowledge/new"
    texts = {f"{part}_{code}": "words" for part in ("title", "text") for code in ("zh-Hans", "zh-Hant", "en")}
    article = {"slug": "stuck-plug", "kind": "article", "review_at": "2099-01-01", "public": "1", **texts}
    assert (await _post(li, new, new, **(article | {"text_en": ""}))).status_code == 422
    assert (await _post(li, new, new, **article)).status_code == 303
    here = "/desk/knowledge/stuck-plug"
    assert (await _post(zhao, here, f"{here}/1/publish")).status_code == 303
    assert "stuck-plug" in (await li.get("/faq")).text
    assert "nothing was altered" in (await _post(an, "/desk/audit", "/desk/audit/verify")).text
    assert f.case in (await an.get(f"/desk/audit?case={f.case}")).text
    assert f.case in (await an.get("/desk/audit/looks.csv")).text
    drawn = {"seed": "s", "wanted": "3", "since": "2026-01-01T00:00", "until": "2025-01-01T00:00"}
    assert (await _post(an, "/desk/audit", "/desk/audit", **drawn)).status_code == 422


async def _hotline(staged: Stage, clients: dict[str, httpx.AsyncClient]) -> None:
    li, form = clients["li"], "/desk/hotline?topic=charged_no_energy&caller=zh"
    asked = (await li.get(form)).text
    assert "发生了什么" in asked
    assert (await _post(li, form, "/desk/hotline", topic="charged_no_energy", caller="zh")).status_code == 422
    told = await _post(li, form, "/desk/hotline", topic="charged_no_energy", caller="zh", q0="付了钱没充上电",
                       q1="DC60-01", q3="30")
    number = re.search(r"/desk/hotline/(C[\d-]+)", told.headers["location"])
    assert number
    case = await staged.product.desk.case(number[1])
    assert (case.channel, case.topic, case.station, case.filed_by) == ("hotline", "charged_no_energy", "DC60-01", "li")
    assert case.number in (await li.get(told.headers["location"])).text
