"""Storage for years: what goes by policy, and what stays although it is old.

Frames, readings and steps go by whole months. The chain of what is left hangs on an anchor: number and hash of the
newest row that went. Before readings go they are thinned: of periodic samples the first and last of every bucket
stay, and buckets begin where tariff periods do, so that a bill can be made again from what is left.
Evidence of cases is copied when it is frozen and is not touched; months of open cases are held back.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from csms import partitions
from csms.kit.db import Conn

LOCK_WITHIN = "set local lock_timeout = '3s'"
"""A drop waits for nobody longer: whoever commits meanwhile would wait behind it. The next round tries again."""

PARTITIONS = """
    select c.relname as name, p.relname as parent, pg_total_relation_size(c.oid) as bytes,
        greatest(c.reltuples, 0)::bigint as rows
    from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
    where p.relname in ('frames', 'readings', 'steps') and c.relname ~ '_[0-9]{4}_[0-9]{2}$'
    order by c.relname
"""
THINNED = "select partition from thinned"
BOUNDS = """
    select distinct extract(minute from b.at::time)::int as minute
    from tariffs t, jsonb_array_elements(t.periods) as p,
        lateral (values (p->>'from'), (nullif(p->>'to', '24:00'))) as b (at)
    where b.at ~ '^[0-2][0-9]:[0-5][0-9]'
"""
NOTE_THINNED = "insert into thinned (partition, at, bucket_min, removed) values ($1, $2, $3, $4)"
OLD_EVENTS = """
    select count(*) from events where at < $1 and id < (select coalesce(min(event), 0) from worker_marks)
"""
TRIM_EVENTS = """
    delete from events where at < $1 and id < (select coalesce(min(event), 0) from worker_marks)
"""


@dataclass(frozen=True, slots=True)
class Policy:
    """How long what is kept, in days; None for ever."""

    frames: int | None = 365
    readings: int | None = 3 * 365
    steps: int | None = 3 * 365
    thin_readings: int | None = 90
    bucket_min: int = 15
    events: int = 30

    def keeps(self, parent: str) -> int | None:
        return {"frames": self.frames, "readings": self.readings, "steps": self.steps}[parent]


@dataclass(frozen=True, slots=True)
class Partition:
    """A month of one table."""

    name: str
    parent: str
    bytes: int
    rows: int

    @property
    def month(self) -> datetime:
        return partitions.month_of(self.name)

    @property
    def end(self) -> datetime:
        return partitions.following(self.month)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to be done, or held back."""

    do: Literal["drop", "thin", "hold"]
    partition: Partition
    why: str


def plan(there: Iterable[Partition], done: set[str], held: set[datetime], policy: Policy, now: datetime) -> list[Step]:
    """What goes now. `held`: first moments of months that open cases may still need; the month after one too. Pure."""
    steps = []
    for each in there:
        keep = policy.keeps(each.parent)
        drop = keep is not None and each.end <= now - timedelta(days=keep)
        thin = (
            each.parent == "readings" and policy.thin_readings is not None and each.name not in done
            and each.end <= now - timedelta(days=policy.thin_readings)
        )
        if not (drop or thin):
            continue
        if each.month in held:
            steps.append(Step("hold", each, "an open case is about this month"))
        elif drop:
            steps.append(Step("drop", each, f"older than {keep} days"))
        else:
            steps.append(Step("thin", each, f"older than {policy.thin_readings} days"))
    return steps


def held_months(times: Iterable[datetime]) -> set[datetime]:
    """Months of these times and their neighbours: a session and its payment may lie in two."""
    around = (at + timedelta(days=days) for at in times for days in (-7, 0, 7))
    return set(partitions.months(around))


async def present(conn: Conn) -> list[Partition]:
    return [Partition(r["name"], r["parent"], r["bytes"], r["rows"]) for r in await conn.fetch(PARTITIONS)]


