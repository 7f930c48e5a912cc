"""The watch over all cases: reminders, breaches, escalation, level 1 calls, silence. Each step once, by its key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from complaints import cases, deadlines, gate, phrases, thread
from complaints.cases import Case
from complaints.duty import rota
from complaints.duty.choose import Person, call_list, in_place_of
from complaints.duty.priority import Stake, priority
from complaints.outbound import outbox
from complaints.policy import Policy
from complaints.thread import SYSTEM, Draft
from csms.kit.clock import Clock
from csms.kit.db import Conn, Db, Row

TO_REMIND = """
    select d.complaint, d.round, d.kind, d.due_at, c.owner, c.level, c.department
    from deadlines d join complaints c on c.number = d.complaint and c.round = d.round
    where d.met_at is null and d.breached_at is null and d.reminded_at is null and not d.stopped and not d.paused
        and d.started_at is not null and d.due_at > $1
        and d.started_at + (d.due_at - d.started_at) * $2::double precision <= $1
    order by d.due_at limit 200
"""
REMINDED = """
    update deadlines set reminded_at = $4
    where complaint = $1 and round = $2 and kind = $3 and reminded_at is null returning kind
"""
LATE = """
    select d.complaint, d.round, d.kind, d.due_at, d.escalations, c.owner, c.level, c.department
    from deadlines d join complaints c on c.number = d.complaint and c.round = d.round
    where d.met_at is null and d.breached_at is not null and not d.stopped
        and (d.escalated_at is null
            or d.escalated_at <= $1::timestamptz - case when c.level = 1 then $2::interval else $3::interval end)
    order by d.due_at limit 200
"""
ESCALATED = """
    update deadlines set escalated_at = $5, escalations = escalations + 1
    where complaint = $1 and round = $2 and kind = $3 and escalations = $4 returning kind
"""
UNTAKEN = """
    select c.number, c.round, c.text, d.started_at from deadlines d
    join complaints c on c.number = d.complaint and c.round = d.round
    where c.level = 1 and d.kind = 'acknowledge' and d.met_at is null and not d.stopped and d.started_at is not null
    order by d.started_at limit 100
"""
SILENT = f"""
    select {', '.join(cases.COLUMNS)} from complaints
    where state not in ('closed', 'merged', 'external', 'withdrawn', 'confirming', 'informed', 'need_info')
        and word_at <= $1::timestamptz - make_interval(days => ($2::jsonb ->> level::text)::int)
    order by word_at limit 100
"""
WAITING_LONG = """
    select c.number, max(e.at) as since, max(e.seq) as seq from complaints c
    join entries e on e.complaint = c.number and e.body ->> 'to' = 'need_info'
    where c.state = 'need_info' and c.word_at <= $1
    group by c.number limit 100
"""
UNCONFIRMED = f"""
    select {', '.join(cases.COLUMNS)} from complaints
    where state in ('informed', 'confirming') and confirmed_at is null and word_at <= $1 order by word_at limit 100
"""
ABSENT_OWNERS = f"""
    select {', '.join('c.' + name for name in cases.COLUMNS)} from complaints c
    where c.state not in ('closed', 'merged', 'external', 'withdrawn', 'confirming', 'informed')
        and c.owner in (select name from absences where since <= $1 and until > $1 and substitute is not null)
    order by c.number limit 100
"""
TO_RANK = """
    select c.number, c.level, c.round, coalesce(c.amount_disputed, 0) as money, c.affected, c.predicted_s,
        (select min(due_at) from deadlines d where d.complaint = c.number and d.round = c.round and d.met_at is null
            and not d.stopped and not d.paused and d.started_at is not null) as due_at
    from complaints c
    where c.state not in ('closed', 'merged', 'external', 'withdrawn')
        and (c.priority_at is null or c.priority_at <= $1::timestamptz - interval '5 minutes')
    order by c.priority_at nulls first limit 500
"""
RANK = """
    update complaints c set priority = made.priority, priority_at = $3
    from unnest($1::text[], $2::int[]) as made (number, priority) where c.number = made.number
