"""An office at work: refunds in every state, an incident, work orders, articles, settings that were changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest

from complaints import changes, knowledge, sites, teams, workorders
from complaints.actions import Ask
from complaints.duty import rota
from complaints.incidents import rows as incidents
from complaints.record import heads, sample
from complaints.sites import Place
from complaints.staff import add_user
from csms.errors import Conflict
from csms.rest.http import Principal
from csms.vocabulary import Payment
from tests.web.stage import PASSWORD, Stage

LI, ZHAO, TAN = Principal("li", "agent"), Principal("zhao", "supervisor"), Principal("tan", "technician")
ADMIN = "root"
LANGUAGES = ("zh-Hans", "zh-Hant", "en")
SITE = "Hubin Road"


TAKEN = "select max(incident) from complaints where number = any($1::text[])"


@dataclass
class Furnished:
    case: str
    incident: int
    order: int
    planned: int
    audit: int


async def furnish(staged: Stage) -> Furnished:
    """Everything an office shows, made through the functions that make it."""
    await staged.station("DC60-01", "ocpp1.6", [60.0, 60.0], name="湖滨路站 3 号桩")
    await staged.a_bad_session()
    desk, db, now = staged.product.desk, staged.product.db, staged.clock.now
    case = (await staged.complain("DC60-01", 1)).number
    others = []
    for n in (2, 3, 4):
        await staged.pay(f"PAY-{n}", f"{n}0.00", f"APP-{n}", "DC60-01", 1)
        others.append((await staged.complain(
            "DC60-01", 1, payment_reference=f"PAY-{n}", amount_disputed=f"{n}0.00", currency="CNY",
            text=f"=cmd|'/C calc'!A{n} 扫码付了{n}0块钱，一度电都没充进去。", customer={"token": f"APP-{n}"},
        )).number)
    for number in (case, *others):
        await desk.act(number, Ask(action="refund", approve=False, amount=Decimal(20), currency="CNY",
                                   reason='=HYPERLINK("x") no energy came'), LI)
    await desk.act(others[0], Ask(action="refund", approve=True, reason="proven"), ZHAO)
    await desk.act(others[1], Ask(action="refund", approve=False, reason="he charged later"), ZHAO)
    await _one_that_fails(staged, others[2])
    async with db.acquire() as conn, conn.transaction():
        await incidents.alone(conn)
        await add_user(conn, ADMIN, "admin", PASSWORD, now())
        second = await incidents.begin(conn, "三号桩不启动", "li", now(), station="DC60-01")
        found = await conn.fetchval(TAKEN, [case, *others])  # the lookout may have been quicker; from now on it waits
        cause = await incidents.get(conn, found) if found else second
        for number in (case, *others):
            await incidents.join(conn, cause.id, number, "li", now())
        await incidents.understood(
            conn, cause.id, [{"why": "Why does it not start?", "because": "The contactor stays open.", "by": "li"}],
            "The contactor is worn out", "equipment",
        )
        await incidents.add_action(conn, what="Replace contactors older than 5 years", owner="tan",
                                   due_at=now() + timedelta(days=7), by="zhao", now=now(), incident=cause.id)
        address = "杭州市上城区湖滨路 1 号"
        await sites.put(conn, Place("Asia/Shanghai", "CN", SITE, "杭州", "public", address, "30.2460,120.1430"))
        await changes.note(conn, "site", SITE, None, {"zone": "Asia/Shanghai"}, by="zhao", reason="new", now=now())
        await rota.put(conn, "tan", {"departments": ["maintenance"], "on_call": 1, "capacity": 12})
        await teams.put(conn, "north", ADMIN, now(), department="maintenance", lead="zhao", members=["tan", "zhao"])
        await rota.absent(conn, "li", now(), now() + timedelta(days=2), "zhao", "zhao")
        planned = await workorders.plan(
            conn, kind="inspection", station="DC60-01", what="Monthly inspection", by="zhao", now=now(),
            due_at=now() + timedelta(days=3),
        )
        for kind, slug in (("article", "no-energy"), ("template", "refund-sent")):
            await knowledge.write(
                conn, slug, kind=kind, topic="charged_no_energy", findings=["energy_none"],
                title=dict.fromkeys(LANGUAGES, "Paid, and no energy came"),
                text=dict.fromkeys(LANGUAGES, "Your refund {amount} is on its way."), public=kind == "article",
                review_at=now().date() + timedelta(days=90), by="li", now=now(),
            )
        await knowledge.publish(conn, "no-energy", 1, "zhao")
        await heads.make_head(conn, now(), None)
        audit = await sample.make(conn, seed="july", wanted=5, since=now() - timedelta(days=30), until=now(),
                                  department=None, by="an", now=now())
    await desk.looked(case, TAN, "case", masked=True)
    await desk.act(case, Ask(action="dispatch", owner="tan", reason="Look at the contactor of plug 1"), LI)
    async with db.acquire() as conn:
        order = (await workorders.of_case(conn, case))[0].id
    return Furnished(case, cause.id, order, planned.id, audit["id"])


async def _one_that_fails(staged: Stage, number: str) -> None:
    """The books know its reference already, with another amount."""
    await staged.product.csms.record_payment(Payment(
        f"refund-{number}-1", "refund", Decimal(1), "CNY", staged.clock.now(), token="APP-4", station="DC60-01",
    ))
    with pytest.raises(Conflict):
        await staged.product.desk.act(number, Ask(action="refund", approve=True, reason="proven"), ZHAO)