async def due(conn: Conn, held: Sequence[datetime], policy: Policy, now: datetime) -> list[Step]:
    """The plan for this database."""
    done = {row["partition"] for row in await conn.fetch(THINNED)}
    steps = plan(await present(conn), done, held_months(held), policy, now)
    return [step for each in chained(steps) for step in [await _unless_entangled(conn, each)]]


def chained(steps: Iterable[Step]) -> list[Step]:
    """The chain's anchor may only move forward past what has gone: behind a month of frames that stays, all stay."""
    found, stays = [], False
    for step in steps:
        if step.partition.parent == "frames":
            if stays and step.do == "drop":
                step = Step("hold", step.partition, "an older month is held back")
            stays = stays or step.do == "hold"
        found.append(step)
    return found


async def _unless_entangled(conn: Conn, step: Step) -> Step:
    """A history that was brought in after its station had spoken here is chained behind younger frames."""
    each = step.partition
    if step.do != "drop" or each.parent != "frames" or not await conn.fetchval(_entangled(each.name), each.end):
        return step
    return Step("hold", each, "it was brought in later: younger frames that stay come before it in the chain")


async def bucket_min(conn: Conn, policy: Policy) -> int:
    """Minutes of a bucket: as asked, or finer where a tariff period begins within one."""
    return math.gcd(policy.bucket_min, 60, *(row["minute"] for row in await conn.fetch(BOUNDS)))


# A partition's name is not a value that a statement could be given; these come from the catalogue alone.


def _entangled(partition: str) -> str:
    return f"""
    select exists (
        select from heads h,
            lateral (select max(seq) as newest from {partition} p where p.station = h.station) as going
        where exists (
            select from frames f where f.station = h.station and f.seq < going.newest and f.received_at >= $1)
    )
"""


def _anchor(partition: str) -> str:
    return f"""
    insert into journal_anchors (station, seq, hash, dropped_at)
    select distinct on (station) station, seq, hash, $1 from {partition} order by station, seq desc
    on conflict (station) do update set seq = excluded.seq, hash = excluded.hash, dropped_at = excluded.dropped_at
    where journal_anchors.seq < excluded.seq
"""


def _thin(partition: str) -> str:
    return f"""
    delete from {partition} r using (
        select ctid,
            row_number() over (partition by station, evse, said, bucket order by at, seq) as first,
            row_number() over (partition by station, evse, said, bucket order by at desc, seq desc) as last
        from (select ctid, station, evse, said, at, seq, date_bin(make_interval(mins => $1), at, 'epoch') as bucket
              from {partition}
              where context = 'Sample.Periodic') as periodic
    ) as place
    where r.ctid = place.ctid and place.first > 1 and place.last > 1
"""


async def carry_out(conn: Conn, step: Step, policy: Policy, now: datetime) -> int:
    """Do it; how many rows went. Needs a connection outside any transaction, and its owner's rights."""
    name = step.partition.name
    if step.do == "hold":
        return 0
    async with conn.transaction():
        await conn.execute(LOCK_WITHIN)
        if step.do == "drop":
            if step.partition.parent == "frames":
                await conn.execute(_anchor(name), now)
            await conn.execute(f"drop table {name}")
            return step.partition.rows
        minutes = await bucket_min(conn, policy)
        removed = int((await conn.execute(_thin(name), minutes)).split()[-1])
        await conn.execute(NOTE_THINNED, name, now, minutes, removed)
    await conn.execute(f"vacuum (full, analyze) {name}")  # gives the space back; nobody writes to a month so old
    return removed


async def old_events(conn: Conn, policy: Policy, now: datetime) -> int:
    """News that all have read and nobody will ask for."""
    return int(await conn.fetchval(OLD_EVENTS, now - timedelta(days=policy.events)))


async def trim_events(conn: Conn, policy: Policy, now: datetime) -> int:
    return int((await conn.execute(TRIM_EVENTS, now - timedelta(days=policy.events))).split()[-1])