"""


class Watch:
    """Looks after all open cases. Every part may be run by several workers at once."""

    def __init__(self, db: Db, clock: Clock) -> None:
        self._db, self._clock = db, clock

    @property
    def parts(self) -> Sequence[Callable[[], Awaitable[object]]]:
        return (
            self.call_out, self.remind, self.escalate, self.keep_informed, self.end_waits, self.ask_again,
            self.cover_absences, self.rank,
        )

    async def remind(self) -> int:
        """The owner hears before a clock runs out."""
        now = self._clock()
        async with self._db.acquire() as conn, conn.transaction():
            policy, people = await deadlines.policy_now(conn, now), await rota.people(conn, now)
            due = await conn.fetch(TO_REMIND, now, policy.remind_at)
            for row in due:
                if await conn.fetchval(REMINDED, row["complaint"], row["round"], row["kind"], now):
                    await self._tell(conn, row, "remind", _to_remind(row, people), now)
            return len(due)

    async def escalate(self) -> int:
        """At a breach its owner and the supervisors hear, then again and higher until it is met."""
        now = self._clock()
        async with self._db.acquire() as conn, conn.transaction():
            policy, people = await deadlines.policy_now(conn, now), await rota.people(conn, now)
            late = await conn.fetch(LATE, now, policy.escalate_every_level_1, policy.escalate_every)
            for row in late:
                n = row["escalations"]
                if await conn.fetchval(ESCALATED, row["complaint"], row["round"], row["kind"], n, now):
                    await self._tell(conn, row, f"escalate:{n}", _to_escalate(row, people), now)
            return len(late)

    async def _tell(self, conn: Conn, row: Row, situation: str, names: Sequence[str], now: datetime) -> None:
        left, by = row["due_at"] - now, f"{row['due_at']:%Y-%m-%d %H:%M} UTC"
        how = "overdue" if left <= timedelta(0) else f"due in {left.total_seconds() / 3600:.1f} h"
        for name in dict.fromkeys(names):
            await outbox.to_staff(
                conn, f"{situation}:{row['complaint']}:{row['round']}:{row['kind']}:{row['due_at']:%Y%m%d%H%M}:{name}",
                name, complaint=row["complaint"], situation=situation.partition(":")[0],
                subject=f"{row['complaint']}: {row['kind']} is {how}",
                body=f"{row['complaint']}: {row['kind']} was to be done by {by}; it is {how}.",
                urgent=row["level"] == 1, now=now,
            )

    async def call_out(self) -> int:
        """Level 1: all seniors are told at once; then one after the other is called until somebody takes it up."""
        now, called = self._clock(), 0
        async with self._db.acquire() as conn, conn.transaction():
            waiting = await conn.fetch(UNTAKEN)
            if not waiting:
                return 0
            policy, people = await deadlines.policy_now(conn, now), await rota.people(conn, now)
            names = call_list(people)
            for row in waiting:
                called += await self._call(conn, row, names, policy, now)
        return called

    async def _call(self, conn: Conn, row: Row, names: Sequence[str], policy: Policy, now: datetime) -> int:
        step = int((now - row["started_at"]) / policy.call_every)
        turns = [(f"level1:{row['number']}:{row['round']}:{name}", name) for name in names]
        if names:
            turns.append((f"call:{row['number']}:{row['round']}:{step}", names[step % len(names)]))
        told = 0
        for key, name in turns:
            told += await outbox.to_staff(
                conn, key, name, complaint=row["number"], situation="level_1",
                subject=f"LEVEL 1: {row['number']} waits for somebody", body=row["text"][:500], urgent=True, now=now,
            )
        return told

    async def keep_informed(self) -> int:
        """Nobody is left waiting without a word and a next date."""
        now = self._clock()
        async with self._db.acquire() as conn:
            policy = await deadlines.policy_now(conn, now)
            every = {str(level): days for level, days in policy.word_every_days.items()}
            silent = [cases.of_row(row) for row in await conn.fetch(SILENT, now, every)]
            for case in silent:
                async with conn.transaction():
                    await self._inform(conn, case, policy, now)
        return len(silent)

    async def _inform(self, conn: Conn, case: Case, policy: Policy, now: datetime) -> None:
        clocks = (await deadlines.of_cases(conn, [case.number]))[case.number]
        promised = [d.due_at for d in clocks if d.round == case.round and d.met_at is None and d.due_at > now
                    and (d.kind == "resolve" or d.kind.startswith("promise"))]
        at = min(promised, default=now + timedelta(days=policy.word_every_days.get(case.level, 3)))
        words = phrases.say("progress", case.language, number=case.number, due=phrases.moment(at, case.zone))
        key = f"progress:{case.round}:{now:%Y%m%d}"
        await thread.add(conn, case.number, Draft(
            "message", SYSTEM, words, "customer", {"cause": "progress", "next": at}, key=key
        ), now)

    async def end_waits(self) -> int:
        """A customer who says nothing does not stop a case for ever: at the cap of a pause work goes on."""
        now = self._clock()
        async with self._db.acquire() as conn:
            policy = await deadlines.policy_now(conn, now)
            waiting = await conn.fetch(WAITING_LONG, now - policy.pause_cap)
            for row in waiting:
                if row["since"] <= now - policy.pause_cap:
                    async with conn.transaction():
                        draft = Draft("resumed", SYSTEM, move="investigate", key=f"resumed:{row['seq']}")
                        await thread.add(conn, row["number"], draft, now)
        return len(waiting)

    async def ask_again(self) -> int:
        """An answer without a reaction: the customer is reminded, as often as the policy says."""
        now, asked = self._clock(), 0
        async with self._db.acquire() as conn:
            policy = await deadlines.policy_now(conn, now)
            before = now - timedelta(days=policy.confirm_reminder_days)
            for row in await conn.fetch(UNCONFIRMED, before):
                async with conn.transaction():
                    asked += await self._ask_again(conn, cases.of_row(row), policy, now)
        return asked

    async def _ask_again(self, conn: Conn, case: Case, policy: Policy, now: datetime) -> bool:
        entries = await thread.read(conn, case.number)
        answered = max(n for n, e in enumerate(entries) if e.type == "resolution")
        reminders = tuple(e.at for e in entries[answered:] if e.type == "reminder")
        due = gate.reminder_due(entries[answered].at, reminders, policy)
        if due is None or due > now:
            return False
        words = phrases.say("remind_confirm", case.language, number=case.number)
        key = f"reminder:{case.round}:{len(reminders) + 1}"
        draft = Draft("reminder", SYSTEM, words, "customer", {"cause": "remind_confirm"}, key=key)
        return await thread.add(conn, case.number, draft, now) is not None

    async def cover_absences(self) -> int:
        """Who is away keeps no case waiting: his substitute takes over what is open."""
        now = self._clock()
        async with self._db.acquire() as conn, conn.transaction():
            rows = await conn.fetch(ABSENT_OWNERS, now)
            people = await rota.people(conn, now) if rows else []
            for row in rows:
                case = cases.of_row(row)
                assert case.owner is not None
                if (other := in_place_of(case.owner, people)) != case.owner:
                    body = {"owner": other, "because": [f"stands in for {case.owner}"], "automatic": True}
                    await thread.add(conn, case.number, Draft("assignment", SYSTEM, body=body), now)
                    await cases.own(conn, case.number, other)
        return len(rows)

    async def rank(self) -> int:
        """The order of the work list moves with the clocks."""
        now = self._clock()
        async with self._db.acquire() as conn, conn.transaction():
            rows = await conn.fetch(TO_RANK, now)
            made = [priority(stake_of(row), now)[0] for row in rows]
            await conn.execute(RANK, [row["number"] for row in rows], made, now)
        return len(rows)


def stake_of(row: Row) -> Stake:
    predicted = timedelta(seconds=row["predicted_s"]) if row["predicted_s"] else timedelta(hours=24)
    return Stake(row["level"], row["due_at"], Decimal(row["money"]), row["affected"], predicted, row["round"])


def _supervisors(people: Sequence[Person]) -> list[str]:
    return [in_place_of(p.name, people) for p in people if p.role == "supervisor"]


def _to_remind(row: Row, people: Sequence[Person]) -> list[str]:
    return [in_place_of(row["owner"], people)] if row["owner"] else _supervisors(people)


def _to_escalate(row: Row, people: Sequence[Person]) -> list[str]:
    higher = [p.name for p in people if p.role == "admin"] if row["escalations"] or row["level"] == 1 else []
    return [*_to_remind(row, people), *_supervisors(people), *higher]
