"""The lookout: groups what comes in, raises silent faults, answers many at once, sees paid sessions that failed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import structlog

from complaints import alarms, cases, deadlines
from complaints.actions import Ask
from complaints.desk import Desk
from complaints.incidents import rows
from complaints.incidents.group import DROP_WITHIN, TOPICS, Report, group, silent_connectors
from complaints.incidents.rows import Incident
from complaints.intake import arrivals
from complaints.intake.form import read
from complaints.life import take_up
from complaints.states import can
from complaints.thread import SYSTEM, Draft
from csms.api import Csms, Event
from csms.errors import Conflict, TheyErred
from csms.kit.clock import Clock
from csms.kit.db import Conn, Db
from csms.rest.http import Principal
from csms.vocabulary import Payment, Station, Transaction

log = structlog.get_logger()

EVERY = timedelta(minutes=1)
GRACE = timedelta(minutes=15)
"""A failed session waits this long for the payment side to give the money back itself, or for the driver to write."""
NOT_OLDER = timedelta(days=7)
NOTHING_WH = 50

RECENT = """
    select number, filed_at, coalesce(matched_station, c.station) as station, coalesce(matched_evse, evse) as evse,
        topic, coalesce(customer_phone, customer_email, customer_token, account) as person, i.cause,
        c.state = 'closed' as over
    from complaints c left join incidents i on i.id = c.incident
    where filed_at > $1 and topic = any($2::text[]) and c.state not in ('merged', 'withdrawn')
        and coalesce(matched_station, c.station) is not null and coalesce(i.state, 'open') = 'open'
    order by number desc limit 2000
"""
ABOUT = """
    select number from complaints
    where matched = $1 or payment_reference = any($2::text[]) or (order_ref is not null and order_ref = any($3::text[]))
    limit 1
"""
MARK = "select event from worker_marks where name = 'proactive' for update skip locked"
MOVE_MARK = "update worker_marks set event = $1 where name = 'proactive' and event < $1"

WORDS = "系统自动发现:本次充电已收款 {amount} {currency},但未充入电量。我们主动为您核查并提出退款。"
"""What such a case begins with: it has no words of a driver. Pages say it in their reader's language."""


