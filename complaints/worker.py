"""The worker: csms's news into cases, assessments that are due, deadlines that ran out, refunds left unsent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import structlog

from complaints import cases, late, remedies
from complaints.desk import Desk
from csms.api import Csms, Event
from csms.kit.clock import Clock
from csms.kit.db import AWAY, Conn, Db
from csms.kit.supervise import every
from csms.vocabulary import CommandFact, Transaction

log = structlog.get_logger()

Part = Callable[[], Awaitable[object]]

NAME = "complaints"
BATCH = 100
"""Events a transaction. The cases they touch stay locked until its end."""

MARK = "select event from worker_marks where name = $1 for update skip locked"
MOVE_MARK = "update worker_marks set event = $2 where name = $1 and event < $2"


class Worker:
    """One loop. Several may run: one reads the news at a time, and every entry is written once by its key."""

    def __init__(
        self, db: Db, csms: Csms, desk: Desk, clock: Clock, *, interval_s: float = 0.5, also: Sequence[Part] = (),
    ) -> None:
        """`also`: what other parts of the desk want done in every round, in this order."""
        self._db, self._csms, self._desk, self._clock = db, csms, desk, clock
        self._interval_s, self._also = interval_s, also

    async def run(self) -> None:
        await every(self._interval_s, self.round, name="complaints worker")

    async def round(self) -> None:
        """Everything there is to do now. A part that fails does not keep the others from their turn."""
        parts: list[Part] = [
            self.catch_up, self.assess_due, self._desk.note_breaches, self._desk.money.send_waiting, *self._also,
        ]
        for part in parts:
            try:
                await part()
            except AWAY as error:
                log.warning("worker_waits", error=repr(error))
            except Exception:
                log.exception("worker_part_failed", part=getattr(part, "__name__", str(part)))

    async def assess_due(self) -> None:
        for number in await self._desk.due_assessments():
            await self._desk.try_to_assess(number)

    # --- news -----------------------------------------------------------------------------------

    async def catch_up(self) -> int:
        """Read all news there is; the number of events acted on."""
        total = 0
        while read := await self._read_some():
            total += read
        return total

    async def _read_some(self) -> int:
        async with self._db.acquire() as conn, conn.transaction():
            mark = await conn.fetchval(MARK, NAME)
            if mark is None:
                return 0  # another worker is at it
            news = await self._csms.events_after(mark, limit=BATCH)
            for event in news:
                await self._take(conn, event)
            if news:
                await conn.execute(MOVE_MARK, NAME, news[-1].id)
            return len(news)

    async def _take(self, conn: Conn, event: Event) -> None:
        """Act on one event. What cannot be acted on is logged and left behind: the others must go on."""
        try:
            async with conn.transaction():
                await self._act_on(conn, event)
        except AWAY:
            raise
        except Exception:
            log.exception("event_failed", event=event.id, kind=event.kind, subject=event.subject)

    async def _act_on(self, conn: Conn, event: Event) -> None:
        match event.kind:
            case "command.settled" | "command.effect":
                fact = await self._csms.command(event.subject)
                if fact and fact.complaint:
                    await self._note_command(conn, event.kind, fact.complaint, fact)
            case "transaction.started" | "transaction.ended":
                # Most sessions concern no case: asked first, it spares reading them.
                if event.station and await late.waits_at(conn, event.station, self._clock()):
                    session = await self._csms.transaction(event.subject)
                    if session:
                        await self._note_session(conn, event.kind, session)
            case "fault.opened" | "fault.cleared":
                if event.station and await late.waits_at(conn, event.station, self._clock()):
                    fault = await self._csms.fault(event.subject)
                    if fault:
                        await late.hear_fault(conn, event.kind, fault, self._clock())
            case "payment.recorded":
                for payment in await self._csms.payments_of(references=[event.subject]):
                    if payment.reference == event.subject:
                        await late.hear_payment(conn, payment, self._clock())
            case "upload.received":
                asked = event.detail.get("command")
                fact = await self._csms.command(asked) if asked else None
                if fact and fact.complaint:
                    sha256 = str(event.detail.get("sha256"))
                    await remedies.note_upload(conn, fact.complaint, fact, event.subject, sha256, self._clock())
            case _:
                pass  # no case waits for it

    async def _note_command(self, conn: Conn, kind: str, number: str, fact: CommandFact) -> None:
        note = remedies.note_settled if kind == "command.settled" else remedies.note_effect
        await note(conn, number, fact, self._clock())

    async def _note_session(self, conn: Conn, kind: str, session: Transaction) -> None:
        if kind == "transaction.ended":
            for number in await cases.open_at(conn, session.station, session.evse):
                await remedies.note_good_session(conn, number, session, self._clock())
        await late.hear_session(conn, kind, session, self._clock())