class Lookout:
    """Looks at all stations and cases together."""

    def __init__(self, db: Db, csms: Csms, desk: Desk, clock: Clock) -> None:
        self._db, self._csms, self._desk, self._clock = db, csms, desk, clock
        self._looked_at: datetime | None = None

    @property
    def parts(self) -> Sequence[Callable[[], Awaitable[object]]]:
        return (self.look, self.see_failed_sessions)

    # --- grouping ---------------------------------------------------------------------------------

    async def look(self) -> list[Incident]:
        """Group recent complaints and open faults; once a minute is enough. Gives the new incidents."""
        now = self._clock()
        if self._looked_at is not None and now - self._looked_at < EVERY:
            return []
        self._looked_at = now
        async with self._db.acquire() as conn:
            policy = await deadlines.policy_now(conn, now)
            recent = await conn.fetch(RECENT, now - policy.incident_window, list(TOPICS))
        stations = {s.id: s for s in await self._csms.stations(limit=10_000)}
        reports = [self._complaint(row, stations) for row in recent] + await self._faults(stations, now)
        dropped = await self._csms.dropped(now - DROP_WITHIN)
        connected = sum(s.connected for s in stations.values())
        causes = group(reports, at_least=policy.incident_at, connected=connected, dropped=dropped)
        silent = silent_connectors(reports, at_least=policy.incident_at)
        new = []
        async with self._db.acquire() as conn, conn.transaction():
            await rows.alone(conn)
            for cause in causes:
                incident, fresh = await rows.open_for(conn, cause, SYSTEM, now)
                new += [incident] if fresh else []
            for station, evse, numbers in silent:
                await self._silent(conn, station, evse, numbers, now)
        return new

    def _complaint(self, row: Mapping[str, Any], stations: Mapping[str, Station]) -> Report:
        station = stations.get(str(row["station"])) or Station(str(row["station"]))
        return Report(
            row["number"], row["filed_at"], station.id, row["topic"], True, row["evse"], station.site, station.model,
            station.firmware, row["person"], row["cause"], row["over"],
        )

    async def _faults(self, stations: Mapping[str, Station], now: datetime) -> list[Report]:
        found = await self._csms.faults(only_open=True, limit=1000)
        return [
            Report(f.id, f.opened_at, f.station, f.code, False, f.evse, s.site, s.model, s.firmware)
            for f in found if now - f.opened_at < timedelta(days=1) and (s := stations.get(f.station)) is not None
        ]

    async def _silent(self, conn: Conn, station: str, evse: int, numbers: Sequence[str], now: datetime) -> None:
        """Three people complain of one plug and the station says that all is well."""
        detail = {"complaints": list(numbers), "proposed": "inspect the plug; set it inoperative until then"}
        if await alarms.raise_(
            conn, f"silent:{station}:{evse}:{now:%Y%m%d}", "silent_fault", now, station=station, evse=evse,
            detail=detail,
        ):
            body = {"station": station, "evse": evse, "complaints": list(numbers)}
            draft = Draft("silent_fault", SYSTEM, body=body, key=f"silent:{now:%Y%m%d}")
            await rows.note(conn, numbers, draft, now)

    # --- one answer for all -----------------------------------------------------------------------

    async def answer_all(self, id: int, words: Mapping[str, str], *, resolve: bool, by: str) -> list[str]:
        """Tell every open case of an incident, each customer in his language; with `resolve` as the answer.

        The same words again reach nobody twice.
        """
        answered = []
        async with self._db.acquire() as conn:
            await rows.get(conn, id)
            for number in await rows.members(conn, id):
                async with conn.transaction():
                    if await self._answer(conn, id, number, words, resolve, by):
                        answered.append(number)
        return answered

    async def _answer(
        self, conn: Conn, id: int, number: str, words: Mapping[str, str], resolve: bool, by: str
    ) -> bool:
        case, now = await cases.locked(conn, number), self._clock()
        text = words.get(case.language) or words.get("en") or next(iter(words.values()))
        if resolve and can("resolve", case.state):
            try:
                await take_up(conn, case, Ask(action="resolve", text=text), by, now)
            except Conflict:
                return False  # a second review by somebody else answers for itself
            return True
        if not case.is_open or resolve:
            return False
        key = f"incident:{id}:{hash_of(words)}"
        return await _said(conn, number, Draft("message", by, text, "customer", {"incident": id}, key=key), now)

    # --- paid, and nothing came -------------------------------------------------------------------

    async def see_failed_sessions(self) -> int:
        """A session that was paid for and gave nothing becomes a case before the driver writes."""
        opened = 0
        async with self._db.acquire() as conn, conn.transaction():
            mark = await conn.fetchval(MARK)
            if mark is None:
                return 0  # another worker is at it
            for event in await self._csms.events_after(mark, limit=200):
                if event.at > self._clock() - GRACE:
                    break
                if event.kind == "transaction.ended":
                    opened += await self._see(event)
                mark = event.id
            await conn.execute(MOVE_MARK, mark)
        return opened

    async def _see(self, event: Event) -> bool:
        session = await self._csms.transaction(event.subject)
        if session is None or session.energy_wh is None or session.energy_wh >= NOTHING_WH:
            return False
        if session.started_at < self._clock() - NOT_OLDER:
            return False
        paid = paid_for(session, await self._payments(session))
        if not paid:
            return False
        if number := await self._filed(session):
            await self._propose(number)  # a crash may have come between the two
            return False
        if await self._known(session, paid):
            return False
        try:
            return await self._file(session, paid)
        except TheyErred as error:
            log.warning("proactive_case_failed", station=session.station, transaction=session.id, why=str(error))
            return False

    async def _payments(self, session: Transaction) -> list[Payment]:
        tokens = [session.token] if session.token else []
        return await self._csms.payments_of(transactions=[session.id, session.said], station=session.station,
                                            tokens=tokens)

    async def _known(self, session: Transaction, paid: Sequence[Payment]) -> bool:
        async with self._db.acquire() as conn:
            orders = [p.order for p in paid if p.order]
            return bool(await conn.fetchval(ABOUT, session.id, [p.reference for p in paid], orders))

    async def _file(self, session: Transaction, paid: Sequence[Payment]) -> bool:
        first, total = paid[0], sum((p.amount for p in paid), Decimal(0))
        given = read({
            "channel": "proactive", "text": WORDS.format(amount=f"{total:.2f}", currency=first.currency),
            "station": session.station, "evse": session.evse, "occurred_at": session.started_at,
            "payment_reference": first.reference, "order": first.order, "amount_disputed": total,
            "currency": first.currency, "customer": {"token": session.token},
        })
        try:
            view = await self._desk.file(given, by=SYSTEM, strict=False, came=("proactive", session.id))
        except Conflict:
            return False
        await self._propose(view.case.number)
        return True

    async def _filed(self, session: Transaction) -> str | None:
        async with self._db.acquire() as conn:
            return await arrivals.known(conn, "proactive", session.id)

    async def _propose(self, number: str) -> None:
        """Proposed only: nothing that a machine found moves money by itself (G10). Once."""
        if (await self._desk.view(number)).refunds:
            return
        ask = Ask(action="refund", approve=False, reason="paid, and the records show no energy")
        await self._desk.money.ask(number, ask, Principal(SYSTEM, "system"))


def paid_for(session: Transaction, payments: Sequence[Payment]) -> list[Payment]:
    """Captures for this session that nobody has given back: by its id, else by card, place and time."""
    back = {p.of for p in payments if p.kind == "refund"}
    ours = [
        p for p in payments if p.kind == "capture" and p.amount > 0 and p.reference not in back
        and (p.transaction == session.id or (p.station == session.station and (
            p.transaction == session.said or (p.transaction is None and _fits(session, p)))))
    ]
    return sorted(ours, key=lambda p: (p.at, p.reference))


def _fits(session: Transaction, payment: Payment) -> bool:
    end = session.stopped_at or session.started_at
    near = session.started_at - timedelta(minutes=10) <= payment.at <= end + timedelta(minutes=10)
    same_plug = payment.evse in (None, session.evse)
    return near and same_plug and payment.token is not None and payment.token == session.token


def hash_of(words: Mapping[str, str]) -> str:
    from hashlib import sha256

    return sha256("|".join(f"{k}={v}" for k, v in sorted(words.items())).encode()).hexdigest()[:16]


async def _said(conn: Conn, number: str, draft: Draft, now: datetime) -> bool:
    return await rows.note(conn, [number], draft, now) == 1
